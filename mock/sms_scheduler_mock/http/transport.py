"""An httpx transport that asks the stand-in directly, without a socket."""

import time
from collections.abc import AsyncIterable, Iterable

import anyio
import httpx

from .api import Reply
from .routing import Service


class InProcessTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """For `httpx.Client` and `httpx.AsyncClient` alike; many clients may share it.

    It holds nothing open, so closing it does nothing and leaving it unclosed costs nothing.
    Troubles raise what httpx raises over a connection that has them.
    """

    def __init__(self, service: Service) -> None:
        self._service = service

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        assert isinstance(request.stream, Iterable)  # noqa: S101  # httpx sees to that
        content: bytes | None = b""
        for chunk in request.stream:
            content = self._joined(content, chunk)
        reply = self._reply(request, content)
        wait = _wait(request, reply)
        if wait:
            time.sleep(wait)
        return _response(request, reply, wait)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        assert isinstance(request.stream, AsyncIterable)  # noqa: S101  # httpx sees to that
        content: bytes | None = b""
        async for chunk in request.stream:
            content = self._joined(content, chunk)
        reply = self._reply(request, content)
        wait = _wait(request, reply)
        await anyio.sleep(wait)  # a task that asks lets others run, as it does over a socket
        return _response(request, reply, wait)

    def _joined(self, content: bytes | None, chunk: bytes) -> bytes | None:
        """A body and its next chunk; None once it is too long."""
        if content is None or len(content) + len(chunk) > self._service.max_body:
            return None
        return content + chunk

    def _reply(self, request: httpx.Request, content: bytes | None) -> Reply:
        place = self._service.find(request.url.path)
        if place is None:
            return Reply(404)
        headers = [(name.lower(), value) for name, value in request.headers.raw]
        return self._service.reply(place, request.method, headers, content)


def _wait(request: httpx.Request, reply: Reply) -> float:
    """How long the client waits for the reply: no longer than it is ready to."""
    timeout: float | None = request.extensions.get("timeout", {}).get("read")
    return reply.delay if timeout is None else min(reply.delay, timeout)


def _response(request: httpx.Request, reply: Reply, waited: float) -> httpx.Response:
    if waited < reply.delay:
        raise httpx.ReadTimeout("The read operation timed out", request=request)
    if reply.hang_up == "refuse":
        raise httpx.RemoteProtocolError("Server disconnected without sending a response.", request=request)
    if reply.hang_up == "reset":
        raise httpx.ReadError("[Errno 104] Connection reset by peer", request=request)
    headers, content = reply.encode()
    return httpx.Response(reply.status, headers=headers, stream=httpx.ByteStream(content))
