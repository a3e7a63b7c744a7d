"""One call of an operation: its policy and its deadline, what is logged of it, and how it ends. No I/O."""

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ._about import PACKAGE, httpx
from ._exchange import BEGINNING, too_large
from ._policy import UNSENT, GivingUpError, Policy, with_cause
from ._settings import Settings
from ._types import Request, Response

_log = logging.getLogger(PACKAGE)
_log.addHandler(logging.NullHandler())
_BEGINNING = BEGINNING.partition(".")[2]  # after the name of the version of HTTP


class Call:
    """A call from its first attempt to its result.

    Attributes:
        ends_at: When it has to end, by time.monotonic(); None for no deadline.
    """

    def __init__(self, request: Request, settings: Settings) -> None:
        self._policy = Policy(request, settings.max_retries)
        self._settings = settings
        self.ends_at = None if settings.deadline is None else time.monotonic() + settings.deadline
        self._started = 0.0
        self._has_begun = False

    def http_request(self, trace: Callable[..., object]) -> httpx.Request:
        """The request of the next attempt; `trace`, one of the methods below, learns when it begins to be sent."""
        self._started, self._has_begun = time.monotonic(), False
        return self._settings.http_request(self._policy.request, self.ends_at, trace)

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """The trace extension of the HTTP library, for a synchronous transport."""
        is_of_proxy = getattr(info.get("request"), "method", b"") == b"CONNECT"
        self._has_begun = self._has_begun or (event.endswith(_BEGINNING) and not is_of_proxy)

    async def async_trace(self, event: str, info: Mapping[str, Any]) -> None:
        """The same for an asynchronous transport."""
        self.trace(event, info)

    def response(self, response: httpx.Response, pieces: Iterable[bytes], *, is_whole: bool = True) -> Response:
        """What the operations read of a response and of its body, which is there, or is read piece by piece."""
        size, content = 0, list[bytes]()
        for piece in pieces:
            size += len(piece)
            self.check_size(size)
            if not is_whole:
                self.check_time()
            content.append(piece)
        return Response(self._policy.request.operation, response.status_code, response.headers, b"".join(content))

    def check_size(self, size: int) -> None:
        """Raise a TransportError for a body that is too large."""
        if size > self._settings.max_response_bytes:
            raise GivingUpError(too_large(self._settings.max_response_bytes))

    def check_time(self) -> None:
        """Raise a TransportError when the deadline has passed, and more may be to come."""
        if self.ends_at is not None and time.monotonic() > self.ends_at:
            raise httpx.ReadTimeout("the deadline has passed")

    def wait_after(self, end: Response | httpx.HTTPError) -> float | None:
        """Note how an attempt ended: how many seconds to wait before the next one, or None if it was the last."""
        now = time.monotonic()
        if self._has_begun and isinstance(end, UNSENT):
            # of another request, such as one that a signal's handler made
            end = with_cause(httpx.ReadError(str(end)), end)
        wait = self._policy.wait_after(end, float("inf") if self.ends_at is None else self.ends_at - now)
        if wait is not None or _log.isEnabledFor(logging.DEBUG):
            self._tell(end, now - self._started, wait)
        return wait

    def _tell(self, end: Response | httpx.HTTPError, seconds: float, wait: float | None) -> None:
        """Log how an attempt ended."""
        request, number = self._policy.request, len(self._policy.ends)
        ended = f"answered {end.status_code}" if isinstance(end, Response) else f"failed: {type(end).__name__}"
        facts = {
            "operation": request.operation,
            "attempt": number,
            "status_code": end.status_code if isinstance(end, Response) else None,
            "seconds": seconds,
            "retry_in": wait,
        }
        _log.debug("%s, attempt %d: %s after %.3f s", request.operation, number, ended, seconds, extra=facts)
        if wait is not None:
            _log.warning("%s, attempt %d: %s; again in %.2f s", request.operation, number, ended, wait, extra=facts)

    def result(self) -> Response:
        """The response that the last attempt brought; raises a TransportError if there is none."""
        result, last = self._policy.result(), self._policy.ends[-1]
        if isinstance(result, Response):
            return result
        raise result from (_without_secrets(last) if isinstance(last, Exception) else None)


def _without_secrets(error: BaseException) -> BaseException:
    """A cause as far as anybody may see it: no request with its key, no bytes received, no local variables."""
    causes: list[BaseException] = [error]
    for cause in causes:
        further = (cause.__cause__, cause.__context__)
        causes += [each for each in further if each is not None and all(each is not known for known in causes)]
        cause.__traceback__ = None
        words, separator, _ = str(cause).partition("bytearray(")
        if separator:
            cause.args = (words,)
        if isinstance(cause, httpx.HTTPError):
            vars(cause)["_request"] = None  # whose headers hold the key; the property takes no None
        if isinstance(cause, httpx.HTTPStatusError):
            vars(cause.response)["_request"] = None
    return error
