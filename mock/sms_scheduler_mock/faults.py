"""Faults: what can go wrong between a client and the server, for so many requests or until it is cleared."""

import difflib
import json
import re
from collections import deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, fields, replace
from http import HTTPStatus
from threading import Lock
from typing import Any, Self

from .backend import checks, machine_time
from .http.exchange import Answer, Damage, Request, Response

# The most faults that are on at once: each request goes through all of them.
_MOST = 100
_LARGEST = 1_000_000_000

Hook = Callable[[Request, Answer], Response]

# What each kind takes beside `times` and `operation`.
_TAKES: Mapping[str, tuple[str, ...]] = {
    "latency": ("seconds",),
    "refuse": (),
    "close": (),
    "reset": (),
    "tls": (),
    "slow": ("seconds",),
    "half": (),
    "length": ("length",),
    "twice": (),
    "status": ("status", "headers", "body", "retry_after", "done"),
    "redirect": ("location", "status"),
    "gateway": ("status", "done"),
    "rate_limit": ("rate",),
    "hook": ("hook",),
}
KINDS = tuple(kind for kind in _TAKES if kind != "hook")  # that need no Python
# What a kind must have, as in an example.
_EXAMPLES = {
    "latency": ("seconds", "latency:seconds=0.5"),
    "slow": ("seconds", "slow:seconds=2"),
    "length": ("length", "length:length=1000"),
    "status": ("status", "status:status=503"),
    "redirect": ("location", "redirect:location=https://sms.example/"),
    "rate_limit": ("rate", "rate_limit:rate=5/s"),
    "hook": ("hook", 'fault("hook", hook=function)'),
}
_PERIODS = {"s": 1, "min": 60, "h": 3600}
# What proxies say when the server behind them does not answer as it should.
_GATEWAY = """<html>
<head><title>{status} {reason}</title></head>
<body>
<center><h1>{status} {reason}</h1></center>
<hr><center>gateway</center>
</body>
</html>
"""
# What the short text form can say, and how it is read there.
_READ: Mapping[str, Callable[[str], object]] = {
    "times": int,
    "operation": str,
    "seconds": float,
    "status": int,
    "body": str,
    "retry_after": int,
    "length": int,
    "location": str,
    "rate": str,
    "done": lambda text: {"true": True, "false": False}[text],
}


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault, as `MockServer.fault` describes it. Raises ValueError if it makes no sense."""

    kind: str
    times: int | None = None
    operation: str | None = None
    seconds: float | None = None
    status: int | None = None
    headers: Mapping[str, str] | None = None
    body: object = None
    retry_after: int | None = None
    hook: Hook | None = None
    length: int | None = None
    location: str | None = None
    rate: str | None = None
    done: bool | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            checks.check_type(field.name, getattr(self, field.name), field.type)
        takes = _TAKES.get(self.kind)
        if takes is None:
            close = difflib.get_close_matches(self.kind, _TAKES)
            kinds = f"there are {', '.join(KINDS)}, and in Python hook"
            hint = f"did you mean {' or '.join(close)}?" if close else kinds
            raise ValueError(f"there is no fault {self.kind!r}: {hint}")
        given = [f.name for f in fields(self)[3:] if getattr(self, f.name) is not None]
        for name in given:
            if name not in takes:
                raise ValueError(f"the fault {self.kind} has no {name}")
        needed, example = _EXAMPLES.get(self.kind, (None, ""))
        if needed and needed not in given:
            raise ValueError(f"the fault {self.kind} needs {needed}, as in {example}")
        self._check_numbers()
        if self.kind == "redirect" and self.status not in {None, 301, 302, 303, 307, 308}:
            raise ValueError(f"a redirect has status 301, 302, 303, 307 or 308, not {self.status}")
        if self.rate is not None:
            _read_rate(self.rate)
        if self.kind in {"status", "redirect", "gateway"}:
            try:
                self._response().encode()
            except TypeError as error:
                raise ValueError(f"that cannot be sent: {error}") from None

    def _check_numbers(self) -> None:
        if self.times is not None and self.times < 1:
            raise ValueError(f"a fault is for 1 request or more, or for all without times, not for {self.times}")
        if self.seconds is not None and not 0 <= self.seconds <= 86400:
            raise ValueError(f"an answer takes 0 to 86400 seconds more, not {self.seconds}")
        if self.retry_after is not None and self.retry_after < 0:
            raise ValueError(f"retry_after is 0 seconds or more, not {self.retry_after}")
        if self.length is not None and not 0 <= self.length <= _LARGEST:
            raise ValueError(f"length is 0 to {_LARGEST:,} bytes, not {self.length}")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `status:status=429,retry_after=2,times=3,operation=createSms`, or a JSON object of any fields but `hook`.

        Raises ValueError if it makes no sense.
        """
        return cls.of(_from_json(text) if text.lstrip().startswith("{") else _from_short_form(text))

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """Make a fault of its fields, as JSON has them. Raises ValueError if it makes no sense."""
        known = [field.name for field in fields(cls) if field.name != "hook"]
        for name in values:
            if name not in known:
                raise ValueError(f"a fault has no {name}, only {', '.join(known)}")
        if values.get("kind") == "hook":
            raise ValueError("the fault hook takes a function, which only Python can give")
        given: dict[str, Any] = {"kind": "", **values}
        return cls(**given)

    def as_json(self) -> dict[str, object]:
        """All fields but `hook`; a body of bytes as the text that it is in UTF-8."""
        values = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "hook"}
        return values | {"body": self.body.decode(errors="replace") if isinstance(self.body, bytes) else self.body}

    def around(self, answer: Answer) -> Answer:
        """What answers instead of `answer` while it is on."""
        match self.kind:
            case "latency":
                return lambda request: _delayed(answer(request), self.seconds or 0)
            case "refuse":
                return lambda _: Response(503, hang_up="close")
            case "tls":
                return lambda _: Response(503, hang_up="tls")
            case "close":
                return lambda request: replace(answer(request), hang_up="close")
            case "reset":
                return lambda request: replace(answer(request), hang_up="reset")
            case "slow" | "half" | "length" | "twice" as kind:
                damage = Damage(kind, self.seconds or self.length or 0)
                return lambda request: replace(answer(request), damage=damage)
            case "hook":
                return lambda request: self._hooked(request, answer)
            case _:
                return lambda request: self._answered(request, answer)

    def _answered(self, request: Request, answer: Answer) -> Response:
        if self.done:
            answer(request)
        return self._response()

    def _hooked(self, request: Request, answer: Answer) -> Response:
        assert self.hook is not None  # noqa: S101  # it has the kind hook
        response = self.hook(request, answer)
        if not isinstance(response, Response):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"the hook returned {response!r}, which is no Response")
        return response

    def _response(self) -> Response:
        if self.kind == "redirect":
            return Response(self.status or 302, headers={"Location": self.location or ""})
        if self.kind == "gateway":
            status = self.status or 502
            page = _GATEWAY.format(status=status, reason=_reason(status))
            return Response(status, page, {"Content-Type": "text/html"})
        assert self.status is not None  # noqa: S101  # it has the kind status
        headers = dict(self.headers or {})
        if self.retry_after is not None:
            headers["Retry-After"] = str(self.retry_after)
        documented = {"errors": {"body": ["The request is refused"]}} if self.status == 400 else None
        return Response(self.status, documented if self.body is None else self.body, headers)


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _read_rate(text: str) -> tuple[int, int]:
    """How many requests in how many seconds. Raises ValueError if a rate does not say that."""
    match = re.fullmatch(r"([1-9][0-9]{0,4})/(s|min|h)", text)
    if match is None:
        raise ValueError(
            f"a rate is at most 99999 requests in a second, a minute or an hour, as in 5/s, 100/min, not {text!r}"
        )
    return int(match[1]), _PERIODS[match[2]]


