"""The lines of bash in a report: they send what was sent, byte by byte, and run nothing that a server said."""

import json
import os
import re
import subprocess
import threading
import time
from collections.abc import Callable
from datetime import datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from sms_scheduler_contract.checks import creation
from sms_scheduler_contract.models import Draft
from sms_scheduler_contract.reproducer import reproducer
from sms_scheduler_contract.results import Failure, RunResult
from sms_scheduler_contract.runner import run
from sms_scheduler_contract.server import Effort, Server
from sms_scheduler_contract.target import Target


def in_bash(lines: str, key: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "SMS_SCHEDULER_API_KEY": key}
    return subprocess.run(
        ["bash", "-c", lines], capture_output=True, text=True, timeout=30, env=environment, cwd=folder
    )


def test_they_send_the_same_again(small_server: Any, tmp_path: Path) -> None:
    server = Server(Target(small_server.url, small_server.api_key))
    right = server.target.authorization
    server.create(Draft())  # before it, the suite finds out what the server accepts
    server.session.exchanges.clear()
    small_server.requests.clear()
    server.create(Draft())
    bodies = [b"\0{\0", b"@/etc/passwd", "é %s \\n ' \" $(id) `id`".encode(), b"\r\n", b"a" * 5_000, b"\xff"]
    for body in bodies:
        server.session.call("POST", "/sms", right, body)
    created = server.create(Draft(numbers=(0,)))
    sms_id = created.ids[0]
    for path in f"{sms_id}abc", f"x{sms_id}", sms_id + 10**30, "[1-3]{a,b}", "$(touch ran)", "`touch ran`", "%00":
        server.session.call("DELETE", f"/sms/{path}", right)
    server.session.call("DELETE", f"/message/{created.message_id}", right)
    lines = reproducer(server.session.exchanges, server.target)
    assert small_server.api_key not in lines
    sent = list(small_server.requests)
    small_server.requests.clear()
    done = in_bash(lines, small_server.api_key, tmp_path)
    assert done.stderr == ""

    def later(path: str) -> str:
        # the fourth message of this server and its SMS are 4, the sixth and its SMS are 6
        return re.sub(r"(?<=/sms/)(x?)4(?=abc|$)", r"\g<1>6", path.replace("/message/4", "/message/6")).replace(
            str(4 + 10**30), str(6 + 10**30)
        )

    assert small_server.requests == [(method, later(path), body) for method, path, body in sent]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("evil", ["x[$(touch ran)]", "$(touch ran)", "'; touch ran; '", '"]; touch ran #'])
def test_nothing_that_a_server_said_is_run(evil: str, small_server: Any, tmp_path: Path) -> None:
    server = Server(Target(small_server.url, small_server.api_key))
    created = server.create(Draft())
    server.session.call("DELETE", f"/sms/{created.ids[0] + 5}", server.target.authorization)
    server.session.call("DELETE", f"/message/{created.message_id}", server.target.authorization)
    lines = reproducer(server.session.exchanges, server.target)

    def change(handler: BaseHTTPRequestHandler, status: int, content: bytes) -> tuple[int, bytes]:
        answer = {"message_id": evil, "sms_ids": {"+33612345678": [evil], evil: evil}}
        return status, json.dumps(answer).encode() if handler.command == "POST" else content

    small_server.change = change
    in_bash(lines, small_server.api_key, tmp_path)
    server.session.exchanges.clear()
    server.session.call("POST", "/sms", server.target.authorization, json.dumps(server.fields(Draft())).encode())
    server.session.call("DELETE", f"/sms/{evil}", server.target.authorization)
    in_bash(reproducer(server.session.exchanges, server.target), small_server.api_key, tmp_path)
    assert list(tmp_path.iterdir()) == []


Change = Callable[[BaseHTTPRequestHandler, int, bytes], tuple[int, bytes]]
FAULTS: dict[str, tuple[str, Change, str]] = {
    "a creation answered 201": (
        "one_number_may_be_a_string",
        lambda handler, status, content: (201 if handler.command == "POST" and status == 200 else status, content),
        "201",
    ),
    "a report that is not found": (
        "each_id_leads_to_the_report_of_its_sms",
        lambda handler, status, content: (404 if "/sms/" in handler.path and status == 200 else status, content),
        "404",
    ),
    "a deletion that counts too much": (
        "a_message_is_deleted",
        lambda handler, status, content: (status, content.replace(b'"success": 1', b'"success": 7')),
        '{"success": 7}\n200',
    ),
    "a key that is not looked at": (
        "the_key_comes_first",
        lambda handler, status, content: (404 if status == 401 and handler.command == "DELETE" else status, content),
        "404",
    ),
    "an unknown id that crashes": (
        "an_unknown_id_is_not_found",
        lambda handler, status, content: (500, b"") if len(handler.path) > 40 else (status, content),
        "500",
    ),
    "a body of NUL bytes that crashes": (
        "an_invalid_body_is_refused",
        lambda handler, status, content: (
            (200, b"{}") if handler.command == "POST" and status == 400 else (status, content)
        ),
        "{}\n200",
    ),
}


@pytest.mark.parametrize(("check", "change", "shown"), FAULTS.values(), ids=FAULTS)
def test_they_show_the_failure_again(check: str, change: Change, shown: str, small_server: Any, tmp_path: Path) -> None:
    small_server.change = change
    server = Server(Target(small_server.url, small_server.api_key), effort=Effort(cases=0.2, shrink=False))
    result = run(server, names=[check], throwaway=True)
    failure = failure_of(result)
    done = in_bash(failure.reproducer, small_server.api_key, tmp_path)
    assert done.stderr == ""
    assert done.stdout.endswith(f"{shown}\n"), failure


