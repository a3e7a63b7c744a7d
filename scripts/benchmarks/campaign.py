"""Campaigns beside a bare asyncio loop that keeps nothing, and beside Celery: recipients through the mock server in a process of its own.

PostgreSQL is measured if it is installed. Worker processes start before the time does.
"""

import asyncio
import os
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Generator
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from itertools import islice
from pathlib import Path

import sqlalchemy as sa
from sms_scheduler import AsyncSmsScheduler
from sms_scheduler_campaign import Campaign
from sms_scheduler_campaign.store import Store, batches, in_state

from . import postgres
from .work import Work

_KEY = "mock-api-key"
_RECIPIENTS = {100: 50_000, 1: 3_000}  # by the size of a batch
_FEW, _MANY = 20_000, 1_000_000
_BARE = "a bare asyncio loop"
# How many times as long as the bare loop: half of its throughput on PostgreSQL, 0.35 of it on SQLite.
_TARGETS = {"PostgreSQL": 2.0, "SQLite": 2.86}


@contextmanager
def works(folder: Path) -> Generator[list[Work]]:
    """All that is measured."""
    with ExitStack() as stack:
        url = stack.enter_context(_mock_server())
        stores = {"SQLite": f"sqlite:///{folder}/campaign.db"}
        if binaries := postgres.find():
            stores["PostgreSQL"] = stack.enter_context(postgres.running(binaries)).create()
        cases = [(kind, size, workers) for kind in stores for size in _RECIPIENTS for workers in (1, 2, 4)]
        large = _Large(f"sqlite:///{folder}/large.db", url)
        yield [
            *(_throughput(kind, stores[kind], url, size, workers) for kind, size, workers in cases),
            Work(
                name="50,000 recipients in batches of 100, SQLite, beside Celery's worker and filesystem broker",
                peer="celery",
                target=1.0,
                unit="s",
                rounds=2,
                by={
                    "ours": partial(_campaign, stores["SQLite"], url, 100, 1),
                    "celery": partial(_celery, folder, url, 100),
                },
            ),
            Work(
                name=f"memory of a worker that sends {_MANY:,}, SQLite",
                peer=f"{_FEW:,}",
                target=1.1,
                unit="MB",
                rounds=1,
                by={"ours": partial(large.memory, _MANY), f"{_FEW:,}": partial(large.memory, _FEW)},
            ),
            Work(
                name=f"1,000 recipients of {_MANY:,} that are queued, SQLite",
                peer=f"{_FEW:,}",
                target=1.1,
                unit="ms",
                rounds=1,
                by={"ours": partial(large.cost, _MANY), f"{_FEW:,}": partial(large.cost, _FEW)},
            ),
        ]


def _throughput(kind: str, store: str, url: str, size: int, workers: int) -> Work:
    return Work(
        name=f"{_RECIPIENTS[size]:,} recipients in batches of {size}, {kind}, {workers} worker{'s'[: workers - 1]}",
        peer=_BARE,
        target=_TARGETS[kind],
        unit="s",
        rounds=2,
        by={"ours": partial(_campaign, store, url, size, workers), _BARE: partial(_bare, url, size)},
    )


@contextmanager
def _mock_server() -> Generator[str]:
    command = [sys.executable, "-m", "sms_scheduler_mock", "--port", "8199", "--api-key", _KEY]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        url = "http://127.0.0.1:8199/api/v1"
        _wait(lambda: _is_up(url))
        yield url
        server.terminate()


def _is_up(url: str) -> bool:
    async def ask() -> bool:
        async with AsyncSmsScheduler(_KEY, base_url=url, max_retries=0) as client:
            try:
                await client.get_message(1)
            except Exception as error:
                return "404" in str(error)
            return True

    return asyncio.run(ask())


def _campaign(store: str, url: str, size: int, workers: int) -> float:
    """Seconds to send, without the start of the processes and without following."""
    count = _RECIPIENTS[size]
    with _filled(store, size, count) as campaign, _sending(campaign, url, workers):
        return _seconds_to_send(store, count)


@contextmanager
def _filled(store: str, size: int, count: int) -> Generator[Campaign]:
    with Campaign.create(store, uuid.uuid4().hex, text="Hello", sender_id=1, batch_size=size) as campaign:
        campaign.add(_numbers(count))
        yield campaign


