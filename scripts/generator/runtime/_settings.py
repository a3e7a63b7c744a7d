"""The options of a client, the requests that it makes of them, and what is read of a response."""

import datetime
import functools
import ipaddress
import os
import re
import ssl
import time
import warnings
from collections.abc import Callable
from typing import Any

import attrs

from ._about import (
    API_KEY_VARIABLE,
    BASE_URL_VARIABLE,
    DEFAULT_BASE_URL,
    DISTRIBUTION,
    NEEDS_KEY,
    __version__,
    credentials,
    httpx,
)
from ._types import Request

USER_AGENT = f"{DISTRIBUTION}/{__version__} {httpx.__name__}/{httpx.__version__}".encode()
_NO_KEY = f"No API key: pass api_key=..., or set the environment variable {API_KEY_VARIABLE}."
A_DAY = 86_400.0
_KINDS = ("connect", "read", "write", "pool")
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?", re.IGNORECASE)
# Parsing a URL takes a tenth of the time of a request on a fast network.
_parsed = functools.lru_cache(maxsize=256)(httpx.URL)


@attrs.frozen(repr=False)
class Secret:
    """An API key, which no traceback with local variables shows."""

    text: Any


def _or_from_environment(api_key: Secret) -> Secret:
    return Secret(os.environ.get(API_KEY_VARIABLE, "")) if api_key.text is None else api_key


def _base_url_or_default(base_url: Any) -> Any:
    return os.environ.get(BASE_URL_VARIABLE) or DEFAULT_BASE_URL if base_url is None else base_url


@attrs.frozen
class Settings:
    """The options of a client; raises TypeError or ValueError for one that cannot work."""

    api_key: Secret = attrs.field(repr=False, converter=_or_from_environment)
    base_url: str = attrs.field(converter=_base_url_or_default)
    timeout: float | httpx.Timeout
    deadline: float | None
    max_retries: int
    timezone: datetime.tzinfo | None
    max_connections: int
    max_response_bytes: int
    _timeouts: dict[str, float | None] = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        _check_api_key(self.api_key)
        _check_base_url(self.base_url)
        check_type(
            "timeout", self.timeout, int | float | httpx.Timeout, f"a number of seconds or an {httpx.__name__}.Timeout"
        )
        timeouts = (
            self.timeout.as_dict()
            if isinstance(self.timeout, httpx.Timeout)
            else dict.fromkeys(_KINDS, float(self.timeout))
        )
        for seconds in timeouts.values():
            if seconds is not None:
                check_seconds("timeout", seconds)
        object.__setattr__(self, "_timeouts", timeouts)
        check_type("deadline", self.deadline, int | float | None, "a number of seconds")
        if self.deadline is not None:
            check_seconds("deadline", self.deadline)
        for name, least in {"max_retries": 0, "max_connections": 1, "max_response_bytes": 1}.items():
            value = getattr(self, name)
            check_type(name, value, int, "a whole number")
            if value < least:
                raise ValueError(f"{name} must be {least} or more, not {value!r}")
        check_type("timezone", self.timezone, datetime.tzinfo | None, "a tzinfo, such as ZoneInfo('Europe/Paris')")

    def warn_of_clear_text(self) -> None:
        """Warn if the API key would cross a network unencrypted."""
        url = httpx.URL(self.base_url)
        if url.scheme == "http" and not _is_loopback(url.host):
            advice = "Use https:// unless this is a test account."
            warnings.warn(f"The API key is sent to {url.host} in clear text. {advice}", stacklevel=3)

    def check_key(self, request: Request) -> None:
        """Raise ValueError for a request that needs the API key if none is known."""
        if request.key == "required" and not self.api_key.text:
            raise ValueError(_NO_KEY)

    def tls(self) -> ssl.SSLContext | None:
        """What to begin TLS with, or None for a base URL in clear text. Raises ValueError for certificates not there."""
        if httpx.URL(self.base_url).scheme == "http":
            return None
        try:
            return httpx.create_ssl_context()
        except OSError as error:
            named = {name: os.environ[name] for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if name in os.environ}
            raise ValueError(f"the certificates to trust cannot be read: {error}; {named}") from None

    def http_request(self, request: Request, ends_at: float | None, trace: Callable[..., object]) -> httpx.Request:
        """Complete a request with the base URL, the credentials and how long each wait of an attempt may take."""
        query = request.query
        proof: list[tuple[bytes, bytes]] = []
        if request.key != "none" and self.api_key.text:
            proof, of_query = credentials(self.api_key.text)
            if of_query:
                query += f"&{of_query}" if query else f"?{of_query}"
        url = _parsed(self.base_url.rstrip("/") + request.path + query)
        content = request.content or b""
        headers = [
            (b"Host", url.netloc),
            (b"Accept", request.accept),
            (b"Accept-Encoding", b"identity"),
            (b"User-Agent", USER_AGENT),
            *request.headers,
            *proof,
        ]
        if content or request.method in {"PATCH", "POST", "PUT"}:
            headers.append((b"Content-Length", b"%d" % len(content)))
        if content:
            headers.append((b"Content-Type", request.content_type))
        timeouts = self._timeouts
        if ends_at is not None:
            left = max(ends_at - time.monotonic(), 0.001)  # for transports that know no deadline
            bounded = {kind: left if seconds is None else min(left, seconds) for kind, seconds in timeouts.items()}
            timeouts = {**bounded, "deadline": ends_at}
        # Given `stream`, the HTTP library takes the headers as they are, which is faster than if it completes them.
        extensions = {"timeout": timeouts, "trace": trace}
        http_request = httpx.Request(
            request.method, url, headers=headers, stream=httpx.ByteStream(content), extensions=extensions
        )
        http_request.read()  # for transports that look at `content`
        return http_request


def _check_api_key(key: Secret) -> None:
    if problem := _problem_with(key):
        raise problem


def _problem_with(key: Secret) -> Exception | None:
    if key.text == "" and NEEDS_KEY:
        return ValueError(_NO_KEY)
    if not isinstance(key.text, str):
        return TypeError(f"api_key must be a text, not {type(key.text).__name__}")
    if not (key.text.isascii() and key.text.isprintable()) or key.text != key.text.strip():
        return ValueError("The API key must be printable ASCII with no space around it: was a line break read along?")
    return None


def _check_base_url(base_url: Any) -> None:
    check_type("base_url", base_url, str, "a text")
    wanted = f"base_url must be like {DEFAULT_BASE_URL}"
    if "@" in base_url:
        raise ValueError("base_url must not hold a user name or password.")
    try:
        url = httpx.URL(base_url)
        port, host = url.port, url.host
    except (httpx.InvalidURL, UnicodeError) as error:  # idna's own errors are of the latter kind
        raise ValueError(f"{wanted}: {error}") from None
    if url.scheme not in {"http", "https"} or not host or {*"?# "} & set(base_url) or len(base_url) > 2_000:
        raise ValueError(f"{wanted}, not {base_url!r}.")
    if port is not None and not 0 < port < 65_536:
        raise ValueError(f"{wanted}, and there is no port {port}.")
    if not _is_possible(url.raw_host.decode("ascii")):
        raise ValueError(f"{wanted}, and there can be no host {host!r}.")


def _is_possible(host: str) -> bool:
    """Whether there can be a host of a name or address."""
    try:
        return bool(ipaddress.ip_address(host.partition("%")[0]))
    except ValueError:
        labels = host.removesuffix(".").split(".")
        is_number = labels[-1].isdecimal()  # 1.2.3.4.5 and 300.1.1.1 are no addresses, and no names
        return len(host) <= 253 and not is_number and all(map(_LABEL.fullmatch, labels))


def check_seconds(name: str, seconds: Any, most: float = A_DAY) -> None:
    """Raise a TypeError or ValueError for what is no number of seconds, or too many."""
    check_type(name, seconds, int | float, "a number of seconds")
    if not 0 < seconds <= most:
        raise ValueError(f"{name} must be a positive number of seconds, {most:,.0f} at most, not {seconds!r}")


def check_type(name: str, value: object, expected: Any, wanted: str) -> None:
    """Raise a TypeError that says what is wanted, if a value is not of the expected type; a bool is no number."""
    if isinstance(value, bool) or not isinstance(value, expected):
        raise TypeError(f"{name} must be {wanted}, not {type(value).__name__}")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
