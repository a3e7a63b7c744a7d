# Made by scripts/generate from openapi.yaml, SMS Scheduler 0.2.0: do not edit.
"""Connections that calls take turns on: at most so many, first come first served, each lent to one call at a time.

What is here serves both clients. It never uses what another process or another event loop has made.
"""

import contextlib
import functools
import importlib
import os
import socket
import ssl
import sys
import threading
import time
import traceback
import weakref
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Generic, Self, TypeVar, cast

from ._about import HTTP_CORE, httpx
from ._exchange import BEGINNING, Answer, Conversation, Tls
from ._policy import GivingUpError
from ._settings import Settings

# Seconds. Servers keep idle connections for five seconds and up: what idled for longer may be closed any moment, which a
# request that must not be repeated cannot risk. What idled for the second is closed.
_SAFE_IDLE, _LONGEST_IDLE = 4.0, 60.0
_READ_SIZE = 65_536
# How often a waiting thread looks again, in case that a signal's handler came between it and its turn. Seconds.
_LOOK_AGAIN = 1.0
# Modules in which system calls are made, those of libraries that take the place of the standard ones too.
_SYSTEM = {
    *("asyncio", "concurrent", "eventlet", "gevent", "selectors", "socket", "ssl", "threading", "uvloop"),
    __name__.partition(".")[0],
}
CLOSED = "the client is closed"
OwnerT = TypeVar("OwnerT")


class Turn:
    """The place of a call: in the queue at first, and then on a connection, or on one that is yet to be made."""

    def __init__(self) -> None:
        self.is_queued = self.has_place = False
        self.connection: Connection | None = None

    def wake(self) -> None:
        """Let the call go on, which has a place now."""
        raise NotImplementedError


class Connection:
    """A connected socket, with its conversation."""

    def __init__(self, sock: socket.socket, conversation: Conversation) -> None:
        self.socket, self.conversation = sock, conversation
        self.idle_since = 0.0

    def is_fit(self, method: str) -> bool:
        """Whether an idle connection may carry a request: not too old, still open, and nothing came in the meantime."""
        idle = time.monotonic() - self.idle_since
        if idle > (_SAFE_IDLE if method in {"POST", "PATCH"} else _LONGEST_IDLE):
            return False
        self.socket.setblocking(False)
        try:
            return self.conversation.is_quiet(self.socket.recv(_READ_SIZE))
        except BlockingIOError:
            return True
        except (OSError, httpx.ReadError):
            return False

    def close(self) -> None:
        self.socket.close()


class Places:
    """So many places for connections, the idle ones, and the queue of the calls that wait for one.

    A signal's handler may raise between any two steps here, and may use the client itself: the lock lets its own thread
    in again, a place is free as soon as nobody has the turn that held it, and a thread that waits looks again at times.
    """

    def __init__(self, count: int) -> None:
        self.process = os.getpid()
        self._lock = threading.RLock()
        self._count = count
        self._holders: weakref.WeakSet[Turn] = weakref.WeakSet()
        self._idle: deque[Connection] = deque()
        self._queue: deque[Turn] = deque()
        self.is_closed = False

    def take(self, turn: Turn) -> bool:
        """Give a place if it is the call's turn, else put it at the end of the queue. Whether it has a place."""
        with self._lock:
            first = self._first_waiting()
            if not turn.has_place and (self.is_closed or (first in {None, turn} and self._has_room)):
                self._give(turn, self._idle.pop() if self._idle else None)
            elif not (turn.has_place or turn.is_queued):
                turn.is_queued = True
                self._queue.append(turn)
            return turn.has_place

    def check_waiting(self) -> None:
        """Raise GivingUpError where a wait would never end: in a signal's handler that came between two steps here."""
        try:
            threading.Condition(self._lock).notify(0)  # which takes a lock that this thread holds
        except RuntimeError:
            return
        raise GivingUpError("all connections are taken, and a signal came while they were counted", is_unsent=True)

    def drop(self, turn: Turn) -> None:
        """Close the connection of a call that has a place, and give it the next idle one, if there is one."""
        if turn.connection:
            turn.connection.close()
        with self._lock:
            turn.connection = self._idle.pop() if self._idle else None

    def leave(self, turn: Turn) -> None:
        """End a call's turn, however it went: its place is the next one's, and so is its connection if it is reusable."""
        connection = turn.connection
        if connection and not (connection.conversation.is_reusable and not self.is_closed):
            connection.close()
            connection = None
        if connection:
            connection.idle_since = time.monotonic()
        if self.process != os.getpid():  # forked off during the call: the lock may be held by a thread that is not here
            return
        with self._lock:
            turn.connection = None
            self._holders.discard(turn)
            if turn.is_queued:
                with contextlib.suppress(ValueError):
                    self._queue.remove(turn)
            if self._has_room and (first := self._first_waiting()):
                self._give(first, connection)
                first.wake()
            elif connection and self.is_closed:
                connection.close()
            elif connection:
                self._idle.append(connection)
            turn.has_place = False
            while self._idle and self._idle[0].idle_since < time.monotonic() - _LONGEST_IDLE:
                self._idle.popleft().close()

    def close(self) -> None:
        """Close the idle connections, and let those that wait go on, to see that it is over."""
        with self._lock:
            self.is_closed = True
            while first := self._first_waiting():
                self._give(first, None)
                first.wake()
            while self._idle:
                self._idle.pop().close()

    def forget(self) -> None:
        """In a new process: give back what it inherited. Its parent's connections stay open in the parent."""
        for connection in self._idle:
            connection.close()

    @property
    def _has_room(self) -> bool:
        return len(self._holders) < self._count

    def _first_waiting(self) -> Turn | None:
        """The call that has waited longest for a place."""
        while self._queue and self._queue[0].has_place:
            self._queue.popleft()
        return self._queue[0] if self._queue else None

    def _give(self, turn: Turn, connection: Connection | None) -> None:
        turn.connection = connection
        turn.has_place = True  # first: a turn that is counted and does not know would wait for itself
        self._holders.add(turn)


