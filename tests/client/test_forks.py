"""After a fork, each process has connections of its own, and none gets another's answer."""

import asyncio
import json
import multiprocessing
import os
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sms_scheduler import AsyncSmsScheduler, SmsScheduler
from sms_scheduler_mock import MockServer

from .conftest import API_KEY
from .faulty_server import Connection, FaultyServer, response

CALLS = 20


def echo(connection: Connection) -> None:
    """Answer with the id that was asked for, so that an answer to somebody else's question shows."""
    received = connection.read_request()
    body = {"phone_number": received.path.rpartition("/")[2], "status": 13}
    connection.send(response(200, json.dumps(body).encode()))


@pytest.fixture
def echoing() -> Iterator[FaultyServer]:
    with FaultyServer() as server:
        server.script(*[echo] * 5_000)
        yield server


@contextmanager
def in_child(work: Callable[[], None]) -> Iterator[int]:
    """Do some work in a process that is forked off here; its exit code tells whether it went well."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    yield child
    assert os.waitpid(child, 0)[1] == 0


def ask(client: SmsScheduler, start: int) -> None:
    """Ask for reports, and see that each is the one that was asked for."""
    for number in range(start, start + CALLS):
        assert client.get_sms(number).phone_number == str(number)


async def ask_async(client: AsyncSmsScheduler, start: int) -> None:
    reports = await asyncio.gather(*(client.get_sms(number) for number in range(start, start + CALLS)))
    assert [report.phone_number for report in reports] == [str(number) for number in range(start, start + CALLS)]


def test_children_and_parent_get_their_own_answers(echoing: FaultyServer) -> None:
    with SmsScheduler(API_KEY, base_url=echoing.url) as client:
        ask(client, 0)
        with in_child(lambda: ask(client, 1_000)), in_child(lambda: ask(client, 2_000)):
            ask(client, 3_000)
        ask(client, 4_000)
    assert echoing.connections == 3  # the parent went on with its own


def test_a_grandchild_too(echoing: FaultyServer) -> None:
    def child() -> None:
        with in_child(lambda: ask(client, 2_000)):
            ask(client, 1_000)

    with SmsScheduler(API_KEY, base_url=echoing.url) as client:
        ask(client, 0)
        with in_child(child):
            pass
    assert echoing.connections == 3


def test_a_fork_while_other_threads_call(echoing: FaultyServer) -> None:
    stopped = threading.Event()

    def call_on() -> None:
        while not stopped.is_set():
            ask(client, 100)

    with SmsScheduler(API_KEY, base_url=echoing.url) as client:
        threads = [threading.Thread(target=call_on) for _ in range(4)]
        for thread in threads:
            thread.start()
        for start in range(1_000, 1_000 + 6 * CALLS, CALLS):
            with in_child(lambda start=start: ask(client, start)):  # type: ignore[misc]
                pass
        stopped.set()
        for thread in threads:
            thread.join()


def test_a_process_id_that_changes_without_a_hook(echoing: FaultyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in servers that fork in C and call no hook of Python's."""
    with SmsScheduler(API_KEY, base_url=echoing.url) as client:
        ask(client, 0)
        monkeypatch.setattr("os.getpid", lambda: 0)
        ask(client, 1_000)
        assert echoing.connections == 2


def test_the_parents_connections_outlive_a_child_that_closes_the_client(echoing: FaultyServer) -> None:
    with SmsScheduler(API_KEY, base_url=echoing.url) as client:
        ask(client, 0)
        with in_child(client.close):
            pass
        ask(client, 1_000)
        assert echoing.connections == 1


def test_the_asynchronous_client_in_children(echoing: FaultyServer) -> None:
    client = AsyncSmsScheduler(API_KEY, base_url=echoing.url)
    asyncio.run(ask_async(client, 0))
    with (
        in_child(lambda: asyncio.run(ask_async(client, 1_000))),
        in_child(lambda: asyncio.run(ask_async(client, 2_000))),
    ):
        asyncio.run(ask_async(client, 3_000))
    asyncio.run(client.aclose())


_of_workers: SmsScheduler


def send_in_worker(number: int) -> tuple[str, int]:
    phone_number = f"+336{number:08}"
    created = _of_workers.create_sms(
        message_text=str(number), delivery_date="2030-12-25 12:45:59", sender_id=1, phone_numbers=phone_number
    )
    ((_, (sms_id,)),) = created.sms_ids.items()
    return phone_number, sms_id


def test_workers_of_a_pool_send_for_themselves() -> None:
    global _of_workers  # which the workers inherit
    with MockServer() as server, SmsScheduler(server.api_key, base_url=server.url) as _of_workers:
        _of_workers.create_sms(
            message_text="warm", delivery_date="2030-12-25 12:45:59", sender_id=1, phone_numbers="+33700000000"
        )
        with multiprocessing.get_context("fork").Pool(4) as pool:
            sent = pool.map(send_in_worker, range(60), chunksize=1)
        for phone_number, sms_id in sent:
            assert _of_workers.get_sms(sms_id).phone_number == phone_number
        assert len(server.messages) == 61
