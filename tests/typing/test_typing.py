"""Both type checkers, at their strictest, on the client, on good use of it and on mistakes."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import sms_scheduler

HERE = Path(__file__).parent
GENERATED = Path(sms_scheduler.__file__).parent


def test_the_package_says_that_it_is_typed() -> None:
    assert (GENERATED / "py.typed").is_file()


def _mypy(folder: Path) -> list[str]:
    # A user's settings, who asks for everything: not those of the repository
    options = ["--config-file=", "--strict", "--warn-unreachable", "--no-error-summary", "--no-pretty"]
    command = [sys.executable, "-m", "mypy", *options, f"--cache-dir={folder.with_name('mypy')}", "."]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.stderr == ""
    return done.stdout.splitlines()


def _pyright(folder: Path) -> list[str]:
    settings = {
        "typeCheckingMode": "strict",
        "reportUnnecessaryTypeIgnoreComment": "error",
        "enableTypeIgnoreComments": False,  # those are mypy's
        # the statements of misuse.py are there for their mistakes alone
        "reportUnusedExpression": "none",
        "reportUnusedCoroutine": "none",
        "reportUnknownMemberType": "none",
        "reportUnknownVariableType": "none",
        "pythonVersion": "3.11",
    }
    (folder / "pyrightconfig.json").write_text(json.dumps(settings))
    command = [sys.executable, "-m", "pyright", "--outputjson", "-p", str(folder), "--pythonpath", sys.executable]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    report = json.loads(done.stdout)
    assert report["summary"]["filesAnalyzed"] == len(list(folder.rglob("*.py")))
    return [
        f"{Path(finding['file']).relative_to(folder)}:{finding['range']['start']['line'] + 1}: {finding['message']}"
        for finding in report["generalDiagnostics"]
    ]


def _ty(folder: Path) -> list[str]:
    command = [sys.executable, "-m", "ty", "check", "--python", sys.prefix, "--output-format", "concise", "."]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    return [line for line in done.stdout.splitlines() if ".py:" in line]


def _pyrefly(folder: Path) -> list[str]:
    options = ["--python-interpreter-path", sys.executable, "--preset", "strict", "--output-format", "min-text"]
    command = [sys.executable, "-m", "pyrefly", "check", *options, "."]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    return [line for line in done.stdout.splitlines() if ".py:" in line]


CHECKERS = {"mypy": _mypy, "pyright": _pyright}
# These have no comment of their own for each kind of mistake, so they check good use alone.
YOUNG_CHECKERS = {"ty": _ty, "pyrefly": _pyrefly}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder, where the installed client is found as a user's type checker finds it."""
    (tmp_path / "code").mkdir()
    return tmp_path / "code"


@pytest.mark.parametrize("checker", CHECKERS)
def test_a_checker_accepts_good_use_and_finds_every_mistake(checker: str, folder: Path) -> None:
    for name in ("user_code.py", "misuse.py"):
        shutil.copy(HERE / name, folder)
    assert CHECKERS[checker](folder) == []


@pytest.mark.parametrize("checker", YOUNG_CHECKERS)
def test_a_young_checker_accepts_good_use(checker: str, folder: Path) -> None:
    shutil.copy(HERE / "user_code.py", folder)
    assert YOUNG_CHECKERS[checker](folder) == []
    (folder / "sample.py").write_text("from sms_scheduler import SmsScheduler\nSmsScheduler().get_sms('1')\n")
    (found,) = YOUNG_CHECKERS[checker](folder)
    assert "sample.py:2" in found


@pytest.mark.parametrize("checker", CHECKERS)
def test_a_checker_finds_nothing_in_the_client(checker: str, folder: Path) -> None:
    shutil.copytree(GENERATED, folder / GENERATED.name, ignore=shutil.ignore_patterns("__pycache__"))
    assert CHECKERS[checker](folder) == []


@pytest.mark.parametrize("checker", CHECKERS)
def test_a_checker_would_complain(checker: str, folder: Path) -> None:
    """Of a mistake that nobody told it of, and of a right line that it is told to be a mistake."""
    (folder / "sample.py").write_text(
        "from sms_scheduler import SmsScheduler\n"
        "SmsScheduler().get_sms('1')\n"
        "SmsScheduler().get_sms(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]\n"
    )
    found = CHECKERS[checker](folder)
    assert [line.split(":")[:2] for line in found] == [["sample.py", "2"], ["sample.py", "3"]]
