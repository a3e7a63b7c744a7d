"""The stand-in as an ASGI application: how bodies are read and replies sent."""

import socket
import struct
from collections.abc import Sequence
from typing import Any

import anyio
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from ..admin import page
from .api import HangUp, Reply
from ..admin.api import PREFIX, Control, is_foreign
from ..document import Document
from .routing import Service

# Where uvicorn's connections leave their transport, for the troubles that end a connection.
TRANSPORT = "sms_scheduler_mock.transport"

_FOREIGN = (
    "Only pages of this server may ask this, and it must be named localhost, by its address or by a name without a dot."
)


class HangUpError(ConnectionError):
    """A server that is not the stand-in's own cannot end a connection without an answer."""


class App:
    """Serves the API and, unless `control` is None, the control interface and the page."""

    def __init__(self, document: Document, service: Service, control: Control | None) -> None:
        self._service = service
        self._control = control
        # What is neither, nor HTTP, it answers as an application should that has nothing to do with it.
        self._other = Starlette(routes=page.routes(document) if control else [])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._other(scope, receive, send)
        path: str = scope["path"].removeprefix(scope.get("root_path", ""))
        service = self._service
        place = service.find(path)
        is_beside = path == "/" or path.startswith(f"{PREFIX}/")
        if place is None and is_beside and self._control and self._control.is_there(scope.get("server")):
            if is_foreign(Headers(raw=scope["headers"])):
                return await _send(Reply(403, _FOREIGN), send)
            service = self._control.service
            place = service.find(path)
            if place is None:
                return await self._other(scope, receive, send)
        if place is None:
            return await _send(Reply(404), send)
        try:
            content = await _read(receive, scope["headers"], service.max_body)
        except ConnectionAbortedError:
            return None
        reply = service.reply(place, scope["method"], scope["headers"], content)
        if reply.delay and await _hangs_up(receive, reply.delay):
            return None
        if reply.hang_up:
            return await _hang_up(reply.hang_up, scope, receive)
        return await _send(reply, send)


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


async def _send(reply: Reply, send: Send) -> None:
    headers, content = reply.encode()
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": content})


async def _hang_up(how: HangUp, scope: Scope, receive: Receive) -> None:
    transport: Any = scope.get("state", {}).get(TRANSPORT)
    if transport is None:
        raise HangUpError(f'the trouble "{how}" needs a connection of the stand-in\'s own server')
    if how == "refuse":
        transport.close()
    else:
        # What lingers for no time at all is not closed but reset.
        linger = struct.pack("ii", 1, 0)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass
