"""The HTTP session: all requests to the server under test go through it, those that Schemathesis generates too."""

import time
from collections.abc import Callable
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests

from .errors import CannotTestError
from .exchange import Exchange
from .target import Target

_TIMEOUT = 30.0  # seconds
_LONGEST_WAIT = 30.0  # seconds
_MOST_TRIES = 6


class Session(requests.Session):
    """Records each exchange, waits when the server limits the rate of requests, and follows no redirect.

    Attributes:
        exchanges: What was sent and received since the scenario began.
        history: What was sent and received since the session began.
        is_interrupted: Whether the user asked to stop: the next request raises KeyboardInterrupt.
    """

    def __init__(
        self,
        target: Target,
        before: Callable[[requests.PreparedRequest], None],
        after: Callable[[Exchange], None],
    ) -> None:
        """`before` sees each request and may raise to hold it back; `after` sees each exchange."""
        super().__init__()
        self.exchanges: list[Exchange] = []
        self.history: list[Exchange] = []
        self.is_interrupted = False
        self.trust_env = not target.is_loopback
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # a cookie might replace the key
        self.auth = lambda request: request  # otherwise ~/.netrc would replace the key
        self._base_url = target.url
        self._before = before
        self._after = after

    def call(self, method: str, path: str, authorization: str | None, body: bytes = b"") -> requests.Response:
        """Send a request to a path below the base URL; a body is declared as JSON."""
        headers = {"Content-Type": "application/json; charset=utf-8"} if body else {}
        if authorization is not None:
            headers["Authorization"] = authorization
        return self.request(method, self._base_url + path, data=body or None, headers=headers, timeout=_TIMEOUT)

    def get_redirect_target(self, resp: requests.Response) -> None:
        """No redirect is followed."""

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send a request, and again while the server answers 429."""
        response = self._send_once(request, **kwargs)
        for _ in range(_MOST_TRIES):
            wait = _seconds_to_wait(response)
            if response.status_code != 429 or wait > _LONGEST_WAIT:
                break
            time.sleep(wait)
            response = self._send_once(request, **kwargs)
        if response.status_code == 429:
            raise CannotTestError("it limits the rate of requests: it answers 429 again and again")
        return response

    def _send_once(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        if self.is_interrupted:
            raise KeyboardInterrupt
        self._before(request)
        try:
            response = super().send(request, **kwargs)
        except BaseException:
            self._record(request, None)
            raise
        self._record(request, response)
        return response

    def _record(self, request: requests.PreparedRequest, response: requests.Response | None) -> None:
        exchange = Exchange.of(self._base_url, request, response)
        self.exchanges.append(exchange)
        self.history.append(exchange)
        self._after(exchange)


def _seconds_to_wait(response: requests.Response) -> float:
    value = response.headers.get("Retry-After", "1")
    return float(value) if value.isdecimal() else 1.0
