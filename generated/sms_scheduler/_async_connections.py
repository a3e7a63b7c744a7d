# Made by scripts/generate from openapi.yaml, SMS Scheduler 0.2.0: do not edit.
"""The connections of the asynchronous client. A module of its own, since asyncio takes as long to import as all else."""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable
from typing import Any, TypeVar, cast

from ._about import httpx
from ._connections import (
    CLOSED,
    CONNECTING,
    READING,
    WAITING,
    WRITING,
    Bounds,
    Connection,
    Places,
    Pool,
    Turn,
    is_of_the_system,
    mocked,
)
from ._exchange import BEGINNING, Answer
from ._policy import GivingUpError

T = TypeVar("T")
_READ_SIZE = 65_536
_NO_LOOP = "the asynchronous client needs asyncio; elsewhere, as with trio, use the other client in a thread"


def running_loop() -> asyncio.AbstractEventLoop:
    """The event loop that this runs in. Raises GivingUpError where there is none."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        raise GivingUpError(_NO_LOOP, is_unsent=True) from None


class _LoopTurn(Turn):
    """The turn of a call that waits in an event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._loop = loop
        self.gate: asyncio.Future[None] = loop.create_future()

    def wake(self) -> None:
        if asyncio._get_running_loop() is self._loop:
            self._open()
            return
        with contextlib.suppress(RuntimeError):  # the loop is closed, as when a client is closed elsewhere
            self._loop.call_soon_threadsafe(self._open)

    def _open(self) -> None:
        if not self.gate.done():
            self.gate.set_result(None)


class AsyncConnections(Pool[asyncio.AbstractEventLoop]):
    """Takes the place of httpcore's pool in an AsyncHTTPTransport."""

    async def handle_async_request(self, request: Any) -> Answer:
        """Send a request and read its response, as httpcore has both."""
        if pool := mocked("AsyncConnectionPool", "handle_async_request"):
            return cast("Answer", await pool.handle_async_request(request))
        bounds = Bounds(request.extensions["timeout"])
        loop = running_loop()
        places, turn = self._places_in(loop), _LoopTurn(loop)
        try:
            await self._wait(places, turn, bounds)
            while turn.connection and not turn.connection.is_fit(request.method.decode()):
                places.drop(turn)
            if not turn.connection:
                turn.connection = await self._connect(loop, request.url, bounds)
            return await self._exchange(loop, turn.connection, request, bounds)
        finally:
            places.leave(turn)

    async def aclose(self) -> None:
        self.end()

    def _places_in(self, loop: asyncio.AbstractEventLoop) -> Places:
        if loop not in self._places:
            self.close_owners(lambda owner: owner.is_closed())
        return self.places(loop)

    @staticmethod
    async def _wait(places: Places, turn: _LoopTurn, bounds: Bounds) -> None:
        with WAITING:
            if not places.take(turn):
                await _within(bounds.seconds(), turn.gate)
        if places.is_closed:
            raise GivingUpError(CLOSED, is_unsent=True)

    async def _connect(self, loop: asyncio.AbstractEventLoop, url: Any, bounds: Bounds) -> Connection:
        with CONNECTING:
            sock = await _connected(loop, url.host, self.port(url), bounds)
            try:
                connection, tls = self.converse(sock, url.host.decode())
                received: bytes | None = None
                while tls:
                    data, is_done = tls.shake_hands(received)
                    await _within(bounds.seconds("connect"), loop.sock_sendall(sock, data))
                    if is_done:
                        break
                    received = await _within(bounds.seconds("connect"), loop.sock_recv(sock, _READ_SIZE))
            except BaseException:
                sock.close()
                raise
        return connection

    @staticmethod
    async def _exchange(
        loop: asyncio.AbstractEventLoop, connection: Connection, request: Any, bounds: Bounds
    ) -> Answer:
        sock, conversation = connection.socket, connection.conversation
        body = [piece async for piece in request.stream]
        data = conversation.ask(request.method, request.url.target, request.headers, body)
        with WAITING:
            seconds = bounds.seconds("write")
        if trace := request.extensions.get("trace"):
            await trace(BEGINNING, {})
        unwritten: httpx.TransportError | None = None
        try:
            with WRITING:
                await _within(seconds, loop.sock_sendall(sock, data))
        except httpx.WriteError as error:  # a server may answer, and refuse, before all has arrived
            unwritten = error
        answer = None
        while answer is None:
            try:
                with READING:
                    received = await _within(bounds.seconds("read"), loop.sock_recv(sock, _READ_SIZE))
            except httpx.ReadError as error:
                raise unwritten or error from error.__cause__
            answer = conversation.receive(received)
        conversation.is_reusable &= unwritten is None
        return answer


async def _connected(loop: asyncio.AbstractEventLoop, host: bytes, port: int, bounds: Bounds) -> socket.socket:
    """Connect to the first address of a host that takes it."""
    failure = OSError(f"{host.decode()} has no address")
    addresses = await _within(bounds.seconds("connect"), loop.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    for family, kind, protocol, _, address in addresses:
        sock = None
        try:
            sock = socket.socket(family, kind, protocol)
            sock.setblocking(False)
            await _within(bounds.seconds("connect"), loop.sock_connect(sock, address))
        except BaseException as error:
            if sock:
                sock.close()
            if not (isinstance(error, OSError) and is_of_the_system(error)):
                raise
            failure = error
        else:
            return sock
    raise failure


async def _within(seconds: float | None, awaitable: Awaitable[T]) -> T:
    if seconds is None:
        return await awaitable
    async with asyncio.timeout(seconds):
        return await awaitable
