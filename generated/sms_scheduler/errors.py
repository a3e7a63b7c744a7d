# Made by scripts/generate from openapi.yaml, SMS Scheduler 0.2.0: do not edit.
"""Everything that a client method raises, `TypeError` and `ValueError` for arguments that cannot be sent aside.

SmsSchedulerError
├── ApiError
│   ├── BadRequestError
│   ├── UnauthorizedError
│   ├── NotFoundError
│   └── UnexpectedStatusError
│       └── RateLimitError
├── InvalidResponseError
├── WaitTimeoutError
└── TransportError
    ├── NotSentError
    └── OutcomeUnknownError

They hold data and no request, whose headers would hold the key; they can be pickled and copied.
"""

import datetime
import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, cast

import attrs

from ._types import JsonObject

_LONGEST_TEXT = 2_000  # of a message, in characters
_LONGEST_WAIT = 1e9  # seconds, which a timedelta holds: thirty years


@attrs.define(slots=False, repr=False, str=False, eq=False)
class SmsSchedulerError(Exception):
    """The root of all errors of this package.

    Attributes:
        operation: The operation's id in the API's document.
        is_safe_to_retry: Whether calling again can do no harm. For a request that creates something that is only so
            if it certainly created nothing: it was never sent, or it was refused.
    """

    operation: str
    is_safe_to_retry: bool

    def __str__(self) -> str:
        return f"{self.operation}: {_printable(self._reason())}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"

    def _reason(self) -> str:
        raise NotImplementedError


@attrs.define(slots=False, repr=False, str=False, eq=False)
class _ResponseError(SmsSchedulerError):
    """An error for which a response came: its HTTP status, its headers by name in lower case, and its body."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes


class ApiError(_ResponseError):
    """The server answered with an error status."""

    @property
    def retry_after(self) -> float | None:
        """How many seconds the server asks to wait (its Retry-After header), or None if it does not say."""
        return seconds_to_wait(self.headers)

    def _reason(self) -> str:
        return _phrase(self.status_code)


@attrs.define(slots=False, repr=False, str=False, eq=False)
class BadRequestError(ApiError):
    """The request was refused because of the fields named.

    Attributes:
        errors: The error messages, by the name of the field at fault.
    """

    errors: JsonObject[list[str]]

    def _reason(self) -> str:
        return f"{super()._reason()}: {_in_words(self.errors)}".rstrip(": ")


class UnauthorizedError(ApiError):
    """The API key is missing or wrong."""


class NotFoundError(ApiError):
    """Nothing has this id."""


class UnexpectedStatusError(ApiError):
    """The server answered with a status that the API's document does not list for the operation."""

    def _reason(self) -> str:
        return f"unexpected status {_phrase(self.status_code)}"


class RateLimitError(UnexpectedStatusError):
    """The server asks for fewer requests (429), of which the API's document says nothing; see `retry_after`."""


@attrs.define(slots=False, repr=False, str=False, eq=False)
class InvalidResponseError(_ResponseError):
    """The server answered with a documented status, and a body that is not what the document says.

    `problem` is what is wrong with it, and `path` is where in it, such as `$[3].status`; `$` is the whole.
    """

    problem: str
    path: str = "$"

    def _reason(self) -> str:
        return f"{_phrase(self.status_code)} with an invalid body: {self.problem} at {self.path}"


@attrs.define(slots=False, repr=False, str=False, eq=False)
class TransportError(SmsSchedulerError):
    """No response came; `problem` is what went wrong, in the words of the HTTP library."""

    problem: str


class NotSentError(TransportError):
    """The request certainly did not reach the server: it is safe to send it again."""

    def _reason(self) -> str:
        return f"the request was not sent: {self.problem}"


class OutcomeUnknownError(TransportError):
    """The request may have been carried out; `is_safe_to_retry` says whether calling again can do harm."""

    def _reason(self) -> str:
        return f"the request may or may not have been carried out: {self.problem}"


@attrs.define(slots=False, repr=False, str=False, eq=False)
class WaitTimeoutError(SmsSchedulerError):
    """What was waited for did not come in time.

    Attributes:
        seconds: How long was waited for it.
        last: The last report; None if none has come.
    """

    seconds: float
    last: Any

    def _reason(self) -> str:
        return f"still not final after {self.seconds:g} seconds"


def seconds_to_wait(headers: Mapping[str, str]) -> float | None:
    """Read Retry-After, a number of seconds or a date; None if it is absent or neither."""
    value = headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", value):
        return min(float(value), _LONGEST_WAIT)
    try:
        until = parsedate_to_datetime(value)
        if until.tzinfo is None:  # -0000, "no zone known"; HTTP dates are in UTC by definition
            until = until.replace(tzinfo=datetime.UTC)
        return max(0.0, (until - datetime.datetime.now(datetime.UTC)).total_seconds())
    except (ValueError, OverflowError):
        return None


def _printable(text: str) -> str:
    """A text in one line, whatever a server put into it: no line breaks, no codes for terminals, and not without end."""
    shown = text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}…"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in shown)


def _phrase(status_code: int) -> str:
    try:
        return f"{status_code} {HTTPStatus(status_code).phrase}"
    except ValueError:
        return str(status_code)


def _in_words(value: object) -> str:
    """Join the messages in nested mappings and lists to one line."""
    if isinstance(value, Mapping):
        return "; ".join(f"{key}: {_in_words(item)}" for key, item in cast("Mapping[str, object]", value).items())
    if isinstance(value, list):
        return ", ".join(map(_in_words, cast("list[object]", value)))
    return str(value)
