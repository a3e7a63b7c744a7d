"""`python -m generator`, which `scripts/generate` calls."""

import sys

# openapi-python-client imports httpx, which loads these where they are installed: a sixth of a run, and nothing is sent.
for name in ("click", "trio"):
    sys.modules[name] = None  # type: ignore[assignment]

from .cli import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
