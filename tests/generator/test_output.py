"""The same document gives the same client, --check tells when it is another, and a kill leaves a whole one."""

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from .commands import COMMAND, DOCUMENT, PACKAGE, ROOT, run, tree

COMMITTED = ROOT / "generated" / PACKAGE


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """A folder that holds the committed client."""
    shutil.copytree(COMMITTED, tmp_path / "out" / PACKAGE, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "out"


def test_the_committed_client_is_what_the_document_gives() -> None:
    before = tree(COMMITTED)
    done = run("--check", cwd=ROOT)
    assert (done.code, done.err) == (0, "")
    assert "generated/sms_scheduler is what openapi.yaml gives.\n" in done.out
    assert tree(COMMITTED) == before


def test_the_command_works_from_any_folder(tmp_path: Path) -> None:
    command = [str(ROOT / "scripts" / "generate"), "--check"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_same_document_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "other"):
        assert run("--document", DOCUMENT, "--output", tmp_path / name).code == 0
    assert tree(tmp_path / "one" / PACKAGE) == tree(tmp_path / "other" / PACKAGE) == tree(COMMITTED)


def test_a_second_run_writes_nothing(output: Path) -> None:
    inode = (output / PACKAGE).stat().st_ino
    done = run("--output", output)
    assert (done.code, done.out) == (0, f"{output / PACKAGE}: already up to date.\n")
    assert (output / PACKAGE).stat().st_ino == inode


def _edit(client: Path) -> None:
    path = client / "errors.py"
    path.write_text(path.read_text().replace("class NotFoundError", "class NowhereError"))


def _add(client: Path) -> None:
    (client / "extra.py").write_text("EXTRA = 1\n")


def _add_empty(client: Path) -> None:
    (client / "empty.py").touch()


def _other_line_ends(client: Path) -> None:
    (client / "py.typed").unlink()
    errors = client / "errors.py"
    errors.write_bytes(errors.read_bytes().replace(b"\n", b"\r\n"))


def _remove(client: Path) -> None:
    (client / "models" / "sms_status.py").unlink()


def _remove_empty(client: Path) -> None:
    (client / "py.typed").unlink()


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        (_edit, ["-class NowhereError(ApiError):", "+class NotFoundError(ApiError):"]),
        (_add, ["--- {client}/extra.py", "+++ /dev/null", "-EXTRA = 1"]),
        (_add_empty, ["{client}/empty.py: removed, empty"]),
        (_remove, ["--- /dev/null", "+++ {client}/models/sms_status.py", "+class SmsStatus(IntEnum):"]),
        (_other_line_ends, ["--- {client}/errors.py", "+++ {client}/errors.py"]),
        (_remove_empty, ["{client}/py.typed: added, empty"]),
    ],
)
def test_check_shows_a_difference_and_writes_nothing(
    output: Path, change: Callable[[Path], None], shown: list[str]
) -> None:
    client = output / PACKAGE
    change(client)
    before = tree(output)
    done = run("--check", "--output", output)
    assert done.code == 1
    assert {shown_line.format(client=client) for shown_line in shown} <= set(done.out.splitlines())
    assert "run scripts/generate and commit" in done.err
    assert tree(output) == before


@pytest.mark.parametrize("change", [_edit, _remove, _other_line_ends, _remove_empty])
def test_a_run_puts_a_damaged_client_right(output: Path, change: Callable[[Path], None]) -> None:
    change(output / PACKAGE)
    assert run("--output", output).code == 0
    assert tree(output / PACKAGE) == tree(COMMITTED)


@pytest.mark.parametrize("names", [[], [".made-by-scripts-generate", "sms_scheduler"]])
def test_what_a_killed_run_left_behind_is_removed(output: Path, names: list[str]) -> None:
    stale = output / ".generate-killed"
    stale.mkdir()
    for name in names:
        (stale / name).touch()
    assert run("--document", DOCUMENT, "--output", output).code == 0
    assert not stale.exists()


# Parts of the time that a run takes. Rendering, formatting and importing come in the later half.
MOMENTS = [0.2, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 1.0]


def test_a_kill_at_any_moment_leaves_a_whole_client(output: Path, tmp_path: Path) -> None:
    document = tmp_path / "api.yaml"
    other = tmp_path / "other.yaml"
    document.write_text(DOCUMENT.read_text(encoding="utf-8"), encoding="utf-8")
    other.write_text(document.read_text(encoding="utf-8").replace("  version: ", "  version: 9."), encoding="utf-8")
    started = time.monotonic()
    assert run("--document", other, "--output", tmp_path / "new").code == 0
    duration = time.monotonic() - started
    old, new = tree(COMMITTED), tree(tmp_path / "new" / PACKAGE)
    assert old != new

    killed = 0
    for moment in MOMENTS:
        process = subprocess.Popen(
            [*COMMAND, "--document", other, "--output", output], stdout=subprocess.DEVNULL, start_new_session=True
        )
        time.sleep(moment * duration)
        process.kill()
        killed += process.wait() == -signal.SIGKILL
        found = tree(output / PACKAGE)
        assert found in (old, new), f"neither the old client nor the new one, killed after {moment} of the time"
        if found == new:  # once more from the old one
            shutil.rmtree(output / PACKAGE)
            shutil.copytree(COMMITTED, output / PACKAGE)
    assert killed, "every run was over before it was to be killed"

    assert run("--document", other, "--output", output).code == 0
    assert tree(output / PACKAGE) == new
    assert [path.name for path in output.iterdir()] == [PACKAGE]


CLEARS_UP = """
import os, sys
from pathlib import Path
from generator.swap import temporary_folder
unlink = os.unlink
def kill(path, **more):
    unlink(path, **more)
    if str(path).endswith(".made-by-scripts-generate"):
        os.kill(os.getpid(), 9)
with temporary_folder(Path(sys.argv[1])) as folder:
    for number in range(50):
        (folder / f"{number}.py").touch()
    (folder / "models").mkdir()
    os.unlink = kill
"""


def test_what_a_run_left_that_was_killed_as_it_cleared_up_goes_with_the_next(output: Path) -> None:
    killed = subprocess.run([sys.executable, "-P", "-c", CLEARS_UP, output])
    assert killed.returncode == -signal.SIGKILL
    assert run("--output", output).code == 0
    assert [path.name for path in output.iterdir()] == [PACKAGE]