class _RateLimit:
    """Counts the requests of the last second, minute or hour, by the time of this machine."""

    def __init__(self, rate: str) -> None:
        self._most, self._seconds = _read_rate(rate)
        self._accepted: deque[float] = deque(maxlen=self._most)

    def around(self, answer: Answer) -> Answer:
        return lambda request: self._refusal(machine_time.monotonic()) or answer(request)

    def _refusal(self, now: float) -> Response | None:
        """The answer to one request too many; None for one that is let pass."""
        if len(self._accepted) == self._most and (wait := self._accepted[0] + self._seconds - now) > 0:
            return Response(429, headers={"Retry-After": str(int(wait) + 1)})
        self._accepted.append(now)
        return None


class _Entry:
    """A fault that is on, and for how many requests it still is."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.left = fault.times
        self.around = _RateLimit(fault.rate).around if fault.rate else fault.around


class Faults:
    """The faults that are on. May be used from several threads.

    Latencies come first, then the others in the order in which they were added. Each of them sees what those after it make
    of a request, if it asks for that, and counts the requests that come to it.

    Args:
        answer: Answers requests without any fault.
        operations: The names of the operations that a fault can be for.
        initial: The faults that are on at first, and after a reset.
        has_tls: Whether the server speaks TLS.
    """

    def __init__(
        self, answer: Answer, operations: Collection[str], initial: Collection[Fault], *, has_tls: bool
    ) -> None:
        self._answer = answer
        self._operations = operations
        self._has_tls = has_tls
        self._lock = Lock()
        self._entries: list[_Entry] = []
        self._initial = initial
        self.reset()

    @property
    def on(self) -> tuple[Fault, ...]:
        """Each with the `times` that are left."""
        with self._lock:
            return tuple(replace(entry.fault, times=entry.left) for entry in self._entries)

    def add(self, fault: Fault) -> None:
        """Turn a fault on. Raises ValueError if there is no such operation."""
        if fault.operation is not None and fault.operation not in self._operations:
            raise ValueError(f"there is no operation {fault.operation!r}, only {', '.join(sorted(self._operations))}")
        if fault.kind == "tls" and not self._has_tls:
            raise ValueError(
                "the fault tls is for a server with TLS: start it with tls_cert, --tls-cert on the command line"
            )
        with self._lock:
            if len(self._entries) >= _MOST:
                raise ValueError(f"{_MOST} faults are on, which is as many as there may be: clear them first")
            self._entries = sorted([*self._entries, _Entry(fault)], key=lambda entry: entry.fault.kind != "latency")

    def clear(self) -> None:
        """Turn all of them off."""
        with self._lock:
            self._entries = []

    def reset(self) -> None:
        """Turn on those that were on at first, and no others. Raises ValueError if one makes no sense."""
        self.clear()
        for fault in self._initial:
            self.add(fault)

    def answer(self, request: Request) -> Response:
        """Answer a request with the faults that concern it."""
        answer = self._answer
        for entry in reversed(self._entries):
            answer = self._around(entry, answer)
        return answer(request)

    def _around(self, entry: _Entry, answer: Answer) -> Answer:
        return lambda request: (entry.around(answer) if self._takes(entry, request) else answer)(request)

    def _takes(self, entry: _Entry, request: Request) -> bool:
        """Whether a fault concerns a request; it has one less left then."""
        if entry.fault.operation not in {None, request.operation}:
            return False
        if entry.left is None:
            return True
        with self._lock:
            if entry.left > 0:  # else another thread has taken it
                entry.left -= 1
                self._entries = [other for other in self._entries if other.left != 0]
                return True
        return False


def _delayed(response: Response, seconds: float) -> Response:
    return replace(response, delay=response.delay + seconds)


def _from_json(text: str) -> dict[str, Any]:
    try:
        values: dict[str, Any] = json.loads(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is not JSON: {error}") from None
    return values


def _from_short_form(text: str) -> dict[str, Any]:
    kind, _, rest = text.strip().partition(":")
    values: dict[str, Any] = {"kind": kind}
    for part in rest.split(",") if rest else []:
        name, _, value = (piece.strip() for piece in part.partition("="))
        if name not in _READ or name in values:
            raise ValueError(f"{part!r} in {text!r}: a fault has {', '.join(_READ)}, each once, as name=value")
        try:
            values[name] = _READ[name](value)
        except KeyError:
            raise ValueError(f"{part!r} in {text!r}: {name} is true or false, not {value!r}") from None
        except ValueError:
            raise ValueError(f"{part!r} in {text!r}: {value!r} is no number") from None
    return values
