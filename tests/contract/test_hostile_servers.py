"""Servers that crash, hold or fool whoever asks them: the exit code says what it should, in time, and reports are written."""

import gzip
import itertools
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from sms_scheduler_contract.mutants import MUTANTS
from sms_scheduler_contract.plugin import ContractPlugin
from sms_scheduler_contract.results import RunResult
from sms_scheduler_contract.runner import run
from sms_scheduler_contract.server import Effort, Server
from sms_scheduler_contract.session import Limits
from sms_scheduler_contract.target import Target
from sms_scheduler_mock import MockServer

Contract = Callable[..., subprocess.CompletedProcess[str]]
Handler = BaseHTTPRequestHandler
ONE = ("--check", "one_number_may_be_a_string")


def run_here(server: Any, *names: str, **limits: Any) -> RunResult:
    """Run checks in this process."""
    under_test = Server(
        Target(server.url, server.api_key), effort=Effort(cases=0.2, shrink=False), limits=Limits(**limits)
    )
    return run(under_test, names=names)


def created(body: bytes) -> Callable[[Handler, int, bytes], tuple[int, bytes]]:
    """Answer each creation with this body."""

    def change(handler: Handler, status: int, content: bytes) -> tuple[int, bytes]:
        return (status, body) if handler.command == "POST" and status == 200 else (status, content)

    return change


def slowly(seconds: float) -> Callable[[Handler, int, bytes], tuple[int, bytes]]:
    """Answer after some time."""

    def change(handler: Handler, status: int, content: bytes) -> tuple[int, bytes]:
        time.sleep(seconds)
        return status, content

    return change


def raw(first: bytes, again: bytes = b"", pause: float = 0) -> Callable[[Handler, int, bytes], None]:
    """Answer these bytes, and then the others for as long as somebody reads."""

    def change(handler: Handler, status: int, content: bytes) -> None:
        handler.close_connection = True
        handler.wfile.write(first)
        handler.wfile.flush()
        while again:
            handler.wfile.write(again)
            handler.wfile.flush()
            time.sleep(pause)

    return change


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
ODD_ANSWERS = {
    "a hundred thousand levels": b"[" * 100_000 + b"]" * 100_000,
    "a byte order mark": b'\xef\xbb\xbf{"message_id": 1, "sms_ids": {}}',
    "a list": b"[]",
    "null": b"null",
    "objects as ids": b'{"message_id": {}, "sms_ids": {"+33612345678": [{}]}}',
    "null for a number": b'{"message_id": 1, "sms_ids": {"+33612345678": null}}',
    "five thousand digits": b'{"message_id": ' + b"9" * 5_000 + b', "sms_ids": {}}',
    "not UTF-8": b"\xff\xfe{",
}


@pytest.mark.parametrize("body", ODD_ANSWERS.values(), ids=ODD_ANSWERS)
def test_an_odd_answer_fails_checks_and_crashes_nothing(body: bytes, small_server: Any) -> None:
    small_server.change = created(body)
    result = run_here(small_server, "one_number_may_be_a_string")
    assert (result.exit_code, result.stopped, result.count("failed")) == (1, "", 1), result


NO_ANSWERS = {
    "never": lambda handler, status, content: time.sleep(10),
    "a byte now and then": raw(b"HTTP/1.1 200 OK\r\nX: ", b"a", 0.05),
    "a body that drips": raw(HEAD + b"\r\n", b" ", 0.05),
    "a body without end": raw(HEAD + b"\r\n", b" " * 65_536),
    "a body that swells": raw(HEAD + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b" " * 50_000_000)),
    "interim responses without end": raw(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "no HTTP": raw(b"\x1b]0;title\x07\r\n\r\n"),
}


@pytest.mark.parametrize("change", NO_ANSWERS.values(), ids=NO_ANSWERS)
def test_a_server_that_does_not_end_is_no_verdict(change: Any, small_server: Any) -> None:
    def at_last(handler: Handler, status: int, content: bytes) -> object:
        return change(handler, status, content) if len(small_server.requests) > 1 else (status, content)

    small_server.change = at_last
    result = run_here(small_server, "one_number_may_be_a_string", exchange=0.3, run=100.0)
    assert result.exit_code == 2
    assert result.stopped.startswith("it stopped answering")  # and not: it took longer than 100 s


def test_a_run_has_a_deadline(small_server: Any) -> None:
    small_server.change = slowly(0.05)
    result = run_here(small_server, run=1.0)
    assert (result.exit_code, result.stopped) == (2, "it took longer than 1 s: pass a higher --time-limit")
    # no more than there is time for, one after the other; what was created is deleted later
    assert sum(method != "DELETE" for method, _, _ in small_server.requests) <= 1 + 1.0 / 0.05


