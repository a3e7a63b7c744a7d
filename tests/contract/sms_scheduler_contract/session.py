"""The HTTP session: all requests to the server under test go through it, those that Schemathesis generates too."""

import json
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from http.cookiejar import DefaultCookiePolicy
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import Any, NoReturn, Self

import attrs
import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from requests.exceptions import ContentDecodingError

from .errors import CannotTestError
from .exchange import Exchange
from .target import Target

_LONGEST_WAIT = 30.0  # seconds
_MOST_TRIES = 6
# For so many seconds after Ctrl-C the answer to a creation is awaited: without it nobody knows what to delete.
_GRACE = 3.0
# What is raised when a connection ends before the response does.
DROPPED = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)


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


@attrs.define(eq=False)
class Course:
    """How far a run is, and what ends it: its sessions have it in common.

    Attributes:
        limits: What no server makes the run exceed.
        ends: When the run ends, by the monotonic clock.
        late: What is said then.
        history: What was sent and received since the run began.
        is_interrupted: Whether the user asked to stop: each further request raises KeyboardInterrupt.
        stopped: Why the run ends: each further request raises this.
        put_forward: By how many seconds the server's clock was put forward.
        is_fresh: Whether each request has a connection of its own, since one was lost that had been used before. A server may
            close what it has kept open at any time, and without a word.
        turn: Who has it sends a request again that the server has refused with 429.
        waiting: The queues of all who wait for something.
    """

    limits: Limits
    ends: float
    late: str
    history: list[Exchange] = attrs.field(factory=list)
    is_interrupted: bool = False
    stopped: CannotTestError | None = None
    put_forward: float = 0.0
    is_fresh: bool = False
    turn: Lock = attrs.field(factory=Lock)
    waiting: list["SimpleQueue[Any]"] = attrs.field(factory=list)

    @classmethod
    def beginning(cls, limits: Limits) -> Self:
        """The course of a run that begins now."""
        late = f"it took longer than {limits.run:g} s: pass a higher --time-limit"
        return cls(limits, time.monotonic() + limits.run, late)

    def now(self) -> float:
        """The time by the server's clock, in seconds since some moment."""
        return time.monotonic() + self.put_forward

    def interrupt(self) -> None:
        """End what waits, and let no further request be sent. A signal handler may call this."""
        self.is_interrupted = True
        for queue in list(self.waiting):
            queue.put(None)

    def stop(self, error: CannotTestError) -> NoReturn:
        """End the run. Who catches that and tries again, as Hypothesis does, gets the same at once."""
        self.stopped = error
        raise error

    def check(self) -> None:
        """Raise what ends the run, if anything does."""
        if self.is_interrupted:
            raise KeyboardInterrupt
        if self.stopped:
            raise self.stopped
        if time.monotonic() >= self.ends:
            self.stop(CannotTestError(self.late))

    def wait(self, queue: "SimpleQueue[Any]", seconds: float) -> Any:
        """What comes next, None after so many seconds and on an interruption."""
        self.waiting.append(queue)
        try:
            if self.is_interrupted:
                return None
            return queue.get(timeout=max(0.0, min(seconds, self.ends - time.monotonic())))
        except Empty:
            return None
        finally:
            self.waiting.remove(queue)


