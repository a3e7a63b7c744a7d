"""Make .venv from requirements.lock: `python environment.py ROOT`, with the standard library alone.

Copies of what it was made from, and the folder it was made for, are put into .venv at the very end, so that an
interrupted, outdated or moved one is made again.
Two scripts that start at once take turns.
"""

import shutil
import subprocess
import sys
import time
import venv
from pathlib import Path

try:
    import fcntl
except ImportError:
    fcntl = None  # type: ignore[assignment]


def main(root: Path) -> int:
    with (root / ".venv.lock").open("w") as lock:
        _wait_for(lock.fileno())
        try:
            _set_up(root, root / ".venv")
        except subprocess.CalledProcessError as error:
            _show("")
            if "ensurepip" in error.cmd:
                print(
                    "This Python comes without ensurepip: install python3-venv, or name another in PYTHON=.",
                    file=sys.stderr,
                )
                return 2
            print(error.output, file=sys.stderr)
            print(
                "Setting up .venv failed, as shown above. Mend that (is the package index within reach?) and run the "
                "same command again.",
                file=sys.stderr,
            )
            return 2
    return 0


def _set_up(root: Path, folder: Path) -> None:
    pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install", "--no-deps"]
    place = folder / "made-at"
    is_here = place.is_file() and place.read_text() == str(root)
    if not is_here or not _is_made_from(folder, root / "requirements.lock"):
        started = time.monotonic()
        version = ".".join(map(str, sys.version_info[:3]))
        print(f"Setting up .venv with Python {version}; this is needed once.", file=sys.stderr)
        shutil.rmtree(folder, ignore_errors=True)
        venv.create(folder, with_pip=True)
        lock = root / "requirements.lock"
        packages = sum(line[:1].isalnum() for line in lock.read_text().splitlines())
        _install([*pip, "--require-hashes", "-r", str(lock)], packages)
        shutil.copy(lock, _copy_of(lock, folder))
        place.write_text(str(root))
        _show("")
        print(f"Set up in {time.monotonic() - started:.0f} s.", file=sys.stderr)
    if not _is_made_from(folder, root / "pyproject.toml"):
        _install([*pip, "--no-build-isolation", "--editable", str(root)], 1)
        shutil.copy(root / "pyproject.toml", _copy_of(root / "pyproject.toml", folder))
        _show("")


def _copy_of(source: Path, folder: Path) -> Path:
    return folder / f"made-from{source.suffix}"


def _is_made_from(folder: Path, source: Path) -> bool:
    copy = _copy_of(source, folder)
    if not copy.is_file() or copy.read_bytes() != source.read_bytes():
        return False
    return subprocess.run([folder / "bin" / "python", "-c", ""], check=False, capture_output=True).returncode == 0


def _wait_for(descriptor: int) -> None:
    if fcntl is None:  # no such lock on Windows, where two at once are the user's to avoid
        return
    fcntl.flock(descriptor, fcntl.LOCK_EX)


def _install(command: list[str], total: int) -> None:
    """Run pip, and show on one line how many of `total` packages it has come to."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    output: list[str] = []
    count = 0
    for line in process.stdout or ():
        output.append(line)
        if line.startswith("Collecting "):
            count += 1
            _show(f"  {count} of {total} packages: {line.split()[1]}")
        elif line.startswith("Installing collected"):
            _show("  unpacking")
    if process.wait():
        raise subprocess.CalledProcessError(process.returncode, command, "".join(output[-30:]))


def _show(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text[:78]}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main(Path(sys.argv[1])))
    except KeyboardInterrupt:
        print("\nInterrupted: run the same command again to go on.", file=sys.stderr)
        sys.exit(130)