class Pool(Generic[OwnerT]):
    """The places of each owner: of the process, or of each event loop in it.

    Args:
        count: How many connections an owner may have.
        largest_body: The largest body of a response, in bytes.
        tls: What to begin TLS with, or None for connections in clear text.
    """

    def __init__(self, count: int, largest_body: int, tls: ssl.SSLContext | None) -> None:
        self._count, self._largest_body, self._tls = count, largest_body, tls
        self._lock = threading.RLock()
        self._places: dict[OwnerT, Places] = {}
        self._is_closed = False
        _pools.add(self)

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The connections that the options of a client ask for."""
        return cls(settings.max_connections, settings.max_response_bytes, settings.tls())

    def places(self, owner: OwnerT) -> Places:
        """The places of an owner. Raises GivingUpError when all is closed."""
        if self._is_closed:
            raise GivingUpError(CLOSED, is_unsent=True)
        places = self._places.get(owner)
        if places and places.process == os.getpid():
            return places
        if places:
            self.forget()
        with self._lock:
            if self._is_closed:
                raise GivingUpError(CLOSED, is_unsent=True)
            return self._places.setdefault(owner, Places(self._count))

    def close_owners(self, is_over: Callable[[OwnerT], bool] = lambda _: True) -> None:
        """Close the places of owners that are over; by default of all."""
        with self._lock:
            for owner in [owner for owner in self._places if is_over(owner)]:
                self._places.pop(owner).close()

    def end(self) -> None:
        """Close all there is, for good."""
        with self._lock:
            self._is_closed = True
            self.close_owners()

    def forget(self) -> None:
        """Begin anew in a process that was forked off. A thread that is not there may have held a lock."""
        inherited, self._places, self._lock = self._places, {}, threading.RLock()
        for places in inherited.values():
            places.forget()

    def port(self, url: Any) -> int:
        """The port of a URL, which leaves it out if it is that of its scheme."""
        return int(url.port or (443 if self._tls else 80))

    def converse(self, sock: socket.socket, host: str) -> tuple[Connection, Tls | None]:
        """Make a connection of a connected socket, with TLS that is yet to shake hands."""
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        tls = Tls(self._tls, host) if self._tls else None
        return Connection(sock, Conversation(self._largest_body, tls)), tls


_pools: "weakref.WeakSet[Pool[Any]]" = weakref.WeakSet()


def _forget_all() -> None:
    for pool in list(_pools):
        pool.forget()


_importing = threading.RLock()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
    # A child that is forked off during an import would wait for ever for a thread that it does not have.
    os.register_at_fork(
        before=_importing.acquire, after_in_parent=_importing.release, after_in_child=_importing.release
    )


@functools.cache
def import_core() -> None:
    """Import what the HTTP library does not before the first request. It takes too long to do so for each user."""
    with _importing:
        importlib.import_module(HTTP_CORE)


class Bounds:
    """How long each wait of an attempt may take: its own time-out, and what is left until the deadline."""

    def __init__(self, timeouts: Mapping[str, float | None]) -> None:
        self._timeouts, self._deadline = timeouts, timeouts.get("deadline")

    def seconds(self, kind: str | None = None) -> float | None:
        """The seconds for a wait of a kind, or for one without a time-out of its own. Raises TimeoutError for none."""
        timeout = self._timeouts.get(kind) if kind else None
        if self._deadline is None:
            return timeout
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the deadline has passed")
        return left if timeout is None else min(left, timeout)


def is_of_the_system(error: OSError) -> bool:
    """Whether a system call failed. A signal's handler that ran meanwhile may raise an OSError too, which is its own."""
    frames = traceback.walk_tb(error.__traceback__)
    return all(frame.f_globals.get("__name__", "").partition(".")[0] in _SYSTEM for frame, _ in frames)