class Session(requests.Session):
    """Records each exchange, limits it, waits when the server limits the rate of requests, and follows no redirect.

    Requests are sent in a thread of their own: neither a server that sends a byte now and then nor a name that is not
    resolved keeps the caller for longer than the limit.

    Attributes:
        exchanges: What was sent and received since the scenario began.
        record: What was sent and received since the session began.
        course: What it has in common with the other sessions of the run.
        waited: For how many seconds the check has let time pass since the last exchange.
        group: The number of the requests that are being sent at once; 0 if there are none.
        patience: For how many seconds a whole response is awaited, if that is less than the limit of the run.
    """

    def __init__(
        self,
        target: Target,
        before: Callable[[requests.PreparedRequest], float],
        after: Callable[[Exchange], None],
        course: Course,
    ) -> None:
        """`before` says after how many seconds a request may be sent, or raises to hold it back; `after` sees each exchange."""
        super().__init__()
        self.exchanges: list[Exchange] = []
        self.record: list[Exchange] = []
        self.course = course
        self.waited = 0.0
        self.group = 0
        self.patience = math.inf
        self.trust_env = False  # no proxy, no certificate and no password of the environment
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # a cookie might replace the key
        self.auth = lambda request: request
        self._network = {
            "verify": target.ca_file or True,
            "proxies": {"http": target.proxy, "https": target.proxy} if target.proxy else {},
            "cert": None,
        }
        self._base_url = target.url
        self._before = before
        self._after = after

    def another(self) -> "Session":
        """A session of the same run with a record of its own. It shares the connections."""
        other = Session.__new__(Session)
        other.__dict__ |= self.__dict__ | {"exchanges": [], "record": []}
        return other

    def apart(self, patience: float) -> "Session":
        """One that has connections of its own too, and waits so many seconds for a response."""
        other = self.another()
        other.patience = patience
        other.adapters = OrderedDict()
        for prefix in self.adapters:
            other.mount(prefix, HTTPAdapter())
        return other

    def get_adapter(self, url: str) -> BaseAdapter:
        """What keeps the connections: nothing does if each request has its own."""
        return HTTPAdapter() if self.course.is_fresh else super().get_adapter(url)

    def begin_clean_up(self, seconds: float) -> None:
        """Send again, whatever ended the run, for so many seconds."""
        course = self.course
        course.is_interrupted = False
        course.stopped = None
        course.ends = time.monotonic() + seconds
        course.late = f"the clean-up took longer than {seconds:.0f} s"
        course.limits = attrs.evolve(course.limits, exchange=min(course.limits.exchange, 10.0))

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
        self.course.wait(SimpleQueue(), seconds)
        self.course.check()

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send a request, and again while the server answers 429."""
        response = self._send_once(request, **kwargs)
        if response.status_code == 429:
            with self.course.turn:  # one after the other: several at once would be too many again
                response = self._send_again(response, request, **kwargs)
        return response

    def _send_again(
        self, response: requests.Response, request: requests.PreparedRequest, **kwargs: Any
    ) -> requests.Response:
        for _ in range(_MOST_TRIES):
            wait = _seconds_to_wait(response)
            if response.status_code != 429 or wait > _LONGEST_WAIT:
                break
            self.pause(wait)
            response = self._send_once(request, **kwargs)
        if response.status_code == 429:
            self.course.stop(CannotTestError("it limits the rate of requests: it answers 429 again and again"))
        return response

    def _send_once(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        self.course.check()
        if wait := self._before(request):
            self.pause(wait)
        is_fresh = self.course.is_fresh
        try:
            response = self._exchange(request, {**kwargs, **self._network})
        except BaseException as error:
            self._record(request, None)
            if is_fresh or not _is_closed(error):
                raise
            self.course.is_fresh = True
            return self._send_once(request, **kwargs)
        self._record(request, response)
        return response

    def _exchange(self, request: requests.PreparedRequest, kwargs: dict[str, Any]) -> requests.Response:
        limit = min(self.course.limits.exchange, self.patience)
        answers: SimpleQueue[Any] = SimpleQueue()
        kwargs |= {"timeout": limit, "stream": True}
        Thread(target=self._perform, args=(request, kwargs, answers, time.monotonic() + limit), daemon=True).start()
        answer = self.course.wait(answers, limit)
        if answer is None and self.course.is_interrupted and request.method == "POST":
            with suppress(Empty):
                answer = answers.get(timeout=_GRACE)
        if isinstance(answer, BaseException):
            raise answer
        if answer is None:
            self.course.check()
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
            if len(content) > self.course.limits.size or time.monotonic() > ends:
                response.close()
                raise TooLargeError(f"a response has more than {self.course.limits.size:,} bytes")
        response._content = bytes(content)
        _check_depth(response.content)

    def _record(self, request: requests.PreparedRequest, response: requests.Response | None) -> None:
        exchange = attrs.evolve(
            Exchange.of(self._base_url, request, response), at=self.course.now(), waited=self.waited, group=self.group
        )
        self.waited = 0.0
        for record in self.exchanges, self.record, self.course.history:
            record.append(exchange)
        self._after(exchange)


def _is_closed(error: BaseException | None) -> bool:
    """Whether a connection was closed before anything of a response came."""
    while error and not isinstance(error, ConnectionResetError | BrokenPipeError | ConnectionAbortedError):
        error = error.__context__
    return error is not None


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
