"""What is answered by the shortcut is answered as it is without."""

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import NamedTuple

import h11
import httpx
import pytest
import requests
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sms_scheduler_mock import MockServer
from sms_scheduler_mock._shortcut import Shortcut

KEY = "Authorization: bearer mock-api-key"
SMS = (
    '{"message_text": "Hello", "delivery_date": "2030-01-01 13:00:00", "sender_id": 1, "phone_numbers": "+33612345678"}'
)
METHODS = ["GET", "POST", "DELETE", "HEAD", "PUT", "OPTIONS", "QUERY", "get"]
PATHS = [
    "/sms",
    "/sms/5000001",
    "/sms/5000002",
    "/message/123456",
    "/message/1",
    "/sms/5000001?",
    "/message/123456?x=1",
    "/sms/%35000001",
    "/other",
]
HEADERS = [
    KEY,
    "authorization:Bearer mock-api-key",
    "Authorization: bearer wrong",
    "Host: again",
    "Connection: keep-alive",
    "Connection: close",
    "Expect: 100-continue",
    "Upgrade: websocket",
    "Content-Type: text/plain",
    "X-Empty:",
    "X-Folded: a\r\n b",
    "X Bad: name",
]


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[MockServer, MockServer]]:
    """A server that takes the shortcut, and one that does not."""
    options = {"now": datetime(2030, 1, 1, 12), "max_body": 500}
    with MockServer(**options) as short, MockServer(**options) as long:  # type: ignore[arg-type]
        yield short, long


class Sent(NamedTuple):
    method: str
    data: bytes


Answer = tuple[int, dict[bytes, bytes], bytes]


def talk(server: MockServer, sent: list[Sent], *, at_once: bool) -> list[Answer]:
    """What is answered to requests over one connection, sent in one piece or each after the answer to the one before."""
    url = httpx.URL(server.url)
    answers: list[Answer] = []
    with socket.create_connection((url.host, url.port or 0), timeout=10) as connection:
        reader = h11.Connection(h11.CLIENT)
        if at_once:
            connection.sendall(b"".join(request.data for request in sent))
        for request in sent:
            if not at_once:
                connection.sendall(request.data)
            reader.send(h11.Request(method=request.method, target="/", headers=[("Host", "x")]))
            reader.send(h11.EndOfMessage())
            answer = read_answer(connection, reader)
            if answer is None:
                break
            answers.append(answer)
            if reader.their_state is not h11.DONE:
                break
            reader.start_next_cycle()
    return answers


def read_answer(connection: socket.socket, reader: h11.Connection) -> Answer | None:
    """The next answer, but for what depends on the time or on how it is framed; None if the connection is closed."""
    status, headers, content = 0, dict[bytes, bytes](), b""
    while True:
        try:
            event = reader.next_event()
        except h11.RemoteProtocolError:  # closed without an answer
            return None
        if event is h11.NEED_DATA:
            reader.receive_data(connection.recv(65536))
        elif isinstance(event, h11.Response):
            status, headers = event.status_code, dict(event.headers)
            for name in (b"date", b"transfer-encoding"):
                headers.pop(name, None)
        elif isinstance(event, h11.Data):
            content += event.data
        elif isinstance(event, h11.EndOfMessage):
            return status, headers, content


