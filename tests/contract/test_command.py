"""scripts/contract as a tester calls it: its verdicts, its exit codes, its reports, and what it says when it cannot judge."""

import os
import re
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from sms_scheduler_contract.mutants.another_server import another_server
from command import ENVIRONMENT, contract
from sms_scheduler_mock import MockServer


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
            self.send_header("Retry-After", "0")
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_DELETE = respond  # noqa: N815

        def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None: ...

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


# Verdicts


def test_a_server_that_it_never_met_is_judged(tmp_path: Path) -> None:
    junit, page = tmp_path / "junit.xml", tmp_path / "report.html"
    with another_server(delay=0.002) as server:
        run = contract("--url", server.url, "--api-key", server.api_key, "--junit", str(junit), "--html", str(page))
    assert run.returncode == 0, run.stdout + run.stderr
    assert re.search(r"Every promise that was tested is kept by .*: [0-9]+ kept, 0 broken, 0 not tested\.", run.stdout)
    assert "report of a deleted SMS: status 29; still a row in the report of its message" in run.stdout
    suite = ET.parse(junit).getroot()[0]
    assert (suite.get("failures"), suite.get("errors"), suite.get("skipped")) == ("0", "0", "0")
    promises = [element.get("value", "") for element in suite.iter("property") if element.get("name") == "promise"]
    assert "Deletions are answered 401 without the right key, and delete nothing." in promises
    assert any(promise.startswith("POST /sms: ") for promise in promises)
    assert page.read_text().count('class="outcome kept"') == len(promises) == int(suite.get("tests", "0"))


def test_without_a_url_the_stand_in_is_judged() -> None:
    run = contract("-k", "test_keys")
    assert run.returncode == 0, run.stdout + run.stderr
    assert "Deletions are answered 401 without the right key, and delete nothing." in run.stdout


def test_a_broken_promise_is_shown_with_lines_that_show_it_again(tmp_path: Path) -> None:
    junit, page = tmp_path / "junit.xml", tmp_path / "report.html"
    selected = ["-k", "a_message_is_deleted", "--junit", str(junit), "--html", str(page)]
    with MockServer(faults=["one-too-many-deleted"], api_key="the-secret-key") as server:
        run = contract("--url", server.url, "--api-key", server.api_key, *selected)
        failure = next(ET.parse(junit).getroot().iter("failure"))
        details, _, lines = (failure.text or "").partition("\n\n")
        again = subprocess.run(
            ["bash", "-c", lines],
            capture_output=True,
            text=True,
            timeout=30,
            env={**os.environ, "SMS_SCHEDULER_API_KEY": server.api_key},
        )
    assert run.returncode == 1, run.stdout
    assert re.search(r"promised: 1 of the 1 SMS of message [0-9]+ are left to be deleted: success is 1", details)
    assert "came: 2" in details
    assert details in run.stdout
    assert lines in run.stdout
    assert again.stdout.endswith('{"success":2}\n200\n'), again
    assert "the-secret-key" not in run.stdout + run.stderr + junit.read_text() + page.read_text()
    assert 'class="outcome broken"' in page.read_text()


def test_an_id_that_nothing_has_is_shown_by_its_distance() -> None:
    with another_server(fault="stores-what-it-refuses") as server:
        run = contract("--url", server.url, "--api-key", server.api_key, "-k", "refused_request_creates_nothing")
    assert run.returncode == 1, run.stdout
    assert re.search(r'curl -sS -X GET "\$url/message/\$\(\(id1 \+ [0-9]+\)\)"', run.stdout)


def test_a_fault_that_shows_once_is_shown() -> None:
    with another_server(fault="ids-return") as server:
        run = contract("--url", server.url, "--api-key", server.api_key, "-k", "test_creation")
    assert run.returncode == 1, run.stdout


def test_a_status_code_that_is_new_is_not_judged() -> None:
    with MockServer(variants=["new-status-codes"]) as server:
        run = contract("--url", server.url, "--api-key", server.api_key, "-k", "links or reports")
    assert run.returncode == 0, run.stdout
    assert "statuses that the page does not list: 99" in run.stdout


# No verdict


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
    assert "it stopped answering" in run.stdout
    assert "the-secret-key" not in run.stdout + run.stderr


def test_a_server_that_asks_to_slow_down_for_ever_is_no_verdict() -> None:
    with server_that_answers(lambda method, key: (429, b"")) as url:
        run = contract("--url", url, "--api-key", "key")
    assert run.returncode == 2, run.stdout
    assert "it limits the rate of requests" in run.stdout


def test_a_sender_that_the_account_may_not_have_is_no_verdict() -> None:
    with another_server() as server:
        run = contract("--url", server.url, "--api-key", server.api_key, "--sender-id", "124", "-k", "list")
        assert run.returncode == 1, run.stdout
    refusal = b'{"errors": {"sender_id": ["unknown"]}}'
    with server_that_answers(lambda method, key: (400 if key == "bearer key" else 401, refusal)) as url:
        run = contract("--url", url, "--api-key", "key", "-k", "list")
    assert run.returncode == 2, run.stdout
    assert "pass a --sender-id that the account has" in run.stdout


def test_nothing_selected_is_no_verdict() -> None:
    run = contract("-k", "no_promise_has_this_name")
    assert run.returncode == 2, run.stdout
    assert "no promise was tested" in run.stdout


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--url", "http://127.0.0.1:9", "--api-key", "key"], "no server answers at http://127.0.0.1:9: "),
        (["--url", "http://127.0.0.1:9", "--api-key", "k\u00e9"], "the API key must be printable ASCII"),
        (["--url", "http://127.0.0.1:9"], "no API key: pass --api-key, or set SMS_SCHEDULER_API_KEY"),
        (["--url", "http://sms.example/api/v1", "--api-key", "key"], "may really send: say by whom and to whom"),
        (
            ["--url", "http://127.0.0.1:9", "--api-key", "key", "--phone-number", "0612345678"],
            "a plus, the country prefix",
        ),
    ],
)
def test_what_cannot_be_run_is_no_verdict(arguments: list[str], reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(ENVIRONMENT, "SMS_SCHEDULER_API_KEY", raising=False)
    run = contract(*arguments)
    assert (run.returncode, len(run.stderr.splitlines())) == (2, 1), run.stderr
    assert run.stderr.startswith("scripts/contract: ")
    assert reason in run.stderr


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
