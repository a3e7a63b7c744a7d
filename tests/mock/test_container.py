"""The steps of the Dockerfile and of compose.yaml that need no image: how the container starts, is checked and stops."""

import json
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

FOLDER = Path(__file__).resolve().parents[2] / "docker"
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM")


def command(instruction: str, port: int) -> list[str]:
    """The command of an instruction of the Dockerfile, by this Python and on another port."""
    text = (FOLDER / "Dockerfile").read_text()
    match = re.search(rf"^{instruction}.*?(\[.*\])$", text, re.MULTILINE)
    assert match
    words = [word.replace("8025", str(port)) for word in json.loads(match[1])]
    return [sys.executable if word == "python" else word for word in words]


def test_the_container_starts_is_healthy_and_stops() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    services: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text())["services"]
    start = [*command("ENTRYPOINT", port), *services["sms"]["command"]]
    with subprocess.Popen(start, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            assert process.stdout.readline().startswith("url:")
            subprocess.run(command("HEALTHCHECK", port), check=True, timeout=10)
            if shutil.which("curl"):
                asked = [word.replace("sms:8025", f"127.0.0.1:{port}") for word in services["test"]["command"]]
                done = subprocess.run(["curl", "--silent", *asked], capture_output=True, text=True, timeout=10)
                assert json.loads(done.stdout)["message_id"]
            process.send_signal(signal.SIGTERM)
            _, errors = process.communicate(timeout=10)  # after which Docker would kill it
            assert (process.returncode, errors) == (0, "")
        finally:
            process.kill()
    with pytest.raises(subprocess.CalledProcessError):  # nobody is there any more
        subprocess.run(command("HEALTHCHECK", port), check=True, timeout=10, stderr=subprocess.DEVNULL)


def test_it_is_not_root() -> None:
    assert re.search(r"^USER [1-9]", (FOLDER / "Dockerfile").read_text(), re.MULTILINE)
