"""A mock server whose clock is far ahead of what is sent, so that SMS are final at once; stores on SQLite and PostgreSQL."""

import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from benchmarks.postgres import Postgres, find, running
from sms_scheduler_mock import MockServer

KILLS = int(os.environ.get("SMS_SCHEDULER_CAMPAIGN_KILLS", "20"))
MACHINES = "10.213.0.0/16"  # the addresses of the network namespaces that stand for machines


@pytest.fixture
def server() -> Iterator[MockServer]:
    with MockServer(ticking=True) as server:
        yield server


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    binaries = find()
    if binaries is None:
        pytest.skip("PostgreSQL is not installed (apt-get install postgresql)")
    with running(binaries, MACHINES) as database:
        yield database


@pytest.fixture
def sqlite_store(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/campaign.db"


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> str:
    """Each test runs on both."""
    if request.param == "sqlite":
        return str(request.getfixturevalue("sqlite_store"))
    postgres: Postgres = request.getfixturevalue("postgres")
    return postgres.create()


def numbers(count: int) -> list[str]:
    return [f"+336{index:08}" for index in range(count)]


def received(server: MockServer) -> Counter[str]:
    """How often each phone number was sent to, as counted at the mock server."""
    return Counter(number for message in server.messages for number in message.phone_numbers)


@contextmanager
def hurrying(server: MockServer) -> Iterator[None]:
    """Let a minute pass at the mock server each half second, so that SMS are final when the first report is asked for."""
    is_over = threading.Event()

    def hurry() -> None:
        while not is_over.wait(0.5):
            server.advance(minutes=1)

    thread = threading.Thread(target=hurry)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def wait_until(condition: Callable[[], object], seconds: float = 120) -> None:
    ends_at = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends_at, "it did not happen in time"
        time.sleep(0.02)
