"""What could make a client lie of a request, or lose a place: signals, half TLS records, other libraries' names of errors."""

import asyncio
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from traceback import TracebackException
from types import FrameType
from typing import Any, NoReturn

import httpx as plain_httpx
import pytest
import trustme
from httpx_aiohttp import AiohttpTransport
from sms_scheduler import AsyncSmsScheduler, NotSentError, OutcomeUnknownError, SmsScheduler
from sms_scheduler._about import httpx
from sms_scheduler._call import Call
from sms_scheduler._connections import Places, Turn
from sms_scheduler._exchange import Conversation, Tls
from sms_scheduler._settings import Secret, Settings
from sms_scheduler._types import Request

from .any_client import ARGUMENTS
from .conftest import API_KEY, MakeClient
from .faulty_server import (
    FaultyServer,
    Step,
    answer,
    close_after_reading,
    never_answer,
    reset_after_reading,
    response,
    say,
)

NEW_SMS = ARGUMENTS["create_sms"]


@pytest.mark.parametrize(("scheme", "port"), [("http", 80), ("https", 443)])
def test_a_url_without_a_port_has_that_of_its_scheme(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch, scheme: str, port: int
) -> None:
    asked: list[object] = []

    def look_up(host: str, port: object, *_: object, **__: object) -> NoReturn:
        asked.append(port)
        raise socket.gaierror("no such host")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    for base_url in (f"{scheme}://localhost/v1", f"{scheme}://localhost:{port}/v1"):
        with pytest.raises(Exception, match="no such host"):
            make_client(base_url, max_retries=0).call("get_sms", 1)
    assert asked == [port, port]


@pytest.mark.skipif(httpx is not plain_httpx, reason="httpx-aiohttp is made for httpx")
@pytest.mark.parametrize("step", [close_after_reading, reset_after_reading, say(b"HTTP/1.1 200 O")])
def test_a_lost_connection_over_aiohttp_is_not_taken_for_none(server: FaultyServer, step: Step) -> None:
    async def send() -> None:
        async with AsyncSmsScheduler(API_KEY, base_url=server.url, transport=AiohttpTransport()) as client:
            await client.create_sms(**NEW_SMS)

    server.script(*[step] * 3)
    with pytest.raises(OutcomeUnknownError) as caught:
        asyncio.run(send())
    assert caught.value.is_safe_to_retry is False
    assert len(server.calls) == 1


@pytest.mark.parametrize("status", [403, 407, 502])
def test_a_tunnel_that_a_proxy_refuses_carries_nothing(server: FaultyServer, status: int) -> None:
    server.script(*[answer(status)] * 3)
    transport = httpx.HTTPTransport(proxy=server.url)
    client = SmsScheduler(API_KEY, base_url="https://a.example", transport=transport)
    with client, pytest.raises(NotSentError, match=str(status)):
        client.create_sms(**NEW_SMS)
    assert {received.method for received in server.received} == {"CONNECT"}


@contextmanager
def handling(handler: Any) -> Iterator[None]:
    before = signal.signal(signal.SIGALRM, handler)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_an_error_of_a_handlers_own_request_does_not_make_this_one_unsent(server: FaultyServer) -> None:
    def ask_in_vain(number: int, frame: FrameType | None) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        httpx.get(f"http://127.0.0.1:{port}/")

    server.script(never_answer, never_answer)
    with handling(ask_in_vain), SmsScheduler(API_KEY, base_url=server.url, timeout=5) as client:
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        with pytest.raises(OutcomeUnknownError) as caught:
            client.create_sms(**NEW_SMS)
    assert caught.value.is_safe_to_retry is False
    assert len(server.calls) == 1


def test_a_system_error_of_a_handlers_own_is_not_taken_for_this_ones(server: FaultyServer) -> None:
    def connect_in_vain(number: int, frame: FrameType | None) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        socket.create_connection(("127.0.0.1", port))

    server.script(never_answer, never_answer)
    with handling(connect_in_vain), SmsScheduler(API_KEY, base_url=server.url, timeout=5) as client:
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        with pytest.raises(ConnectionRefusedError):
            client.get_sms(1)
    assert len(server.calls) == 1


