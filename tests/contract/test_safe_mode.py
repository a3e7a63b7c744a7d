"""Safe mode: what it sends and what it deletes, however it ends."""

import json
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sms_scheduler_contract.mutants import MUTANTS, Mutant
from sms_scheduler_contract.mutants import changes as do
from sms_scheduler_contract.mutants.another_server import another_server
from sms_scheduler_contract.mutants.mutant import CREATE
from sms_scheduler_mock import MockServer

NUMBERS = ["+33612345678", "+33612345679"]
NAMED = ["--safe", "--sender-id", "123", *(f"--phone-number={number}" for number in NUMBERS)]
FAST = ["--yes", "--rate", "200"]

Contract = Callable[..., subprocess.CompletedProcess[str]]
Start = Callable[..., subprocess.Popen[str]]


def arguments(server: Any) -> list[str]:
    return ["--url", server.url, "--api-key", server.api_key, *NAMED]


def posts(server: Any) -> list[dict[str, Any]]:
    """The bodies of the requests for a message."""
    return [json.loads(body) for method, _, body in server.requests if method == "POST"]


def left(server: Any) -> list[int]:
    """The ids of the SMS that were not deleted."""
    return [sms.id for sms in server.service.sms.values() if not sms.deleted]


def left_on_mock(server: MockServer) -> list[int]:
    """The ids of the messages that have an SMS that was not deleted."""
    return [message.id for message in server.messages if not all(sms.deleted for sms in message.sms)]


def run_halfway(start: Start, server: MockServer) -> subprocess.Popen[str]:
    """A run that has created some messages and is not at its end."""
    run = start(*arguments(server), "--yes", "--rate", "20")
    deadline = time.monotonic() + 120
    while len(server.messages) < 3 and time.monotonic() < deadline:
        time.sleep(0.02)
    return run


def test_it_sends_only_what_it_may_and_deletes_it(run_contract: Contract) -> None:
    with another_server() as server:
        run = run_contract(*arguments(server), *FAST)
        assert run.returncode == 0, run.stdout + run.stderr
        assert 1 < len(posts(server)) <= 10
        for fields in posts(server):
            numbers = fields.get("phone_numbers", [])
            assert set([numbers] if isinstance(numbers, str) else numbers) <= set(NUMBERS)
            if fields:
                date = datetime.strptime(fields["delivery_date"], "%Y-%m-%d %H:%M:%S")
                assert date > datetime.now() + timedelta(days=365)
        assert server.service.sms
        assert left(server) == []
    assert re.search(r"Created: [1-9][0-9]* messages with [1-9][0-9]* SMS\.\nAll of them were deleted\.", run.stdout)
    assert "not tested             A message with a past date" in run.stdout
    assert "passed        1 case   Deleting an SMS leaves the other SMS of its message unchanged." in run.stdout


def test_it_keeps_to_the_limits_of_a_server(run_contract: Contract) -> None:
    latest = (datetime.now() + timedelta(days=365)).strftime("%Y-%m-%d %H:%M:%S")
    is_refused = {
        "delivery_date": lambda exchange: exchange.fields.get("delivery_date", "") > latest,
        "message_text": lambda exchange: len(exchange.text) > 160,
    }
    with MockServer() as server:
        for field, condition in is_refused.items():
            Mutant(f"A limit of {field}", CREATE, do.only(condition, do.refuse(field))).apply(server)
        run = run_contract(*arguments(server), *FAST)
        assert run.returncode == 0, run.stdout + run.stderr
        assert "latest delivery date: before 20" in run.stdout
        assert "length of a text: less than" in run.stdout
        assert server.messages
        assert left_on_mock(server) == []


def test_it_creates_no_more_than_it_may(run_contract: Contract) -> None:
    with another_server() as server:
        run = run_contract(*arguments(server), *FAST, "--max-posts", "3")
        assert run.returncode == 0, run.stdout + run.stderr
        assert len(posts(server)) == 3
        assert left(server) == []
    assert "it needs more than the 3 messages that may be created" in run.stdout


def test_it_keeps_to_the_rate(run_contract: Contract) -> None:
    with another_server() as server:
        started = time.monotonic()
        run_contract(*arguments(server), "--yes", "--rate", "10", "-k", "number_may_be_a_string")
        assert time.monotonic() - started >= (len(server.requests) - 1) / 10


