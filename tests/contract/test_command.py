"""scripts/contract as a tester calls it: its verdicts, its exit codes and what it says when it cannot judge."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from sms_scheduler_mock import MockServer

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "contract.py"


def contract(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPT), "-p", "no:cacheprovider", *arguments], capture_output=True, text=True, timeout=180
    )


@contextmanager
def server_that_answers(answer: Callable[[str, str | None], tuple[int, bytes]]) -> Iterator[str]:
    """A server that answers by method and Authorization header, and knows nothing of the API."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def respond(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, body = answer(self.command, self.headers["Authorization"])
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_DELETE = respond  # noqa: N815

        def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None: ...

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_server_that_keeps_the_document_is_found_to() -> None:
    with MockServer() as server:
        run = contract("--url", server.url, "--api-key", server.api_key, "-k", "not links")
    assert run.returncode == 0, run.stdout
    assert "Every promise that was tested is kept." in run.stdout


@pytest.mark.parametrize(
    ("broken", "answer"),
    [
        ("test_operation_keeps_the_document", lambda method, key: (500 if method == "POST" else 404, b"")),
        ("test_nothing_is_told_or_done_without_the_key", lambda method, key: (400 if method == "POST" else 404, b"")),
        ("test_reading_keeps_the_document", lambda method, key: (200, b'{"status": "13"}')),
    ],
    ids=["server error", "any key will do", "other than the schema"],
)
def test_a_server_that_breaks_it_is_caught(broken: str, answer: Callable[[str, str | None], tuple[int, bytes]]) -> None:
    with server_that_answers(answer) as url:
        run = contract("--url", url, "--api-key", "key", "-k", broken)
    assert run.returncode == 1, run.stdout
    assert f"FAILED tests/contract/test_contract.py::{broken}" in run.stdout
    assert "A promise is broken" in run.stdout


def test_a_server_that_goes_away_is_no_verdict() -> None:
    seen = []

    def answer(method: str, key: str | None) -> tuple[int, bytes]:
        seen.append(method)
        if len(seen) > 1:
            raise ConnectionAbortedError
        return 400, b'{"errors": {}}'

    with server_that_answers(answer) as url:
        run = contract("--url", url, "--api-key", "the-secret-key")
    assert run.returncode == 2, run.stdout
    assert "stopped answering" in run.stdout
    assert "the-secret-key" not in run.stdout + run.stderr


def test_a_status_code_that_is_new_is_not_judged() -> None:
    with MockServer(faults=["status-not-on-the-list"]) as server:
        run = contract("--url", server.url, "--api-key", server.api_key, "-k", "links")
    assert run.returncode == 0, run.stdout


def test_a_server_that_is_not_there_is_no_verdict() -> None:
    run = contract("--url", "http://127.0.0.1:9", "--api-key", "key")
    assert run.returncode == 2
    assert run.stderr.startswith("scripts/contract: no server answers at http://127.0.0.1:9: ")
    assert len(run.stderr.splitlines()) == 1


def test_a_key_that_is_refused_is_no_verdict() -> None:
    with MockServer() as server:
        run = contract("--url", server.url, "--api-key", "wrong")
    assert (run.returncode, len(run.stderr.splitlines())) == (2, 1)
    assert "refuses the API key" in run.stderr


def test_a_server_of_something_else_is_no_verdict() -> None:
    with server_that_answers(lambda method, key: (404, b"")) as url:
        run = contract("--url", url, "--api-key", "key")
    assert (run.returncode, len(run.stderr.splitlines())) == (2, 1)
    assert "is not the API" in run.stderr


def test_a_missing_key_is_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SMS_SCHEDULER_API_KEY", raising=False)
    run = contract("--url", "http://127.0.0.1:9")
    assert run.returncode == 2
    assert run.stderr == "scripts/contract: no API key: pass --api-key, or set SMS_SCHEDULER_API_KEY\n"
