"""Changes to what a server does, and the small functions that the catalogues of faults and variants make them from.

A change is a function around the handling of a call. It may change the call before and the reply after, answer by itself
or meddle with the ledger.
"""

import itertools
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, cast

from starlette.datastructures import Headers

from sms_scheduler_mock.backend import text as _text
from sms_scheduler_mock.http.api import Api, Call, Reply
from sms_scheduler_mock.backend.ledger import Message, NewMessage
from sms_scheduler_mock.backend.validation import BadRequestError, parse_json

Answer = Callable[[Call], Reply]


@dataclass(frozen=True, slots=True)
class Exchange:
    """A call that a change handles, and what it may handle it with.

    Attributes:
        call: What is asked.
        api: Who answers without any change.
        honest: What answers without this change.
        memory: What the change counts, until the server is reset.
    """

    call: Call
    api: Api
    honest: Answer
    memory: Counter[str]

    def answer(self, **changes: Any) -> Reply:
        """What would be answered without the change, to the call or to one that differs in some fields."""
        return self.honest(replace(self.call, **changes))

    def answer_with_the_right_key(self) -> Reply:
        scheme = self.call.headers.get("Authorization", "").partition(" ")[0]
        known = scheme if scheme.lower() == "bearer" else "bearer"
        return self.answer(headers=Headers({"Authorization": f"{known} {self.api.api_key}"}))

    def answer_with_fields(self, **changes: object) -> Reply:
        """What would be answered to a request with other values in some fields."""
        return self.answer(content=json.dumps(self.fields | changes).encode())

    @property
    def has_the_key(self) -> bool:
        return self.api.is_authorised(self.call.headers)

    @property
    def given_key(self) -> str:
        """What follows the scheme in the Authorization header; nothing if there is none."""
        return self.call.headers.get("Authorization", "").partition(" ")[2].strip()

    @property
    def fields(self) -> dict[str, Any]:
        """The fields of the request, if there are any."""
        try:
            body = parse_json(self.call.content)
        except BadRequestError:
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
    def messages(self) -> list[Message]:
        """All that were created so far, the oldest first."""
        return self.api.ledger.messages()

    @property
    def message(self) -> Message | None:
        """The message that the id in the call is of, or whose SMS it is of; deleted or not."""
        of_sms = self.call.operation in GET_SMS | DELETE_SMS
        for message in self.messages:
            ids = [sms.id for sms in message.sms] if of_sms else [message.id]
            if self.call.id in map(str, ids):
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
        earlier = list(itertools.takewhile(lambda other: message is None or other.id != message.id, self.messages))
        return earlier[-1] if earlier else None

    def read_leniently(self) -> NewMessage:
        """Make what can be made of a request, good or bad."""
        fields = self.fields
        sender_id: object = fields.get("sender_id")
        return NewMessage(
            text=str(fields.get("message_text", "")),
            stop=bool(fields.get("message_stop")),
            delivery_date=self.date or datetime.strptime(EPOCH, DATE),
            sender_id=sender_id if isinstance(sender_id, int) else 0,
            phone_numbers=tuple(dict.fromkeys(number for number in self.numbers if isinstance(number, str))),
        )


Handle = Callable[[Exchange], Reply]
Condition = Callable[[Exchange], bool]
ChangeValue = Callable[[Any], object]


@dataclass(frozen=True, slots=True)
class Change:
    """A change to what a server does.

    Attributes:
        description: What it is, in one line.
        operations: Those that `handle` sees the calls of; None stands for methods that are not documented.
        handle: Answers these calls.
        rules: What it changes in the Rules of the ledger.
        of_bytes: Whether it is about the bytes of replies alone, and so goes around the faults if it is a variant.
    """

    description: str
    operations: frozenset[str | None]
    handle: Handle
    rules: Mapping[str, object] = field(default_factory=dict[str, object])
    of_bytes: bool = False

    def around(self, answer: Answer, api: Api, memory: Counter[str]) -> Answer:
        """`answer` with this change."""

        def changed(call: Call) -> Reply:
            if call.operation not in self.operations:
                return answer(call)
            return self.handle(Exchange(call, api, answer, memory))

        return changed


def descriptions(catalogue: Mapping[str, Change]) -> Mapping[str, str]:
    """What the changes of a catalogue are, by name."""
    return MappingProxyType({name: change.description for name, change in catalogue.items()})


CREATE, GET_SMS, DELETE_SMS = (frozenset[str | None]({name}) for name in ("createSms", "getSms", "deleteSms"))
GET_MESSAGE, DELETE_MESSAGE = frozenset[str | None]({"getMessage"}), frozenset[str | None]({"deleteMessage"})
OF_SMS = GET_SMS | DELETE_SMS
REPORTS = GET_SMS | GET_MESSAGE
DELETIONS = DELETE_SMS | DELETE_MESSAGE
BY_ID = REPORTS | DELETIONS
ALL = CREATE | BY_ID

