"""Campaigns beside a bare asyncio loop that keeps nothing: recipients through the mock server, in a process of its own.

PostgreSQL is measured too if SMS_SCHEDULER_CAMPAIGN_BENCH_STORE names an empty database, as in postgresql://user@host/database.
"""

import asyncio
import os
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from sms_scheduler import AsyncSmsScheduler
from sms_scheduler_campaign import Campaign

from .work import Work

_STORE = "SMS_SCHEDULER_CAMPAIGN_BENCH_STORE"
_KEY = "mock-api-key"
_RECIPIENTS = {100: 50_000, 1: 3_000}  # by the size of a batch
_BARE = "a bare asyncio loop"
# How many times as long as the bare loop: half of its throughput on PostgreSQL, 0.35 of it on SQLite.
_TARGETS = {"PostgreSQL": 2.0, "SQLite": 2.86}


@contextmanager
def works(folder: Path) -> Generator[list[Work]]:
    """All that is measured."""
    with _mock_server() as url:
        stores = {"SQLite": f"sqlite:///{folder}/campaign.db"}
        if _STORE in os.environ:
            stores["PostgreSQL"] = os.environ[_STORE]
        cases = [(kind, size, workers) for kind in stores for size, workers in ((100, 1), (100, 2), (100, 4), (1, 1))]
        yield [
            Work(
                name=f"campaign of {_RECIPIENTS[size]:,} in batches of {size}, {kind}, {workers} workers",
                peer=_BARE,
                target=_TARGETS[kind],
                unit="s",
                rounds=3,
                by={"ours": partial(_campaign, stores[kind], url, size, workers), _BARE: partial(_bare, url, size)},
            )
            for kind, size, workers in cases
        ]


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
    with Campaign.create(store, uuid.uuid4().hex, text="Hello", sender_id=1, batch_size=size) as campaign:
        campaign.add(_numbers(count))
        run = threading.Thread(target=partial(campaign.run, api_key=_KEY, base_url=url, workers=workers))
        run.start()
        _wait(lambda: campaign.status().recipients["queued"] < count)
        began, before = time.perf_counter(), count - campaign.status().recipients["queued"]
        _wait(lambda: not campaign.status().recipients["queued"] and not campaign.status().recipients["posting"])
        seconds = time.perf_counter() - began
        campaign.pause()
        run.join()
        return seconds * count / (count - before)


def _bare(url: str, size: int) -> float:
    numbers = list(_numbers(_RECIPIENTS[size]))

    async def send() -> None:
        batches = iter([numbers[start : start + size] for start in range(0, len(numbers), size)])
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


def _numbers(count: int) -> Generator[str]:
    return (f"+336{index:08}" for index in range(count))


def _wait(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(0.05)
