"""Safe mode: what may be sent to a server that may really send, and how everything created is deleted again."""

import datetime
import json
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any

import attrs
import requests

from .document import LISTED_CODES, SENT_CODES, WAITING
from .errors import CannotTestError, NotTestedError
from .exchange import Exchange, body_of
from .models import WIRE_DATE, Created, as_list
from .session import Session, problem
from .target import Target

# A server that does not answer may come back: the deletion of what is left is tried after each of these, in seconds.
_WAITS = (0, 1, 2, 4)
# The clean-up takes no longer than so many seconds, beside the time that the rate of requests makes it wait.
_LONGEST = 60.0
_MESSAGE_ID = re.compile(rb'"message_id"\s*:\s*"?([0-9]{1,100})')

# How far ahead dates are at least. They are years away, unless a server takes none of those: it may end at a year.
NEAREST = datetime.timedelta(300)


@attrs.define
class SafeMode:
    """The limits of safe mode. Only messages of a far date, to the numbers that the tester named, are created.

    Attributes:
        max_posts: How many requests may ask for a message.
        rate: How many requests are sent in a second, at most.
    """

    max_posts: int = 10
    rate: float = 2.0
    _posts: int = attrs.field(default=0, init=False)

    def before(self, request: requests.PreparedRequest, target: Target, account: "Account") -> float:
        """After how many seconds a request may be sent. Raises NotTestedError if it may not be sent at all."""
        if request.method == "POST":
            if account.unclear:
                raise NotTestedError("no more messages are created: it is not known what became of an earlier request")
            if self._posts >= self.max_posts:
                raise NotTestedError(f"it needs more than the {self.max_posts} messages that may be created")
            _check_harmless(body_of(request), target)
            self._posts += 1
        return 1 / self.rate


def _check_harmless(body: bytes, target: Target) -> None:
    """Raise ValueError for a message that could reach anybody but those whom the tester named, or soon."""
    fields = json.loads(body)
    soon = datetime.datetime.now() + NEAREST
    is_far = fields == {} or datetime.datetime.strptime(fields["delivery_date"], WIRE_DATE) > soon
    is_named = set(as_list(fields.get("phone_numbers", []))) <= set(target.phone_numbers)
    if not (is_far and is_named):
        raise ValueError(f"the suite must not send this in safe mode: {body!r}")


@attrs.define
class Account:
    """What was created and deleted, as the server says.

    Attributes:
        created: The ids of the SMS that were created, by message id.
        deleted: The ids of the messages that were deleted.
        touched: The ids of the messages and SMS whose deletion was tried.
        unclear: The requests for a message of which nobody knows what they created: they got no response, or one that is
            neither a refusal nor what the page states.
    """

    created: dict[int, list[int]] = attrs.field(factory=dict)
    deleted: set[int] = attrs.field(factory=set)
    touched: set[int] = attrs.field(factory=set)
    unclear: list[Exchange] = attrs.field(factory=list)

    def note(self, exchange: Exchange) -> None:
        """Note what an exchange created or deleted."""
        if exchange.method == "POST":
            self._note_creation(exchange)
        elif exchange.method == "DELETE":
            kind, _, identifier = exchange.path.strip("/").partition("/")
            if identifier.isdecimal():
                self.touched.add(int(identifier))
                if kind == "message" and exchange.status in {200, 404}:
                    self.deleted.add(int(identifier))

    def _note_creation(self, exchange: Exchange) -> None:
        # whatever the status is: a message that has an id may be sent
        answer = _json_within(exchange.response_body)
        ids = {*_numbers_named("message_id", answer), *map(int, _MESSAGE_ID.findall(exchange.response_body))}
        for message_id in ids:
            # of several messages nobody knows whose the SMS are; each deletion of an SMS is told by its answer
            self.created.setdefault(message_id, []).extend(_numbers_named("sms_ids", answer))
        is_refused = exchange.status is not None and 400 <= exchange.status < 500 and not ids
        asks_for_nothing = exchange.body in {b"", b"{}"} and not ids
        if not (is_refused or asks_for_nothing or _is_understood(exchange)):
            self.unclear.append(exchange)

    def is_untouched(self, created: Created) -> bool:
        """Whether nothing of a message was deleted."""
        return self.touched.isdisjoint([created.message_id, *created.ids])


def _is_understood(exchange: Exchange) -> bool:
    """Whether a creation was answered as the page states."""
    answer = exchange.json()
    if exchange.status != 200 or not isinstance(answer, dict) or not _is_id(answer.get("message_id")):
        return False
    by_number = answer.get("sms_ids")
    values = by_number.values() if isinstance(by_number, dict) else []
    return by_number == [] or (isinstance(by_number, dict) and all(all(map(_is_id, as_list(ids))) for ids in values))


