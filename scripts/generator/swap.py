"""Put what was made in the place of what was there: each part in one step, and all parts or none."""

import contextlib
import ctypes
import difflib
import fcntl
import os
import shutil
import sys
import tempfile
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import attrs

MANIFEST = "generated-files.txt"
"""The file in a generated package that lists all its files, itself included: what is not in the list was not made here."""
_MARK = ".made-by-scripts-generate"


@attrs.frozen
class Product:
    """A folder or a file that is made.

    Attributes:
        source: The document that it is made from.
        fresh: Where it was made.
        target: Where it belongs; there may be an older one.
    """

    source: Path
    fresh: Path
    target: Path

    def difference(self, label: Path) -> str:
        """A unified diff between the target, called by its label, and what was made; empty if they are the same."""
        old, new = _files(self.target), _files(self.fresh)
        lines: list[str] = []
        for name in sorted({*old, *new}):
            before, after = old.get(name), new.get(name)
            if before != after:
                lines += difflib.unified_diff(
                    (before or "").splitlines(keepends=True),
                    (after or "").splitlines(keepends=True),
                    f"{label / name}" if before is not None else "/dev/null",
                    f"{label / name}" if after is not None else "/dev/null",
                )
                if not (before or after):
                    lines.append(f"{label / name}: {'added' if before is None else 'removed'}, empty\n")
        return "".join(lines)


def write_manifest(package: Path) -> None:
    """List the files of a package that was made, so that a later run knows what it may replace."""
    (package / MANIFEST).touch()
    names = sorted(path.relative_to(package).as_posix() for path in package.rglob("*") if path.is_file())
    text = "".join(f"{name}\n" for name in names)
    (package / MANIFEST).write_text(text, encoding="utf-8", newline="\n")


def foreign_file(package: Path) -> Path | None:
    """A file or folder in a package's place that the generator did not make, if there is one; byte code is Python's."""
    if package.is_symlink() or not package.is_dir():
        return package if package.is_symlink() or package.exists() else None
    try:
        made = set((package / MANIFEST).read_text(encoding="utf-8").splitlines())
    except (OSError, UnicodeDecodeError):
        made = set()
    folders = {parent.as_posix() for name in made for parent in Path(name).parents}
    for path in sorted(package.rglob("*")):
        is_folder = path.is_dir() and not path.is_symlink()
        inner = path.relative_to(package)
        is_byte_code = "__pycache__" in inner.parts and (is_folder or path.suffix == ".pyc")
        if inner.as_posix() not in (folders if is_folder else made) and not is_byte_code:
            return path
    return None


def _files(path: Path) -> dict[str, str]:
    """The text of each file below a folder, byte code aside, or that of a file itself."""
    paths = sorted(path.rglob("*")) if path.is_dir() else [path]
    return {
        str(file.relative_to(path)): file.read_bytes().decode("utf-8", "surrogateescape")
        for file in paths
        if file.is_file() and "__pycache__" not in file.parts
    }


@contextlib.contextmanager
def temporary_folder(beside: Path | None) -> Generator[Path]:
    """A folder to make products in: on the file system of a folder, so that a swap is a rename, or anywhere."""
    if beside is None:
        with tempfile.TemporaryDirectory() as folder:
            yield Path(folder)
        return
    beside.mkdir(parents=True, exist_ok=True)
    with _turn(beside), tempfile.TemporaryDirectory(prefix=".generate-", dir=beside) as folder:
        (Path(folder) / _MARK).touch()
        for stale in beside.glob(".generate-*"):
            # left by a run that was killed, maybe before it could put its mark in there
            if stale != Path(folder) and stale.is_dir() and ((stale / _MARK).is_file() or not any(stale.iterdir())):
                _clear(stale)
                shutil.rmtree(stale, ignore_errors=True)
        try:
            yield Path(folder)
        finally:
            _clear(Path(folder))


def _clear(folder: Path) -> None:
    """Delete what is in a temporary folder, but for its mark: one that is killed here leaves the rest to the next run."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        elif path.name != _MARK:
            path.unlink()


@contextlib.contextmanager
def _turn(folder: Path) -> Generator[None]:
    """Two runs on one folder take turns."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def swap(products: Sequence[Product]) -> None:
    """Let what was made and what was there change places; if that fails for one, all stay as they were.

    Raises:
        OSError: One of them cannot be written.
    """
    with contextlib.ExitStack() as undo:
        for product in products:
            is_new = not product.target.exists()
            _change_places(product.fresh, product.target)
            back = (product.target, product.fresh) if is_new else (product.fresh, product.target)
            undo.callback(_change_places, *back)
        undo.pop_all()


def _change_places(fresh: Path, target: Path) -> None:
    if not target.exists():
        fresh.rename(target)
    elif not _exchange(fresh, target):
        # Three steps where the system has no exchange: between them there is no target for an instant.
        old = fresh.with_name(f"{fresh.name}.old")
        target.rename(old)
        fresh.rename(target)
        old.rename(fresh)


def _exchange(one: Path, other: Path) -> bool:
    """Let two folders or files change places in one step, if the system can (Linux)."""
    if not sys.platform.startswith("linux"):
        return False
    renameat2: Any = getattr(ctypes.CDLL(None), "renameat2", None)
    at_current_folder, exchange = -100, 2
    paths = at_current_folder, os.fsencode(one), at_current_folder, os.fsencode(other)
    return renameat2 is not None and renameat2(*paths, exchange) == 0
