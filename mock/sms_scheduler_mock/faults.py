"""Faults: what can go wrong between a client and the server, for so many requests or until it is cleared."""

import difflib
import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, fields, replace
from threading import Lock
from typing import Any, Self

from .http.exchange import Answer, Request, Response

Hook = Callable[[Request, Answer], Response]

# What each kind takes beside `times` and `operation`; the first of them it must have.
_TAKES: Mapping[str, tuple[str, ...]] = {
    "latency": ("seconds",),
    "refuse": (),
    "close": (),
    "reset": (),
    "status": ("status", "headers", "body", "retry_after"),
    "hook": ("hook",),
}
_EXAMPLES = {"latency": "latency:seconds=0.5", "status": "status:status=503", "hook": 'fault("hook", hook=function)'}
# What the short text form can say, and how it is read there.
_READ: Mapping[str, Callable[[str], object]] = {
    "times": int,
    "operation": str,
    "seconds": float,
    "status": int,
    "body": str,
    "retry_after": int,
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

    def __post_init__(self) -> None:
        takes = _TAKES.get(self.kind)
        if takes is None:
            close = difflib.get_close_matches(self.kind, _TAKES)
            hint = f"did you mean {' or '.join(close)}?" if close else f"there are {', '.join(_TAKES)}"
            raise ValueError(f"there is no fault {self.kind!r}: {hint}")
        given = [f.name for f in fields(self)[3:] if getattr(self, f.name) is not None]
        for name in given:
            if name not in takes:
                raise ValueError(f"the fault {self.kind} has no {name}")
        if takes and takes[0] not in given:
            raise ValueError(f"the fault {self.kind} needs {takes[0]}, as in {_EXAMPLES[self.kind]}")
        if self.times is not None and self.times < 1:
            raise ValueError(f"a fault is for 1 request or more, or for all without times, not for {self.times}")
        if self.seconds is not None and not 0 <= self.seconds <= 86400:
            raise ValueError(f"an answer takes 0 to 86400 seconds more, not {self.seconds}")
        if self.retry_after is not None and self.retry_after < 0:
            raise ValueError(f"retry_after is 0 seconds or more, not {self.retry_after}")
        if self.status is not None:
            try:
                self._response().encode()
            except TypeError as error:
                raise ValueError(f"that cannot be sent: {error}") from None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `status:status=429,retry_after=2,times=3,operation=createSms`, or a JSON object of any fields but `hook`.

        Raises ValueError if it makes no sense.
        """
        values = _from_json(text) if text.lstrip().startswith("{") else _from_short_form(text)
        try:
            return cls(**values)
        except TypeError as error:
            raise ValueError(f"{text!r} is no fault: {error}") from None

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
            case "close":
                return lambda request: replace(answer(request), hang_up="close")
            case "reset":
                return lambda request: replace(answer(request), hang_up="reset")
            case "status":
                return lambda _: self._response()
            case _:
                return lambda request: self._hooked(request, answer)

    def _hooked(self, request: Request, answer: Answer) -> Response:
        assert self.hook is not None  # noqa: S101  # it has the kind hook
        response = self.hook(request, answer)
        if not isinstance(response, Response):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"the hook returned {response!r}, which is no Response")
        return response

    def _response(self) -> Response:
        assert self.status is not None  # noqa: S101  # it has the kind status
        headers = dict(self.headers or {})
        if self.retry_after is not None:
            headers["Retry-After"] = str(self.retry_after)
        documented = {"errors": {"body": ["The request is refused"]}} if self.status == 400 else None
        return Response(self.status, documented if self.body is None else self.body, headers)


class _Entry:
    """A fault that is on, and for how many requests it still is."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.left = fault.times


class Faults:
    """The faults that are on. May be used from several threads.

    Latencies come first, then the others in the order in which they were added. Each of them sees what those after it make
    of a request, if it asks for that, and counts the requests that come to it.

    Args:
        answer: Answers requests without any fault.
        operations: The names of the operations that a fault can be for.
    """

    def __init__(self, answer: Answer, operations: Collection[str]) -> None:
        self._answer = answer
        self._operations = operations
        self._lock = Lock()
        self._entries: list[_Entry] = []

    @property
    def on(self) -> tuple[Fault, ...]:
        """Each with the `times` that are left."""
        with self._lock:
            return tuple(replace(entry.fault, times=entry.left) for entry in self._entries)

    def add(self, fault: Fault) -> None:
        """Turn a fault on. Raises ValueError if there is no such operation."""
        if fault.operation is not None and fault.operation not in self._operations:
            raise ValueError(f"there is no operation {fault.operation!r}, only {', '.join(sorted(self._operations))}")
        with self._lock:
            self._entries = sorted([*self._entries, _Entry(fault)], key=lambda entry: entry.fault.kind != "latency")

    def clear(self) -> None:
        """Turn all of them off."""
        with self._lock:
            self._entries = []

    def answer(self, request: Request) -> Response:
        """Answer a request with the faults that concern it."""
        answer = self._answer
        for entry in reversed(self._entries):
            answer = self._around(entry, answer)
        return answer(request)

    def _around(self, entry: _Entry, answer: Answer) -> Answer:
        return lambda request: (entry.fault.around(answer) if self._takes(entry, request) else answer)(request)

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
        except ValueError:
            raise ValueError(f"{part!r} in {text!r}: {value!r} is no number") from None
    return values