def test_it_asks_first(run_contract: Contract) -> None:
    with another_server() as server:
        run = run_contract(*arguments(server))
        assert server.requests == []
    assert run.returncode == 2
    assert f"At most 10 messages are created, from sender 123, to {', '.join(NUMBERS)}" in run.stdout
    assert run.stderr == "sms-scheduler-contract: nothing was sent; pass --yes to run without being asked\n"


def test_what_cannot_be_deleted_is_reported(run_contract: Contract) -> None:
    with MockServer() as server:
        MUTANTS["deletes-nothing"].apply(server)
        run = run_contract(*arguments(server), *FAST)
        messages = left_on_mock(server)
    assert run.returncode == 1, run.stdout
    assert messages
    for message_id in messages:
        problem = rf"NOT DELETED: message {message_id} \(SMS [0-9, ]+\): it is still reported as scheduled"
        assert re.search(problem, run.stdout), run.stdout


def test_two_runs_may_share_an_account(start_contract: Start) -> None:
    with another_server(delay=0.01) as server:
        runs = [start_contract(*arguments(server), *FAST) for _ in range(2)]
        outputs = [run.communicate(timeout=120)[0] for run in runs]
        assert [run.returncode for run in runs] == [0, 0], outputs
        assert left(server) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_was_created_is_deleted_after_an_interruption(number: signal.Signals, start_contract: Start) -> None:
    with MockServer() as server:
        run = run_halfway(start_contract, server)
        run.send_signal(number)
        output, _ = run.communicate(timeout=120)
        assert run.returncode == 2, output
        assert server.messages
        assert left_on_mock(server) == []
    assert "it was interrupted" in output
    assert "All of them were deleted." in output


@pytest.mark.parametrize("comes_back", [True, False])
def test_what_was_created_is_deleted_after_an_outage(comes_back: bool, start_contract: Start) -> None:
    with MockServer() as server:
        run = run_halfway(start_contract, server)
        server.fault("refuse")
        with run:
            output = ""
            if comes_back:
                assert run.stdout is not None
                for line in run.stdout:
                    output += line
                    if "Ctrl-C ends this" in line:  # by now it has looked whether a single connection was dropped
                        server.clear_faults()
                run.wait(120)
            else:
                output, _ = run.communicate(timeout=120)
        assert run.returncode == 2, output
        assert "it stopped answering" in output
        assert server.messages
        assert (left_on_mock(server) == []) == comes_back
    # the request that met the outage may have asked for a message
    all_deleted = re.search(r"^All (of them were|that is known of was) deleted\.$", output, re.MULTILINE)
    assert bool(all_deleted) == comes_back
    assert bool(re.search(r"NOT DELETED: message [0-9]+ \(SMS .*\): no answer", output)) != comes_back


# The account


def wrapped(content: bytes) -> bytes:
    return b'{"data": ' + content + b"}"


UNCLEAR: dict[str, Callable[[int, bytes], tuple[int, bytes]]] = {
    "the id as a string": lambda status, body: (
        status,
        re.sub(rb'"message_id": ([0-9]+)', rb'"message_id": "\1"', body),
    ),
    "wrapped": lambda status, body: (status, wrapped(body)),
    "behind a notice": lambda status, body: (status, b"Notice: date() in {main}\n" + body),
    "202": lambda status, body: (202, body),
    "500 without an id": lambda status, body: (500, b"oops"),
}


@pytest.mark.parametrize("answer", UNCLEAR.values(), ids=UNCLEAR)
def test_after_a_creation_that_it_does_not_understand_it_stops_creating(
    answer: Callable[[int, bytes], tuple[int, bytes]], small_server: Any, tmp_path: Path, run_contract: Contract
) -> None:
    small_server.change = lambda handler, status, body: (
        answer(status, body) if handler.command == "POST" and status == 200 else (status, body)
    )
    junit, page = tmp_path / "junit.xml", tmp_path / "report.html"
    reports = ["--junit", str(junit), "--html", str(page)]
    checks = [
        "--check",
        "one_number_may_be_a_string",
        "--check",
        "numbers_may_be_a_list",
        "--check",
        "ids_are_distinct",
    ]
    run = run_contract(*arguments(small_server), *FAST, *checks, *reports)
    assert run.returncode == 1, run.stdout + run.stderr
    messages = [body for method, _, body in small_server.requests if method == "POST" and body != b"{}"]
    assert len(messages) == 1
    is_known = answer is not UNCLEAR["500 without an id"]
    for text in run.stdout, page.read_text(), junit.read_text():
        assert f"Created: {int(is_known)} messages" in text
        assert "NOT KNOWN: a request that was answered" in text
        assert "All of them were deleted" not in text
    assert "no more messages are created" in run.stdout
    assert bool(small_server.sms) != is_known  # what it could read the id of is gone


