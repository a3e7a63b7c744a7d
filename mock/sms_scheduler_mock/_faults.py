"""The faults: ways in which a server can break the contract, by name, and the switches that turn them on.

A fault is a function around the handling of a call. It may change the call before and the reply after, answer by itself
or meddle with the ledger. Most are made by the small functions between here and the table, from a status, a field or a
body; a fault that takes more than that is a function of its own below them.
"""

import difflib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, cast

from starlette.datastructures import Headers

from ._app import Api, Call, Reply
from ._ledger import NewMessage
from ._request import BadRequestError, parse_json

_Answer = Callable[[Call], Reply]


@dataclass(frozen=True, slots=True)
class Exchange:
    """A call that a fault handles, and what it may handle it with."""

    call: Call
    api: Api
    honest: _Answer

    def answer(self, **changes: Any) -> Reply:
        """What would be answered without the fault, to the call or to one that differs in some fields."""
        return self.honest(replace(self.call, **changes))

    def answer_with_the_right_key(self) -> Reply:
        return self.answer(headers=Headers({"Authorization": f"bearer {self.api.api_key}"}))


_Handle = Callable[[Exchange], Reply]
_Change = Callable[[Any], object]


@dataclass(frozen=True, slots=True)
class Fault:
    """A way to break the contract; `handle` does so in calls of the `operations` and sees no others."""

    description: str
    operations: frozenset[str]
    handle: _Handle

    def around(self, answer: _Answer, api: Api) -> _Answer:
        """`answer` with this fault."""

        def faulty(call: Call) -> Reply:
            return self.handle(Exchange(call, api, answer)) if call.operation in self.operations else answer(call)

        return faulty


class FaultyApi:
    """Answers calls like an Api, but for the faults that are `on`.

    They go around each other as the catalogue has them, the last one innermost: what concerns the meaning of an answer
    comes before what spoils its form. Raises ValueError if a name is not that of a fault.
    """

    on: tuple[str, ...]
    _answer: _Answer

    def __init__(self, api: Api, faults: Iterable[str] = ()) -> None:
        self._api = api
        self._initial = tuple(faults)
        self.reset()

    def answer(self, call: Call) -> Reply:
        return self._answer(call)

    def switch_on(self, name: str) -> None:
        """Turn a fault on. Raises ValueError if there is none of that name."""
        if name not in CATALOGUE:
            close = difflib.get_close_matches(name, CATALOGUE)
            hint = f"did you mean {' or '.join(close)}?" if close else "sms_scheduler_mock.FAULTS has them all"
            raise ValueError(f"there is no fault {name!r}: {hint}")
        self.on = tuple(known for known in CATALOGUE if known in {*self.on, name})
        answer: _Answer = self._api.answer
        for known in reversed(self.on):
            answer = CATALOGUE[known].around(answer, self._api)
        self._answer = answer

    def reset(self) -> None:
        """Turn on the faults of the beginning and no others."""
        self.on = ()
        self._answer = self._api.answer
        for name in self._initial:
            self.switch_on(name)


_CREATE, _GET_SMS, _DELETE_SMS = frozenset({"createSms"}), frozenset({"getSms"}), frozenset({"deleteSms"})
_GET_MESSAGE, _DELETE_MESSAGE = frozenset({"getMessage"}), frozenset({"deleteMessage"})
_REPORTS = _GET_SMS | _GET_MESSAGE
_DELETIONS = _DELETE_SMS | _DELETE_MESSAGE
_BY_ID = _REPORTS | _DELETIONS
_ALL = _CREATE | _BY_ID


def _always(reply: Reply) -> _Handle:
    """Nothing is done, and this is the reply."""
    return lambda _: reply


def _reply(change: Callable[[Reply], Reply]) -> _Handle:
    """The reply becomes another."""
    return lambda exchange: change(exchange.answer())


def _instead_of(status: int, other: Reply) -> _Handle:
    """What would be answered with a status is answered with another reply."""
    return _reply(lambda reply: other if reply.status == status else reply)


