"""The API as an ASGI application: how bodies are read and responses sent."""

import os
import socket
import struct
from collections.abc import Callable, Sequence
from typing import Any

import anyio
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from .exchange import Damage, Encoded, HangUp, Response, announced, damaged
from .routing import Route, Service, nowhere

# Where the connections of the mock server's own uvicorn leave their transport, for the faults that end a connection.
TRANSPORT = "sms_scheduler_mock.transport"


_ADMIN = "/_mock/"
# Answered without a key, also where the admin API is off.
HEALTH = f"{_ADMIN}health"

_STRANGER = (
    "While the API key is the well-known one, the mock server must be named localhost, by its address or by a name without a "
    "dot, so that no page of another site gets at it. Give it a key of its own, or allow the name: --allow-host NAME."
)

_ADMIN_IS_OFF = Response(
    404, "The page and the admin API are off here: --admin turns them on, or in Python admin=True."
)


class HangUpError(ConnectionError):
    """Another ASGI server cannot end a connection without an answer."""


class App:
    """Serves the API and a path for health checks; all else is left to another application.

    Args:
        service: Answers the requests to the API.
        other: Answers all others.
        is_stranger: Whether a request with these headers is none of the API's business.
        prefix: What stands before every path, whether or not a proxy takes it away.
    """

    def __init__(
        self,
        service: Service,
        other: ASGIApp,
        is_stranger: Callable[[Sequence[tuple[bytes, bytes]]], bool],
        prefix: str,
    ) -> None:
        self._service = service
        self._other = other
        self._is_stranger = is_stranger
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._prefix and scope["type"] == "http":
            scope = _below(self._prefix, scope)
        path = path_of(scope) if scope["type"] == "http" else ""
        route = self._service.find(path)
        if route is not None:
            if self._is_stranger(scope["headers"]):
                await refuse(Response(403, _STRANGER), send)
            else:
                await serve(self._service, route, scope, receive, send)
        elif path == HEALTH:
            await refuse(_health(scope["method"]), send)
        else:
            await self._other(scope, receive, send)


class Nothing:
    """Answers 404 to every request, with where the API is.

    Args:
        base_path: The path of the API.
    """

    def __init__(self, base_path: str) -> None:
        self._answer = nowhere(base_path)
        self._starlette = Starlette()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path = path_of(scope)
            is_admin = path in {"", "/"} or path.startswith(_ADMIN)
            await refuse(_ADMIN_IS_OFF if is_admin else self._answer, send)
        else:  # such as the start of an ASGI server
            await self._starlette(scope, receive, send)


def _below(prefix: str, scope: Scope) -> Scope:
    """A scope in which the prefix is where the application is mounted."""
    root = scope.get("root_path", "")
    path = scope["path"].removeprefix(root)
    if path != prefix and not path.startswith(f"{prefix}/"):  # a proxy has taken it away
        path = prefix + path
    return {**scope, "root_path": root + prefix, "path": root + path}


def _health(method: str) -> Response:
    return (
        Response(200, {"status": "ok"}) if method in {"GET", "HEAD"} else Response(405, headers={"Allow": "GET, HEAD"})
    )


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
    response = service.answer(route, scope["method"], scope["headers"], body, scope["query_string"])
    if response.delay and await _hangs_up(receive, response.delay):
        return
    if response.hang_up:
        await _hang_up(response.hang_up, scope, receive)
    elif response.damage:
        await _send_damaged(response.damage, damaged(response), scope, receive, send)
    else:
        await _send(response, send)


async def refuse(response: Response, send: Send) -> None:
    """Answer without a look at the body."""
    await _send(response.encode(), send)


async def _read(receive: Receive, headers: Sequence[tuple[bytes, bytes]], limit: int) -> bytes | None:
    """The body of a request; None as soon as it is longer than the limit."""
    for name, value in headers:
        if name == b"content-length" and value.isdigit() and int(value) > limit:
            return None
    content = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionAbortedError
        piece: bytes = message.get("body", b"")
        if len(content) + len(piece) > limit:
            return None
        is_last = not message.get("more_body", False)
        if is_last and not content:  # as nearly every body comes
            return piece
        content += piece
        if is_last:
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


async def _send_damaged(damage: Damage, response: Encoded, scope: Scope, receive: Receive, send: Send) -> None:
    if damage.kind == "slow":
        return await _send_slowly(response, damage.value, receive, send)
    transport = _transport(scope, f"send an answer that is damaged ({damage.kind})")
    if damage.kind == "twice":
        await _send(response, send)
        transport.write(_raw(response))
        return None
    length = announced(response)
    await send({"type": "http.response.start", "status": response.status, "headers": response.headers})
    await send({"type": "http.response.body", "body": response.body[:length], "more_body": len(response.body) < length})
    transport.write(response.body[length:])
    if len(response.body) < length:
        transport.close()
        await _until_gone(receive)
    return None


async def _send_slowly(response: Encoded, seconds: float, receive: Receive, send: Send) -> None:
    """Send the body in pieces, byte by byte if it is short. Without a body, the head is what takes so long."""
    pieces = min(len(response.body), 200)
    if not pieces and await _hangs_up(receive, seconds):
        return
    await send({"type": "http.response.start", "status": response.status, "headers": response.headers})
    for place in range(pieces):
        if await _hangs_up(receive, seconds / pieces):
            return
        begin, end = (len(response.body) * edge // pieces for edge in (place, place + 1))
        await send({"type": "http.response.body", "body": response.body[begin:end], "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def _raw(response: Encoded) -> bytes:
    """A response as HTTP writes it."""
    lines = [b"HTTP/1.1 %d " % response.status, *(b"%s: %s" % header for header in response.headers)]
    return b"\r\n".join([*lines, b"", response.body])


def _transport(scope: Scope, purpose: str) -> Any:
    """The transport of a connection, for what ASGI has no way to do."""
    transport: Any = scope.get("state", {}).get(TRANSPORT)
    if transport is None:
        raise HangUpError(f"to {purpose} takes the mock server's own server: use it in a with block")
    return transport


async def _hang_up(how: HangUp, scope: Scope, receive: Receive) -> None:
    transport = _transport(scope, f"{how} a connection")
    if how == "tls" and scope["scheme"] == "https":
        # Between two records of TLS, what is none.
        os.write(transport.get_extra_info("socket").fileno(), b"This is no record of TLS.")
    if how == "reset":
        # What lingers for no time at all is not closed but reset.
        linger = struct.pack("ii", 1, 0)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        transport.abort()
    else:
        transport.close()
    await _until_gone(receive)


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
