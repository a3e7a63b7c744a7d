"""Regenerate the client from openapi.yaml.

The document is read and checked, the client is rendered in a temporary folder beside its place, checked there, and
swapped in whole: a mistake, an error or a kill at any moment leaves the old one as it was.
"""

import argparse
import contextlib
import ctypes
import difflib
import fcntl
import importlib
import importlib.util
import io
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

from .docstrings import docstring
from .document import Document, DocumentError, Mistake, read
from .unsupported import limits
from .names import Renamed
from openapi_python_client import Project
from openapi_python_client.config import Config, ConfigFile, MetaType
from openapi_python_client.parser.errors import GeneratorError
from openapi_python_client.parser.openapi import GeneratorData
from .context import Views, class_names, described

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = Path(__file__).with_name("templates")
_INVALID = "the client made from this document is not valid Python"
# Modules for which openapi-python-client has no place of its own.
EXTRA_MODULES = ("codec", "retries", "transport")


def main(arguments: list[str]) -> int:
    """Run the command; the result is the exit code: 0, 1 for a difference found by --check, 2 for a failure."""
    parser = argparse.ArgumentParser(
        prog="scripts/generate", description="Regenerate the client from its OpenAPI document."
    )
    parser.add_argument(
        "--document", type=Path, default=ROOT / "openapi.yaml", metavar="FILE", help="default: openapi.yaml"
    )
    parser.add_argument("--output", type=Path, default=ROOT / "generated", metavar="FOLDER",
                        help="where the package's folder is put; default: generated/")  # fmt: skip
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 and show the difference if there is one"
    )
    parser.add_argument("--dry-run", action="store_true", help="write nothing; show what users would notice")
    parser.add_argument(
        "--watch", action="store_true", help="go on whenever the document or a template changes, until Ctrl-C"
    )
    options = parser.parse_args(arguments)
    if options.check and (options.dry_run or options.watch):
        parser.error("--check goes with neither --dry-run nor --watch")
    if str(options.output) == "." and "." not in arguments:
        parser.error("--output needs a folder")
    return _watch(options) if options.watch else _attempt(options)


def _attempt(options: argparse.Namespace, since: Path | None = None) -> int:
    try:
        return _generate(options.document, options.output, check=options.check, dry_run=options.dry_run, since=since)
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

    document = options.document.resolve()
    package = options.output / _names()[0]
    with contextlib.suppress(KeyboardInterrupt), tempfile.TemporaryDirectory() as folder:
        start = Path(folder) / package.name
        is_first = True
        # the first look ends by its timeout: the watching stands then, and no edit from then on is missed
        looks = watch(
            *(document.parent, TEMPLATES), recursive=False, watch_filter=None, rust_timeout=200, yield_on_timeout=True
        )
        for changes in looks:
            if package.is_dir() and not start.exists():
                shutil.copytree(package, start)
            if is_first or any(Path(path) == document or path.endswith(".jinja") for _, path in changes):
                _attempt(options, start)
            if is_first:
                print(f"Watching {_shown(document)} and {_shown(TEMPLATES)}; Ctrl-C ends it.")
            is_first = False
            sys.stdout.flush()
    return 0


def _generate(
    document_path: Path, output: Path, *, check: bool, dry_run: bool = False, since: Path | None = None
) -> int:
    document = read(_shown(document_path))
    package, distribution = _names()
    target = output / package
    _refuse_foreign(target)
    with _temporary_folder(None if check or dry_run else output) as folder:
        fresh = folder / package
        mistakes = list(limits(document))
        if mistakes:
            raise DocumentError(document.describe(mistakes))
        render(document, fresh, package, distribution)
        difference = _difference(_files(target), _files(fresh), _shown(target))
        if check:
            print(
                difference or f"{_shown(target)} is what {_shown(document_path)} gives.", end="" if difference else "\n"
            )
            if difference:
                print(
                    f"{_shown(target)} is not what {_shown(document_path)} gives: run scripts/generate and commit.",
                    file=sys.stderr,
                )
            return 1 if difference else 0
        report = _report(since or target, fresh, document) if difference else ""
        if difference and not dry_run:
            _swap(fresh, target)
    if dry_run and difference:
        print(f"{_shown(target)}: would be written anew.\n{_statistics(difference)}")
    else:
        print(f"{_shown(target)}: {'written anew' if difference else 'already up to date'}.")
    print(report, end="\n" if report else "")
    return 0


