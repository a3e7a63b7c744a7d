"""Event loops: each has connections of its own, and calls wait their turn in each."""

import asyncio
import gc
import threading
import warnings

import pytest
import trio
from sms_scheduler import AsyncSmsScheduler, NotSentError

from .any_client import ARGUMENTS
from .conftest import API_KEY
from .faulty_server import FaultyServer, answer, never_answer, succeed


def test_one_client_in_one_loop_after_the_other(server: FaultyServer) -> None:
    client = AsyncSmsScheduler(API_KEY, base_url=server.url)

    async def twice() -> None:
        await client.create_sms(**ARGUMENTS["create_sms"])
        await client.create_sms(**ARGUMENTS["create_sms"])

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(5):
            asyncio.run(twice())
        asyncio.run(client.aclose())
        gc.collect()
    assert (len(server.received), server.connections) == (10, 5)
    for _ in range(5):  # those of the loops that were over too
        assert server.closed.acquire(timeout=10)


def test_one_client_in_loops_of_several_threads(server: FaultyServer) -> None:
    client = AsyncSmsScheduler(API_KEY, base_url=server.url)
    failures: list[BaseException] = []

    async def many() -> None:
        await asyncio.gather(*(client.get_sms(number) for number in range(50)))

    def work() -> None:
        try:
            asyncio.run(many())
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    asyncio.run(client.aclose())
    assert failures == []
    assert len(server.received) == 200


def test_thousands_at_once_wait_their_turn(server: FaultyServer) -> None:
    async def send() -> None:
        async with AsyncSmsScheduler(
            API_KEY, base_url=server.url, timeout=60, max_retries=0, max_connections=8
        ) as client:
            await asyncio.gather(*(client.create_sms(**ARGUMENTS["create_sms"]) for _ in range(2_000)))

    asyncio.run(send())
    assert (len(server.received), server.connections) == (2_000, 8)


def test_first_come_first_served(server: FaultyServer) -> None:
    async def send() -> list[int]:
        done: list[int] = []
        async with AsyncSmsScheduler(API_KEY, base_url=server.url, max_connections=1) as client:

            async def get(number: int) -> None:
                await client.get_sms(number)
                done.append(number)

            await asyncio.gather(*(get(number) for number in range(50)))
        return done

    assert asyncio.run(send()) == list(range(50))
    assert server.calls == [f"GET /sms/{number}" for number in range(50)]


@pytest.mark.parametrize("is_warm", [False, True])
def test_calls_that_are_cancelled_leave_their_places(server: FaultyServer, is_warm: bool) -> None:
    async def send() -> None:
        async with AsyncSmsScheduler(API_KEY, base_url=server.url, timeout=5, max_connections=3) as client:
            if is_warm:
                await asyncio.gather(*(client.get_sms(number) for number in range(3)))
            for turns in range(40):
                tasks = [asyncio.create_task(client.get_sms(number)) for number in range(12)]
                for _ in range(turns):
                    await asyncio.sleep(0)
                for task in tasks[::2]:
                    task.cancel()
                ends = await asyncio.gather(*tasks, return_exceptions=True)
                assert {type(end).__name__ for end in ends[1::2]} == {"SmsReport"}
            # all places are there, and no more
            before = server.connections
            await asyncio.gather(*(client.get_sms(number) for number in range(30)))
            assert server.connections <= before + 3

    asyncio.run(send())


def test_a_deadline_bounds_waiting_for_a_connection(server: FaultyServer) -> None:
    async def send() -> None:
        async with AsyncSmsScheduler(API_KEY, base_url=server.url, max_connections=1) as client:
            first = asyncio.create_task(client.get_sms(1))
            assert await asyncio.to_thread(server.arrived.acquire, timeout=10)
            with pytest.raises(NotSentError, match="deadline") as caught:
                await client.with_options(deadline=0.1, max_retries=0).create_sms(**ARGUMENTS["create_sms"])
            assert caught.value.is_safe_to_retry
            first.cancel()
            await asyncio.gather(first, return_exceptions=True)
            await client.get_sms(2)

    server.script(never_answer, succeed)
    asyncio.run(send())
    assert server.calls == ["GET /sms/1", "GET /sms/2"]


def test_closing_ends_the_calls_that_wait(server: FaultyServer) -> None:
    async def send() -> list[object]:
        client = AsyncSmsScheduler(API_KEY, base_url=server.url, max_connections=1, timeout=5, max_retries=0)
        first = asyncio.create_task(client.get_sms(1))
        assert await asyncio.to_thread(server.arrived.acquire, timeout=10)
        waiting = [asyncio.create_task(client.get_sms(number)) for number in range(2, 5)]
        await asyncio.sleep(0)
        await client.aclose()
        ends = await asyncio.gather(*waiting, return_exceptions=True)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        return list(ends)

    server.script(never_answer)
    ends = asyncio.run(send())
    assert [type(end) for end in ends] == [NotSentError] * 3
    assert all("closed" in str(end) for end in ends)


def test_trio_is_refused_in_words(server: FaultyServer) -> None:
    client = AsyncSmsScheduler(API_KEY, base_url=server.url)

    async def call() -> None:
        await client.create_sms(**ARGUMENTS["create_sms"])

    with pytest.raises(NotSentError, match="trio"):
        trio.run(call)
    assert server.connections == 0
    server.script(answer(200, {"phone_number": "+1", "status": 13}))
    assert asyncio.run(client.get_sms(1)).status == 13
    asyncio.run(client.aclose())
