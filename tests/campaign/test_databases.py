"""What the engine and the databases do underneath: crashes, growth, and nothing left behind."""

import contextlib
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa
from benchmarks.postgres import Postgres
from sms_scheduler_campaign import Campaign
from sms_scheduler_campaign.engine import Feeder
from sms_scheduler_campaign.store import IS_FED, IS_WAITING, Store, batches, now
from sms_scheduler_mock import MockServer
from sqlalchemy import exc

from .conftest import numbers, received, wait_until
from .test_kills import check, finish, kill, start, stop_outside_of_transactions, workers


def test_postgresql_crashes_while_workers_send(postgres: Postgres, server: MockServer) -> None:
    store = postgres.create()
    server.fault("latency", seconds=0.05, operation="createSms")
    with Campaign.create(store, "c", text="Hello", sender_id=1, batch_size=10, concurrency=4) as campaign:
        campaign.add(numbers(3_000))
        with workers(store, server, 2):
            wait_until(lambda: len(server.messages) > 30)
            postgres.crash()
            time.sleep(3)  # longer than a worker may show no sign of life
            postgres.start()
            sent = len(server.messages)
            wait_until(lambda: len(server.messages) > sent + 20)
        finish(store, server)
        check(campaign, server, 3_000, most_in_doubt=8)  # those of the workers that were killed in the end


def test_what_never_came_is_handed_out_again(store: str, server: MockServer) -> None:
    """The engine says that a living worker has some batches, which were lost with a connection to the database."""
    server.fault("latency", seconds=2, times=1, operation="createSms")
    with Campaign.create(store, "c", text="Hello", sender_id=1, batch_size=10) as campaign:
        campaign.add(numbers(10))
        worker = start(store, server, WORKER_NAME="forgetful")
        wait_until(lambda: campaign.status().batches["posting"])
        stop_outside_of_transactions(worker, store)
        campaign.add(numbers(50))
        with closing(Store(store)) as opened:
            opened.transaction(partial(hand_out, Feeder(opened), "" if opened.is_sqlite else "dbos."))
        worker.send_signal(signal.SIGCONT)
        assert worker.wait(60) == 0
        kill(worker)
        check(campaign, server, 50, most_in_doubt=0)


def hand_out(feeder: Feeder, schema: str, connection: sa.Connection) -> None:
    """Give a worker named forgetful all that is queued."""
    connection.execute(sa.update(batches).where(IS_WAITING).values(fed_at=now()))
    feeder.feed(connection, 1, range(2, 6))
    change = (
        f"UPDATE {schema}workflow_status SET status = 'PENDING', executor_id = 'forgetful' WHERE status = 'ENQUEUED'"
    )
    connection.execute(sa.text(change))


def test_the_engine_keeps_nothing(store: str, server: MockServer) -> None:
    with Campaign.create(store, "c", text="Hello", sender_id=1, batch_size=1) as campaign:
        campaign.add(numbers(300))
        finish(store, server)
    opened = Store(store)
    table = "workflow_status" if opened.is_sqlite else "dbos.workflow_status"
    with opened.engine.connect() as connection:
        assert connection.scalar(sa.text(f"SELECT count(*) FROM {table}")) == 0
        assert connection.scalar(sa.text("SELECT count(*) FROM sms_worker")) == 0
    opened.close()


def test_what_is_left_to_do_is_found_by_an_index(sqlite_store: str) -> None:
    Campaign.create(sqlite_store, "c", text="Hello", sender_id=1).close()
    opened = Store(sqlite_store)
    for kind, index in ((IS_WAITING, "sms_batch_waiting"), (IS_FED, "sms_batch_fed")):
        query = sa.select(batches.c.number).where(batches.c.campaign_id == 1, kind)
        text = str(query.compile(opened.engine, compile_kwargs={"literal_binds": True}))
        with opened.engine.connect() as connection:
            plan = connection.execute(sa.text(f"EXPLAIN QUERY PLAN {text}")).all()
        assert index in str(plan)
    opened.close()


def test_a_full_disk_is_waited_out(sqlite_store: str, server: MockServer) -> None:
    """SQLite says that the disk is full when the file may not grow, until it may."""
    Campaign.create(sqlite_store, "c", text="Hello", sender_id=1).close()
    opened = Store(sqlite_store)
    raw = opened.engine.raw_connection()
    cursor = raw.cursor()
    pages = cursor.execute("PRAGMA page_count").fetchone()[0]
    cursor.execute(f"PRAGMA max_page_count = {pages}")
    raw.close()
    full = threading.Event()

    def grow(connection: sa.Connection) -> None:
        try:
            connection.execute(sa.text("CREATE TABLE big AS SELECT zeroblob(1000000) AS b"))
        except exc.OperationalError:
            connection.connection.cursor().execute(f"PRAGMA max_page_count = {pages + 1000}")
            full.set()
            raise

    opened.persistently(grow)
    assert full.is_set()
    opened.close()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 12 MB."""
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "none", str(tmp_path)], capture_output=True)
    if made.returncode:
        pytest.skip(f"no file system can be mounted: {made.stderr.decode().strip()}")
    yield tmp_path
    subprocess.run(["umount", "--lazy", str(tmp_path)], check=True)


def test_a_disk_that_is_full_while_workers_send(
    disk: Path, server: MockServer, capfd: pytest.CaptureFixture[str]
) -> None:
    """They say so, wait until there is room, and go on: nothing is sent twice, lost or in doubt."""
    store = f"sqlite:///{disk}/c.db"
    server.fault("latency", seconds=0.05, operation="createSms")
    with Campaign.create(store, "c", text="Hello", sender_id=1, batch_size=10, concurrency=4) as campaign:
        campaign.add(numbers(3_000))
        with workers(store, server, 2) as running:
            wait_until(lambda: len(server.messages) > 30)
            with contextlib.suppress(OSError), (disk / "filler").open("wb", buffering=0) as file:
                while True:
                    file.write(bytes(4096))
            said = ""
            while "database or disk is full" not in said:
                time.sleep(0.1)
                said += capfd.readouterr().err
            assert "database-unavailable" in said
            (disk / "filler").unlink()
            assert [one.wait(120) for one in running] == [0, 0]
        check(campaign, server, 3_000, most_in_doubt=0)


def test_two_campaigns_of_one_store_do_not_mix(sqlite_store: str, server: MockServer) -> None:
    with (
        Campaign.create(sqlite_store, "a", text="A", sender_id=1) as first,
        Campaign.create(sqlite_store, "b", text="B", sender_id=1) as second,
    ):
        first.add(numbers(10))
        second.add(numbers(20))
        finish(sqlite_store, server)  # works for the first one
        assert len(received(server)) == 10
        assert second.status().recipients["queued"] == 20
    with sqlite3.connect(sqlite_store.removeprefix("sqlite:///")) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()