@pytest.mark.parametrize(
    ("status", "report"), [(401, b""), (200, b'[{"id": 1, "phone_number": "+33612345678", "status": "scheduled"}]')]
)
def test_only_a_404_or_a_final_status_means_gone(
    status: int, report: bytes, small_server: Any, run_contract: Contract
) -> None:
    answers = {"DELETE": b'{"success": 1}' if status == 200 else b"", "GET": report}
    small_server.change = lambda handler, usual, body: (
        (status, answers[handler.command]) if handler.command in answers else (usual, body)
    )
    run = run_contract(*arguments(small_server), *FAST, "--check", "message_stop_is_optional")
    assert run.returncode == 0, run.stdout + run.stderr
    assert "NOT DELETED: message 1 (SMS 1, 2): " in run.stdout
    assert "All of them were deleted" not in run.stdout


@pytest.mark.parametrize("is_spared", [True, False])
def test_a_message_without_a_report_may_have_sms_that_are_scheduled(
    is_spared: bool, small_server: Any, run_contract: Contract
) -> None:
    deleted: list[str] = []

    def change(handler: Any, status: int, body: bytes) -> tuple[int, bytes]:
        path = handler.path.removeprefix("/api/v1")
        if path.startswith("/message/") and deleted:
            return 404, b""
        if handler.command == "DELETE":
            deleted.append(path)
            if is_spared and path.startswith("/sms/"):
                return 200, b'{"success": false}'
        # the deletion of the message is answered, and does nothing
        return (200, b'{"success": 2}') if handler.command == "DELETE" else (status, body)

    def answer(method: str, path: str, authorization: str | None, body: bytes) -> tuple[int, Any]:
        is_kept = method == "DELETE" and (is_spared or "/message/" in path)
        answered: tuple[int, Any] = usual("GET" if is_kept else method, path, authorization, body)
        return answered

    usual, small_server.answer, small_server.change = small_server.answer, answer, change
    run = run_contract(*arguments(small_server), *FAST, "--check", "message_stop_is_optional")
    assert run.returncode == 0, run.stdout + run.stderr
    assert bool(small_server.sms) == is_spared
    assert ("NOT DELETED: message 1 (SMS 1, 2): it is still reported as scheduled" in run.stdout) == is_spared
    assert ("All of them were deleted" in run.stdout) != is_spared


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP, signal.SIGTERM])
def test_a_second_signal_ends_a_deletion_that_hangs(
    number: signal.Signals, small_server: Any, start_contract: Start
) -> None:
    is_deleting, is_over = threading.Event(), threading.Event()

    def change(handler: Any, status: int, body: bytes) -> tuple[int, bytes]:
        if handler.command == "DELETE":
            is_deleting.set()
            is_over.wait(300)
        return status, body

    small_server.change = change
    run = start_contract(*arguments(small_server), *FAST, "--check", "numbers_may_be_a_list")
    assert is_deleting.wait(120)
    run.send_signal(number)
    output, errors = run.communicate(timeout=120)  # the answer does not come before
    is_over.set()
    assert (run.returncode, errors) == (0, "")  # the checks were done
    assert re.search(r"NOT DELETED: message 1 \(SMS 1, 2\): .*interrupted", output)
    assert "Created: 1 messages with 2 SMS." in output


def test_a_loopback_address_may_be_a_tunnel(small_server: Any, run_contract: Contract) -> None:
    where = ["--url", small_server.url, "--api-key", small_server.api_key, "--check", "one_number_may_be_a_string"]
    run = run_contract(*where)
    assert (run.returncode, small_server.sms) == (2, {})
    assert "may be a tunnel to a service that really sends" in run.stdout
    assert "pass --sends-nothing if it never sends" in run.stderr
    assert run_contract(*where, "--sends-nothing").returncode == 0
