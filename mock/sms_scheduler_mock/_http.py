"""The API as an ASGI application: which path a request is to, and how its body is read and its reply sent."""

import re
import socket
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import anyio
from starlette.datastructures import Headers
from starlette.routing import Router
from starlette.types import Receive, Scope, Send

from ._app import Call, HangUp, Reply
from ._document import Document
from ._state import StateError

# Where uvicorn's connections leave their transport, for the troubles that end a connection.
TRANSPORT = "sms_scheduler_mock.transport"


class HangUpError(ConnectionError):
    """A server that is not the stand-in's own cannot end a connection without an answer."""


class Service:
    """Finds what a request is to and has it answered.

    Args:
        document: What has the paths.
        answer: Answers calls.
        max_body: How many bytes of a body are read; more is answered 413.
    """

    def __init__(self, document: Document, answer: Callable[[Call], Reply], max_body: int) -> None:
        self._answer = answer
        self.max_body = max_body
        self._paths = [
            (re.compile(_pattern(document.base_path + path)), operations)
            for path, operations in document.operations.items()
        ]

    def find(self, path: str) -> tuple[Mapping[str, str], str] | None:
        """The operations at a path and the id in it; None if nothing is there."""
        for pattern, operations in self._paths:
            if match := pattern.fullmatch(path):
                return operations, match[match.lastindex] if match.lastindex else ""
        return None

    def reply(self, path: str, method: str, headers: Sequence[tuple[bytes, bytes]], content: bytes | None) -> Reply:
        """Answer a request, whose headers have lower-case names; content of None is too much to read."""
        found = self.find(path)
        if found is None:
            return Reply(404)
        if content is None:
            return Reply(413, f"The request body has more than {self.max_body:,} bytes.")
        operations, identifier = found
        try:
            return self._answer(Call(operations, method, identifier, Headers(raw=list(headers)), content))
        except StateError as error:
            return Reply(500, str(error))


def _pattern(path: str) -> str:
    """The pattern of a path with parameters such as {id}."""
    return "".join("([^/]+)" if part.startswith("{") else re.escape(part) for part in re.split(r"(\{[^}]*\})", path))


class App:
    """Serves the API over ASGI."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._other = Router()  # answers what is not HTTP as an application should that has nothing to do with it

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._other(scope, receive, send)
        path: str = scope["path"].removeprefix(scope.get("root_path", ""))
        headers: list[tuple[bytes, bytes]] = scope["headers"]
        known = self._service.find(path) is not None
        try:
            content = await _read(receive, headers, self._service.max_body) if known else b""
        except ConnectionAbortedError:
            return None
        reply = self._service.reply(path, scope["method"], headers, content)
        if reply.delay:
            await anyio.sleep(reply.delay)
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
