"""The generator's benchmarks, beside openapi-python-client with its own templates for the same document."""

import contextlib
import itertools
import subprocess
import sys
from collections.abc import Callable, Generator, Sequence
from pathlib import Path

from .work import Work, timed

DOCUMENT = Path(__file__).resolve().parents[2] / "openapi.yaml"
GENERATE = (sys.executable, "-P", "-m", "generator")


@contextlib.contextmanager
def works(folder: Path) -> Generator[list[Work]]:
    """What is measured; files are written below `folder`."""
    stock = timed(lambda: make_stock_client(folder))
    check = timed(lambda: _run([*GENERATE, "--check"]))
    yield [
        Work("a whole regeneration after a change", "stock", 1.25, "ms", 15, {"ours": _regenerations(folder), "stock": stock}),
        Work("generate --check", "stock", 1.25, "ms", 15, {"ours": check, "stock": stock}),
    ]  # fmt: skip


def make_stock_client(folder: Path) -> None:
    """Make the package `stock_client`, as openapi-python-client does it."""
    stock = [sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none", "--overwrite"]
    _run([*stock, "--path", DOCUMENT, "--output-path", folder / "stock_client"])


def _regenerations(folder: Path) -> Callable[[], float]:
    """Regenerate over a client that differs by an enum's member, so that each run has a change to report and to write."""
    other = folder / "changed.yaml"
    other.write_text(DOCUMENT.read_text(encoding="utf-8").replace("- PENDING\n", "- WAITING\n"), encoding="utf-8")
    documents = itertools.cycle([other, DOCUMENT])
    return timed(lambda: _run([*GENERATE, "--document", next(documents), "--output", folder / "ours"]))


def _run(command: Sequence[str | Path]) -> None:
    subprocess.run(command, check=True, capture_output=True)
