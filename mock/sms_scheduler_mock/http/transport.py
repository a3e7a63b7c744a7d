"""An httpx transport that asks the mock server directly, without a socket."""

import time
from collections.abc import AsyncIterable, Iterable
from typing import Generic, TypeVar

import anyio
import httpx

from .exchange import Encoded, announced, damaged
from .routing import Service

S = TypeVar("S")


class InProcessTransport(httpx.BaseTransport, httpx.AsyncBaseTransport, Generic[S]):
    """For `httpx.Client` and `httpx.AsyncClient` alike; many clients may share it.

    It holds nothing open, so closing it does nothing and leaving it unclosed costs nothing.
    Faults raise what httpx raises over a connection that has them.

    Attributes:
        server: The server that it asks.
    """

    def __init__(self, service: Service, server: S) -> None:
        self._service = service
        self.server = server

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        assert isinstance(request.stream, Iterable)  # noqa: S101  # httpx sees to that
        body: bytes | None = b""
        for chunk in request.stream:
            body = self._joined(body, chunk)
        response = self._answer(request, body)
        wait = _wait(request, response)
        if wait:
            time.sleep(wait)
        return _as_httpx(request, response, wait)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        assert isinstance(request.stream, AsyncIterable)  # noqa: S101  # httpx sees to that
        body: bytes | None = b""
        async for chunk in request.stream:
            body = self._joined(body, chunk)
        response = self._answer(request, body)
        wait = _wait(request, response)
        await anyio.sleep(wait)  # a task that asks lets others run, as it does over a socket
        return _as_httpx(request, response, wait)

    def _joined(self, body: bytes | None, chunk: bytes) -> bytes | None:
        """A body and its next chunk; None once it is too long."""
        if body is None or len(body) + len(chunk) > self._service.max_body:
            return None
        return body + chunk

    def _answer(self, request: httpx.Request, body: bytes | None) -> Encoded:
        route = self._service.find(request.url.path)
        if route is None:
            return self._service.nowhere.encode()
        headers = [(name.lower(), value) for name, value in request.headers.raw]
        return self._service.answer(route, request.method, headers, body, request.url.query)


def _wait(request: httpx.Request, response: Encoded) -> float:
    """How long the client waits for the response: no longer than it is ready to."""
    timeout: float | None = request.extensions.get("timeout", {}).get("read")
    wait = response.delay if timeout is None else min(response.delay, timeout)
    return wait + response.damage.value if response.damage and response.damage.kind == "slow" else wait


def _as_httpx(request: httpx.Request, response: Encoded, waited: float) -> httpx.Response:
    if waited < response.delay:
        raise httpx.ReadTimeout("The read operation timed out", request=request)
    if response.hang_up == "close":
        raise httpx.RemoteProtocolError("Server disconnected without sending a response.", request=request)
    if response.hang_up == "reset":
        raise httpx.ReadError("[Errno 104] Connection reset by peer", request=request)
    if response.hang_up == "tls":
        raise httpx.ReadError("[SSL] record layer failure", request=request)
    sent = damaged(response) if response.damage else response
    if request.method == "HEAD":
        return httpx.Response(response.status, headers=sent.headers)
    if (missing := announced(sent) - len(sent.body)) > 0:
        raise httpx.RemoteProtocolError(
            "peer closed connection without sending complete message body "
            f"(received {len(sent.body)} bytes, expected {len(sent.body) + missing})",
            request=request,
        )
    body = sent.body[: announced(sent)]
    return httpx.Response(sent.status, headers=sent.headers, stream=httpx.ByteStream(body))
