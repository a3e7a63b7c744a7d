"""Workers are killed at any moment: none receives twice, none is lost, and in doubt is only what was in the air."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sms_scheduler_campaign import Campaign
from sms_scheduler_mock import MockServer

from . import hasty_worker
from .conftest import KILLS, numbers, received, wait_until

WORKER = Path(hasty_worker.__file__)


def start(
    store: str, server: MockServer, *arguments: str, before: Sequence[str] = (), **environment: str
) -> subprocess.Popen[bytes]:
    """Start a worker process; `before` is what its command line begins with."""
    account = {
        "SMS_SCHEDULER_API_KEY": server.api_key,
        "SMS_SCHEDULER_BASE_URL": server.url,
        "SMS_SCHEDULER_CAMPAIGN_STORE": store,
    }
    command = [*before, sys.executable, str(WORKER), *arguments]
    return subprocess.Popen(command, env=os.environ | account | environment, stdin=subprocess.PIPE)


@contextmanager
def workers(store: str, server: MockServer, count: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Worker processes, which are ended with the block."""
    running = [start(store, server) for _ in range(count)]
    try:
        yield running
    finally:
        for one in running:
            kill(one)


def kill(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    with process:  # closes the pipe
        process.wait()


def finish(store: str, server: MockServer) -> None:
    with start(store, server) as last:
        assert last.wait(120) == 0


def check(campaign: Campaign, server: MockServer, total: int, most_in_doubt: int) -> None:
    """Counts at the mock server: nobody twice; nobody missing but in doubt."""
    counts = received(server)
    assert max(counts.values()) == 1
    doubts = campaign.in_doubt()
    in_doubt = {number for doubt in doubts for number in doubt.phone_numbers}
    assert set(numbers(total)) - set(counts) <= in_doubt
    assert len(doubts) <= most_in_doubt
    status = campaign.status()
    assert status.recipients["queued"] == status.recipients["posting"] == 0
    assert status.recipients["accepted"] + status.recipients["final"] + len(in_doubt) == total


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_killed_at_random(kind: str, request: pytest.FixtureRequest, server: MockServer, tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path}/c.db" if kind == "sqlite" else request.getfixturevalue("postgres").create()
    kills = KILLS // 2
    total = 1_000 * kills
    chance = random.Random(kills)
    server.fault("latency", seconds=0.25)  # so that it lasts as long as the kills
    with Campaign.create(store, "c", text="Hello", sender_id=1, batch_size=20, concurrency=4) as campaign:
        campaign.add(numbers(total))
        with workers(store, server, 2) as running:
            for _ in range(kills):
                sent = len(server.messages)
                wait_until(lambda sent=sent: len(server.messages) > sent)  # type: ignore[misc]
                time.sleep(chance.uniform(0.2, 1.2))
                index = chance.randrange(2)
                kill(running[index])
                running[index] = start(store, server)
        server.clear_faults()
        finish(store, server)
        check(campaign, server, total, most_in_doubt=4 * (kills + 2))
        print(f"{kind}: {kills} kills, {total:,} recipients, {len(campaign.in_doubt())} batches in doubt")


def test_killed_at_each_line_around_the_post(sqlite_store: str, server: MockServer, tmp_path: Path) -> None:
    """A worker that dies at a line leaves its batch in doubt if the intent was committed, and to the next one if not."""
    with Campaign.create(sqlite_store, "c", text="Hello", sender_id=1, batch_size=1, concurrency=1) as campaign:
        campaign.add(numbers(1))
        with start(sqlite_store, server, "--lines", str(tmp_path / "lines")) as worker:
            assert worker.wait(120) == 0
        points = sorted(set((tmp_path / "lines").read_text().split()))
        assert {point.partition(":")[0] for point in points} == hasty_worker.AROUND_THE_POST
        campaign.add(numbers(len(points) + 50))
        with start(sqlite_store, server, "--die-at", str(tmp_path / "ends"), *points) as dying:
            assert dying.wait(120) == 0
        assert (tmp_path / "ends").read_text().splitlines() == [f"{point} {-signal.SIGKILL}" for point in points]
        finish(sqlite_store, server)
        check(campaign, server, len(points) + 50, most_in_doubt=len(points))
        sent, doubts = received(server), campaign.in_doubt()
        assert any(doubt.phone_numbers[0] in sent for doubt in doubts), "none died after the POST"
        assert any(doubt.phone_numbers[0] not in sent for doubt in doubts), "none died before the POST"


def stop_outside_of_transactions(process: subprocess.Popen[bytes], store: str) -> None:
    """Who is stopped while it writes to SQLite keeps all others waiting: that is not what is tested."""
    while True:
        process.send_signal(signal.SIGSTOP)
        if not store.startswith("sqlite"):
            return
        try:
            with closing(sqlite3.connect(store.removeprefix("sqlite:///"), timeout=0.1)) as connection:
                connection.execute("BEGIN IMMEDIATE")
                return
        except sqlite3.OperationalError:
            process.send_signal(signal.SIGCONT)
            time.sleep(0.01)


def test_a_worker_that_was_paused_heals_its_doubt(store: str, server: MockServer) -> None:
    server.fault("latency", seconds=2, times=1)
    with Campaign.create(store, "c", text="Hello", sender_id=1, batch_size=10) as campaign:
        campaign.add(numbers(10))
        with workers(store, server, 1) as (first,):
            wait_until(lambda: campaign.status().batches["posting"])
            stop_outside_of_transactions(first, store)
            with workers(store, server, 1):
                wait_until(campaign.in_doubt)
                first.send_signal(signal.SIGCONT)
                wait_until(lambda: not campaign.status().batches["in doubt"])
        assert campaign.status().recipients["accepted"] == 10
    assert received(server).most_common(1)[0][1] == 1


def test_sigterm_leaves_no_doubt(store: str, server: MockServer) -> None:
    server.fault("latency", seconds=0.3)
    with Campaign.create(store, "c", text="Hello", sender_id=1, batch_size=10) as campaign:
        campaign.add(numbers(2_000))
        with workers(store, server, 2) as running:
            wait_until(lambda: campaign.status().batches["accepted"] >= 20)
            for one in running:
                one.terminate()
            assert [one.wait(120) for one in running] == [0, 0]
        status = campaign.status()
        assert status.batches["posting"] == status.batches["in doubt"] == 0
        assert status.recipients["accepted"] == len(received(server))
        assert status.recipients["queued"] > 0