_NUMBER = r"\+[0-9]{10,15}"
# What the fields of replies are.
_TYPES: Mapping[str, type] = {
    "message_id": int,
    "sms_ids": dict,
    "id": int,
    "phone_number": str,
    "status": int,
    "success": int,
    "errors": dict,
}
DATE, EPOCH = "%Y-%m-%d %H:%M:%S", "1970-01-01 00:00:00"


# When: conditions on a call.


def only(condition: Condition, handle: Handle) -> Handle:
    """A change shows only under a condition."""
    return lambda exchange: handle(exchange) if condition(exchange) else exchange.answer()


def has_text(pattern: str) -> Condition:
    """Whether the text of a new message holds something."""
    return lambda exchange: re.search(pattern, exchange.text) is not None


def has_date(condition: Callable[[datetime], bool]) -> Condition:
    """Whether the date of a new message is like that."""
    return lambda exchange: exchange.date is not None and condition(exchange.date)


def has_numbers(condition: Callable[[int], bool]) -> Condition:
    """Whether a new message is to so many numbers."""
    return lambda exchange: condition(len(exchange.numbers))


def is_long(exchange: Exchange) -> bool:
    """Whether the text of a new message takes more than one SMS."""
    return _text.parts(exchange.text) > 1


def is_to_one_string(exchange: Exchange) -> bool:
    return isinstance(exchange.fields.get("phone_numbers"), str)


def is_not_the_first(exchange: Exchange) -> bool:
    """Whether a message was created before the one that is created or asked for."""
    return exchange.previous is not None


def is_the_last_of_several(exchange: Exchange) -> bool:
    """Whether an SMS is the last one of a message that has others."""
    return len(exchange.sms_ids) > 1 and exchange.call.id == str(exchange.sms_ids[-1])


def is_acceptable(exchange: Exchange) -> bool:
    """Whether the key is right, and so are all fields of a request to create."""
    if not exchange.has_the_key or exchange.call.operation not in CREATE:
        return exchange.has_the_key
    try:
        exchange.api.read(exchange.call.content)
    except BadRequestError:
        return False
    return True


def is_known(exchange: Exchange) -> bool:
    """Whether the id was ever given to anything."""
    return exchange.message is not None


def is_unknown(exchange: Exchange) -> bool:
    """Whether the id was never given to anything, and the key is right."""
    return exchange.message is None and exchange.has_the_key


# What: replies.


def unchanged(exchange: Exchange) -> Reply:
    return exchange.answer()


def always(reply: Reply) -> Handle:
    """Nothing is done, and this is the reply."""
    return lambda _: reply


def at_once(reply: Reply) -> Handle:
    """Nothing is done, and this is the reply to what is not refused anyway."""
    return only(is_acceptable, always(reply))


def refuse(field: str, message: str = "The field is invalid") -> Handle:
    """The request is refused because of a field."""
    return at_once(Reply(400, {"errors": {field: [message]}}))


crash = at_once(Reply(500, "Internal Server Error"))


def reply(change: Callable[[Reply], Reply]) -> Handle:
    """The reply becomes another."""
    return lambda exchange: change(exchange.answer())


def instead_of(status: int, other: Reply) -> Handle:
    """What would be answered with a status is answered with another reply."""
    return reply(lambda reply: other if reply.status == status else reply)


def status(honest: int, other: int) -> Handle:
    """A status becomes another, and the body stays."""
    return reply(lambda reply: replace(reply, status=other) if reply.status == honest else reply)


def is_json(reply: Reply) -> bool:
    """Whether the body of a reply is JSON, and not yet the bytes of it."""
    return isinstance(reply.body, dict | list)


def body_by(change: Callable[[Exchange, Any], object], status: int = 200) -> Handle:
    """The JSON in replies with a status becomes something else, by what was asked."""

    def handle(exchange: Exchange) -> Reply:
        reply = exchange.answer()
        changes = is_json(reply) and reply.status == status
        return replace(reply, body=change(exchange, reply.body)) if changes else reply

    return handle


def body(change: ChangeValue, status: int = 200) -> Handle:
    """The JSON in replies with a status becomes something else."""
    return body_by(lambda _, content: change(content), status)


def each_object(change: Callable[[dict[str, Any]], object], status: int = 200) -> Handle:
    """An object becomes something else; in a list of objects, each of them."""

    def change_value(value: object) -> object:
        return change(cast("dict[str, Any]", value)) if isinstance(value, dict) else value

    return body(each(change_value), status)


def field_of(name: str, change: ChangeValue, status: int = 200) -> Handle:
    """A field becomes something else; in a list of objects, that of each. What is of a wrong type already stays."""

    def change_field(fields: dict[str, Any]) -> object:
        known = isinstance(fields.get(name), _TYPES[name])
        return fields | {name: change(fields[name])} if known else fields

    return each_object(change_field, status)


def becomes(name: str, value: object, status: int = 200) -> Handle:
    """A field has one value, whatever it should be."""
    return each_object(lambda fields: fields | {name: value} if name in fields else fields, status)


