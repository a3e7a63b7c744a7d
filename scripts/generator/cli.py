"""The command: regenerate the client from its document, and say what its users will notice.

A mistake, an error or a kill at any moment leaves each product whole: the old one, or the new one.
"""

import argparse
import contextlib
import json
import os
import shutil
import sys
import tempfile
import tomllib
from pathlib import Path

from .checks import read
from .document import Document, DocumentError
from .render import TEMPLATES, render
from .swap import Product, foreign_file, swap, temporary_folder
from .unsupported import find_unsupported

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "openapi.yaml"
OUTPUT = ROOT / "generated"
MOCK = ROOT / "mock" / "sms_scheduler_mock"
# The mock server reads JSON, and so needs no YAML library and has no reading of its own.
JSON_COPIES = {MOCK / "openapi.json": DOCUMENT, MOCK / "admin" / "openapi.json": MOCK / "admin" / "openapi.yaml"}


def main(arguments: list[str]) -> int:
    """Run the command; the result is the exit code: 0, 1 for a difference found by --check, 2 for a failure."""
    parser = argparse.ArgumentParser(
        prog="scripts/generate",
        description="Regenerate the client from its OpenAPI document; and from this repository's own, the JSON that "
        "the mock server reads.",
    )
    parser.add_argument("--document", type=Path, default=DOCUMENT, metavar="FILE", help="default: openapi.yaml")
    parser.add_argument("--output", type=Path, default=OUTPUT, metavar="FOLDER",
                        help="where the package's folder is put; default: generated/")  # fmt: skip
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 and show the difference if there is one"
    )
    parser.add_argument("--http-library", choices=("httpx", "httpx2"), default="httpx", help="what the client imports")
    parser.add_argument("--dry-run", action="store_true", help="write nothing; show what users would notice")
    parser.add_argument(
        "--watch", action="store_true", help="go on whenever a document or a template changes, until Ctrl-C"
    )
    options = parser.parse_args(arguments)
    if options.check and (options.dry_run or options.watch):
        parser.error("--check goes with neither --dry-run nor --watch")
    if str(options.output) == "." and "." not in arguments:
        parser.error("--output needs a folder")
    return _watch(options) if options.watch else _attempt(options)


def _attempt(options: argparse.Namespace, since: Path | None = None) -> int:
    try:
        return _generate(options, since)
    except DocumentError as error:
        print(error, file=sys.stderr)
    except OSError as error:
        print(f"{error.filename or options.output}: {error.strerror}", file=sys.stderr)
    except Exception as error:  # openapi-python-client raises what it likes for documents that nobody has tried
        print(f"{options.document}: no client can be made of this: {type(error).__name__}: {error}", file=sys.stderr)
    print("Nothing was changed.", file=sys.stderr)
    return 2


def _watch(options: argparse.Namespace) -> int:
    """Regenerate on every change until Ctrl-C; the reports are on all that changed since the start."""
    from watchfiles import watch  # noqa: PLC0415  (here, since nothing else needs it)

    documents = {options.document.resolve(), *_json_copies(options).values()}
    package = options.output / _names()[0]
    with contextlib.suppress(KeyboardInterrupt), tempfile.TemporaryDirectory() as folder:
        start = Path(folder) / package.name
        is_first = True
        # the first look ends by its timeout: the watching stands then, and no edit from then on is missed
        looks = watch(
            *({document.parent for document in documents} | {TEMPLATES}),
            recursive=False,
            watch_filter=None,
            rust_timeout=200,
            yield_on_timeout=True,
        )
        for changes in looks:
            if package.is_dir() and not start.exists():
                shutil.copytree(package, start)
            if is_first or any(Path(path) in documents or path.endswith(".jinja") for _, path in changes):
                _attempt(options, start)
            if is_first:
                watched = ", ".join(str(_shown(path)) for path in [*sorted(documents), TEMPLATES])
                print(f"Watching {watched}; Ctrl-C ends it.")
            is_first = False
            sys.stdout.flush()
    return 0