def _report(old: Path, new: Path, document: Document) -> str:
    """What users will notice, if there is an old client to compare with."""
    if not (old / "__init__.py").is_file():
        return ""
    from .api_diff import report  # noqa: PLC0415  (here, since it takes time, and most runs find no difference)

    try:
        return str(report(old, new, document))
    except ValueError as error:  # an old client that was damaged, or made by a generator of long ago, is replaced
        return f"No report on what users will notice: {error}"


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
    """Never replace a folder that is not a generated client."""
    # what clients of earlier versions of the generator have too
    is_ours = all((target / name).is_file() for name in ("client.py", "codec.py", "transport.py", "types.py"))
    if target.exists() and any(target.iterdir()) and not is_ours:
        raise DocumentError(f"{target}: this is not a generated client, and would be replaced; choose another --output")


@contextlib.contextmanager
def _temporary_folder(beside: Path | None) -> Generator[Path]:
    """A folder on the same file system as the output, so that swapping is a rename."""
    if beside is None:
        with tempfile.TemporaryDirectory() as folder:
            yield Path(folder)
        return
    beside.mkdir(parents=True, exist_ok=True)
    with _turn(beside), tempfile.TemporaryDirectory(prefix=".generate-", dir=beside) as folder:
        for stale in beside.glob(".generate-*"):  # left by a run that was killed
            if stale != Path(folder):
                shutil.rmtree(stale, ignore_errors=True)
        yield Path(folder)


