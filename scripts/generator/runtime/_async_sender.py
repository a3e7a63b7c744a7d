"""The I/O of the asynchronous client. A module of its own, since asyncio takes as long to import as all else."""

import asyncio
import contextlib
import time
from typing import cast

from ._about import httpx
from ._async_connections import AsyncConnections, running_loop
from ._call import Call
from ._connections import CLOSED, import_core
from ._policy import GivingUpError
from ._settings import Settings, check_type
from ._types import Response

_sleep = asyncio.sleep


class _AsyncTransport(httpx.AsyncHTTPTransport):
    """An AsyncHTTPTransport, so that what replaces or watches those (respx, OpenTelemetry) does so here too."""

    def __init__(self, connections: AsyncConnections) -> None:
        vars(self)["_pool"] = connections

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        import_core()
        return await super().handle_async_request(request)


class AsyncSender:
    """What sends the requests of a client, and of those that share its connections."""

    def __init__(self, settings: Settings, given: httpx.AsyncBaseTransport | None) -> None:
        check_type("transport", given, httpx.AsyncBaseTransport | None, f"an {httpx.__name__}.AsyncBaseTransport")
        self.is_closed = False
        self._is_ours = given is None
        self._transport = _AsyncTransport(AsyncConnections.of(settings)) if given is None else given

    async def send(self, call: Call) -> Response:
        """Make the attempts of a call. Raises a TransportError if it ends without a response."""
        while (wait := call.wait_after(await self._attempt(call))) is not None:
            await _sleep(wait)
        return call.result()

    async def pause(self, seconds: float) -> None:
        """Wait between two calls."""
        await _sleep(seconds)

    async def close(self) -> None:
        self.is_closed = True
        await self._transport.aclose()

    async def _attempt(self, call: Call) -> Response | httpx.HTTPError:
        if self.is_closed:
            return GivingUpError(CLOSED, is_unsent=True)
        try:
            loop = running_loop()
            # our own connections know the deadline, and what has been sent by then
            ends_at = None if self._is_ours or call.ends_at is None else loop.time() + call.ends_at - time.monotonic()
            limit = asyncio.timeout_at(ends_at)
        except httpx.HTTPError as error:
            return error
        try:
            async with limit:
                return await self._read(call)
        except httpx.HTTPError as error:
            return error
        except TimeoutError:
            if not limit.expired():
                raise
            return httpx.ReadTimeout("the deadline has passed")

    async def _read(self, call: Call) -> Response:
        response = await self._transport.handle_async_request(call.http_request(call.async_trace))
        async with contextlib.aclosing(response):
            if response.is_stream_consumed:
                return call.response(response, [response.content])
            size, pieces = 0, list[bytes]()
            async for piece in cast("httpx.AsyncByteStream", response.stream):
                size += len(piece)
                call.check_size(size)
                pieces.append(piece)
            return call.response(response, pieces)
