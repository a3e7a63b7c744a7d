"""The command from an installed wheel, in a folder and an environment that know nothing of the repository."""

import os
import re
import subprocess
import sys
import sysconfig
import venv
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from sms_scheduler_mock import MockServer

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The paths of a virtual environment with the wheel and nothing else."""
    folder = tmp_path_factory.mktemp("installed")
    _run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder / "dist", ROOT)
    (wheel,) = (folder / "dist").iterdir()
    place = folder / "venv"
    venv.create(place)
    _run(sys.executable, "-m", "uv", "pip", "install", "--offline", "--no-deps", "--python", place, wheel)
    return sysconfig.get_paths("venv", vars={"base": str(place), "platbase": str(place)})


def _run(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def test_without_the_extra_it_says_what_to_install(environment: dict[str, str]) -> None:
    command = Path(environment["scripts"]) / "sms-scheduler-contract"
    run = subprocess.run([command], capture_output=True, text=True, timeout=60)
    assert (run.returncode, run.stdout) == (2, "")
    advice = r'[a-z]+ is not installed; run pip install "sms-scheduler\[contract\]"'
    assert re.fullmatch(f"sms-scheduler-contract: {advice}\\n", run.stderr), run.stderr


def test_nothing_around_it_has_a_say(environment: dict[str, str], tmp_path: Path) -> None:
    # the dependencies are those of the repository's environment, whose own packages are not found this way
    (Path(environment["purelib"]) / "dependencies.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    command = str(Path(environment["scripts"]) / "sms-scheduler-contract")
    options = ["-k", "a_message_is_deleted or match_the_document", "--html", "report.html", "--junit", "junit.xml"]
    home, folder = tmp_path / "home", tmp_path / "folder"
    home.mkdir()
    folder.mkdir()
    (folder / "conftest.py").write_text('raise SystemExit("the conftest was read")')
    (folder / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\npython_functions = none_*\n")
    (folder / "schemathesis.toml").write_text("not TOML")
    (folder / "rich.py").write_text("not Python")
    with MockServer() as server:
        run = subprocess.run(
            [command, "--url", server.url, "--api-key", server.api_key, *options],
            capture_output=True,
            text=True,
            timeout=120,
            cwd=folder,
            env={
                "HOME": str(home),
                "PATH": os.defpath,
                "PYTEST_ADDOPTS": "--no-such-option",
                "PYTEST_PLUGINS": "no_such_plugin",
            },
        )
    assert (run.returncode, run.stderr) == (0, ""), run.stdout
    assert "7 passed, 0 failed, 0 not tested." in run.stdout
    assert (folder / "report.html").read_text(encoding="utf-8").count('class="outcome passed"') == 7
    assert ET.parse(folder / "junit.xml").getroot()[0].get("tests") == "7"
    assert list(home.iterdir()) == []