def _status(honest: int, other: int) -> _Handle:
    """A status becomes another, and the body stays."""
    return _reply(lambda reply: replace(reply, status=other) if reply.status == honest else reply)


def _body(change: _Change, status: int = 200) -> _Handle:
    """The JSON in replies with a status becomes something else."""
    return _reply(lambda reply: replace(reply, body=change(reply.body)) if reply.status == status else reply)


def _field(name: str, change: _Change, status: int = 200) -> _Handle:
    """A field becomes something else; in a list of objects, that of each."""

    def change_object(fields: dict[str, Any]) -> object:
        return fields | {name: change(fields[name])} if name in fields else fields

    return _body(_each(change_object), status)


def _without(name: str) -> _Handle:
    """A field is missing; in a list of objects, that of each."""

    def change_object(fields: dict[str, Any]) -> object:
        return {key: value for key, value in fields.items() if key != name}

    return _body(_each(change_object))


def _sms_ids(change: _Change) -> _Handle:
    """Each id in sms_ids becomes something else, in either dialect."""
    return _field("sms_ids", lambda by_number: {number: _each(change)(ids) for number, ids in by_number.items()})


def _content(change: Callable[[bytes], bytes], content_type: str | None = None) -> _Handle:
    """The bytes of bodies become others; so does their type, if there is one given."""

    def change_reply(reply: Reply) -> Reply:
        if reply.body is None:
            return reply
        response = reply.response()
        headers = {**reply.headers, "Content-Type": content_type or response.headers["Content-Type"]}
        return Reply(reply.status, change(bytes(response.body)), headers)

    return _reply(change_reply)


def _each(change: _Change) -> _Change:
    """Changes one value, or each one in a list."""

    def change_value(value: Any) -> object:
        if not isinstance(value, list):
            return change(value)
        return [change(item) for item in cast("list[object]", value)]

    return change_value


def _digits(number: str) -> object:
    return int(re.sub("[^0-9]", "", number) or 0)


def _swapped(by_number: dict[str, object]) -> object:
    return dict(zip(by_number, reversed(by_number.values()), strict=True))


def _without_the_last(by_number: dict[str, object]) -> object:
    return dict(list(by_number.items())[:-1])


def _in_camel_case(errors: dict[str, object]) -> object:
    return {re.sub("_(.)", lambda match: match[1].upper(), name): messages for name, messages in errors.items()}


def _look_at_the_key_last(exchange: Exchange) -> Reply:
    reply = exchange.answer()
    if reply.status == 401:
        exchange.answer_with_the_right_key()
    return reply


def _delete_the_others_too(exchange: Exchange) -> Reply:
    reply = exchange.answer()
    for message in exchange.api.ledger.messages():
        if reply.status == 200 and any(str(sms.id) == exchange.call.id for sms in message.sms):
            exchange.api.ledger.delete_message(message.id)
    return reply


def _pretend_to_delete(exchange: Exchange) -> Reply:
    report = exchange.answer(method="GET")
    if report.status != 200:
        return report
    of_message = exchange.call.operation == "deleteMessage"
    return Reply(200, {"success": len(cast("list[object]", report.body)) if of_message else True})


def _accept_any_phone_number(exchange: Exchange) -> Reply:
    reply = exchange.answer()
    if reply.status != 400 or cast("Any", reply.body)["errors"].keys() != {"phone_numbers"}:
        return reply
    asked = _read_leniently(exchange.call.content)
    return exchange.api.create(asked) if asked.phone_numbers else reply


def _accept_missing_fields(exchange: Exchange) -> Reply:
    reply = exchange.answer()
    if reply.status != 400:
        return reply
    filled = {"message_text": "", "delivery_date": _EPOCH, "sender_id": 0} | _fields(exchange.call.content)
    mended = exchange.answer(content=json.dumps(filled).encode())
    return mended if mended.status == 200 else reply


def _create_what_is_refused(exchange: Exchange) -> Reply:
    reply = exchange.answer()
    if reply.status == 400:
        exchange.api.create(_read_leniently(exchange.call.content))
    return reply


