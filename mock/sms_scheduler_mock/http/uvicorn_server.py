"""An ASGI application on sockets of its own, served by uvicorn in a thread."""

import asyncio
import errno
import os
import re
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import NamedTuple, cast

import httptools
import uvicorn
from starlette.types import ASGIApp
from uvicorn._types import HTTPScope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from ..backend import machine_time
from .app import TRANSPORT
from .hosts import bracketed

# How many bytes the line and the headers of a request may have.
_LONGEST_HEAD = 65_536


class Tls(NamedTuple):
    """A certificate chain and its key, in PEM. The key may be in the file of the certificate."""

    certificate: Path
    key: Path | None


class Address(NamedTuple):
    """Where a server listens, and how long it waits for a request that has begun, in seconds."""

    host: str
    port: int
    tls: Tls | None
    request_timeout: float


class UvicornServer:
    """Serves from when it is made until `stop`.

    Attributes:
        port: Where it listens, also where the system was left to choose.

    Raises:
        OSError: It cannot listen there, or the certificate cannot be used.
    """

    def __init__(self, app: ASGIApp, address: Address) -> None:
        config = uvicorn.Config(
            app,
            loop="auto",
            http=_Connection,
            ws="none",
            lifespan="off",
            log_config=None,  # the logging of the process is its owner's
            proxy_headers=False,
            server_header=False,
            access_log=False,
            timeout_keep_alive=60,
            timeout_graceful_shutdown=1,
        )
        config.load()
        if address.tls:
            config.ssl = _context(address.tls)
        listeners = _listen(address.host, address.port)
        self.port: int = listeners[0].getsockname()[1]
        self._server = _Server(config, address.request_timeout)
        self._thread = Thread(target=self._server.run, kwargs={"sockets": listeners}, name="MockServer", daemon=True)
        self._thread.start()
        while not self._server.started:
            if not self._thread.is_alive():
                raise RuntimeError("the server did not start; its error is on standard error")
            time.sleep(0.001)

    def stop(self) -> None:
        """Hang up on everyone, and stop."""
        self._server.should_exit = True
        self._thread.join()


class _HeadTooLongError(Exception):
    """The line and the headers of a request have more than `_LONGEST_HEAD` bytes."""


