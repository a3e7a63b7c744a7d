import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from types import ModuleType

import pytest
from sms_scheduler import SmsScheduler
from sms_scheduler_mock import MockServer, Request, Response

NUMBERS = [f"+336123456{number:02}" for number in range(12)]


@pytest.fixture
def outbox(example: Callable[[str], ModuleType]) -> ModuleType:
    return example("outbox.py")


@pytest.fixture
def db(project: Path, outbox: ModuleType) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(project / "outbox.db")) as db:
        db.execute(outbox.SCHEMA)
        db.commit()
        yield db


@pytest.fixture
def client(sms_scheduler_server: MockServer) -> Iterator[SmsScheduler]:
    with SmsScheduler(sms_scheduler_server.api_key, base_url=sms_scheduler_server.url) as client:
        yield client


def add(db: sqlite3.Connection, *phone_numbers: str) -> None:
    with db:
        rows = [(number, "Hello", "2099-01-01 12:00:00") for number in phone_numbers]
        db.executemany("INSERT INTO outbox (phone_number, text, delivery_date) VALUES (?, ?, ?)", rows)


def states(db: sqlite3.Connection) -> list[str]:
    return [state for (state,) in db.execute("SELECT state FROM outbox ORDER BY id")]


def start(project: Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-W", "error", "outbox.py"], cwd=project)


def run(project: Path) -> int:
    with start(project) as process:
        return process.wait(60)


def test_all_rows_are_sent(project: Path, db: sqlite3.Connection, sms_scheduler_server: MockServer) -> None:
    add(db, *NUMBERS)
    assert run(project) == 0
    assert [number for message in sms_scheduler_server.messages for number in message.phone_numbers] == NUMBERS
    ids = [message_id for (message_id,) in db.execute("SELECT message_id FROM outbox ORDER BY id")]
    assert ids == [message.id for message in sms_scheduler_server.messages]


@pytest.mark.parametrize("is_accepted", [True, False])
def test_a_process_killed_during_the_call_sends_nothing_twice(
    is_accepted: bool, project: Path, db: sqlite3.Connection, sms_scheduler_server: MockServer
) -> None:
    add(db, *NUMBERS[:2])
    started: SimpleQueue[subprocess.Popen[bytes]] = SimpleQueue()

    def kill(request: Request, answer: Callable[[Request], Response]) -> Response:
        response = answer(request) if is_accepted else Response(status=503)
        process = started.get()
        process.kill()
        process.wait(60)
        return response

    sms_scheduler_server.fault("hook", hook=kill, times=1)
    with start(project) as process:
        started.put(process)
        assert process.wait(60) == -signal.SIGKILL
    assert states(db) == ["calling", "new"]
    for _ in range(2):
        assert run(project) == 0
    assert states(db) == ["unknown", "sent"]
    assert [len(sms_scheduler_server.sms_to(number)) for number in NUMBERS[:2]] == [int(is_accepted), 1]


def test_what_may_have_been_sent_is_not_sent_again(
    outbox: ModuleType, db: sqlite3.Connection, client: SmsScheduler, sms_scheduler_server: MockServer
) -> None:
    def gateway_timeout(request: Request, answer: Callable[[Request], Response]) -> Response:
        return replace(answer(request), status=504)

    add(db, *NUMBERS[:2])
    sms_scheduler_server.fault("reset", times=1)
    assert outbox.send_next(db, client) == "unknown"
    sms_scheduler_server.fault("hook", hook=gateway_timeout, times=1)
    assert outbox.send_next(db, client) == "unknown"
    assert outbox.send_next(db, client) is None
    assert len(sms_scheduler_server.messages) == 2


def test_what_was_certainly_not_sent_is_sent_later(
    outbox: ModuleType, db: sqlite3.Connection, client: SmsScheduler, sms_scheduler_server: MockServer
) -> None:
    add(db, *NUMBERS[:2])
    sms_scheduler_server.fault("status", status=429, retry_after=0, times=3)
    assert outbox.send_next(db, client.with_options(max_retries=2)) == "new"
    assert outbox.send_next(db, client.with_options(api_key="wrong")) == "new"
    assert db.execute("SELECT state, attempts FROM outbox").fetchall() == [
        ("new", 1),
        ("new", 1),
    ]  # no row blocks another
    assert sms_scheduler_server.messages == []
    assert outbox.send_next(db, client) == "sent"
    assert outbox.send_next(db, client) == "sent"
    assert outbox.send_next(db, client) is None


def test_attempts_end(outbox: ModuleType, db: sqlite3.Connection, client: SmsScheduler) -> None:
    add(db, NUMBERS[0])
    locked_out = client.with_options(api_key="wrong")
    assert [outbox.send_next(db, locked_out) for _ in range(11)] == ["new"] * 10 + [None]


def test_a_bad_request_is_refused(outbox: ModuleType, db: sqlite3.Connection, client: SmsScheduler) -> None:
    add(db, "no number")
    assert outbox.send_next(db, client) == "refused"
    ((problem,),) = db.execute("SELECT error FROM outbox")
    assert "phone_numbers" in problem
    assert outbox.send_next(db, client) is None


def test_several_processes_share_the_table(
    project: Path, db: sqlite3.Connection, sms_scheduler_server: MockServer
) -> None:
    add(db, *NUMBERS)
    program = """import outbox, sqlite3, sms_scheduler
db = sqlite3.connect("outbox.db")
with sms_scheduler.SmsScheduler() as client:
    while outbox.send_next(db, client):
        pass
db.close()"""
    processes = [subprocess.Popen([sys.executable, "-W", "error", "-c", program], cwd=project) for _ in range(3)]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    assert [len(sms_scheduler_server.sms_to(number)) for number in NUMBERS] == [1] * len(NUMBERS)