def _generate(options: argparse.Namespace, since: Path | None = None) -> int:
    writes = not (options.check or options.dry_run)
    document = read(_shown(options.document), find_unsupported)
    package, distribution = _names()
    target = options.output / package
    if not options.check:
        _refuse_foreign(target)
    with temporary_folder(options.output if writes else None) as folder:
        client = Product(document.path, folder / package, target)
        render(document, client.fresh, package, distribution, options.http_library)
        copies = [_copy(folder, path, source, document) for path, source in _json_copies(options).items()]
        products = [client, *copies]
        differences = {product: product.difference(_shown(product.target)) for product in products}
        if options.check:
            return _check(differences)
        report = _report(since or target, client.fresh, document) if differences[client] else ""
        if writes:
            swap([product for product in products if differences[product]])
    for product, difference in differences.items():
        state = ("written anew" if writes else "would be written anew") if difference else "already up to date"
        _say(f"{_shown(product.target)}: {state}.")
        if difference and not writes:
            _say(_statistics(difference))
    _say(report, end="\n" if report else "")
    return 0


def _json_copies(options: argparse.Namespace) -> dict[Path, Path]:
    """What else is made of this repository's own document, each with its source; of another one, nothing."""
    is_own = (options.document.resolve(), options.output.resolve()) == (DOCUMENT, OUTPUT)
    return JSON_COPIES if is_own else {}


def _copy(folder: Path, target: Path, source: Path, document: Document) -> Product:
    """A document as JSON; the one that was read already is not read again."""
    data = document.data if source == DOCUMENT else read(_shown(source)).data
    fresh = folder / "-".join(target.relative_to(ROOT).parts)
    fresh.write_text(json.dumps(data, ensure_ascii=False, indent=2) + "\n", encoding="utf-8", newline="\n")
    return Product(_shown(source), fresh, target)


def _check(differences: dict[Product, str]) -> int:
    for product, difference in differences.items():
        target = _shown(product.target)
        if difference:
            _say(difference, end="")
            print(f"{target} is not what {product.source} gives: run scripts/generate and commit.", file=sys.stderr)
        else:
            _say(f"{target} is what {product.source} gives.")
    return 1 if any(differences.values()) else 0


def _report(old: Path, new: Path, document: Document) -> str:
    """What users will notice, if there is an old client to compare with."""
    if not (old / "__init__.py").is_file():
        return ""
    from .api_diff import report  # noqa: PLC0415  (here, since it takes time, and most runs find no difference)

    try:
        return str(report(old, new, document))
    except ValueError as error:  # an old client that was damaged, or made by a generator of long ago, is replaced
        return f"No report on what users will notice: {error}"


def _say(text: str, end: str = "\n") -> None:
    """Print; what nobody reads any more, as after `| head -1`, is no failure, and changes nothing of what was done."""
    try:
        print(text, end=end, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _statistics(difference: str) -> str:
    lines = difference.splitlines()
    added = sum(line.startswith("+") and not line.startswith("+++ ") for line in lines)
    removed = sum(line.startswith("-") and not line.startswith("--- ") for line in lines)
    files = sum(line.startswith("+++ ") or line.endswith((": added, empty", ": removed, empty")) for line in lines)
    return f"{files} file{'s' * (files != 1)}, {added} lines added, {removed} removed."


def _names() -> tuple[str, str]:
    """The name of the package to import and that of the distribution it is installed by."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return project["name"].replace("-", "_"), project["name"]


def _shown(path: Path) -> Path:
    """A path as short as it can be from here."""
    return path.resolve().relative_to(Path.cwd()) if path.resolve().is_relative_to(Path.cwd()) else path


def _refuse_foreign(target: Path) -> None:
    """Never replace what the generator did not make.

    Raises:
        DocumentError: There is such a file.
    """
    if foreign := foreign_file(target):
        problem = "was not made by scripts/generate, and would be lost; move it away, or choose another --output"
        raise DocumentError(f"{_shown(foreign.parent) / foreign.name}: {problem}")
