"""The examples of the guide in other languages than Python, as they stand, where their runtime is there."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from sms_scheduler_mock import MockServer

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "mock.md"
RUNTIMES = {"js": ["node", "--input-type=module"], "php": ["php"], "sh": ["bash", "-e"]}


@pytest.mark.parametrize("language", RUNTIMES)
def test_an_example_of_the_guide(language: str, server: MockServer) -> None:
    command = RUNTIMES[language]
    if not shutil.which(command[0]) or (language == "sh" and not shutil.which("curl")):
        pytest.skip(f"there is no {command[0]} on PATH")
    code = re.findall(rf"^```{language}\n(.*?)^```$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)[-1]
    root = server.url.removesuffix("/api/v1")
    done = subprocess.run(
        command,
        input=code.replace("http://127.0.0.1:8025", root),
        env={**os.environ, "SMS_API": server.url},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert (done.returncode, done.stderr) == (0, "")
    if language == "sh":
        assert '"text":"Hello"' in done.stdout
        assert server.messages == []  # the last step is a reset
    else:
        assert done.stdout == "200 +33612345678\n"
        assert [message.text for message in server.messages] == ["Hello"]
