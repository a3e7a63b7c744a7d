"""Safe mode: what may be sent to a server that may really send, and how everything created is deleted again."""

import datetime
import itertools
import json
import time
from typing import Any

import attrs
import requests

from .document import WAITING
from .errors import CannotTestError, NotTestedError
from .exchange import Exchange, body_of
from .models import WIRE_DATE, Created, as_list
from .session import Session
from .target import Target

# A server that does not answer may come back: the deletion of what is left is tried after each of these, in seconds.
_WAITS = (0, 1, 2, 4)


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

    def before(self, request: requests.PreparedRequest, target: Target) -> None:
        """Wait until a request may be sent. Raises NotTestedError if it may not be sent at all."""
        if request.method == "POST":
            if self._posts >= self.max_posts:
                raise NotTestedError(f"it needs more than the {self.max_posts} messages that may be created")
            _check_harmless(body_of(request), target)
            self._posts += 1
        time.sleep(1 / self.rate)


def _check_harmless(body: bytes, target: Target) -> None:
    """Raise ValueError for a message that could reach anybody but those whom the tester named, or within a year."""
    fields = json.loads(body)
    soon = datetime.datetime.now() + datetime.timedelta(days=365)
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
        unanswered: The requests for a message that got no response.
    """

    created: dict[int, list[int]] = attrs.field(factory=dict)
    deleted: set[int] = attrs.field(factory=set)
    touched: set[int] = attrs.field(factory=set)
    unanswered: list[Exchange] = attrs.field(factory=list)

    def note(self, exchange: Exchange) -> None:
        """Note what an exchange created or deleted."""
        if exchange.method == "POST" and exchange.status is None:
            self.unanswered.append(exchange)
        elif exchange.method == "POST":
            self._note_created(exchange.json())
        elif exchange.method == "DELETE":
            kind, _, identifier = exchange.path.strip("/").partition("/")
            if identifier.isdecimal():
                self.touched.add(int(identifier))
                if kind == "message" and exchange.status in {200, 404}:
                    self.deleted.add(int(identifier))

    def _note_created(self, response: Any) -> None:
        # whatever the status was: a message that has an id may be sent
        message_id = response.get("message_id") if isinstance(response, dict) else None
        if isinstance(message_id, int):
            self.created.setdefault(message_id, []).extend(_integers(response.get("sms_ids")))

    def is_untouched(self, created: Created) -> bool:
        """Whether nothing of a message was deleted."""
        return self.touched.isdisjoint([created.message_id, *created.ids])


def _integers(value: object) -> list[int]:
    """Every integer in a JSON value."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return list(itertools.chain.from_iterable(map(_integers, value)))
    return [value] if isinstance(value, int) and not isinstance(value, bool) else []


@attrs.frozen
class CleanUp:
    """Deletes what was created.

    Attributes:
        is_thorough: Whether to delete again what was said to be deleted, to read the report afterwards, and to wait for
            a server that does not answer.
    """

    session: Session
    authorization: str
    account: Account
    is_thorough: bool

    def run(self) -> list[str]:
        """Delete what was created. The result says of each message that may still be sent why."""
        created, deleted = self.account.created, self.account.deleted
        left = {message_id: "" for message_id in created if self.is_thorough or message_id not in deleted}
        for wait in _WAITS if self.is_thorough else _WAITS[:1]:
            time.sleep(wait if left else 0)
            left = {message_id: problem for message_id in left if (problem := self._delete(message_id))}
        return [
            f"message {message_id} (SMS {', '.join(map(str, created[message_id])) or 'unknown'}): {problem}"
            for message_id, problem in left.items()
        ]

    def _delete(self, message_id: int) -> str:
        """Delete a message and, if that does not help, each of its SMS; the result says why it may still be sent."""
        try:
            self._call("DELETE", f"/message/{message_id}")
            if not self.is_thorough or not self._is_waiting(message_id):
                return ""
            for sms_id in self.account.created[message_id]:
                self._call("DELETE", f"/sms/{sms_id}")
            return "it is still reported as scheduled" if self._is_waiting(message_id) else ""
        except (requests.RequestException, CannotTestError) as error:
            return f"no answer ({type(error).__name__})"

    def _is_waiting(self, message_id: int) -> bool:
        """Whether an SMS of a message is still reported as scheduled or pending."""
        response = self._call("GET", f"/message/{message_id}")
        try:
            rows = response.json() if response.status_code == 200 else []
        except ValueError:
            return True
        return any(isinstance(row, dict) and row.get("status") in WAITING for row in rows)

    def _call(self, method: str, path: str) -> requests.Response:
        return self.session.call(method, path, self.authorization)