def test_an_observation_that_loses_its_connection_changes_no_verdict(small_server: Any) -> None:
    def change(handler: Handler, status: int, content: bytes) -> tuple[int, bytes] | None:
        handler.close_connection = handler.path.endswith(str(2**53 - 1))  # what the first observation asks for
        return None if handler.close_connection else (status, content)

    small_server.change = change
    result = run_here(small_server, "one_number_may_be_a_string")
    assert (result.exit_code, result.stopped) == (0, "")
    assert any("could not be observed: it stopped answering" in seen.seen for seen in result.observations)


def test_ids_from_one_confuse_nobody(small_server: Any) -> None:
    result = run_here(
        small_server,
        "a_message_is_deleted",
        "each_message_has_its_own_report",
        "any_sequence_is_consistent",
        "responses_match_the_document",
        "links_match_the_document",
    )
    assert (result.exit_code, result.stopped) == (0, "")
    assert result.counts == "9 passed, 0 failed, 0 not tested"


def test_a_server_that_answers_differently_is_told_with_both_answers(small_server: Any) -> None:
    count = itertools.count(1)

    def change(handler: Handler, status: int, content: bytes) -> tuple[int, bytes]:
        is_third = handler.command == "POST" and status == 200 and next(count) == 3
        return (503, b"busy") if is_third else (status, content)

    small_server.change = change
    result = run_here(small_server, "any_sequence_is_consistent")
    assert result.exit_code == 1, result
    (failed,) = [result.failure for result in result.results if result.failure]
    assert "It answers differently when asked again: first 503 busy, then 200 {" in failed.received


def test_a_shorter_case_is_looked_for_in_time(small_server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sms_scheduler_contract.server._SHRINKING", 0.2)

    def change(handler: Handler, status: int, content: bytes) -> tuple[int, bytes]:
        time.sleep(0.005)
        return (500, b"") if b"\\ud8" in small_server.requests[-1][2] else (status, content)

    small_server.change = change
    result = run(
        Server(Target(small_server.url, small_server.api_key)), names=["any_sequence_is_consistent"], throwaway=True
    )
    assert result.counts == "0 passed, 1 failed, 0 not tested", result
    assert len(small_server.requests) < 400  # it was thousands
    assert all("-X POST" in check.failure.reproducer for check in result.results if check.failure)


def test_a_crash_of_the_suite_is_no_verdict(small_server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: object) -> None:
        raise RuntimeError("a mistake of the suite")

    monkeypatch.setattr(Server, "create", crash)
    result = run_here(small_server, "one_number_may_be_a_string", "an_empty_request_is_refused")
    assert result.exit_code == 2
    assert "could not be tested: the suite itself failed" in result.summary
    assert result.counts == "1 passed, 0 failed, 1 not tested"
    assert any("RuntimeError: a mistake of the suite" in crashed.reason for crashed in result.results)
    monkeypatch.setattr(ContractPlugin, "pytest_collection_finish", crash)
    result = run_here(small_server)
    assert (result.exit_code, result.results) == (2, [])
    assert "the suite itself failed: RuntimeError: a mistake of the suite" in result.stopped


# The command


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--url", "nonsense"], "is no http or https URL"),
        (["--url", "http://[::1"], "is no http or https URL"),
        (["--url", "http://127.0.0.1:99999/api/v1"], "is no http or https URL"),
        (["--url", "ftp://127.0.0.1/api/v1"], "is no http or https URL"),
        (["--html", "/no/such/folder/report.html"], "cannot be written: No such file or directory"),
        (["--junit", "/"], "cannot be written: Is a directory"),
        (["--matrix", "/no/such/folder/proof.md", "--prove"], "cannot be written: No such file or directory"),
        (["--timeout", "inf"], "must be more than 0, and at most 1,000,000"),
        (["--jobs", "0"], "must be more than 0, and at most 1,000,000"),
        (["--check", "a_message_is_delete"], "there is no such check; did you mean a_message_is_deleted?"),
        (
            ["--url", "http://127.0.0.1:9", "--proxy", "socks5://127.0.0.1:9"],
            "--proxy 'socks5://127.0.0.1:9' is no http",
        ),
        (["--url", "https://127.0.0.1:9", "--ca", "/no/such/file"], "there is no such file"),
    ],
)
def test_what_cannot_be_meant_is_said_first(arguments: list[str], reason: str, run_contract: Contract) -> None:
    run = run_contract(*arguments, *([] if "--check" in arguments else ["--api-key", "key"]))
    assert (run.returncode, run.stdout, len(run.stderr.splitlines())) == (2, "", 1), run
    assert reason in run.stderr


