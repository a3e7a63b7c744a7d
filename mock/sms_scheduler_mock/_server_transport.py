"""An httpx transport that knows the server behind it."""

import httpx

from .server import MockServer


class ServerTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """A server's own transport, for clients, with the `server` at hand for what a test does and looks at.

    It holds nothing open, so closing it does nothing.
    """

    def __init__(self, server: MockServer) -> None:
        self.server = server

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self.server.transport.handle_request(request)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self.server.transport.handle_async_request(request)
