"""An ASGI application on a socket of its own, served by uvicorn in a thread."""

import asyncio
import os
import socket
import time
from threading import Thread

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from .app import TRANSPORT
from .hosts import bracketed


class UvicornServer:
    """Serves from when it is made until `stop`.

    Attributes:
        port: Where it listens, also where the system was left to choose.

    Raises:
        OSError: It cannot listen there.
    """

    def __init__(self, app: ASGIApp, host: str, port: int) -> None:
        listener = _listen(host, port)
        self.port: int = listener.getsockname()[1]
        self._server = _Server(
            uvicorn.Config(
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


class _Connection(HttpToolsProtocol):
    """Leaves its transport in the scope's state: ASGI has no way to close or reset a connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {TRANSPORT: transport}


class _Server(uvicorn.Server):
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
