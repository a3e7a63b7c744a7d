"""The API as an ASGI application: how bodies are read and responses sent."""

import socket
import struct
from collections.abc import Sequence
from typing import Any

import anyio
from starlette.types import ASGIApp, Receive, Scope, Send

from .exchange import Encoded, HangUp, Response
from .routing import Route, Service

# Where the connections of the mock server's own uvicorn leave their transport, for the faults that end a connection.
TRANSPORT = "sms_scheduler_mock.transport"


class HangUpError(ConnectionError):
    """Another ASGI server cannot end a connection without an answer."""


class App:
    """Serves the API; all else is left to another application."""

    def __init__(self, service: Service, other: ASGIApp) -> None:
        self._service = service
        self._other = other

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        route = self._service.find(path_of(scope)) if scope["type"] == "http" else None
        if route is None:
            await self._other(scope, receive, send)
        else:
            await serve(self._service, route, scope, receive, send)


def path_of(scope: Scope) -> str:
    """The path of a request, below that where the application is mounted."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))


async def serve(service: Service, route: Route, scope: Scope, receive: Receive, send: Send) -> None:
    """Have a service answer a request to a route of its own."""
    try:
        body = await _read(receive, scope["headers"], service.max_body)
    except ConnectionAbortedError:
        return
    response = service.answer(route, scope["method"], scope["headers"], body)
    if response.delay and await _hangs_up(receive, response.delay):
        return
    if response.hang_up:
        await _hang_up(response.hang_up, scope, receive)
    else:
        await _send(response, send)


async def refuse(response: Response, send: Send) -> None:
    """Answer without a look at the body."""
    await _send(response.encode(), send)


async def _read(receive: Receive, headers: Sequence[tuple[bytes, bytes]], limit: int) -> bytes | None:
    """The body of a request; None as soon as it is longer than the limit."""
    declared = next((value for name, value in headers if name == b"content-length"), b"0")
    if declared.isdigit() and int(declared) > limit:
        return None
    content = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionAbortedError
        content += message.get("body", b"")
        if len(content) > limit:
            return None
        if not message.get("more_body", False):
            return bytes(content)


async def _hangs_up(receive: Receive, seconds: float) -> bool:
    """Wait for so many seconds, or until the client or the server hangs up; whether one does."""
    with anyio.move_on_after(seconds):
        while (await receive())["type"] != "http.disconnect":
            pass
        return True
    return False


async def _send(response: Encoded, send: Send) -> None:
    await send({"type": "http.response.start", "status": response.status, "headers": response.headers})
    await send({"type": "http.response.body", "body": response.body})


async def _hang_up(how: HangUp, scope: Scope, receive: Receive) -> None:
    transport: Any = scope.get("state", {}).get(TRANSPORT)
    if transport is None:
        raise HangUpError(f"to {how} a connection takes the mock server's own server: use it in a with block")
    if how == "close":
        transport.close()
    else:
        # What lingers for no time at all is not closed but reset.
        linger = struct.pack("ii", 1, 0)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass
