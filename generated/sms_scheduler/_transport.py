# Made by scripts/generate from openapi.yaml, SMS Scheduler 0.2.0: do not edit.
"""All that the two clients need of httpx except the I/O: requests and what a failure means."""

import contextlib
import datetime
import functools
import ipaddress
import os
import threading
import warnings
from collections.abc import Callable, Generator
from typing import Any, ClassVar, Generic, TypeVar, cast

import attrs
import httpx

from ._types import Request, Response
from .errors import NotSentError, OutcomeUnknownError, TransportError

__version__: str = "0.2.0"

DEFAULT_BASE_URL = "https://sms-scheduler.com/api/v1"
API_KEY_VARIABLE = "SMS_SCHEDULER_API_KEY"
USER_AGENT = f"sms-scheduler/{__version__} httpx/{httpx.__version__}".encode()

# Failures before a connection stood, so that nothing of the request can have left.
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
# Parsing a URL takes a tenth of the time of a request on a fast network.
_parsed = functools.lru_cache(maxsize=256)(httpx.URL)
TransportT = TypeVar("TransportT", httpx.BaseTransport, httpx.AsyncBaseTransport)
# 100 in all, as in httpx. Those of one request at a time have no limit: httpcore counts cancelled ones for ever.
_OWN, _KEPT, _SHARED = 80, 20, httpx.Limits(max_connections=20)
_ATTEMPTS = "sms_scheduler.attempts"


def _or_from_environment(api_key: str | None) -> str:
    return os.environ.get(API_KEY_VARIABLE, "") if api_key is None else api_key


@attrs.frozen
class Settings:
    """The options of a client; raises TypeError or ValueError for one that cannot work."""

    api_key: str = attrs.field(repr=False, converter=_or_from_environment)
    base_url: str
    timeout: float
    max_retries: int
    timezone: datetime.tzinfo | None

    def __attrs_post_init__(self) -> None:
        _check_api_key(self.api_key)
        _check_base_url(self.base_url)
        check_type("timeout", self.timeout, int | float, "a number of seconds")
        check_type("max_retries", self.max_retries, int, "a whole number")
        if not 0 < self.timeout <= 86_400:
            raise ValueError(f"timeout must be a positive number of seconds, a day at most, not {self.timeout!r}")
        if self.max_retries < 0:
            raise ValueError(f"max_retries must be 0 or more, not {self.max_retries!r}")
        check_type("timezone", self.timezone, datetime.tzinfo | None, "a tzinfo, such as ZoneInfo('Europe/Paris')")

    def warn_of_clear_text(self) -> None:
        """Warn if the API key would cross a network unencrypted."""
        url = httpx.URL(self.base_url)
        if url.scheme == "http" and not _is_loopback(url.host):
            advice = "Use https:// unless this is a test account."
            warnings.warn(f"The API key is sent to {url.host} in clear text. {advice}", stacklevel=3)

    def http_request(self, request: Request) -> httpx.Request:
        """Complete a request with the base URL, the credentials and the timeouts."""
        headers = [
            (b"Accept", b"application/json"),
            (b"Authorization", b"Bearer " + self.api_key.encode()),
            (b"User-Agent", USER_AGENT),
        ]
        if request.content is not None:
            headers.append((b"Content-Type", b"application/json; charset=utf-8"))
        return httpx.Request(
            request.method,
            _parsed(self.base_url.rstrip("/") + request.path),
            headers=headers,
            content=request.content,
            extensions={"timeout": dict.fromkeys(("connect", "read", "write", "pool"), self.timeout), _ATTEMPTS: []},
        )


class Connections(Generic[TransportT]):
    """What carries the requests: the transport that the caller gives, or one for each of up to 80 at once.

    httpx walks all connections of a transport several times for each request: with 20, that is most of the time.
    """

    kind: ClassVar[type]
    make: Callable[..., TransportT]

    def __init__(self, given: TransportT | None) -> None:
        check_type("transport", given, self.kind | None, f"an httpx.{self.kind.__name__}")
        tls = httpx.create_ssl_context() if given is None else None  # once for all: it takes longer than all else
        self._new: Callable[..., TransportT] = functools.partial(self.make, verify=tls)
        self.transports: list[TransportT] = [self._new(limits=_SHARED) if given is None else given]
        self._is_taken = [True] + [False] * (_OWN if given is None else 0)
        self._lock = threading.Lock()
        self.is_closed = False

    @contextlib.contextmanager
    def attempt(self, request: httpx.Request) -> Generator[TransportT]:
        """Lend a transport until the response is read too: one that breaks off is a failed attempt, as noted here."""
        try:
            with self._lock:
                if self.is_closed:
                    raise httpx.ConnectError("the client is closed")
                place = self._is_taken.index(False) if False in self._is_taken else 0
                if place == len(self.transports):
                    self.transports.append(self._new(limits=httpx.Limits(max_keepalive_connections=place <= _KEPT)))
                self._is_taken[place] = True
            try:
                yield self.transports[place]
            finally:
                self._is_taken[place] = place == 0
        except Exception as error:
            attempts(request).append(error)
            raise


class WaitTooLongError(Exception):
    """A server asks to wait for longer than a caller would: its response, the one argument, is the outcome."""


def _check_api_key(api_key: str) -> None:
    if not api_key:
        raise ValueError(f"No API key: pass api_key=..., or set the environment variable {API_KEY_VARIABLE}.")
    check_type("api_key", api_key, str, "a text")
    if not (api_key.isascii() and api_key.isprintable()) or api_key != api_key.strip():
        raise ValueError("The API key must be printable ASCII with no space around it: was a line break read along?")


def _check_base_url(base_url: str) -> None:
    check_type("base_url", base_url, str, "a text")
    try:
        url = httpx.URL(base_url)
    except httpx.InvalidURL as error:
        raise ValueError(f"base_url is not a URL: {error}") from None
    if url.userinfo:
        raise ValueError("base_url must not hold a user name or password.")
    is_plain = url.scheme in {"http", "https"} and url.host and not url.query and not url.fragment
    if not is_plain or len(base_url) > 2_000:
        raise ValueError(f"base_url must be like {DEFAULT_BASE_URL}, not {base_url!r}.")


def check_type(name: str, value: object, expected: Any, wanted: str) -> None:
    """Raise a TypeError that says what is wanted, if a value is not of the expected type; a bool is no number."""
    if isinstance(value, bool) or not isinstance(value, expected):
        raise TypeError(f"{name} must be {wanted}, not {type(value).__name__}")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def attempts(http_request: httpx.Request) -> list[int | Exception]:
    """How each attempt at a request ended so far, by status or exception; to add to."""
    return cast("list[int | Exception]", http_request.extensions[_ATTEMPTS])


def failure(request: Request, http_request: httpx.Request, error: Exception) -> TransportError:
    """Tell what the exception that ended the last attempt means for the request."""
    ends = attempts(http_request)
    is_unsent = bool(ends) and all(isinstance(end, NOT_SENT) for end in ends)
    words, *_ = str(error).partition("bytearray(")  # what follows was received, and may be anybody's
    problem = f"{type(error).__name__}: {words}" if words else type(error).__name__
    return (NotSentError if is_unsent else OutcomeUnknownError)(request.operation, problem)


def answer(request: Request, http_request: httpx.Request, http_response: httpx.Response) -> Response:
    """Take what the operations read; raises OutcomeUnknownError if an earlier attempt may have deleted what is gone."""
    *earlier, _ = attempts(http_request)
    is_doubtful = any(end != 429 and not isinstance(end, NOT_SENT) for end in earlier)
    if is_doubtful and request.method == "DELETE" and http_response.status_code == 404:
        raise OutcomeUnknownError(request.operation, "404 Not Found, after an attempt whose outcome is not known")
    return Response(request.operation, http_response.status_code, http_response.headers, http_response.content)
