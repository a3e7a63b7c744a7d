"""The examples of the README and of the guide to the mock server, run as written."""

import os
import re
import shutil
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest
from sms_scheduler_mock import MockServer

ROOT = Path(__file__).resolve().parent.parent
README, GUIDE = ROOT / "README.md", ROOT / "docs" / "mock.md"


def blocks(document: Path, language: str) -> list[str]:
    found: list[str] = re.findall(rf"```{language}\n(.*?)```", document.read_text(), flags=re.DOTALL)
    return found


def test_the_client_in_ten_lines(capsys: pytest.CaptureFixture[str]) -> None:
    client = blocks(README, "python")[0]
    with MockServer() as server:
        url, key = repr(server.url), repr(server.api_key)
        exec(client.replace('api_key="..."', f"api_key={key}, base_url={url}"), {})
    first, second, count = capsys.readouterr().out.splitlines()
    assert first.endswith(" +33612345678 SCHEDULED Scheduled")
    assert second.endswith(" +33202020202 SCHEDULED Scheduled")
    assert count == "2 cancelled"


def test_the_tests_pass(tmp_path: Path) -> None:
    examples = [*blocks(README, "python")[1:], *blocks(GUIDE, "python")]
    for number, example in enumerate(examples):
        (tmp_path / f"test_{number}.py").write_text(example)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        *("-p", "no:cacheprovider", "-p", "no:schemathesis", "-p", "no:hypothesispytest"),
        "-W",
        "error",
        "--rootdir",
        str(tmp_path),
    ]
    done = subprocess.run([*command, str(tmp_path)], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    count = sum(example.count("\ndef test_") for example in examples)
    assert done.stdout.splitlines()[-1].startswith(f"{count} passed"), done.stdout
    assert len(examples) == 6


@pytest.mark.skipif(shutil.which("curl") is None, reason="the example is for curl")
def test_the_admin_api_from_a_shell() -> None:
    with MockServer(now=datetime(2029, 1, 1)) as server:
        script = blocks(GUIDE, "sh")[-1].replace("http://127.0.0.1:8025/", str(server.page_url))
        done = subprocess.run(["sh", "-euc", script], capture_output=True, text=True, timeout=60)
        assert server.messages == []
    assert done.stderr == ""
    assert '"status":429' in done.stdout
    assert '"status_name":"RECEIVED"' in done.stdout
    assert '"credits":0' in done.stdout
    assert '"error"' not in done.stdout


def test_contributing_names_every_script_and_no_other() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    named = set(re.findall(r"^\| `scripts/(\w+)`", text, flags=re.MULTILINE))
    sourced = {"environment"}
    there = {path.name for path in (ROOT / "scripts").iterdir() if path.is_file() and not path.suffix}
    assert named == there - sourced


def test_the_scripts_it_names_are_there() -> None:
    named = set(re.findall(r"scripts/(\w+)", README.read_text()))
    assert named, "the README names no script"
    assert [name for name in named if not (ROOT / "scripts" / name).exists()] == []


@pytest.mark.skipif(shutil.which("bash") is None, reason="the scripts are for bash")
def test_a_script_ends_if_its_environment_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "environment", tmp_path / "scripts")
    (tmp_path / "scripts" / "greet").write_text('set -euo pipefail\n. "$(dirname "$0")/environment"\necho hello\n')
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "requirements.lock").write_text(f"uv==0 --hash=sha256:{'0' * 64}\n")
    environment = {**os.environ, "PIP_NO_INDEX": "1", "PYTHON": sys.executable}
    done = subprocess.run(
        ["bash", "scripts/greet"], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "Setting up .venv failed, as shown above" in done.stderr
    assert not (tmp_path / ".venv" / "made-from").exists()
