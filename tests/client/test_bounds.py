"""What a server may cost, in time and in memory, and what it cannot slip in."""

import gzip
import signal
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import pytest
from sms_scheduler import (
    InvalidResponseError,
    NotSentError,
    OutcomeUnknownError,
    RateLimitError,
    SmsScheduler,
    SmsSchedulerError,
)
from sms_scheduler._about import httpx

from .any_client import ARGUMENTS, OPERATIONS, AnyClient
from .conftest import API_KEY, MakeClient, Waits
from .faulty_server import Connection, FaultyServer, Step, answer, never_answer, response, succeed

CREATED = b'{"message_id": 1, "sms_ids": {}}'


def drip(before: bytes, piece: bytes) -> Step:
    """Send a beginning, and then a little again and again, without end."""

    def step(connection: Connection) -> None:
        connection.read_request()
        connection.send(before)
        while not connection.faulty.stopped.wait(0.02):
            connection.send(piece)

    return step


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
DRIPS = {
    "the head": drip(b"HTTP/1.1 200 OK\r\nX: ", b"x"),
    "the body": drip(HEAD, b" "),
    "chunks": drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "interim": drip(b"", b"HTTP/1.1 103 Early"),
    "nothing": never_answer,
}


@pytest.mark.parametrize("step", DRIPS.values(), ids=DRIPS.keys())
@pytest.mark.parametrize("operation", ["create_sms", "get_sms"])
def test_a_deadline_bounds_a_call(make_client: MakeClient, server: FaultyServer, operation: str, step: Step) -> None:
    server.script(*[step] * 3)
    started = time.monotonic()
    with pytest.raises(OutcomeUnknownError) as caught:
        make_client(server.url, deadline=0.4).try_out(operation)
    assert time.monotonic() - started < 5
    assert caught.value.is_safe_to_retry is (operation == "get_sms")


def test_a_deadline_bounds_retries(make_client: MakeClient, server: FaultyServer, waits: Waits) -> None:
    waits.before_attempt = lambda: time.sleep(waits[-1])
    server.script(*[answer(503)] * 50)
    started = time.monotonic()
    with pytest.raises(SmsSchedulerError):
        make_client(server.url, deadline=1, max_retries=50).try_out("get_sms")
    assert time.monotonic() - started < 5
    assert sum(waits) <= 1


def test_a_wait_beyond_the_deadline_is_the_callers(make_client: MakeClient, server: FaultyServer, waits: Waits) -> None:
    server.script(answer(429, headers={"Retry-After": "7"}))
    with pytest.raises(RateLimitError) as caught:
        make_client(server.url, deadline=5).try_out("create_sms")
    assert (caught.value.retry_after, caught.value.is_safe_to_retry, waits) == (7.0, True, [])


def test_a_deadline_is_for_each_call(make_client: MakeClient, server: FaultyServer) -> None:
    client = make_client(server.url, deadline=0.5)
    for _ in range(3):
        client.try_out("get_sms")
        time.sleep(0.3)


def test_timeouts_of_their_own_for_each_kind_of_wait(make_client: MakeClient, server: FaultyServer) -> None:
    server.script(never_answer)
    client = make_client(server.url, timeout=httpx.Timeout(30, read=0.05))
    with pytest.raises(OutcomeUnknownError, match="ReadTimeout"):
        client.try_out("create_sms")
    assert "read=0.05" in repr(client.client)


def test_a_body_that_is_too_large(make_client: MakeClient, server: FaultyServer) -> None:
    client = make_client(server.url, max_response_bytes=1_000)
    server.script(answer(200, CREATED + b" " * 2_000), answer(200, CREATED + b" " * (1_000 - len(CREATED))))
    with pytest.raises(OutcomeUnknownError, match="larger than 1,000 bytes") as caught:
        client.try_out("create_sms")
    assert not caught.value.is_safe_to_retry
    assert client.try_out("create_sms").message_id == 1
    assert len(server.received) == 2


def test_a_body_of_a_transport_that_is_too_large(make_client: MakeClient) -> None:
    asked: list[httpx.Request] = []

    def reply(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, content=b"x" * 2_000)

    with pytest.raises(OutcomeUnknownError, match="larger"):
        make_client(transport=httpx.MockTransport(reply), max_response_bytes=1_000).try_out("get_sms")
    assert len(asked) == 1


def test_a_compressed_body_is_not_unpacked(make_client: MakeClient, server: FaultyServer) -> None:
    bomb = gzip.compress(gzip.compress(b" " * 50_000_000))
    server.script(answer(200, bomb, {"Content-Encoding": "gzip, gzip"}))
    with pytest.raises(InvalidResponseError, match="encoded") as caught:
        make_client(server.url).try_out("create_sms")
    assert caught.value.content == bomb


