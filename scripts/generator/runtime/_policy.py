"""What is sent again, and when, and what the caller is told. Pure: it sees how attempts ended, and does nothing itself."""

import random
from http import HTTPStatus

import attrs

from ._about import httpx
from ._types import Request, Response
from .errors import NotSentError, OutcomeUnknownError, TransportError, seconds_to_wait

LONGEST_WAIT, LONGEST_WAITS = 30.0, 60.0  # seconds: one, and all of a call
# Failures before a connection stood, so that nothing of the request can have left.
UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)
_REPEATABLE = {"DELETE", "GET", "HEAD", "OPTIONS", "PUT", "TRACE"}
# Statuses by which a server refuses a request. Not 408, which gateways also send when they gave up waiting.
_REFUSALS = {status.value for status in HTTPStatus if 400 <= status < 500} - {408}


class GivingUpError(httpx.TransportError):
    """What the client itself does not go on with, since another attempt would end in the same way."""

    def __init__(self, message: str, *, is_unsent: bool = False) -> None:
        super().__init__(message)
        self.is_unsent = is_unsent


@attrs.define
class Policy:
    """What becomes of one call. `waited` is the sum of its waits, in seconds."""

    request: Request
    max_retries: int
    ends: "list[Response | httpx.HTTPError]" = attrs.field(factory=list["Response | httpx.HTTPError"])
    waited: float = 0.0

    def wait_after(self, end: Response | httpx.HTTPError, seconds_left: float) -> float | None:
        """Note how an attempt ended: how many seconds to wait before the next one, or None if it was the last."""
        self.ends.append(end)
        retries = len(self.ends) - 1
        if retries >= self.max_retries or not self._may_repeat(end):
            return None
        wait = min(LONGEST_WAIT, 0.5 * 2.0 ** min(retries, 30)) * random.uniform(0.5, 1)  # noqa: S311
        asked = seconds_to_wait(end.headers) if isinstance(end, Response) else None
        if asked:
            wait = asked  # no earlier; if that is too long, not at all
        if wait > min(LONGEST_WAIT, LONGEST_WAITS - self.waited, seconds_left):
            return None
        self.waited += wait
        return wait

    def result(self) -> Response | TransportError:
        """What the caller gets after the last attempt."""
        last, name = self.ends[-1], self.request.operation
        is_doubtful = any(map(_may_have_arrived, self.ends[:-1]))
        is_safe = self.request.method in _REPEATABLE
        if isinstance(last, httpx.HTTPError):
            if all(map(_is_unsent, self.ends)):
                return NotSentError(name, True, in_words(last))
            return OutcomeUnknownError(name, is_safe or not (is_doubtful or _may_have_arrived(last)), in_words(last))
        if is_doubtful and self.request.method == "DELETE" and last.status_code == 404:
            return OutcomeUnknownError(name, is_safe, "404 Not Found, after an attempt whose outcome is not known")
        return attrs.evolve(last, is_safe_to_retry=is_safe or last.status_code in _REFUSALS)

    def _may_repeat(self, end: Response | httpx.HTTPError) -> bool:
        """Whether another attempt can help, and can do no harm."""
        is_repeatable = self.request.method in _REPEATABLE
        if isinstance(end, Response):
            return end.status_code in ({429, 502, 503, 504} if is_repeatable else {429})
        return not isinstance(end, GivingUpError) and (is_repeatable or not _may_have_arrived(end))


def _may_have_arrived(end: Response | httpx.HTTPError) -> bool:
    """Whether the server may have carried out an attempt that did not succeed."""
    return end.status_code != 429 if isinstance(end, Response) else not _is_unsent(end)


def _is_unsent(end: Response | httpx.HTTPError) -> bool:
    if isinstance(end, GivingUpError):
        return end.is_unsent
    return isinstance(end, UNSENT) and _is_of_connecting(end.__cause__)


def _is_of_connecting(cause: BaseException | None) -> bool:
    """Whether a transport calls only failures to connect by their names. Those over aiohttp call each lost connection so."""
    library, name = type(cause).__module__.partition(".")[0], type(cause).__name__
    is_of_core = library in {"builtins", "socket", "ssl"} or library.startswith("httpcore")
    return is_of_core or name.startswith(("ClientConnector", "ConnectionTimeout"))


def with_cause(error: httpx.HTTPError, cause: BaseException) -> httpx.HTTPError:
    """An error as if it had been raised from another one."""
    error.__cause__ = cause
    return error


def in_words(error: Exception) -> str:
    """What went wrong, without the bytes received, which may be anybody's."""
    words, *_ = str(error).partition("bytearray(")
    if isinstance(error, GivingUpError):
        return words
    return f"{type(error).__name__}: {words}" if words else type(error).__name__
