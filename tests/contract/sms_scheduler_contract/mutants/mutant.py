"""What a mutant is: a hook of the mock server that changes what it answers or does."""

import itertools
import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, cast

from sms_scheduler_mock import Message, MockServer, Request, Response
from sms_scheduler_mock.backend.messages import NewMessage
from starlette.datastructures import Headers

CREATE, GET_SMS, DELETE_SMS = (frozenset[str | None]({name}) for name in ("createSms", "getSms", "deleteSms"))
GET_MESSAGE, DELETE_MESSAGE = frozenset[str | None]({"getMessage"}), frozenset[str | None]({"deleteMessage"})
OF_SMS = GET_SMS | DELETE_SMS
REPORTS = GET_SMS | GET_MESSAGE
DELETIONS = DELETE_SMS | DELETE_MESSAGE
BY_ID = REPORTS | DELETIONS
ALL = CREATE | BY_ID

DATE, EPOCH = "%Y-%m-%d %H:%M:%S", "1970-01-01 00:00:00"


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request that a mutant answers, and what it may answer it with.

    Attributes:
        server: The mock server, of which all may be changed.
        request: What is asked.
        unchanged: What answers without this mutant.
        memory: What the mutant counts.
    """

    server: MockServer
    request: Request
    unchanged: Callable[[Request], Response]
    memory: Counter[str]

    def answer(self, **changes: Any) -> Response:
        """What would be answered without the mutant, to the request or to one that differs in some attributes."""
        return self.unchanged(replace(self.request, **changes))

    def answer_with_the_right_key(self) -> Response:
        scheme = self.request.headers.get("Authorization", "").partition(" ")[0]
        known = scheme if scheme.lower() == "bearer" else "bearer"
        return self.answer(headers=Headers({"Authorization": f"{known} {self.server.api_key}"}))

    def answer_with_fields(self, **changes: object) -> Response:
        """What would be answered to a request with other values in some fields."""
        return self.answer(body=json.dumps(self.fields | changes).encode())

    @property
    def has_the_key(self) -> bool:
        return self.server.api.is_authorised(self.request.headers)

    @property
    def given_key(self) -> str:
        """What follows the scheme in the Authorization header; nothing if there is none."""
        return self.request.headers.get("Authorization", "").partition(" ")[2].strip()

    @property
    def fields(self) -> dict[str, Any]:
        """The fields of the request, if there are any."""
        try:
            body: object = self.request.json()
        except (ValueError, RecursionError):
            return {}
        return cast("dict[str, Any]", body) if isinstance(body, dict) else {}

    @property
    def text(self) -> str:
        return str(self.fields.get("message_text"))

    @property
    def date(self) -> datetime | None:
        """The delivery date, if there is one that makes sense."""
        try:
            return datetime.strptime(str(self.fields.get("delivery_date")), DATE)
        except ValueError:
            return None

    @property
    def numbers(self) -> list[object]:
        """The phone numbers asked for, a single one too."""
        numbers: object = self.fields.get("phone_numbers")
        return cast("list[object]", numbers) if isinstance(numbers, list) else [numbers]

    @property
    def message(self) -> Message | None:
        """The message that the id in the request is of, or whose SMS it is of; deleted or not."""
        of_sms = self.request.operation in OF_SMS
        for message in self.server.messages:
            ids = [sms.id for sms in message.sms] if of_sms else [message.id]
            if self.request.id in map(str, ids):
                return message
        return None

    @property
    def sms_ids(self) -> list[int]:
        """The ids of the SMS of that message."""
        return [sms.id for sms in self.message.sms] if self.message else []

    @property
    def previous(self) -> Message | None:
        """The message that was created before that one; the latest if there is no such message."""
        message = self.message
        others = itertools.takewhile(lambda other: message is None or other.id != message.id, self.server.messages)
        return next(reversed(list(others)), None)

    def read_leniently(self) -> NewMessage:
        """Make what can be made of a request, good or bad."""
        fields = self.fields
        sender_id: object = fields.get("sender_id")
        return NewMessage(
            text=str(fields.get("message_text", "")).encode(errors="replace").decode(),
            stop=bool(fields.get("message_stop")),
            delivery_date=self.date or datetime.strptime(EPOCH, DATE),
            sender_id=sender_id if isinstance(sender_id, int) else 0,
            phone_numbers=tuple(dict.fromkeys(number for number in self.numbers if isinstance(number, str))),
        )


Handle = Callable[[Exchange], Response]
Condition = Callable[[Exchange], bool]


@dataclass(frozen=True, slots=True)
class Mutant:
    """A server that differs from the mock server: broken, or as good in another way.

    Attributes:
        description: What it does, in one line.
        operations: Those that `handle` answers the requests of; None stands for methods that are not documented.
        handle: Answers these requests.
        rules: What it changes in the `Rules` of the ledger.
    """

    description: str
    operations: frozenset[str | None]
    handle: Handle
    rules: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def apply(self, server: MockServer) -> None:
        """Make a mock server this one, until it is reset."""
        memory = Counter[str]()

        def hook(request: Request, answer: Callable[[Request], Response]) -> Response:
            if request.operation not in self.operations:
                return answer(request)
            return self.handle(Exchange(server, request, answer, memory))

        server.ledger.rules = replace(server.ledger.rules, **self.rules)
        server.fault("hook", hook=hook)