def _is_id(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _json_within(body: bytes) -> Any:
    """The first JSON object of a body, whatever stands before and behind it."""
    text = body.decode(errors="replace")
    try:
        return json.JSONDecoder().raw_decode(text, max(text.find("{"), 0))[0]
    except (ValueError, RecursionError):
        return None


def _numbers_named(name: str, value: object) -> Iterator[int]:
    """The ids below each field of this name, also those that are written as strings."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _numbers(item) if key == name else _numbers_named(name, item)
    elif isinstance(value, list):
        for item in value:
            yield from _numbers_named(name, item)


def _numbers(value: object) -> Iterator[int]:
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _numbers(item)
    elif _is_id(value) or (isinstance(value, str) and re.fullmatch("[0-9]{1,100}", value)):
        yield int(value)  # type: ignore[call-overload]


@attrs.frozen
class CleanUp:
    """Deletes what was created.

    Attributes:
        jobs: How many requests are sent at once outside safe mode.
        rate: How many requests are sent in a second in safe mode, None outside it. In safe mode everything is deleted again
            that was said to be deleted, the reports are read afterwards, and a server that does not answer is waited for.
        on_progress: Is told what is being done.
    """

    session: Session
    authorization: str
    account: Account
    jobs: int
    rate: float | None
    on_progress: Callable[[str], None]

    def run(self) -> list[str]:
        """Delete what was created. The result says of each message that may still be sent why.

        It ends in time, and with an interruption.
        """
        created, deleted = self.account.created, self.account.deleted
        left = {message_id: "not tried" for message_id in created if self.rate or message_id not in deleted}
        requests_needed = sum(3 + 3 * len(created[message_id]) for message_id in left)
        self.session.begin_clean_up(_LONGEST + (requests_needed / self.rate if self.rate else 0))
        if left and self.rate:
            self.on_progress(f"Deleting {len(left)} messages. Ctrl-C ends this.")
        try:
            for wait in _WAITS if self.rate else _WAITS[:1]:
                self.session.pause(wait if left else 0)
                self._delete_all(left)
        except KeyboardInterrupt:
            left = {message_id: _also(reason, "interrupted") for message_id, reason in left.items()}
        except CannotTestError as error:
            left = {message_id: _also(reason, str(error)) for message_id, reason in left.items()}
        return [
            f"message {message_id} (SMS {', '.join(map(str, created[message_id])) or 'unknown'}): {reason}"
            for message_id, reason in left.items()
        ]

    def _delete_all(self, left: dict[int, str]) -> None:
        """Try to delete each message, and take from `left` those that are gone."""
        told = time.monotonic()
        pool = ThreadPoolExecutor(1 if self.rate else self.jobs)
        tries = [pool.submit(self._try_to_delete, message_id, left) for message_id in list(left)]
        try:
            for number, attempt in enumerate(as_completed(tries), 1):
                if time.monotonic() - told > 2:
                    told = time.monotonic()
                    self.on_progress(f"Deleted {number} of {len(tries)} messages.")
                if not (attempt.result() or self.rate):
                    return  # it is on this machine: it will not come back for the next one
        finally:
            pool.shutdown(cancel_futures=True)

    def _try_to_delete(self, message_id: int, left: dict[int, str]) -> bool:
        """Try to delete a message. The result is whether there was an answer."""
        try:
            left[message_id] = self._delete(message_id)
        except requests.RequestException as error:
            left[message_id] = f"no answer ({problem(error)})"
            return False
        if not left[message_id]:
            del left[message_id]
        return True

    def _delete(self, message_id: int) -> str:
        """Delete a message and, if that does not help, each of its SMS; the result says why it may still be sent."""
        answer = self._call("DELETE", f"/message/{message_id}")
        if not self.rate:
            return "" if answer.status_code in {200, 404} else f"the deletion is answered {answer.status_code}"
        if not self._doubt(message_id):
            return ""
        for sms_id in self.account.created[message_id]:
            self._call("DELETE", f"/sms/{sms_id}")
        doubt = self._doubt(message_id)
        return f"{doubt}; its deletion is answered {answer.status_code}" if doubt else ""

    def _doubt(self, message_id: int) -> str:
        """Why SMS of a message may still be sent, or were; empty if its reports say that they are gone."""
        response = self._call("GET", f"/message/{message_id}")
        # without a report of the message, each SMS has to say that it is gone
        rows = [] if response.status_code == 404 else _json(response)
        if response.status_code not in {200, 404} or not isinstance(rows, list):
            return f"its report cannot be read: {response.status_code}"
        statuses = {row["id"]: row.get("status") for row in rows if isinstance(row, dict) and _is_id(row.get("id"))}
        if len(statuses) < len(rows):
            return "its report has rows that cannot be read"
        missing = [sms_id for sms_id in self.account.created[message_id] if sms_id not in statuses]
        doubts = [*map(_doubt_about, statuses.values()), *map(self._doubt_of_sms, missing)]
        return next(filter(None, doubts), "")

    def _doubt_of_sms(self, sms_id: int) -> str:
        response = self._call("GET", f"/sms/{sms_id}")
        if response.status_code == 404:
            return ""
        report = _json(response)
        return _doubt_about(report.get("status") if isinstance(report, dict) else None)

    def _call(self, method: str, path: str) -> requests.Response:
        return self.session.call(method, path, self.authorization)


def _doubt_about(status: object) -> str:
    """Why an SMS with this status may still be sent, or was: only a listed, final status says that it will not be."""
    if not _is_id(status) or status not in LISTED_CODES:
        return f"it is reported with the status {json.dumps(status)}, which the page does not list"
    if status in WAITING:
        return "it is still reported as scheduled"
    return f"it was sent: its status is {status}" if status in SENT_CODES else ""


def _json(response: requests.Response) -> Any:
    try:
        return response.json()
    except (ValueError, RecursionError):
        return None


def _also(reason: str, more: str) -> str:
    return f"{reason}; {more}" if reason else more
