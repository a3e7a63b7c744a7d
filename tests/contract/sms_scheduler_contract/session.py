"""The HTTP session: all requests to the server under test go through it, those that Schemathesis generates too."""

import json
import time
from collections.abc import Callable
from contextlib import suppress
from http.cookiejar import DefaultCookiePolicy
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

import attrs
import requests
from requests.exceptions import ContentDecodingError

from .errors import CannotTestError
from .exchange import Exchange
from .target import Target

_LONGEST_WAIT = 30.0  # seconds
_MOST_TRIES = 6
# For so many seconds after Ctrl-C the answer to a creation is awaited: without it nobody knows what to delete.
_GRACE = 3.0


class TooLongError(requests.Timeout):
    """There was no whole response in time."""


class TooLargeError(requests.RequestException):
    """A response does not end."""


class TooDeepError(ContentDecodingError):
    """A response is JSON that no parser reads."""


@attrs.frozen
class Limits:
    """What no server makes a run exceed.

    Attributes:
        exchange: For how many seconds a whole response is awaited.
        size: How many bytes a response may have.
        run: After how many seconds the run ends.
    """

    exchange: float = 30.0
    size: int = 10_000_000
    run: float = 1800.0


class Session(requests.Session):
    """Records each exchange, limits it, waits when the server limits the rate of requests, and follows no redirect.

    Requests are sent in a thread of their own: neither a server that sends a byte now and then nor a name that is not
    resolved keeps the caller for longer than the limit.

    Attributes:
        exchanges: What was sent and received since the scenario began.
        history: What was sent and received since the session began.
        is_interrupted: Whether the user asked to stop: each further request raises KeyboardInterrupt.
    """

    def __init__(
        self,
        target: Target,
        before: Callable[[requests.PreparedRequest], float],
        after: Callable[[Exchange], None],
        limits: Limits | None = None,
    ) -> None:
        """`before` says after how many seconds a request may be sent, or raises to hold it back; `after` sees each exchange."""
        super().__init__()
        self.exchanges: list[Exchange] = []
        self.history: list[Exchange] = []
        self.is_interrupted = False
        self.trust_env = False  # no proxy, no certificate and no password of the environment
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # a cookie might replace the key
        self.auth = lambda request: request
        self._limits = limits or Limits()
        self._ends = time.monotonic() + self._limits.run
        self._end = f"it took longer than {self._limits.run:g} s: pass a higher --time-limit"
        self._stopped: CannotTestError | None = None
        self._network = {
            "verify": target.ca_file or True,
            "proxies": {"http": target.proxy, "https": target.proxy} if target.proxy else {},
            "cert": None,
        }
        self._waiting: list[SimpleQueue[Any]] = []  # several when requests are sent at once
        self._base_url = target.url
        self._before = before
        self._after = after

    def interrupt(self) -> None:
        """End what waits, and let no further request be sent. A signal handler may call this."""
        self.is_interrupted = True
        for queue in list(self._waiting):
            queue.put(None)

    def begin_clean_up(self, seconds: float) -> None:
        """Send again, whatever ended the run, for so many seconds."""
        self.is_interrupted = False
        self._stopped = None
        self._ends = time.monotonic() + seconds
        self._end = f"the clean-up took longer than {seconds:.0f} s"
        self._limits = attrs.evolve(self._limits, exchange=min(self._limits.exchange, 10.0))

    def call(self, method: str, path: str, authorization: str | None, body: bytes = b"") -> requests.Response:
        """Send a request to a path below the base URL; a body is declared as JSON."""
        headers = {"Content-Type": "application/json; charset=utf-8"} if body else {}
        if authorization is not None:
            headers["Authorization"] = authorization
        return self.request(method, self._base_url + path, data=body or None, headers=headers)

    def get_redirect_target(self, resp: requests.Response) -> None:
        """No redirect is followed."""

    def pause(self, seconds: float) -> None:
        """Wait. Raises KeyboardInterrupt when interrupted, CannotTestError when the run has to end."""
        self._wait(SimpleQueue(), seconds)
        self._check()

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send a request, and again while the server answers 429."""
        response = self._send_once(request, **kwargs)
        for _ in range(_MOST_TRIES):
            wait = _seconds_to_wait(response)
            if response.status_code != 429 or wait > _LONGEST_WAIT:
                break
            self.pause(wait)
            response = self._send_once(request, **kwargs)
        if response.status_code == 429:
            self._stop("it limits the rate of requests: it answers 429 again and again")
        return response

    def _send_once(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        self._check()
        if wait := self._before(request):
            self.pause(wait)
        try:
            response = self._exchange(request, {**kwargs, **self._network})
        except BaseException:
            self._record(request, None)
            raise
        self._record(request, response)
        return response

    def _check(self) -> None:
        if self.is_interrupted:
            raise KeyboardInterrupt
        if self._stopped:
            raise self._stopped
        if time.monotonic() >= self._ends:
            self._stop(self._end)

    def _stop(self, reason: str) -> None:
        """End the run. Who catches that and tries again, as Hypothesis does, gets the same at once."""
        self._stopped = CannotTestError(reason)
        raise self._stopped

    def _wait(self, queue: "SimpleQueue[Any]", seconds: float) -> Any:
        """What comes next, None after so many seconds and on an interruption."""
        self._waiting.append(queue)
        try:
            if self.is_interrupted:
                return None
            return queue.get(timeout=max(0.0, min(seconds, self._ends - time.monotonic())))
        except Empty:
            return None
        finally:
            self._waiting.remove(queue)

    def _exchange(self, request: requests.PreparedRequest, kwargs: dict[str, Any]) -> requests.Response:
        limit = self._limits.exchange
        answers: SimpleQueue[Any] = SimpleQueue()
        kwargs |= {"timeout": limit, "stream": True}
        Thread(target=self._perform, args=(request, kwargs, answers, time.monotonic() + limit), daemon=True).start()
        answer = self._wait(answers, limit)
        if answer is None and self.is_interrupted and request.method == "POST":
            with suppress(Empty):
                answer = answers.get(timeout=_GRACE)
        if isinstance(answer, BaseException):
            raise answer
        if answer is None:
            self._check()
            raise TooLongError(f"no whole response within {limit:g} s")
        assert isinstance(answer, requests.Response)
        return answer

    def _perform(
        self, request: requests.PreparedRequest, kwargs: dict[str, Any], answers: "SimpleQueue[Any]", ends: float
    ) -> None:
        try:
            response = super().send(request, **kwargs)
            self._read(response, ends)
        except requests.RequestException as error:
            answers.put(error)
        except Exception as error:  # what a library lets through that it should have translated
            answers.put(requests.ConnectionError(f"{type(error).__name__}: {error}"))
        else:
            answers.put(response)

    def _read(self, response: requests.Response, ends: float) -> None:
        """Read a body. Raises what says why that is given up."""
        content = bytearray()
        for piece in response.iter_content(65_536):
            content += piece
            if len(content) > self._limits.size or time.monotonic() > ends:
                response.close()
                raise TooLargeError(f"a response has more than {self._limits.size:,} bytes")
        response._content = bytes(content)
        _check_depth(response.content)

    def _record(self, request: requests.PreparedRequest, response: requests.Response | None) -> None:
        exchange = Exchange.of(self._base_url, request, response)
        self.exchanges.append(exchange)
        self.history.append(exchange)
        self._after(exchange)


def problem(error: requests.RequestException) -> str:
    """What is wrong with an exchange, in words that show no key."""
    return str(error) if isinstance(error, TooLongError | TooLargeError | TooDeepError) else type(error).__name__


def _check_depth(content: bytes) -> None:
    if content.count(b"[") + content.count(b"{") < 500:
        return
    try:
        json.loads(content)
    except RecursionError:
        raise TooDeepError("JSON of more levels than a parser reads") from None
    except ValueError:
        pass


def _seconds_to_wait(response: requests.Response) -> float:
    value = response.headers.get("Retry-After", "1")
    return float(value) if value.isascii() and value.isdecimal() else 1.0