def without(name: str, status: int = 200) -> Handle:
    """A field is missing; in a list of objects, that of each."""
    return renamed(name, None, status)


def renamed(name: str, other: str | None, status: int = 200) -> Handle:
    """A field has another name, or is missing if there is none; in a list of objects, that of each."""

    def change_object(fields: dict[str, Any]) -> object:
        renamed = {other if key == name else key: value for key, value in fields.items()}
        return {key: value for key, value in renamed.items() if key is not None}

    return each_object(change_object, status)


def numbers_ids(change: Callable[[dict[str, Any]], object]) -> Handle:
    """The object sms_ids becomes something else."""

    def change_ids(ids: object) -> object:
        by_number = cast("dict[str, object]", ids)
        return change(by_number) if by_number else by_number

    return field_of("sms_ids", change_ids)


def sms_ids(change: ChangeValue) -> Handle:
    """Each id in sms_ids becomes something else, in either dialect."""
    return numbers_ids(lambda by_number: {number: each(change)(ids) for number, ids in by_number.items()})


def rows(change: Callable[[list[Any]], object]) -> Handle:
    """The rows of a report become something else."""

    def change_rows(rows: object) -> object:
        return change(cast("list[object]", rows)) if isinstance(rows, list) else rows

    return body(change_rows)


def last_row(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Handle:
    """The last row of a report that has others becomes something else."""
    return rows(lambda rows: [*rows[:-1], change(rows[-1])] if len(rows) > 1 else rows)


def content(change: Callable[[bytes], bytes], content_type: str | None = None) -> Handle:
    """The bytes of bodies become others; so does their type, if there is one given."""

    def change_reply(reply: Reply) -> Reply:
        if reply.body is None:
            return reply
        response = reply.response()
        known = response.headers.get("Content-Type", "application/octet-stream")
        headers = {**reply.headers, "Content-Type": content_type or known}
        return Reply(reply.status, change(bytes(response.body)), headers)

    return reply(change_reply)


def json_as(change: ChangeValue) -> Handle:
    """The JSON of every body becomes something else."""

    def change_reply(reply: Reply) -> Reply:
        return replace(reply, body=change(reply.body)) if is_json(reply) else reply

    return reply(change_reply)


def each(change: ChangeValue) -> ChangeValue:
    """Changes one value, or each one in a list."""

    def change_value(value: Any) -> object:
        if isinstance(value, list):
            return [change(item) for item in cast("list[object]", value)]
        return change(value)

    return change_value


def everywhere(change: ChangeValue) -> ChangeValue:
    """Changes each value in a body that is neither an object nor a list."""

    def change_value(value: object) -> object:
        if isinstance(value, dict):
            return {key: change_value(item) for key, item in cast("dict[str, Any]", value).items()}
        if isinstance(value, list):
            return [change_value(item) for item in cast("list[object]", value)]
        return change(value)

    return change_value


# What is accepted.


def accept_key(fits: Callable[[str, str], bool]) -> Handle:
    """A wrong key is accepted if it fits the right one; no key at all is an empty one."""

    def handle(exchange: Exchange) -> Reply:
        reply = exchange.answer()
        accepted = reply.status == 401 and fits(exchange.given_key, exchange.api.api_key)
        return exchange.answer_with_the_right_key() if accepted else reply

    return handle


def refused_for(field: str, reply: Reply) -> bool:
    """Whether a request was refused for one field alone."""
    if reply.status != 400 or not is_json(reply):
        return False
    errors: object = cast("dict[str, object]", reply.body).get("errors")
    return isinstance(errors, dict) and set(cast("dict[str, object]", errors)) == {field}


def mended(field: str, mend: ChangeValue) -> Handle:
    """What is refused for one field alone is accepted with another value there, unless that is None."""

    def handle(exchange: Exchange) -> Reply:
        reply = exchange.answer()
        if not refused_for(field, reply) or field not in exchange.fields:
            return reply
        value = mend(exchange.fields[field])
        accepted = reply if value is None else exchange.answer_with_fields(**{field: value})
        return accepted if accepted.status == 200 else reply

    return handle


def not_required(field: str, default: object) -> Handle:
    """A field need not be there."""

    def handle(exchange: Exchange) -> Reply:
        reply = exchange.answer()
        is_missing = refused_for(field, reply) and field not in exchange.fields
        return exchange.answer_with_fields(**{field: default}) if is_missing else reply

    return handle


def accept_numbers(pattern: str, unchecked: slice = slice(None)) -> Handle:
    """Invalid phone numbers are accepted as they are if they match a pattern, in some places of the list."""

    def handle(exchange: Exchange) -> Reply:
        reply = exchange.answer()
        asked = exchange.read_leniently()
        suspects = set(asked.phone_numbers[unchecked])
        fits = (re.fullmatch(pattern if number in suspects else _NUMBER, number) for number in asked.phone_numbers)
        accepted = refused_for("phone_numbers", reply) and suspects and all(fits)
        return exchange.api.create(asked) if accepted else reply

    return handle