def request(method: str, path: str, headers: list[str], body: str, version: str) -> Sent:
    lines = [f"{method} /api/v1{path} HTTP/{version}", "Host: x", *headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return Sent(method, "\r\n".join([*lines, "", body]).encode())


some_requests = st.builds(
    request,
    method=st.sampled_from(METHODS),
    path=st.sampled_from(PATHS),
    headers=st.lists(st.sampled_from(HEADERS), max_size=3) | st.just([KEY]),
    body=st.sampled_from(["", SMS, "{}", "x" * 501]),
    version=st.sampled_from(["1.1", "1.1", "1.1", "1.0"]),
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sent=st.lists(some_requests, min_size=1, max_size=4), at_once=st.booleans())
@example(sent=[request("POST", "/sms", [KEY], SMS, "1.1")] * 3, at_once=True)
@example(sent=[request("POST", "/sms", [KEY], SMS, "1.1")] * 3, at_once=False)
@example(
    sent=[request("POST", "/sms", [KEY], SMS, "1.1"), request("GET", "/sms/5000001?x=1", [KEY], "", "1.1")],
    at_once=False,
)
@example(
    sent=[request("POST", "/sms", [KEY], SMS, "1.1"), request("GET", "/sms/%35000001", [KEY], "", "1.1")], at_once=False
)
@example(sent=[request("HEAD", "/sms", [KEY], "x" * 501, "1.1")], at_once=False)
def test_it_makes_no_difference(servers: tuple[MockServer, MockServer], sent: list[Sent], at_once: bool) -> None:
    short, long = servers
    for server in servers:
        server.reset()
    long.trouble("latency", seconds=0)  # with a trouble the shortcut is closed
    assert talk(short, sent, at_once=at_once) == talk(long, sent, at_once=at_once)
    assert short.messages == long.messages


def sent_by(ask: Callable[[str], object]) -> bytes:
    """What a client sends, as it comes over a socket."""
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as pool:
        asking = pool.submit(ask, f"http://127.0.0.1:{listener.getsockname()[1]}/api/v1/sms/1")
        connection, _ = listener.accept()
        with connection:
            data = connection.recv(65536)
            connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            asking.result(timeout=10)
    return data


@pytest.mark.parametrize(
    "ask",
    [
        httpx.get,
        lambda url: requests.get(url, timeout=10),
        lambda url: subprocess.run(["curl", "-sS", url], check=True),
    ],
    ids=["httpx", "requests", "curl"],
)
def test_what_clients_send_goes_that_way(ask: Callable[[str], object]) -> None:
    server = MockServer()
    shortcut = Shortcut(server._service, lambda: True)
    reply = shortcut.reply(sent_by(ask))
    assert reply is not None
    assert reply.status == 401
    assert Shortcut(server._service, lambda: False).reply(sent_by(ask)) is None


def test_whoever_starts_a_server_keeps_the_event_loop_that_there_was() -> None:
    code = (
        "import asyncio; from sms_scheduler_mock import MockServer; kind = lambda: type(asyncio.new_event_loop())\n"
        "before = kind()\nwith MockServer(): print(kind() is before)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout == "True\n"


@pytest.mark.parametrize("size", [1, 7, 100])
def test_a_request_may_come_in_pieces(servers: tuple[MockServer, MockServer], size: int) -> None:
    server = servers[0]
    server.reset()
    url = httpx.URL(server.url)
    sent = request("POST", "/sms", [KEY], SMS, "1.1").data
    with socket.create_connection((url.host, url.port or 0), timeout=10) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for start in range(0, len(sent), size):
            connection.sendall(sent[start : start + size])
        assert b"HTTP/1.1 200" in connection.recv(65536)
        connection.sendall(sent + sent[:size])  # one, and the beginning of another
        assert b"HTTP/1.1 200" in connection.recv(65536)
        connection.sendall(sent[size:])
        assert b"HTTP/1.1 200" in connection.recv(65536)
    assert [message.text for message in server.messages] == ["Hello"] * 3


@pytest.mark.parametrize("cut", ["within the headers", "before the body"])
def test_what_looks_like_a_request_may_be_a_piece_of_one(servers: tuple[MockServer, MockServer], cut: str) -> None:
    server = servers[0]
    server.reset()
    inner = request("POST", "/sms", [KEY], SMS, "1.1").data
    head = f"POST /api/v1/sms HTTP/1.1\r\nHost: x\r\n{KEY}\r\nContent-Length: {len(inner)}\r\n\r\n".encode()
    first = b"GET /api/v1/sms/1 HTTP/1.1\r\nX-Name: " if cut == "within the headers" else head
    url = httpx.URL(server.url)
    with socket.create_connection((url.host, url.port or 0), timeout=10) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(first)
        time.sleep(0.1)  # so that the pieces arrive as pieces
        connection.sendall(inner)
        assert connection.recv(65536).startswith(b"HTTP/1.1 40")
    assert server.messages == []
