"""The README's examples, run as written."""

import re
from pathlib import Path

import pytest
from sms_scheduler_mock import MockServer

README = Path(__file__).resolve().parent.parent / "README.md"
CLIENT, STAND_IN = re.findall(r"```python\n(.*?)```", README.read_text(), flags=re.DOTALL)


def test_the_client_in_ten_lines(capsys: pytest.CaptureFixture[str]) -> None:
    with MockServer() as server:
        url, key = repr(server.url), repr(server.api_key)
        exec(CLIENT.replace('api_key="..."', f"api_key={key}, base_url={url}"), {})
    first, second, count = capsys.readouterr().out.splitlines()
    assert first.endswith(" +33612345678 SCHEDULED Scheduled")
    assert second.endswith(" +33202020202 SCHEDULED Scheduled")
    assert count == "2 cancelled"


def test_the_stand_in_in_ten_lines() -> None:
    exec(STAND_IN, {})


def test_contributing_names_every_script_and_no_other() -> None:
    text = (README.parent / "CONTRIBUTING.md").read_text()
    named = set(re.findall(r"^\| `scripts/(\w+)`", text, flags=re.MULTILINE))
    sourced = {"environment"}
    there = {path.name for path in (README.parent / "scripts").iterdir() if path.is_file() and not path.suffix}
    assert named == there - sourced


def test_the_scripts_it_names_are_there() -> None:
    named = set(re.findall(r"scripts/(\w+)", README.read_text()))
    assert named, "the README names no script"
    assert [name for name in named if not (README.parent / "scripts" / name).exists()] == []