def _fields(content: bytes) -> dict[str, Any]:
    """The fields of a request, if there are any."""
    try:
        body = parse_json(content)
    except BadRequestError:
        return {}
    return cast("dict[str, Any]", body) if isinstance(body, dict) else {}


def _read_leniently(content: bytes) -> NewMessage:
    """Make what can be made of a request, good or bad."""
    fields = _fields(content)
    numbers: object = fields.get("phone_numbers")
    candidates = cast("list[object]", numbers) if isinstance(numbers, list) else [numbers]
    sender_id: object = fields.get("sender_id")
    try:
        date = datetime.strptime(str(fields.get("delivery_date")), _DATE)
    except ValueError:
        date = datetime.strptime(_EPOCH, _DATE)
    return NewMessage(
        text=str(fields.get("message_text", "")),
        stop=bool(fields.get("message_stop")),
        delivery_date=date,
        sender_id=sender_id if isinstance(sender_id, int) else 0,
        phone_numbers=tuple(dict.fromkeys(number for number in candidates if isinstance(number, str))),
    )


_DATE, _EPOCH = "%Y-%m-%d %H:%M:%S", "1970-01-01 00:00:00"
_HTML = b"<!DOCTYPE html><html><body><h1>It works!</h1></body></html>"
_NOTICE = b"<br />\n<b>Notice</b>:  Undefined index: sms in <b>/var/www/api.php</b> on line <b>42</b><br />\n"