@pytest.mark.parametrize(("count", "is_refused"), [(3, False), (1_000, True)])
def test_interim_responses(client: AnyClient, server: FaultyServer, count: int, is_refused: bool) -> None:
    def step(connection: Connection) -> None:
        connection.read_request()
        connection.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * count + response(200, CREATED))

    server.script(step)
    if is_refused:
        with pytest.raises(OutcomeUnknownError, match="interim"):
            client.try_out("create_sms")
    else:
        assert client.try_out("create_sms").message_id == 1


# Bytes beyond the answer


@pytest.mark.parametrize("is_late", [False, True], ids=["at once", "late"])
@pytest.mark.parametrize("surplus", [response(429), response(200, b'{"message_id": 99, "sms_ids": {}}'), b"\r\n", b"x"])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_bytes_beyond_an_answer_are_no_answer(
    client: AnyClient, server: FaultyServer, operation: str, surplus: bytes, is_late: bool
) -> None:
    sent = threading.Semaphore(0)

    def step(connection: Connection) -> None:
        received = connection.read_request()
        body = response(200, CREATED if received.method == "POST" else b"[]")
        connection.send(body if is_late else body + surplus)
        if is_late:
            time.sleep(0.05)
            connection.send(surplus)
        sent.release()

    server.script(step)
    client.call("create_sms", **ARGUMENTS["create_sms"])
    assert sent.acquire(timeout=10)
    time.sleep(0.02)
    server.received.clear()
    client.try_out(operation)
    assert len(server.received) == 1
    assert server.connections == 2


def test_an_idle_connection_that_is_old_carries_no_post(
    client: AnyClient, server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.try_out("get_sms")
    monkeypatch.setattr("sms_scheduler._connections._SAFE_IDLE", 0.0)
    client.try_out("get_sms")
    assert server.connections == 1
    client.try_out("create_sms")
    assert server.connections == 2


def test_the_newest_idle_connection_is_used_first(make_client: MakeClient, server: FaultyServer) -> None:
    client = make_client(server.url)
    client.call_all("get_sms", [{"id": number} for number in range(5)])
    ports: set[int] = set()

    def step(connection: Connection) -> None:
        ports.add(connection.client_address[1])
        succeed(connection)

    server.script(*[step] * 5)
    for _ in range(5):
        client.try_out("get_sms")
    assert len(ports) == 1


def test_a_refusal_before_the_whole_request_was_read(client: AnyClient, server: FaultyServer) -> None:
    def step(connection: Connection) -> None:
        connection.read(20)
        connection.send(response(413, headers={"Connection": "close"}))
        connection.request.shutdown(socket.SHUT_WR)
        connection.hold()

    server.script(step)
    with pytest.raises(SmsSchedulerError, match="413") as caught:
        client.call("create_sms", **{**ARGUMENTS["create_sms"], "message_text": "x" * 300_000})
    assert caught.value.is_safe_to_retry


# Exceptions of the user's own


class TimeIsUpError(Exception):
    """Such as Celery's SoftTimeLimitExceeded."""


class TimeIsUpSystemError(OSError):
    """One that looks like an error of the system."""


@pytest.fixture(params=[TimeIsUpError, TimeIsUpSystemError, TimeoutError, KeyboardInterrupt])
def alarm(request: pytest.FixtureRequest) -> Iterator[type[BaseException]]:
    """An alarm clock that raises an exception of its own in a moment."""

    def ring(number: int, frame: FrameType | None) -> None:
        raise request.param("time is up")

    before = signal.signal(signal.SIGALRM, ring)
    yield request.param
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("max_connections", [1, 5])
def test_an_exception_of_a_signal_passes_through(
    server: FaultyServer, alarm: type[BaseException], max_connections: int
) -> None:
    """While waiting for an answer, or, with one connection, for the connection that another call has."""
    with SmsScheduler(API_KEY, base_url=server.url, max_connections=max_connections) as client:
        server.script(never_answer, never_answer)
        other = threading.Thread(target=lambda: client.with_options(timeout=1, max_retries=0).get_sms(1), daemon=True)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("threading.excepthook", lambda _: None)
            other.start()
            assert server.arrived.acquire(timeout=10)
            signal.setitimer(signal.ITIMER_REAL, 0.1)
            with pytest.raises(alarm, match="time is up") as caught:
                client.get_sms(2)
            other.join()
        assert type(caught.value) is alarm
        assert caught.value.__cause__ is None
        server.script()
        before = server.connections
        assert [client.get_sms(number).status for number in range(3)] == [13] * 3
        assert server.connections == before + 1


# Certificates


@pytest.mark.parametrize("name", ["SSL_CERT_FILE"])
def test_certificates_that_are_not_there(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    monkeypatch.setattr(httpx, "create_ssl_context", lambda: ssl.create_default_context(cafile=tmp_path / "none.pem"))
    monkeypatch.setenv(name, str(tmp_path / "none.pem"))
    with pytest.raises(ValueError, match=r"none\.pem"):
        make_client("https://a.example")


def test_a_host_that_is_not_there(make_client: MakeClient) -> None:
    with pytest.raises(NotSentError) as caught:
        make_client("https://does-not-exist.invalid", max_retries=0).try_out("create_sms")
    assert caught.value.is_safe_to_retry