def test_a_handler_that_would_wait_for_the_thread_it_interrupts_is_told(server: FaultyServer) -> None:
    """It came while connections were counted, all of which are taken."""
    with SmsScheduler(API_KEY, base_url=server.url, max_connections=1) as client:
        connections: Any = vars(client._sender._transport)["_pool"]
        places, other = connections.places(None), Waiting()
        assert places.take(other)
        with places._lock, pytest.raises(NotSentError, match="signal"):
            client.get_sms(1)
        places.leave(other)
        assert client.get_sms(1)


def test_a_place_is_given_whenever_a_handler_raises(server: FaultyServer) -> None:
    """Between any two steps of giving it, here where the turn is counted."""
    places, first, second = Places(1), Waiting(), Waiting()
    assert places.take(first)
    assert not places.take(second)
    holders: Any = places._holders
    count = holders.add

    def count_and_raise(turn: Turn) -> NoReturn:
        count(turn)
        raise KeyboardInterrupt

    holders.add = count_and_raise
    with pytest.raises(KeyboardInterrupt):
        places.leave(first)
    assert places.take(second)


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_nobody_sees_the_key_in_the_frames_of_a_call_that_a_handler_ends(server: FaultyServer, kind: str) -> None:
    async def send_async() -> None:
        async with asyncio.timeout(0.2):
            await AsyncSmsScheduler(API_KEY, base_url=server.url).create_sms(**NEW_SMS)

    def send() -> None:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        SmsScheduler(API_KEY, base_url=server.url).create_sms(**NEW_SMS)

    def ring(number: int, frame: FrameType | None) -> NoReturn:
        raise TimeoutError

    server.script(never_answer)
    with handling(ring), pytest.raises(TimeoutError) as caught:
        asyncio.run(send_async()) if kind == "async" else send()
    error: BaseException | None = caught.value
    shown = ""
    while error:
        shown += "".join(TracebackException.from_exception(error, capture_locals=True).format(chain=False))
        error = error.__cause__ or error.__context__
    assert "_exchange" in shown
    assert "Bearer" not in shown


FORK_WHILE_IMPORTING = """
import os, sys, threading, time
from importlib.abc import MetaPathFinder
from sms_scheduler import SmsScheduler
from sms_scheduler._about import httpx

core = httpx.__name__.replace("httpx", "httpcore")
if core in sys.modules:
    sys.exit("imported at once")
begun = threading.Event()

class Slow(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.startswith(core + "."):
            begun.set()
            time.sleep(0.05)

sys.meta_path.insert(0, Slow())
client = SmsScheduler(sys.argv[1], base_url=sys.argv[2], deadline=5)
thread = threading.Thread(target=client.get_sms, args=(1,))
thread.start()
begun.wait()
if (child := os.fork()) == 0:
    client.get_sms(2)
    os._exit(0)
thread.join()
print(os.waitpid(child, 0)[1])
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked off here")
def test_a_fork_while_the_first_call_imports_what_it_needs(server: FaultyServer) -> None:
    command = [sys.executable, "-W", "ignore", "-c", FORK_WHILE_IMPORTING, API_KEY, server.url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if done.stderr == "imported at once\n":
        pytest.skip("this version of httpx imports httpcore with itself, before the first call")
    assert (done.stdout.strip(), done.stderr) == ("0", "")
    assert sorted(server.calls) == ["GET /sms/1", "GET /sms/2"]


class Waiting(Turn):
    is_woken = False

    def wake(self) -> None:
        self.is_woken = True


def test_a_place_that_nobody_has_any_more_is_free() -> None:
    places, first, second = Places(1), Waiting(), Waiting()
    assert places.take(first)
    assert not places.take(second)
    del first  # without leaving, as when a signal's handler raises at that moment
    assert places.take(second)
    third = Waiting()
    assert not places.take(third)
    places.leave(second)
    assert third.is_woken
    assert third.has_place


def test_a_newcomer_does_not_overtake_who_waits() -> None:
    places, first, second, third = Places(1), Waiting(), Waiting(), Waiting()
    assert places.take(first)
    assert not places.take(second)
    del first
    assert not places.take(third)
    assert places.take(second)


def test_a_thread_that_was_not_woken_looks_again(server: FaultyServer) -> None:
    with SmsScheduler(API_KEY, base_url=server.url, max_connections=1) as client, ThreadPoolExecutor(1) as pool:
        connections: Any = vars(client._sender._transport)["_pool"]
        places, lost = connections.places(None), Waiting()
        assert places.take(lost)
        call = pool.submit(client.get_sms, 1)
        with pytest.raises(TimeoutError):
            call.result(timeout=0.1)
        del lost
        assert call.result(timeout=10)


def test_a_handler_may_close_the_client_at_any_moment() -> None:
    client = SmsScheduler(API_KEY, base_url="http://127.0.0.1:9")
    connections: Any = vars(client._sender._transport)["_pool"]
    with connections.places(None)._lock, connections._lock:
        client.close()
    assert connections._places == {}


def settings(**options: Any) -> Settings:
    values = {"timeout": 30, "deadline": None, "max_retries": 0, "timezone": None, "max_connections": 1}
    return Settings(Secret(API_KEY), "http://127.0.0.1:9", **{**values, "max_response_bytes": 1000, **options})


def test_a_whole_answer_is_not_thrown_away_for_the_deadline() -> None:
    call = Call(Request("getSms", "GET", "/sms/1"), settings(deadline=0.001))
    time.sleep(0.01)
    assert call.response(httpx.Response(200), [b"{}"]).content == b"{}"
    with pytest.raises(httpx.ReadTimeout):
        call.response(httpx.Response(200), [b"{", b"}"], is_whole=False)


def test_chunks_cost_no_more_than_what_they_may_hold(make_client: MakeClient, server: FaultyServer) -> None:
    chunks = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1;" + b"x" * 200_000 + b"\r\n1\r\n0\r\n\r\n"
    server.script(say(chunks))
    with pytest.raises(OutcomeUnknownError):
        make_client(server.url, max_response_bytes=10_000, max_retries=0).call("get_sms", 1)


class SecureServer:
    """The server's end of a TLS connection in memory."""

    def __init__(self, authority: trustme.CA) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(context)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.object = context.wrap_bio(self.incoming, self.outgoing, server_side=True)

    def shake_hands(self, tls: Tls) -> None:
        data, is_done = tls.shake_hands(None)
        while not is_done:
            self.incoming.write(data)
            with suppress(ssl.SSLWantReadError):
                self.object.do_handshake()
            data, is_done = tls.shake_hands(self.outgoing.read())
        self.incoming.write(data)
        self.object.do_handshake()

    def record(self, content: bytes) -> bytes:
        self.object.write(content)
        return self.outgoing.read()

    def end(self) -> bytes:
        """Say that nothing more comes."""
        with suppress(ssl.SSLWantReadError):
            self.object.unwrap()
        return self.outgoing.read()


