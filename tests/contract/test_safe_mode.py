"""Safe mode: what it sends and what it deletes, however it ends."""

import json
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Thread
from typing import Any

import httpx
import pytest
from sms_scheduler_contract.mutants import MUTANTS
from sms_scheduler_contract.mutants.another_server import another_server
from sms_scheduler_mock import MockServer

NUMBERS = ["+33612345678", "+33612345679"]
NAMED = ["--safe", "--sender-id", "123", *(f"--phone-number={number}" for number in NUMBERS)]
FAST = ["--yes", "--rate", "200"]

Contract = Callable[..., subprocess.CompletedProcess[str]]
Start = Callable[..., subprocess.Popen[str]]


def arguments(server: Any, url: str | None = None) -> list[str]:
    return ["--url", url or server.url, "--api-key", server.api_key, *NAMED]


def posts(server: Any) -> list[bytes]:
    return [body for method, _, body in server.requests if method == "POST"]


def waiting(server: Any) -> list[int]:
    """The ids of all messages that still have an SMS to send, found by what the server was asked."""
    asked = {path for method, path, _ in server.requests if method in {"GET", "DELETE"} and "/message/" in path}
    headers = {"Authorization": f"bearer {server.api_key}"}
    left = []
    for path in {path for path in asked if re.fullmatch(r"/api/v1/message/[0-9]+", path)}:
        report = httpx.get(server.url.removesuffix("/api/v1") + path, headers=headers)
        if report.status_code == 200 and any(row["status"] in {10, 11} for row in report.json()):
            left.append(int(path.rsplit("/", 1)[1]))
    return left


def created(server: Any) -> int:
    """How many messages were asked for."""
    return len([body for body in posts(server) if json.loads(body)])


def run_halfway(start: Start, server: Any, url: str) -> subprocess.Popen[str]:
    """A run that has created some messages and is not at its end."""
    run = start(*arguments(server, url), "--yes", "--rate", "20")
    deadline = time.monotonic() + 60
    while created(server) < 3 and time.monotonic() < deadline:
        time.sleep(0.02)
    return run


def test_it_sends_only_what_it_may_and_deletes_it(run_contract: Contract) -> None:
    with another_server() as server:
        run = run_contract(*arguments(server), *FAST)
        assert run.returncode == 0, run.stdout + run.stderr
        assert 1 < len(posts(server)) <= 10
        for body in map(json.loads, posts(server)):
            given = body.get("phone_numbers", [])
            assert set([given] if isinstance(given, str) else given) <= set(NUMBERS)
            if body:
                date = datetime.strptime(body["delivery_date"], "%Y-%m-%d %H:%M:%S")
                assert date > datetime.now() + timedelta(days=365)
        assert waiting(server) == []
    assert re.search(r"Created: [1-9][0-9]* messages with [1-9][0-9]* SMS\.\nAll of them were deleted\.", run.stdout)
    assert "not tested             A message with a past date" in run.stdout
    assert "passed        1 case   Deleting an SMS leaves the other SMS of its message unchanged." in run.stdout


def test_it_creates_no_more_than_it_may(run_contract: Contract) -> None:
    with another_server() as server:
        run = run_contract(*arguments(server), *FAST, "--max-posts", "3")
        assert run.returncode == 0, run.stdout + run.stderr
        assert len(posts(server)) == 3
        assert waiting(server) == []
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
        left = [message.id for message in server.messages]
    assert run.returncode == 1, run.stdout
    assert left
    for message_id in left:
        problem = rf"NOT DELETED: message {message_id} \(SMS [0-9, ]+\): it is still reported as scheduled"
        assert re.search(problem, run.stdout), run.stdout


def test_two_runs_may_share_an_account(start_contract: Start) -> None:
    with another_server(delay=0.01) as server:
        runs = [start_contract(*arguments(server), *FAST) for _ in range(2)]
        outputs = [run.communicate(timeout=120)[0] for run in runs]
        assert [run.returncode for run in runs] == [0, 0], outputs
        assert waiting(server) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_was_created_is_deleted_after_an_interruption(number: signal.Signals, start_contract: Start) -> None:
    with another_server() as server:
        run = run_halfway(start_contract, server, server.url)
        run.send_signal(number)
        output, _ = run.communicate(timeout=60)
        assert run.returncode == 2, output
        assert waiting(server) == []
    assert "interrupted" in output
    assert "All of them were deleted." in output


class Wire:
    """A proxy to a server that can be cut: until it is mended, it closes connections at once."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._connections: list[socket.socket] = []
        self.is_cut = False
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/api/v1"
        Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        self.is_cut = True
        for connection in self._connections:
            connection.close()

    def close(self) -> None:
        self.cut()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if self.is_cut:
                near.close()
                continue
            far = socket.create_connection(("127.0.0.1", self._port))
            self._connections += [near, far]
            for pair in ((near, far), (far, near)):
                Thread(target=self._pass_on, args=pair, daemon=True).start()

    @staticmethod
    def _pass_on(source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                target.sendall(data)
        except OSError:
            pass
        for end in (source, target):
            end.close()


@contextmanager
def wire_to(server: Any) -> Iterator[Wire]:
    wire = Wire(httpx.URL(server.url).port or 0)
    try:
        yield wire
    finally:
        wire.close()


@pytest.mark.parametrize("is_mended", [True, False])
def test_what_was_created_is_deleted_after_a_broken_connection(is_mended: bool, start_contract: Start) -> None:
    with another_server() as server, wire_to(server) as wire:
        run = run_halfway(start_contract, server, wire.url)
        wire.cut()
        if is_mended:
            time.sleep(1.5)
            wire.is_cut = False
        output, _ = run.communicate(timeout=60)
        assert run.returncode == 2, output
        assert "it stopped answering" in output
        assert ("All of them were deleted." in output) == is_mended
        assert bool(re.search(r"NOT DELETED: message [0-9]+ \(SMS .*\): no answer", output)) != is_mended
        if is_mended:
            assert waiting(server) == []