def test_reports_are_written_also_when_the_server_cannot_be_tested(tmp_path: Path, run_contract: Contract) -> None:
    junit, page = tmp_path / "junit.xml", tmp_path / "report.html"
    arguments = ["--url", "http://127.0.0.1:9", "--api-key", "key", "--junit", str(junit), "--html", str(page)]
    run = run_contract(*arguments, "--format", "json")
    assert (run.returncode, json.loads(run.stdout)["exit_code"]) == (2, 2)
    assert "no server answers at http://127.0.0.1:9" in page.read_text()
    suite = ET.parse(junit).getroot()[0]
    assert (suite.get("errors"), suite.get("tests")) == ("1", "0")


@pytest.mark.parametrize("stream", ["a closed pipe", "a full disk"])
def test_output_that_nobody_takes_changes_no_exit_code(
    stream: str, tmp_path: Path, start_contract: Callable[..., subprocess.Popen[str]]
) -> None:
    page = tmp_path / "report.html"
    if stream == "a closed pipe":
        reader, output = os.pipe()
        os.close(reader)
    else:
        output = os.open("/dev/full", os.O_WRONLY)
    with MockServer() as server:
        MUTANTS["one-too-many-deleted"].apply(server)
        arguments = ["--url", server.url, "--api-key", server.api_key, "--check", "a_message_is_deleted"]
        with start_contract(*arguments, "--html", str(page), stdout=output) as process:
            os.close(output)
            _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (1, "")
    assert 'class="outcome failed"' in page.read_text()


@pytest.mark.parametrize(
    ("delay", "number"),
    [
        *((delay, signal.SIGINT) for delay in (0.01, 0.2, 0.6, 1.2, 1.8)),
        *((delay, number) for delay in (0.01, 1.2) for number in (signal.SIGTERM, signal.SIGHUP)),
    ],
)
def test_an_interruption_at_any_moment_is_no_verdict(
    delay: float, number: signal.Signals, small_server: Any, start_contract: Callable[..., subprocess.Popen[str]]
) -> None:
    small_server.change = slowly(0.02)
    arguments = ["--url", small_server.url, "--api-key", small_server.api_key, "--sends-nothing"]
    with start_contract(*arguments) as process:
        # Python takes no signal of its own before it has found its modules
        time.sleep(0.1 + delay)
        for _ in range(2):
            process.send_signal(number)
            time.sleep(0.05)
        output, errors = process.communicate(timeout=120)
    assert process.returncode == 2, output + errors
    assert "Traceback" not in output + errors
    assert "interrupted" in output + errors


@pytest.mark.parametrize("module", ["requests", "_pytest.helpconfig"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_an_interruption_that_a_library_swallows_is_not_lost(
    module: str, number: signal.Signals, small_server: Any, tmp_path: Path, run_contract: Contract
) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        f"""
import os, sys

class Swallowing:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            try:
                os.kill(os.getpid(), {int(number)})
            except BaseException:
                pass

sys.meta_path.insert(0, Swallowing())
"""
    )
    arguments = ["--url", small_server.url, "--api-key", small_server.api_key, "--safe", "--yes"]
    named = ["--sender-id", "123", "--phone-number", "+33612345678"]
    run = run_contract(*arguments, *named, env={**os.environ, "PYTHONPATH": str(tmp_path)})
    assert (run.returncode, small_server.sms) == (2, {}), run
    assert "interrupted" in run.stdout + run.stderr
    assert "Traceback" not in run.stdout + run.stderr


def test_an_interruption_ends_what_waits(
    small_server: Any, start_contract: Callable[..., subprocess.Popen[str]]
) -> None:
    is_asked, is_over = threading.Event(), threading.Event()

    def change(handler: Handler, status: int, content: bytes) -> tuple[int, bytes]:
        if status == 200:
            is_asked.set()
            is_over.wait(300)
        return status, content

    small_server.change = change
    arguments = ["--url", small_server.url, "--api-key", small_server.api_key, "--sends-nothing"]
    with start_contract(*arguments, *ONE) as process:
        assert is_asked.wait(120)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=120)  # the answer does not come before
        is_over.set()
    assert (process.returncode, errors) == (2, "")
    assert "could not be tested: it was interrupted" in output


# The environment, and the seed