@contextlib.contextmanager
def _turn(folder: Path) -> Generator[None]:
    """Two runs on one folder take turns."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def render(document: Document, folder: Path, package: str, distribution: str) -> None:
    """Render the client into a folder that does not exist yet, format it and see that it can be imported.

    Raises:
        DocumentError: The document says something that the client cannot express.
    """
    config = Config.from_sources(
        ConfigFile(package_name_override=package, post_hooks=[], field_prefix="field_"),
        meta_type=MetaType.NONE,
        document_source=document.path,
        file_encoding="utf-8",
        overwrite=False,
        output_path=folder,
    )
    renamed = Renamed(document)
    data = GeneratorData.from_dict(renamed.data, config=config)
    if isinstance(data, GeneratorError):
        raise DocumentError(_problem(document, data))
    dropped = [*data.errors, *(e for tag in data.endpoint_collections_by_tag.values() for e in tag.parse_errors)]
    if dropped:
        raise DocumentError("\n".join(_problem(document, error) for error in dropped))
    views = Views(document, renamed, data, package, distribution)
    data.models = [model for model in data.models if str(model.class_info.name) in class_names(data)]
    project = Project(openapi=data, config=config, custom_template_path=TEMPLATES)
    project.env.globals.update(_public(views))
    project.env.filters["literal"] = repr
    with contextlib.redirect_stdout(io.StringIO()):  # it announces the folder, which is a temporary one
        errors = project.build()
    if errors:
        raise DocumentError("\n".join(_problem(document, error) for error in errors))
    for module in EXTRA_MODULES:
        (folder / f"{module}.py").write_text(project.env.get_template(f"{module}.py.jinja").render(), encoding="utf-8")
    (folder / "py.typed").touch()
    _format(folder)
    _import(folder)


def _public(views: Views) -> dict[str, Any]:
    names = {name: getattr(views, name) for name in dir(views) if not name.startswith("_")}
    return names | {"docstring": docstring, "described": described}


def _problem(document: Document, error: GeneratorError) -> str:
    words = " ".join(f"{error.header.strip()} {error.detail or ''}".split())
    problem = f"openapi-python-client cannot express this; write it another way: {words}"
    return document.describe([Mistake(document.place_named(words), problem)])


def _format(folder: Path) -> None:
    """Sort imports, drop those not needed, and lay out as ruff does, by its defaults and not those of a folder above.

    Raises:
        DocumentError: A name is not there, or hides another: that would fail, or lie, only when it is used.
    """
    isort = f"known-first-party = ['{folder.name}'], split-on-trailing-comma = false"
    rules = ["--select", "F,I", "--fixable", "F401,I", "--config", f"lint.isort = {{{isort}}}"]
    style = ["--isolated", "--line-length", "120", "--target-version", "py311", "--no-cache", folder.name]
    _ruff(["check", "--fix", "--quiet", "--output-format", "concise", *rules, *style], folder.parent)
    _ruff(["format", *style], folder.parent)


def _ruff(arguments: list[str], folder: Path) -> None:
    command = [sys.executable, "-P", "-m", "ruff", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines()
        raise DocumentError(f"{_INVALID}: {lines[-1] if lines else command}")


def _import(folder: Path) -> None:
    """Import every module of the client under another name, as the last check before it replaces the old one.

    Raises:
        DocumentError: A module cannot be imported.
    """
    name = "_fresh_client"
    place = folder / "__init__.py"
    spec = importlib.util.spec_from_file_location(name, place, submodule_search_locations=[str(folder)])
    assert spec is not None  # noqa: S101  # there is a loader for what ends in .py
    assert spec.loader is not None  # noqa: S101
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    writes_bytecode, sys.dont_write_bytecode = not sys.dont_write_bytecode, True
    try:
        spec.loader.exec_module(module)
        for path in sorted(folder.rglob("*.py")):
            importlib.import_module(".".join([name, *path.relative_to(folder).with_suffix("").parts]))
    except Exception as error:
        raise DocumentError(f"{_INVALID}: {type(error).__name__}: {error}") from error
    finally:
        sys.dont_write_bytecode = not writes_bytecode
        for loaded in [loaded for loaded in sys.modules if loaded.partition(".")[0] == name]:
            del sys.modules[loaded]


def _files(folder: Path) -> dict[str, str]:
    if not folder.is_dir():
        return {}
    return {
        str(path.relative_to(folder)): path.read_bytes().decode("utf-8", "surrogateescape")
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def _difference(old: Mapping[str, str], new: Mapping[str, str], folder: Path) -> str:
    """A unified diff over all files, empty if they are the same."""
    lines: list[str] = []
    for name in sorted({*old, *new}):
        before, after = old.get(name), new.get(name)
        if before != after:
            lines += difflib.unified_diff(
                (before or "").splitlines(keepends=True),
                (after or "").splitlines(keepends=True),
                f"{folder / name}" if before is not None else "/dev/null",
                f"{folder / name}" if after is not None else "/dev/null",
            )
            if not (before or after):
                lines.append(f"{folder / name}: {'added' if before is None else 'removed'}, empty\n")
    return "".join(lines)


def _swap(fresh: Path, target: Path) -> None:
    """Put the fresh client in the place of the old one, which goes where the fresh one was."""
    if not target.exists():
        fresh.rename(target)
    elif not _exchange(fresh, target):
        # Two steps where the system has no exchange: between them there is no client for an instant.
        old = fresh.with_name("old")
        target.rename(old)
        fresh.rename(target)


def _exchange(one: Path, other: Path) -> bool:
    """Let two folders change places in one step, if the system can (Linux)."""
    if not sys.platform.startswith("linux"):
        return False
    renameat2: Any = getattr(ctypes.CDLL(None), "renameat2", None)
    at_current_folder, exchange = -100, 2
    paths = at_current_folder, os.fsencode(one), at_current_folder, os.fsencode(other)
    return renameat2 is not None and renameat2(*paths, exchange) == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
