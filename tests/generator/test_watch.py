"""--watch regenerates on every change, says what is wrong and goes on, and ends with Ctrl-C."""

import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import Empty, Queue

import pytest

from .commands import COMMAND, FIRST, PACKAGE


class Watch:
    """A command that watches, and the lines that it prints."""

    def __init__(self, document: Path, output: Path, *options: str) -> None:
        command = [*COMMAND, "--watch", *options, "--document", str(document), "--output", str(output)]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8"
        )
        self._lines: Queue[str] = Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self._lines.put(line)

    def until(self, part: str) -> str:
        """All lines up to one that contains a text."""
        seen = ""
        while True:
            try:
                line = self._lines.get(timeout=30)
            except Empty:
                raise AssertionError(f"{part!r} did not come after {seen!r}") from None
            seen += line
            if part in line:
                return seen

    def end(self) -> tuple[int, str]:
        """Press Ctrl-C; returns the exit code and what was printed after it."""
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(timeout=30)
        self._reader.join()
        rest = ""
        while not self._lines.empty():
            rest += self._lines.get()
        return code, rest

    def close(self) -> None:
        """End the process if it still runs."""
        self.process.kill()
        self.process.wait()
        self._reader.join()
        assert self.process.stdout
        self.process.stdout.close()


@pytest.fixture
def document(tmp_path: Path) -> Path:
    """A copy of the document."""
    path = tmp_path / "api.yaml"
    path.write_text(FIRST.read_text(encoding="utf-8"), encoding="utf-8")
    return path


@pytest.fixture
def watch(document: Path, tmp_path: Path) -> Iterator[Watch]:
    """A watch of that copy, which has made its first client."""
    watch = Watch(document, tmp_path / "out")
    try:
        watch.until("Ctrl-C ends it")
        yield watch
    finally:
        watch.close()


def test_it_regenerates_survives_mistakes_and_ends_quietly(watch: Watch, document: Path, tmp_path: Path) -> None:
    client = tmp_path / "out" / PACKAGE / "client.py"
    text = document.read_text(encoding="utf-8")
    assert "priority" not in client.read_text()

    document.write_text(text.replace("openapi: 3.1.0", "openapi: ["), encoding="utf-8")
    assert "not valid YAML" in watch.until("Nothing was changed")
    before = client.read_bytes()

    edited = text.replace("        sender_id:\n", "        priority: {type: integer}\n        sender_id:\n", 1)
    document.write_text(edited, encoding="utf-8")
    watch.until("written anew")
    assert "priority" in client.read_text()
    assert client.read_bytes() != before

    # the report is on all that changed since the start
    document.write_text(edited.replace("default: false", "default: true"), encoding="utf-8")
    assert "`priority`" in watch.until("For CHANGELOG.md")
    watch.until("`message_stop` is now `True`")
    assert "Traceback" not in watch.end()[1]


def test_ctrl_c_ends_it_quietly(watch: Watch) -> None:
    assert watch.end() == (0, "")


def test_a_dry_run_goes_on_too_and_writes_nothing(document: Path, tmp_path: Path) -> None:
    watch = Watch(document, tmp_path / "out", "--dry-run")
    try:
        watch.until("Ctrl-C ends it")
        document.write_text(
            document.read_text(encoding="utf-8").replace("default: false", "default: true"), encoding="utf-8"
        )
        assert "would be written anew" in watch.until("lines added")
    finally:
        watch.close()
    assert not (tmp_path / "out" / PACKAGE).exists()