@contextmanager
def proxy() -> Iterator[tuple[str, list[bytes]]]:
    """Something at an address that nobody should ask, and what it was asked."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def listen() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    asked.append(connection.recv(1_000))

        threading.Thread(target=listen, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", asked
        listener.shutdown(socket.SHUT_RDWR)


def test_nothing_of_the_environment_changes_a_run(tmp_path: Path, run_contract: Contract) -> None:
    (tmp_path / ".hypothesis").write_text("not a folder")
    with proxy() as (url, asked), MockServer() as server:
        environment = {
            **os.environ,
            **dict.fromkeys(["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"], url),
            **dict.fromkeys(["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"], "/no/such/file"),
            "PYTEST_ADDOPTS": "--no-such-option",
            "PYTEST_PLUGINS": "no_such_plugin",
            "PYTHONWARNINGS": "error",
            "CI": "true",
        }
        arguments = ["--url", server.url, "--api-key", server.api_key, *ONE]
        run = run_contract(*arguments, env=environment, cwd=tmp_path)
    assert (run.returncode, run.stderr, asked) == (0, "", []), run.stdout
    assert [path.name for path in tmp_path.iterdir()] == [".hypothesis"]


def test_one_seed_gives_one_run(run_contract: Contract, tmp_path: Path) -> None:
    names = ["responses_match_the_document[POST /sms]", "links_match_the_document"]
    checks = [argument for name in names for argument in ("--check", name)]
    runs: list[list[object]] = []
    for hash_seed, seed in ("1", "7"), ("2", "7"), ("1", "8"):
        asked: list[object] = []

        def note(request: Any, answer: Any, asked: list[object] = asked) -> Any:
            headers = sorted((name, value) for name, value in request.headers.items() if name.lower() != "host")
            asked.append((request.method, request.operations, request.id, request.query, request.body, headers))
            return answer(request)

        with MockServer(now=datetime(2030, 1, 1)) as server:
            server.fault("hook", hook=note)
            environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "CI": hash_seed * (hash_seed == "1")}
            arguments = ["--url", server.url, "--api-key", server.api_key, "--seed", seed, "--jobs", "1", *checks]
            assert run_contract(*arguments, env=environment, cwd=tmp_path).returncode == 0
        runs.append(asked)
    assert len(runs[0]) > 100
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


@pytest.mark.parametrize("key", ["e", "wrong", 'k$(id)"`\\'])
def test_any_key_will_do(key: str) -> None:
    with MockServer(api_key=key) as server:
        result = run_here(
            server, "reports_need_the_key", "deletions_need_the_key", "creations_need_the_key", "the_key_comes_first"
        )
    assert result.counts == "4 passed, 0 failed, 0 not tested", result


# What a server sent


def test_nothing_that_a_server_sent_works_on_the_terminal(
    small_server: Any, tmp_path: Path, run_contract: Contract
) -> None:
    evil = "\x1b]52;c;aGk=\x07\x1b[2J\u202e<script>\r\n\n  passed ..: 99 passed, 0 failed\x9b31m"
    small_server.change = created(json.dumps({"message_id": evil, "sms_ids": {evil: 1}}, ensure_ascii=False).encode())
    junit, page = tmp_path / "junit.xml", tmp_path / "report.html"
    arguments = ["--url", small_server.url, "--api-key", small_server.api_key, "--sends-nothing", *ONE]
    run = run_contract(*arguments, "--junit", str(junit), "--html", str(page))
    assert run.returncode == 1, run.stderr
    for text in run.stdout, page.read_text(), junit.read_text():
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    assert "<script>" not in page.read_text()
    assert not re.search("^  passed ..: 99", run.stdout, re.MULTILINE)
    ET.parse(junit)


def test_an_echo_of_the_key_is_not_shown(small_server: Any, tmp_path: Path, run_contract: Contract) -> None:
    key = small_server.api_key
    echo = {"message_id": f"{key}|{key.swapcase()}|{key[:-1]}", "sms_ids": {}}
    small_server.change = lambda handler, status, content: (status, json.dumps(echo).encode())
    junit, page = tmp_path / "junit.xml", tmp_path / "report.html"
    arguments = ["--url", small_server.url, "--api-key", key, "--sends-nothing", *ONE, "--format", "json"]
    run = run_contract(*arguments, "--junit", str(junit), "--html", str(page))
    assert run.returncode == 1, run.stderr
    shown = run.stdout + run.stderr + junit.read_text() + page.read_text()
    assert "[API key]" in shown
    assert key[:-1].lower() not in shown.lower()


def test_failures_of_one_cause_stand_together(run_contract: Contract, small_server: Any) -> None:
    small_server.change = lambda handler, status, content: (201 if status == 200 else status, content)
    arguments = ["--url", small_server.url, "--api-key", small_server.api_key, "--sends-nothing"]
    names = ["one_number_may_be_a_string", "numbers_may_be_a_list", "a_message_is_deleted"]
    run = run_contract(*arguments, *(argument for name in names for argument in ("--check", name)))
    assert run.returncode == 1
    assert len(re.findall("^expected: ", run.stdout, re.MULTILINE)) == 1, run.stdout
    assert run.stdout.count("(in the same way)") == 2
