"""How many connections a client makes, what it does with them, and what becomes of them."""

import time
from threading import Event, Thread

import httpx

from .any_client import AnyClient
from .conftest import MakeClient
from .faulty_server import Connection, FaultyServer, Step, close_after_reading, succeed


def succeed_once(may_go_on: Event) -> Step:
    def step(connection: Connection) -> None:
        assert may_go_on.wait(timeout=30)
        succeed(connection)

    return step


def ask_at_once(client: AnyClient, server: FaultyServer, count: int) -> int:
    """Let a client ask for so many reports before one of them is answered. How many connections it made for that."""
    may_go_on = Event()
    seen: list[int] = []

    def watch() -> None:
        still_since, before = time.monotonic(), 0
        while time.monotonic() < still_since + 0.3:
            if server.connections != before:
                still_since, before = time.monotonic(), server.connections
            time.sleep(0.01)
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
    assert ask_at_once(client, server, 10) == 10


def test_connections_are_used_again(client: AnyClient, server: FaultyServer) -> None:
    ask_at_once(client, server, 10)
    client.call_all("get_sms", [{"id": number} for number in range(10)])
    for _ in range(10):
        client.try_out("get_sms")
    assert server.connections == 10


def test_a_hundred_at_most_and_the_rest_waits(client: AnyClient, server: FaultyServer) -> None:
    assert ask_at_once(client, server, 130) == 100
    assert server.connections == 100


def test_a_connection_that_broke_is_replaced(client: AnyClient, server: FaultyServer) -> None:
    client.try_out("get_sms")
    server.script(close_after_reading)
    for _ in range(3):
        client.try_out("get_sms")
    assert server.connections == 2


def test_closing_closes_them_all(client: AnyClient, server: FaultyServer) -> None:
    ask_at_once(client, server, 10)
    client.close_client()
    assert all(server.closed.acquire(timeout=10) for _ in range(10))


class Counting(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """A transport of the caller's, which counts what is asked of it."""

    asked = closed = 0

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