def failure_of(result: RunResult) -> Failure:
    (failure,) = [result.failure for result in result.results if result.failure]
    return failure


def test_what_is_waited_for_is_a_loop(small_server: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(creation.still_scheduled, "__defaults__", (1.0,))
    monkeypatch.setattr(small_server, "status", lambda sms_id: 10)
    target = Target(small_server.url, small_server.api_key)
    lines = failure_of(run(Server(target), names=["a_past_date_is_accepted"], throwaway=True)).reproducer
    repeated = re.findall(r"for _ in {1\.\.([0-9]+)}; do sleep 0\.2; curl -gsS -X GET .*; done", lines)
    assert len(repeated) == 2, lines  # a message of 2000, and one of 1970
    assert len(lines.splitlines()) < 10
    small_server.requests.clear()
    assert in_bash(lines, small_server.api_key, tmp_path).stderr == ""
    polls = [path for method, path, _ in small_server.requests if method == "GET"]
    assert (len(polls), len(set(polls))) == (2 + sum(map(int, repeated)), 2)


def test_messages_of_earlier_checks_are_created_first(
    small_server: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    next_year = str(datetime.now().year + 1)
    usual = small_server.status
    is_late = lambda sms_id: small_server.sms[sms_id][2] > next_year  # noqa: E731
    monkeypatch.setattr(small_server, "status", lambda sms_id: 13 if is_late(sms_id) else usual(sms_id))
    target = Target(small_server.url, small_server.api_key)
    names = ["a_date_of_yesterday_is_past", "a_date_of_tomorrow_is_not_past"]
    lines = failure_of(run(Server(target), names=names, throwaway=True)).reproducer
    assert not re.search("/(sms|message)/[0-9]", lines)
    assert "\nsleep " in lines
    done = in_bash(lines, small_server.api_key, tmp_path)
    assert done.stderr == ""
    assert '"status": 13}\n200' in done.stdout


def test_requests_at_once_are_sent_at_once(small_server: Any, tmp_path: Path) -> None:
    server = Server(Target(small_server.url, small_server.api_key))
    bodies = [server.fields(Draft(numbers=(index,))) for index in range(6)]
    with server.scenario():
        responses = server.ask_together(*(("createSms", None, body) for body in bodies))
        server.message(responses[2].json()["message_id"])
    lines = reproducer(server.session.exchanges, server.target)
    all_there = threading.Barrier(len(bodies))

    def change(handler: BaseHTTPRequestHandler, status: int, content: bytes) -> tuple[int, bytes]:
        if handler.command == "POST":
            all_there.wait(20)
        return status, content

    small_server.change = change
    done = in_bash(lines, small_server.api_key, tmp_path)
    assert (done.stderr, all_there.broken) == ("", False)
    *created, report, status = done.stdout.splitlines()
    assert (created.count("200"), status) == (5, "200")  # that of the one whose id is read is not shown
    assert json.loads(report)[0]["status"] == 10


@pytest.mark.parametrize("jobs", [1, 4])
def test_requests_of_other_checks_are_told(jobs: int, small_server: Any) -> None:
    def change(handler: BaseHTTPRequestHandler, status: int, content: bytes) -> tuple[int, bytes]:
        time.sleep(0.01)
        return status, content.replace(b'"success": 2', b'"success": 7')

    small_server.change = change
    names = ["one_number_may_be_a_string", "a_message_is_deleted", "a_future_date_is_accepted"]
    result = run(Server(Target(small_server.url, small_server.api_key)), names=names, throwaway=True, jobs=jobs)
    is_told = re.search("^# [0-9]+ other requests were answered meanwhile", failure_of(result).reproducer, re.MULTILINE)
    assert bool(is_told) == (jobs > 1)


def test_what_is_missing_is_told_in_few_words(small_server: Any) -> None:
    def change(handler: BaseHTTPRequestHandler, status: int, content: bytes) -> tuple[int, bytes]:
        is_report = handler.command == "GET" and "/message/" in handler.path and status == 200
        return status, json.dumps(json.loads(content)[:100]).encode() if is_report else content

    small_server.change = change
    target = Target(small_server.url, small_server.api_key)
    (failed,) = run(Server(target), names=["many_numbers_all_get_sms"], throwaway=True).results
    assert failed.failure is not None
    assert re.fullmatch("1 of 101 missing: [0-9]+", failed.failure.received)
    assert len(failed.failure.expected) < 200
    assert "report of all SMS" in failed.page_sentence


def test_the_step_of_a_sequence_that_failed_is_told(small_server: Any) -> None:
    def change(handler: BaseHTTPRequestHandler, status: int, content: bytes) -> tuple[int, bytes]:
        is_fault = handler.command == "DELETE" and "/sms/" in handler.path
        return status, content.replace(b"true", b"false") if is_fault else content

    small_server.change = change
    # more cases than usual, so that one of them deletes an SMS
    server = Server(Target(small_server.url, small_server.api_key), effort=Effort(cases=10))
    result = run(server, names=["any_sequence_is_consistent"], throwaway=True)
    (failed,) = result.results
    assert failed.failure is not None
    assert re.fullmatch(
        "SMS [0-9]+, scheduled for the far future, is deleted: success is true", failed.failure.expected
    )
    assert '-X DELETE "$url"/sms/' in failed.failure.reproducer.splitlines()[-1]
    assert failed.cases <= 41  # those that Hypothesis tried after the failure are not told