@contextmanager
def _sending(campaign: Campaign, url: str, workers: int) -> Generator[None]:
    """Let workers send, until the end of the block."""
    run = threading.Thread(target=partial(campaign.run, api_key=_KEY, base_url=url, workers=workers))
    run.start()
    try:
        yield
    finally:
        campaign.pause()
        run.join()


def _seconds_to_send(url: str, count: int) -> float:
    """How long it takes the newest campaign to send so many; from when the first ones are sent."""
    newest = sa.select(sa.func.max(batches.c.campaign_id)).scalar_subquery()
    is_left = sa.or_(in_state("queued"), in_state("posting"))
    sizes = sa.select(sa.func.coalesce(sa.func.sum(batches.c.size), 0)).where(batches.c.campaign_id == newest, is_left)
    with closing(Store(url)) as store:

        def left() -> int:  # all that is asked for: each look takes time from the workers
            with store.engine.connect() as connection:
                return int(connection.scalar(sizes) or 0)

        total = left()
        _wait(lambda: left() < total)
        began, before = time.perf_counter(), total - left()
        _wait(lambda: left() <= total - count)
        return (time.perf_counter() - began) * count / (total - left() - before)


class _Large:
    """Campaigns of many recipients, which are filled once."""

    def __init__(self, store: str, url: str) -> None:
        self._store, self._url = store, url

    def memory(self, count: int) -> float:
        """Bytes of memory of the worker at most, from the first to the last recipient."""
        with _filled(self._store, 100, count) as campaign, _sending(campaign, self._url, 1):
            worker = self._worker()
            _seconds_to_send(self._store, count - 2_000)
            return _peak(worker)

    def cost(self, count: int) -> float:
        """Seconds to send 1,000 of those that are queued."""
        with _filled(self._store, 100, count) as campaign, _sending(campaign, self._url, 1):
            return _seconds_to_send(self._store, 10_000) / 10

    def _worker(self) -> int:
        with closing(Store(self._store)) as store, store.engine.connect() as connection:
            _wait(lambda: connection.scalar(sa.text("SELECT count(*) FROM sms_worker")))
        children = Path(f"/proc/{os.getpid()}/task").glob("*/children")
        found = [int(one) for file in children for one in file.read_text().split()]
        return next(one for one in found if b"campaign.worker" in Path(f"/proc/{one}/cmdline").read_bytes())


def _peak(process: int) -> float:
    status = Path(f"/proc/{process}/status").read_text()
    return float(status.partition("VmHWM:")[2].split()[0]) * 1024


def _bare(url: str, size: int) -> float:
    numbers = _numbers(_RECIPIENTS[size])

    async def send() -> None:
        batches = iter(_batches(numbers, size))
        async with AsyncSmsScheduler(_KEY, base_url=url) as client:

            async def one() -> None:
                for batch in batches:
                    await client.create_sms(
                        message_text="Hello", delivery_date="2020-01-01 00:00:00", sender_id=1, phone_numbers=batch
                    )

            await asyncio.gather(*(one() for _ in range(16)))

    began = time.perf_counter()
    asyncio.run(send())
    return time.perf_counter() - began


def _celery(folder: Path, url: str, size: int) -> float:
    """Seconds for one worker with 16 threads, which keeps no state but its queue: a crash loses or repeats a batch."""
    account = {"BENCH_QUEUE": str(folder / "celery"), "BENCH_URL": url, "BENCH_KEY": _KEY}
    os.environ |= account
    from .celery_tasks import done, forget, send  # noqa: PLC0415  # it reads the environment

    forget()
    command = [sys.executable, "-P", "-m", "celery", "-A", "benchmarks.celery_tasks", "worker"]
    options = ["--pool", "threads", "--concurrency", "16", "--loglevel", "CRITICAL", "--without-mingle"]
    count = _RECIPIENTS[size] // size
    for batch in _batches(_numbers(_RECIPIENTS[size]), size):
        send.delay(batch)  # pyright: ignore[reportFunctionMemberAccess]
    with subprocess.Popen([*command, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as worker:
        _wait(lambda: done() > 0)
        began, before = time.perf_counter(), done()
        _wait(lambda: done() >= count)
        seconds = time.perf_counter() - began
        worker.terminate()
    return seconds * count / (count - before)


def _batches(numbers: Generator[str], size: int) -> list[list[str]]:
    return list(iter(lambda: list(islice(numbers, size)), []))


def _numbers(count: int) -> Generator[str]:
    return (f"+336{index:08}" for index in range(count))


def _wait(condition: Callable[[], object]) -> None:
    while not condition():
        time.sleep(0.05)
