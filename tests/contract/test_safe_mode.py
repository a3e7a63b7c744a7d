"""Safe mode: what it sends and what it deletes, however it ends."""

import json
import re
import signal
import subprocess
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sms_scheduler_contract.mutants import MUTANTS
from sms_scheduler_contract.mutants.another_server import another_server
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
    deadline = time.monotonic() + 60
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
        output, _ = run.communicate(timeout=60)
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
        if comes_back:
            time.sleep(1.5)
            server.clear_faults()
        output, _ = run.communicate(timeout=60)
        assert run.returncode == 2, output
        assert "it stopped answering" in output
        assert server.messages
        assert (left_on_mock(server) == []) == comes_back
    # the request that met the outage may have asked for a message
    all_deleted = re.search(r"^All (of them were|that is known of was) deleted\.$", output, re.MULTILINE)
    assert bool(all_deleted) == comes_back
    assert bool(re.search(r"NOT DELETED: message [0-9]+ \(SMS .*\): no answer", output)) != comes_back