class Failing(contextlib.AbstractContextManager[None]):
    """Turns the errors of the system into those of the HTTP library, and lets all others through."""

    def __init__(self, timeout: type[Exception], other: type[Exception], late: str) -> None:
        self._timeout, self._other, self._late = timeout, other, late

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, OSError) and is_of_the_system(error):
            failure = self._timeout if isinstance(error, TimeoutError) else self._other
            raise failure(str(error) or self._late) from error


WAITING = Failing(httpx.PoolTimeout, httpx.ConnectError, "the deadline has passed while waiting for a connection")
CONNECTING = Failing(httpx.ConnectTimeout, httpx.ConnectError, "no connection in time")
READING = Failing(httpx.ReadTimeout, httpx.ReadError, "no response in time")
WRITING = Failing(httpx.WriteTimeout, httpx.WriteError, "the request was not taken in time")


def mocked(pool: str, method: str) -> Any:
    """The HTTP library's own pool, if a tool such as respx has replaced its method; None if not.

    A test that believes the network mocked must not reach it.
    """
    kind = getattr(sys.modules[HTTP_CORE], pool)
    return None if getattr(kind, method).__module__.partition(".")[0] == HTTP_CORE else kind()


class _ThreadTurn(Turn):
    """The turn of a call that waits in a thread."""

    def __init__(self) -> None:
        super().__init__()
        self._gate = threading.Lock()
        self._gate.acquire()

    def wake(self) -> None:
        if self._gate.locked():
            self._gate.release()

    def wait(self, seconds: float | None) -> None:
        self._gate.acquire(timeout=_LOOK_AGAIN if seconds is None else min(seconds, _LOOK_AGAIN))


class Connections(Pool[None]):
    """Takes the place of httpcore's pool in an HTTPTransport."""

    def handle_request(self, request: Any) -> Answer:
        """Send a request and read its response, as httpcore has both."""
        if pool := mocked("ConnectionPool", "handle_request"):
            return cast("Answer", pool.handle_request(request))
        bounds = Bounds(request.extensions["timeout"])
        places, turn = self.places(None), _ThreadTurn()
        try:
            self._wait(places, turn, bounds)
            while turn.connection and not turn.connection.is_fit(request.method.decode()):
                places.drop(turn)
            if not turn.connection:
                turn.connection = self._connect(request.url, bounds)
            return self._exchange(turn.connection, request, bounds)
        finally:
            places.leave(turn)

    def close(self) -> None:
        self.end()

    @staticmethod
    def _wait(places: Places, turn: _ThreadTurn, bounds: Bounds) -> None:
        with WAITING:
            while not places.take(turn):
                places.check_waiting()
                turn.wait(bounds.seconds())
        if places.is_closed:
            raise GivingUpError(CLOSED, is_unsent=True)

    def _connect(self, url: Any, bounds: Bounds) -> Connection:
        with CONNECTING:
            sock = _connected(url.host, self.port(url), bounds)
            try:
                connection, tls = self.converse(sock, url.host.decode())
                received: bytes | None = None
                while tls:
                    data, is_done = tls.shake_hands(received)
                    sock.settimeout(bounds.seconds("connect"))
                    sock.sendall(data)
                    if is_done:
                        break
                    received = sock.recv(_READ_SIZE)
            except BaseException:
                sock.close()
                raise
        return connection

    @staticmethod
    def _exchange(connection: Connection, request: Any, bounds: Bounds) -> Answer:
        sock, conversation = connection.socket, connection.conversation
        data = conversation.ask(request.method, request.url.target, request.headers, request.stream)
        with WAITING:
            sock.settimeout(bounds.seconds("write"))
        if trace := request.extensions.get("trace"):
            trace(BEGINNING, {})
        unwritten: httpx.TransportError | None = None
        try:
            with WRITING:
                sock.sendall(data)
        except httpx.WriteError as error:  # a server may answer, and refuse, before all has arrived
            unwritten = error
        answer = None
        while answer is None:
            try:
                with READING:
                    sock.settimeout(bounds.seconds("read"))
                    received = sock.recv(_READ_SIZE)
            except httpx.ReadError as error:
                raise unwritten or error from error.__cause__
            answer = conversation.receive(received)
        conversation.is_reusable &= unwritten is None
        return answer


def _connected(host: bytes, port: int, bounds: Bounds) -> socket.socket:
    """Connect to the first address of a host that takes it."""
    failure = OSError(f"{host.decode()} has no address")
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        sock = None
        try:
            sock = socket.socket(family, kind, protocol)
            sock.settimeout(bounds.seconds("connect"))
            sock.connect(address)
        except BaseException as error:
            if sock:
                sock.close()
            if not (isinstance(error, OSError) and is_of_the_system(error)):
                raise
            failure = error
        else:
            return sock
    raise failure
