"""Runs scripts/generate as its users do, and looks at what it left behind."""

import contextlib
import io
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import attrs
from generator.cli import main

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "openapi.yaml"
FIRST = Path(__file__).with_name("first.yaml")
COMMAND = (sys.executable, "-P", "-m", "generator")
PACKAGE = "sms_scheduler"


@attrs.frozen
class Done:
    """How a command ended."""

    code: object
    out: str
    err: str


def run(*arguments: str | Path, cwd: Path | None = None) -> Done:
    """Run the command to its end; in this process, which need not import all of it anew."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.chdir(cwd or "."), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code: object = main(list(map(str, arguments)))
        except SystemExit as ended:  # argparse's, for wrong use
            code = ended.code
    return Done(code, out.getvalue(), err.getvalue())


def run_copy(checkout: Path, *arguments: str | Path) -> Done:
    """Run the generator of a copy of the repository, which makes what is in that copy."""
    # -m looks in the current folder first, before the repository that this environment knows
    done = subprocess.run(
        [sys.executable, "-m", "generator", *map(str, arguments)],
        cwd=checkout / "scripts",
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def generate(document: str, folder: Path) -> Path:
    """Generate a client from a document's text into a folder, and expect that to succeed."""
    folder.mkdir(exist_ok=True)
    path = folder / "api.yaml"
    path.write_text(document, encoding="utf-8")
    done = run("--document", path, "--output", folder / "out")
    assert (done.code, done.err) == (0, ""), done
    return folder / "out"


def run_code(code: str, folder: Path) -> str:
    """Run code with a generated client alone importable from a folder, and return what it prints."""
    # -P and no PYTHONPATH: the repository's own client must not be what is imported
    program = f"import sys; sys.path.insert(0, {str(folder)!r})\n{code}"
    command = [sys.executable, "-B", "-P", "-X", "utf8", "-W", "error", "-c", program]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, encoding="utf-8", timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def tree(folder: Path) -> Mapping[str, bytes]:
    """Every file below a folder with its bytes, byte code aside."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }
