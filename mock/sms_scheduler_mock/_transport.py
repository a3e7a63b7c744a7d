"""An httpx transport that asks an ASGI application directly, without a socket."""

import httpx
from anyio.from_thread import start_blocking_portal
from starlette.types import ASGIApp


class InProcessTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """For `httpx.Client` and `httpx.AsyncClient` alike; many clients may share it.

    It holds nothing open, so closing it does nothing and leaving it unclosed costs nothing.
    Exceptions of the application reach the caller.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._asgi = httpx.ASGITransport(app)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._asgi.handle_async_request(request)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()  # from here on its body can be read asynchronously too
        # An event loop in a thread of its own: the caller may be inside another event loop. One
        # for each request takes a millisecond, and none is left to keep the process alive.
        with start_blocking_portal() as portal:
            return portal.call(self._respond, request)

    async def _respond(self, request: httpx.Request) -> httpx.Response:
        response = await self._asgi.handle_async_request(request)
        chunks = [chunk async for chunk in response.aiter_raw()]
        stream = httpx.ByteStream(b"".join(chunks))
        return httpx.Response(response.status_code, headers=response.headers, stream=stream)