class _Connection(HttpToolsProtocol):
    """Leaves its transport in the scope's state: ASGI has no way to close or reset a connection.

    Attributes:
        waiting_since: When a request was first seen to be on its way; None while nothing is.
    """

    waiting_since: float | None = None
    url: bytes
    _unread = 0  # bytes since the last request was complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {TRANSPORT: transport}

    @property
    def is_waiting(self) -> bool:
        """Whether more of a request has to come: any of its bytes, on a connection that never had one."""
        if self.timeout_keep_alive_task is not None and not self._is_in_head:
            return False  # between requests, which has a time of its own
        return self._is_between or self.cycle.more_body

    @property
    def _is_between(self) -> bool:
        """Whether no request is being answered."""
        cycle = cast("RequestResponseCycle | None", self.cycle)  # None at first
        return cycle is None or cycle.response_complete

    @property
    def _is_in_head(self) -> bool:
        """Whether a request has begun whose headers are not complete."""
        scope, cycle = cast("HTTPScope | None", self.scope), cast("RequestResponseCycle | None", self.cycle)
        return scope is not None and (cycle is None or cycle.scope is not scope)

    def data_received(self, data: bytes) -> None:
        """As uvicorn does, but for a wish to upgrade, which is overlooked: the request is read to its end as it is."""
        self._unset_keepalive_if_required()
        self._unread += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._read_without_upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserError as error:
            if isinstance(error.__context__, _HeadTooLongError):
                self._refuse_head()
            else:
                self.send_400_response("Invalid HTTP request received.")
        else:
            if self._unread > _LONGEST_HEAD and self._is_in_head:
                self._refuse_head()

    def on_headers_complete(self) -> None:
        if self._unread > _LONGEST_HEAD and self._head_length() > _LONGEST_HEAD:
            raise _HeadTooLongError
        if self.parser.should_upgrade():  # it is read once more, without that
            return
        if self.url[:1] != b"/" and re.fullmatch(rb"https?://[^/?#]+", self.url, re.IGNORECASE):
            self.url += b"/"  # a request through a proxy may name the root without it
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._unread = 0
        if not self.parser.should_upgrade():
            super().on_message_complete()

    def _read_without_upgrade(self, rest: bytes) -> None:
        """Read a request that asks for another protocol, such as h2c, as one that does not: the parser would skip its body."""
        method = self.parser.get_method()
        if method == b"CONNECT":
            return self.send_400_response("The mock server is no proxy.")
        version = self.parser.get_http_version().encode()
        kept = [(name, value) for name, value in self.headers if name not in {b"connection", b"upgrade"}]
        lines = [b"%s %s HTTP/%s" % (method, self.url, version), *(b"%s: %s" % header for header in kept)]
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self.data_received(b"\r\n".join([*lines, b"", rest]))
        return None

    def _head_length(self) -> int:
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def _refuse_head(self) -> None:
        """Answer 431 and hang up, unless an answer is on its way."""
        if self._is_between:
            words = b"The line and the headers of a request have %d bytes at most." % _LONGEST_HEAD
            head = b"HTTP/1.1 431 \r\ncontent-type: text/plain\r\ncontent-length: %d\r\nconnection: close\r\n\r\n"
            self.transport.write(head % len(words) + words)
        self.transport.close()


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, request_timeout: float) -> None:
        super().__init__(config)
        self._request_timeout = request_timeout

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        loop = self.config.get_loop_factory()()  # type: ignore[misc]
        if isinstance(loop, asyncio.BaseEventLoop):
            # Its timers go by this, and would stand still while a test has frozen the time; uvloop's do not.
            loop.time = machine_time.monotonic  # type: ignore[method-assign]
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(self.serve(sockets=sockets))

    async def on_tick(self, counter: int) -> bool:
        if counter % 10 == 0:  # once a second
            self._let_go_of_half_requests()
        return await super().on_tick(counter)

    def _let_go_of_half_requests(self) -> None:
        """Hang up on whoever has been sending a request for too long: there are only so many connections."""
        now = machine_time.monotonic()
        for connection in cast("list[_Connection]", list(self.server_state.connections)):
            if not connection.is_waiting:
                connection.waiting_since = None
            elif connection.waiting_since is None:
                connection.waiting_since = now
            elif now - connection.waiting_since > self._request_timeout:
                connection.transport.abort()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Hang up on everyone, then stop: whoever is in the middle of a request is not waited for."""
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)  # lets the connections notice
        await super().shutdown(sockets)


def _context(tls: Tls) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(tls.certificate, tls.key, password="")  # so that nobody is asked for one
    except OSError as error:
        names = " and ".join(str(path) for path in tls if path)
        is_tls = isinstance(error, ssl.SSLError)
        reason = "a certificate and its key in PEM, without a password, are wanted" if is_tls else error.strerror
        if is_tls and not tls.key:
            reason = f"{reason}; give the file of the key too, with tls_key, --tls-key on the command line"
        raise OSError(error.errno, f"cannot use {names} for TLS: {reason}") from None
    return context


def _listen(host: str, port: int) -> list[socket.socket]:
    """Listen on a port at every address of a host."""
    try:
        listeners = list(_listeners(host, port))
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        raise OSError(error.errno, f"cannot listen on {bracketed(host)}:{port}: {reason}") from None
    for listener in listeners:
        # Connections inherit this. asyncio would set it only on sockets made with an explicit protocol
        # number, and each answer would wait 40 ms for the client's acknowledgement of its head.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listeners


def _listeners(host: str, port: int) -> Iterator[socket.socket]:
    if host != "localhost":
        yield _listener(host, port)
        return
    # A client may take either address that localhost has, so both are listened on; one where a machine has no other.
    first = _listener("127.0.0.1", port)
    yield first
    try:
        yield _listener("::1", first.getsockname()[1])
    except OSError as error:
        if error.errno == errno.EADDRINUSE and port:
            first.close()
            raise


def _listener(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    is_for_both = host == "::" and socket.has_dualstack_ipv6()
    return socket.create_server((host, port), family=family, backlog=2048, dualstack_ipv6=is_for_both)
