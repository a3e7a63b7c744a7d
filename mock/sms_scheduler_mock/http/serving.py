"""An ASGI application on a socket of its own, served by uvicorn in a thread."""

import asyncio
import os
import socket
import time
from functools import partial
from http import HTTPStatus
from threading import Thread
from typing import Any

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from .api import Reply
from .asgi import TRANSPORT
from .hosts import bracketed
from .._shortcut import Shortcut


class Serving:
    """Serves from when it is made until `stop`. What the shortcut has an answer to does not come to the application.

    Attributes:
        port: Where it listens, also where the system was left to choose.

    Raises:
        OSError: It cannot listen there.
    """

    def __init__(self, app: ASGIApp, shortcut: Shortcut, host: str, port: int) -> None:
        listener = _listen(host, port)
        self.port: int = listener.getsockname()[1]
        protocol: Any = partial(_Connection, shortcut)
        self._server = _Uvicorn(
            uvicorn.Config(
                app,
                loop="auto",
                http=protocol,
                ws="none",
                lifespan="off",
                log_config=None,  # the logging of the process is its owner's
                proxy_headers=False,
                server_header=False,
                access_log=False,
                timeout_keep_alive=60,
                timeout_graceful_shutdown=1,
            )
        )
        self._thread = Thread(target=self._server.run, kwargs={"sockets": [listener]}, name="MockServer", daemon=True)
        self._thread.start()
        while not self._server.started:
            if not self._thread.is_alive():
                raise RuntimeError("the server did not start; its error is on standard error")
            time.sleep(0.001)

    def stop(self) -> None:
        """Hang up on everyone, and stop."""
        self._server.should_exit = True
        self._thread.join()


class _Connection(H11Protocol):
    """Takes the shortcut while nothing is under way. Of uvicorn it relies on `conn`, `flow`, `app_state`, `server_state` and
    `on_response_complete`, which are not documented: the tests of the shortcut see whether they still are what they were.
    """

    def __init__(self, shortcut: Shortcut, **options: Any) -> None:
        super().__init__(**options)
        self._shortcut = shortcut

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Leave the transport where the application finds it."""
        super().connection_made(transport)
        self.app_state = {TRANSPORT: transport}

    def data_received(self, data: bytes) -> None:
        reply = self._shortcut.reply(data) if self._is_idle() else None
        if reply is None:
            super().data_received(data)
            return
        self.transport.write(self._in_bytes(reply))
        self.on_response_complete()

    def _is_idle(self) -> bool:
        """Whether everything that came was answered, and the client takes the answers."""
        return self.conn.their_state is h11.IDLE and not self.conn.trailing_data[0] and not self.flow.write_paused

    def _in_bytes(self, reply: Reply) -> bytes:
        headers, content = reply.encode()
        lines = [b"%b: %b\r\n" % header for header in (*self.server_state.default_headers, *headers)]
        return b"".join([_STATUS_LINES[reply.status], *lines, b"\r\n", content])


_STATUS_LINES = {int(status): f"HTTP/1.1 {status} {status.phrase}\r\n".encode() for status in HTTPStatus}


class _Uvicorn(uvicorn.Server):
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Hang up on everyone, then stop: whoever is in the middle of a request is not waited for."""
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)  # lets the connections notice
        await super().shutdown(sockets)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        raise OSError(error.errno, f"cannot listen on {bracketed(host)}:{port}: {reason}") from None
    # Connections inherit this. asyncio would set it only on sockets made with an explicit protocol
    # number, and each answer would wait 40 ms for the client's acknowledgement of its head.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