CATALOGUE: Mapping[str, Fault] = {
    # Status codes
    "not-found-as-200": Fault("200 with no body for what is not there", _BY_ID, _instead_of(404, Reply(200))),
    "not-found-as-400": Fault("400 for what is not there", _BY_ID, _instead_of(404, Reply(400, {"errors": {}}))),
    "error-500": Fault("500 for every request", _ALL, _always(Reply(500, "Internal Server Error"))),
    "error-520": Fault("520, which no standard knows, for every request", _ALL, _always(Reply(520))),
    "created-as-201": Fault("201 for a message that was created", _CREATE, _status(200, 201)),
    "created-as-202": Fault("202 for a message that was created", _CREATE, _status(200, 202)),
    "deleted-as-204": Fault("204 with no body for a deletion", _DELETIONS, _instead_of(200, Reply(204))),
    "refused-as-200": Fault("200 with the errors of a request that is refused", _CREATE, _status(400, 200)),
    "refused-as-422": Fault("422 for a request that is refused", _CREATE, _status(400, 422)),
    # Authorisation
    "any-key-accepted": Fault("Any key is accepted, and so is none", _ALL, Exchange.answer_with_the_right_key),
    "wrong-key-as-403": Fault("403 for a wrong key", _ALL, _status(401, 403)),
    "wrong-key-as-200": Fault("200 with no body for a wrong key", _ALL, _instead_of(401, Reply(200))),
    "key-checked-last": Fault("401 for a wrong key, but what it asked for is done", _ALL, _look_at_the_key_last),
    # What bodies are made of
    "html-body": Fault("A page of HTML for every body", _ALL, _content(lambda _: _HTML, "text/html")),
    "php-notice": Fault("A notice of PHP before the JSON", _ALL, _content(lambda body: _NOTICE + body)),
    "empty-body": Fault("No body where there should be one", _ALL, _content(lambda _: b"")),
    "truncated-json": Fault("The last byte of the JSON is missing", _ALL, _content(lambda body: body[:-1])),
    "utf-16": Fault("JSON in UTF-16", _ALL, _content(lambda body: body.decode().encode("utf-16"))),
    "text-plain": Fault("JSON that is called text/plain", _ALL, _content(lambda body: body, "text/plain")),
    # Types of fields, and fields that are missing: a field as a whole before what is in it
    "rows-as-object": Fault(
        "The rows of a report are an object by their position",
        _GET_MESSAGE,
        _body(lambda rows: {str(position): row for position, row in enumerate(rows)}),
    ),
    "message-id-as-string": Fault("message_id is a string", _CREATE, _field("message_id", str)),
    "message-id-null": Fault("message_id is null", _CREATE, _field("message_id", lambda _: None)),
    "message-id-missing": Fault("message_id is missing", _CREATE, _without("message_id")),
    "sms-ids-null": Fault("sms_ids is null", _CREATE, _field("sms_ids", lambda _: None)),
    "sms-ids-missing": Fault("sms_ids is missing", _CREATE, _without("sms_ids")),
    "sms-ids-as-strings": Fault("The ids in sms_ids are strings", _CREATE, _sms_ids(str)),
    "row-id-as-string": Fault("id is a string in report rows", _GET_MESSAGE, _field("id", str)),
    "row-id-missing": Fault("id is missing in report rows", _GET_MESSAGE, _without("id")),
    "phone-number-as-integer": Fault(
        "phone_number is an integer in reports", _REPORTS, _field("phone_number", _digits)
    ),
    "phone-number-missing": Fault("phone_number is missing in reports", _REPORTS, _without("phone_number")),
    "status-as-string": Fault("status is a string in reports", _REPORTS, _field("status", str)),
    "status-null": Fault("status is null in reports", _REPORTS, _field("status", lambda _: None)),
    "status-missing": Fault("status is missing in reports", _REPORTS, _without("status")),
    "status-not-on-the-list": Fault("status is 99, not one of those listed", _REPORTS, _field("status", lambda _: 99)),
    "sms-deleted-as-string": Fault(
        "success is a string for an SMS", _DELETE_SMS, _field("success", lambda done: str(done).lower())
    ),
    "sms-deleted-as-integer": Fault("success is 1 or 0 for an SMS", _DELETE_SMS, _field("success", int)),
    "message-deleted-as-boolean": Fault("success is true for a message", _DELETE_MESSAGE, _field("success", bool)),
    "message-deleted-as-string": Fault("success is a string for a message", _DELETE_MESSAGE, _field("success", str)),
    "success-missing": Fault("success is missing", _DELETIONS, _without("success")),
    "errors-as-list": Fault("errors is a list of fields", _CREATE, _field("errors", list, status=400)),
    # Whether answers agree
    "number-left-out": Fault("The last phone number is not in sms_ids", _CREATE, _field("sms_ids", _without_the_last)),
    "ids-swapped": Fault("sms_ids gives phone numbers each other's ids", _CREATE, _field("sms_ids", _swapped)),
    "ids-lead-nowhere": Fault("Nothing has the ids in sms_ids", _CREATE, _sms_ids(lambda sms_id: sms_id + 10**9)),
    "row-left-out": Fault("The last SMS has no row in a report", _GET_MESSAGE, _body(lambda rows: rows[:-1])),
    "reports-disagree": Fault(
        "The report on a message gives its SMS another status than their own reports do",
        _GET_MESSAGE,
        _field("status", lambda status: 10 if status == 13 else 13),
    ),
    # Deletion
    "deletes-the-others-too": Fault("With one SMS, its whole message is deleted", _DELETE_SMS, _delete_the_others_too),
    "deletes-nothing": Fault("Deletions succeed and delete nothing", _DELETIONS, _pretend_to_delete),
    "one-too-many-deleted": Fault("One SMS too many is counted", _DELETE_MESSAGE, _field("success", lambda n: n + 1)),
    # Validation
    "any-phone-number-accepted": Fault("Phone numbers are not checked", _CREATE, _accept_any_phone_number),
    "missing-fields-accepted": Fault("Text, date and sender need not be there", _CREATE, _accept_missing_fields),
    "refused-but-created": Fault("400, but the message is created", _CREATE, _create_what_is_refused),
    "errors-in-camel-case": Fault("400 with camelCase names", _CREATE, _field("errors", _in_camel_case, status=400)),
}

# What the faults are, by name.
FAULTS: Mapping[str, str] = MappingProxyType({name: fault.description for name, fault in CATALOGUE.items()})
