"""The I/O of the synchronous client: attempts, waits, and the transport that all clients made by with_options share."""

import contextlib
import time
from typing import cast

from ._about import httpx
from ._call import Call
from ._connections import CLOSED, Connections, import_core
from ._policy import GivingUpError
from ._settings import Settings, check_type
from ._types import Response


class _Transport(httpx.HTTPTransport):
    """An HTTPTransport, so that what replaces or watches those (respx, OpenTelemetry) does so here too.

    Its pool is our own, and __init__ of the class, which would make another, is left out.
    """

    def __init__(self, connections: Connections) -> None:
        vars(self)["_pool"] = connections

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        import_core()
        return super().handle_request(request)


class Sender:
    """What sends the requests of a client, and of those that share its connections."""

    def __init__(self, settings: Settings, given: httpx.BaseTransport | None) -> None:
        check_type("transport", given, httpx.BaseTransport | None, f"an {httpx.__name__}.BaseTransport")
        self.is_closed = False
        self._is_ours = given is None
        self._transport = _Transport(Connections.of(settings)) if given is None else given

    def send(self, call: Call) -> Response:
        """Make the attempts of a call. Raises a TransportError if it ends without a response."""
        while (wait := call.wait_after(self._attempt(call))) is not None:
            time.sleep(wait)
        return call.result()

    def pause(self, seconds: float) -> None:
        """Wait between two calls."""
        time.sleep(seconds)

    def close(self) -> None:
        self.is_closed = True
        self._transport.close()

    def _attempt(self, call: Call) -> Response | httpx.HTTPError:
        if self.is_closed:
            return GivingUpError(CLOSED, is_unsent=True)
        try:
            with contextlib.closing(self._transport.handle_request(call.http_request(call.trace))) as response:
                if response.is_stream_consumed:
                    return call.response(response, [response.content])
                stream = cast("httpx.SyncByteStream", response.stream)  # as it comes: nothing is compressed
                return call.response(response, stream, is_whole=self._is_ours)
        except httpx.HTTPError as error:
            return error