@contextmanager
def securely_asked() -> Iterator[tuple[Conversation, SecureServer]]:
    """A conversation over TLS in which something was asked."""
    authority = trustme.CA()
    context = ssl.create_default_context()
    authority.configure_trust(context)
    tls, server = Tls(context, "localhost"), SecureServer(authority)
    server.shake_hands(tls)
    conversation = Conversation(1_000_000, tls)
    conversation.ask(b"GET", b"/", [(b"Host", b"localhost")], [])
    if tickets := server.outgoing.read():
        conversation.receive(tickets)
    yield conversation, server


@pytest.mark.parametrize("surplus", [0, 1, 4, 5, 20])
def test_a_record_that_came_in_part_ends_its_connection(surplus: int) -> None:
    with securely_asked() as (conversation, server):
        answer, late = server.record(response(200, b"{}")), server.record(response(429))
        assert conversation.receive(answer + late[:surplus]) is not None
        assert conversation.is_reusable is (surplus == 0)
        if surplus == 0:
            assert conversation.is_quiet(late[:7]) is False


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"])
@pytest.mark.parametrize("is_at_once", [True, False])
def test_an_end_of_tls_is_the_end_of_the_response_and_of_the_connection(head: bytes, is_at_once: bool) -> None:
    with securely_asked() as (conversation, server):
        answer, end = server.record(head + b"{}"), server.end()
        if is_at_once or b"Length" in head:
            found = conversation.receive(answer + end)
        else:
            assert conversation.receive(answer) is None
            found = conversation.receive(end)
        assert found is not None
        assert found.stream.content == b"{}"
        assert not conversation.is_reusable


def test_what_is_no_record_takes_nothing_from_the_response_before_it() -> None:
    with securely_asked() as (conversation, server):
        found = conversation.receive(server.record(response(200, b"{}")) + b"this is no record of TLS")
        assert found is not None
        assert not conversation.is_reusable
