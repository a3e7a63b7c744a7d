"""How many connections a client makes, what it does with them, and what becomes of them."""

import asyncio
import time
from threading import Event, Thread

import pytest
from sms_scheduler import AsyncSmsScheduler, OutcomeUnknownError
from sms_scheduler._about import httpx

from .any_client import ARGUMENTS, AnyClient
from .conftest import API_KEY, MakeClient, Waits
from .faulty_server import Connection, FaultyServer, Step, answer, close_after_reading, succeed


def succeed_once(may_go_on: Event) -> Step:
    def step(connection: Connection) -> None:
        assert may_go_on.wait(timeout=30)
        succeed(connection)

    return step


def ask_at_once(client: AnyClient, server: FaultyServer, count: int, expected: int) -> int:
    """Let a client ask for so many reports before one of them is answered. How many connections it made for that."""
    may_go_on = Event()
    seen: list[int] = []

    def watch() -> None:
        ends_at = time.monotonic() + 30  # a busy machine takes its time
        while server.connections < expected and time.monotonic() < ends_at:
            time.sleep(0.01)
        time.sleep(0.3)  # for those that are too many
        seen.append(server.connections)
        may_go_on.set()

    server.script(*[succeed_once(may_go_on)] * count)
    watcher = Thread(target=watch)
    watcher.start()
    reports = client.call_all("get_sms", [{"id": number} for number in range(count)])
    watcher.join()
    assert [report.status for report in reports] == [13] * count
    assert sorted(server.calls) == sorted(f"GET /sms/{number}" for number in range(count))
    server.received.clear()
    return seen[0]


def test_each_request_at_once_has_a_connection_of_its_own(client: AnyClient, server: FaultyServer) -> None:
    assert ask_at_once(client, server, 10, 10) == 10


def test_connections_are_used_again(client: AnyClient, server: FaultyServer) -> None:
    ask_at_once(client, server, 10, 10)
    client.call_all("get_sms", [{"id": number} for number in range(10)])
    for _ in range(10):
        client.try_out("get_sms")
    assert server.connections == 10


def test_a_hundred_at_most_and_the_rest_waits(client: AnyClient, server: FaultyServer) -> None:
    assert ask_at_once(client, server, 130, 100) == 100
    assert server.connections == 100  # those that waited went out on the connections of those before


def test_a_slow_answer_holds_up_nobody(make_client: MakeClient, server: FaultyServer) -> None:
    may_end = Event()
    server.script(succeed_once(may_end))

    def quick() -> None:
        for _ in range(150):
            assert server.arrived.acquire(timeout=10)
        may_end.set()

    watcher = Thread(target=quick)
    watcher.start()
    make_client(server.url, timeout=10).call_all("get_sms", [{"id": number} for number in range(151)])
    watcher.join()
    assert len(server.received) == 151


@pytest.mark.parametrize("operation", ["get_sms", "create_sms"])
@pytest.mark.parametrize("is_warm", [False, True], ids=["cold", "warm"])
def test_a_call_that_is_cancelled_harms_no_other(server: FaultyServer, operation: str, is_warm: bool) -> None:
    async def cancel_after(turns: int) -> None:
        async with AsyncSmsScheduler(API_KEY, base_url=server.url, timeout=2, max_retries=0) as client:
            call = getattr(client, operation)
            if is_warm:
                await call(**ARGUMENTS[operation])
            task = asyncio.create_task(call(**ARGUMENTS[operation]))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            for _ in range(2):
                await call(**ARGUMENTS[operation])

    for turns in range(40):
        asyncio.run(cancel_after(turns))


def test_a_failure_to_make_a_connection_harms_no_other(
    make_client: MakeClient, server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = make_client(server.url, max_connections=5)
    with monkeypatch.context() as patch:
        patch.setattr("sms_scheduler._connections.Connection", lambda *_: 1 / 0)
        for _ in range(10):
            with pytest.raises(ZeroDivisionError):
                client.try_out("get_sms")
    assert ask_at_once(client, server, 5, 15) == 15


def test_nothing_is_sent_once_the_client_is_closed(client: AnyClient, server: FaultyServer, waits: Waits) -> None:
    waits.before_attempt = lambda: setattr(client.client._sender, "is_closed", True)  # as by another thread
    server.script(answer(429))
    with pytest.raises(OutcomeUnknownError, match="the client is closed") as caught:
        client.try_out("create_sms")
    assert caught.value.is_safe_to_retry
    assert server.calls == ["POST /sms"]


def test_a_connection_that_broke_is_replaced(client: AnyClient, server: FaultyServer) -> None:
    client.try_out("get_sms")
    server.script(close_after_reading)
    for _ in range(3):
        client.try_out("get_sms")
    assert server.connections == 2


def test_closing_closes_them_all(client: AnyClient, server: FaultyServer) -> None:
    ask_at_once(client, server, 10, 10)
    client.close_client()
    assert all(server.closed.acquire(timeout=10) for _ in range(10))


class Counting(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """A transport of the caller's, which counts what is asked of it."""

    asked = closed = 0

    def __len__(self) -> int:
        return self.asked  # none at first: it is taken nevertheless

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        return httpx.Response(200, json={"phone_number": "+1", "status": 13})

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return self.handle_request(request)

    def close(self) -> None:
        self.closed += 1

    async def aclose(self) -> None:
        self.close()


def test_a_transport_of_the_callers_carries_everything(make_client: MakeClient) -> None:
    transport = Counting()
    client = make_client(transport=transport)
    client.call_all("get_sms", [{"id": number} for number in range(130)])
    assert (transport.asked, transport.closed) == (130, 0)
    client.close_client()
    assert transport.closed == 1


def test_a_transport_that_was_not_used_is_closed_too(make_client: MakeClient) -> None:
    transport = Counting()
    make_client(transport=transport).close_client()
    assert transport.closed == 1
