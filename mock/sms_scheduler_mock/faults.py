"""Troubles: what can go wrong between a client and the server, for so many requests or until it is cleared."""

import difflib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from threading import Lock
from typing import Self

from .http.api import Api, Call, Reply
from sms_scheduler_contract.mutants.changes import Answer
from sms_scheduler_contract.mutants.faults import CATALOGUE as FAULTS

KINDS = {
    "latency": "each answer takes so many seconds more",
    "refuse": "the connection is closed instead of an answer, and nothing is done",
    "reset": "what is asked is done, and the connection is reset instead of an answer",
    "status": "the answer is an error status, and nothing is done",
}


@dataclass(frozen=True, slots=True)
class Trouble:
    """A trouble, as `MockServer.trouble` describes it. Raises ValueError if it makes no sense.

    As text it reads `status:status=429,retry_after=2,times=3,operation=createSms`: `parse` reads that, `str` gives it.
    """

    kind: str
    times: int | None = None
    operation: str | None = None
    seconds: float | None = None
    status: int | None = None
    retry_after: int | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS and self.kind not in FAULTS:
            close = difflib.get_close_matches(self.kind, [*KINDS, *FAULTS])
            hint = f"did you mean {' or '.join(close)}?" if close else f"there are {', '.join(KINDS)} and all FAULTS"
            raise ValueError(f"there is no trouble {self.kind!r}: {hint}")
        if self.times is not None and self.times < 1:
            raise ValueError(f"a trouble is for 1 request or more, or None for all, not {self.times}")
        if (self.kind == "latency") != (self.seconds is not None):
            raise ValueError("latency, and nothing else, has seconds: latency:seconds=0.5")
        if self.seconds is not None and not 0 <= self.seconds <= 86400:
            raise ValueError(f"an answer takes 0 to 86400 seconds more, not {self.seconds}")
        if (self.kind == "status") != (self.status is not None):
            raise ValueError("status, and nothing else, has a status: status:status=503")
        if self.status is not None and not 400 <= self.status <= 599:
            raise ValueError(f"an error status is 400 to 599, not {self.status}")
        if self.retry_after is not None and (self.kind != "status" or self.retry_after < 0):
            raise ValueError(
                "retry_after is 0 seconds or more, and for the trouble status: status:status=429,retry_after=2"
            )

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text form. Raises ValueError if it makes no sense."""
        kind, _, rest = text.strip().partition(":")
        read = {"times": int, "operation": str, "seconds": float, "status": int, "retry_after": int}
        values: dict[str, int | float | str] = {}
        for part in rest.split(",") if rest else []:
            name, _, value = (piece.strip() for piece in part.partition("="))
            if name not in read or name in values:
                raise ValueError(f"{part!r} in {text!r}: a trouble has {', '.join(read)}, each once, as name=value")
            try:
                values[name] = read[name](value)
            except ValueError:
                raise ValueError(f"{part!r} in {text!r}: {value!r} is no number") from None
        return cls(kind, **values)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

    def __str__(self) -> str:
        given = {f.name: getattr(self, f.name) for f in fields(self)[1:]}
        values = ",".join(f"{name}={value}" for name, value in given.items() if value is not None)
        return f"{self.kind}:{values}" if values else self.kind

    def concerns(self, operation: str | None) -> bool:
        """Whether it is of an operation; a fault is of some operations only."""
        of_fault = self.kind not in FAULTS or operation in FAULTS[self.kind].operations
        return of_fault and self.operation in {None, operation}


class _Entry:
    """A trouble that is on, how many requests it is still for, and what its fault counts."""

    def __init__(self, trouble: Trouble) -> None:
        self.trouble = trouble
        self.left = trouble.times
        self.memory = Counter[str]()


class Troubles:
    """The troubles that are on, the oldest first. May be used from several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._entries: list[_Entry] = []

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._entries)

    @property
    def on(self) -> tuple[Trouble, ...]:
        """Each with the `times` that are left."""
        with self._lock:
            return tuple(replace(entry.trouble, times=entry.left) for entry in self._entries)

    def add(self, trouble: Trouble) -> None:
        with self._lock:
            self._entries = [*self._entries, _Entry(trouble)]

    def clear(self) -> None:
        with self._lock:
            self._entries = []

    def answer(self, call: Call, api: Api, answer: Answer) -> Reply:
        """What `answer` makes of a call, with the troubles that concern it."""
        if not self._entries:
            return answer(call)
        entries = self._take(call.operation)
        delay = sum(entry.trouble.seconds or 0 for entry in entries)
        for entry in entries:
            if entry.trouble.kind in FAULTS:
                answer = FAULTS[entry.trouble.kind].around(answer, api, entry.memory)
        return replace(_answer([entry.trouble for entry in entries], call, answer), delay=delay)

    def _take(self, operation: str | None) -> list[_Entry]:
        """Those that concern a request to an operation, which have one request less left."""
        with self._lock:
            taken = [entry for entry in self._entries if entry.trouble.concerns(operation)]
            for entry in taken:
                if entry.left is not None:
                    entry.left -= 1
            self._entries = [entry for entry in self._entries if entry.left != 0]
            return taken


def _answer(troubles: Sequence[Trouble], call: Call, answer: Answer) -> Reply:
    kinds = {trouble.kind for trouble in troubles}
    if "refuse" in kinds:
        return Reply(503, hang_up="refuse")
    for trouble in troubles:
        if trouble.status is not None:
            return _error(trouble.status, trouble.retry_after)
    return replace(answer(call), hang_up="reset") if "reset" in kinds else answer(call)


def _error(status: int, retry_after: int | None) -> Reply:
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    body = {"errors": {"body": ["The request is refused"]}} if status == 400 else None
    return Reply(status, body, headers)
