"""The small functions that mutants are made from: a condition, a status, a field or a body that changes."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, cast

from sms_scheduler_mock import Response
from sms_scheduler_mock.backend import text as _text
from sms_scheduler_mock.backend.validation import BadRequestError

from .mutant import CREATE, OF_SMS, Condition, Exchange, Handle

ChangeValue = Callable[[Any], object]

FAR = 10**9  # no id is that far from another

_NUMBER = r"\+[0-9]{10,15}"
# What the fields of answers are.
_TYPES: Mapping[str, type] = {
    "message_id": int,
    "sms_ids": dict,
    "id": int,
    "phone_number": str,
    "status": int,
    "success": int,
    "errors": dict,
}


# When: conditions on a request.


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
    return _text.parts(exchange.text.encode(errors="replace").decode()) > 1


def is_to_one_string(exchange: Exchange) -> bool:
    return isinstance(exchange.fields.get("phone_numbers"), str)


def is_not_the_first(exchange: Exchange) -> bool:
    """Whether a message was created before the one that is created or asked for."""
    return exchange.previous is not None


def is_the_last_of_several(exchange: Exchange) -> bool:
    """Whether an SMS is the last one of a message that has others."""
    return len(exchange.sms_ids) > 1 and exchange.request.id == str(exchange.sms_ids[-1])


def is_acceptable(exchange: Exchange) -> bool:
    """Whether the key is right, and so are all fields of a request to create."""
    if not exchange.has_the_key or exchange.request.operation not in CREATE:
        return exchange.has_the_key
    try:
        exchange.server.api.read(exchange.request.body)
    except BadRequestError:
        return False
    return True


def is_known(exchange: Exchange) -> bool:
    """Whether the id was ever given to anything."""
    return exchange.message is not None


def is_unknown(exchange: Exchange) -> bool:
    """Whether the id was never given to anything, and the key is right."""
    return exchange.message is None and exchange.has_the_key


# What: responses.


def unchanged(exchange: Exchange) -> Response:
    return exchange.answer()


def always(response: Response) -> Handle:
    """Nothing is done, and this is the response."""
    return lambda _: response


def at_once(response: Response) -> Handle:
    """Nothing is done, and this is the response to what is not refused anyway."""
    return only(is_acceptable, always(response))


def refuse(field: str, message: str = "The field is invalid") -> Handle:
    """The request is refused because of a field."""
    return at_once(Response(400, {"errors": {field: [message]}}))


crash = at_once(Response(500, "Internal Server Error"))


def response(change: Callable[[Response], Response]) -> Handle:
    """The response becomes another."""
    return lambda exchange: change(exchange.answer())


def instead_of(status: int, other: Response) -> Handle:
    """What would be answered with a status is answered with another response."""
    return response(lambda response: other if response.status == status else response)


def status(usual: int, other: int) -> Handle:
    """A status becomes another, and the body stays."""
    return response(lambda response: replace(response, status=other) if response.status == usual else response)


def is_json(response: Response) -> bool:
    """Whether the body of a response is JSON, and not yet the bytes of it."""
    return isinstance(response.body, dict | list)


def body_by(change: Callable[[Exchange, Any], object], status: int = 200) -> Handle:
    """The JSON in responses with a status becomes something else, by what was asked."""

    def handle(exchange: Exchange) -> Response:
        response = exchange.answer()
        changes = is_json(response) and response.status == status
        return replace(response, body=change(exchange, response.body)) if changes else response

    return handle


def body(change: ChangeValue, status: int = 200) -> Handle:
    """The JSON in responses with a status becomes something else."""
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
    """Each id in sms_ids becomes something else."""
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

    def change_response(response: Response) -> Response:
        if response.body is None:
            return response
        encoded = response.encode()
        known = dict(encoded.headers).get(b"content-type", b"application/octet-stream").decode()
        headers = {**response.headers, "Content-Type": content_type or known}
        return Response(response.status, change(encoded.body), headers)

    return response(change_response)


def json_as(change: ChangeValue) -> Handle:
    """The JSON of every body becomes something else."""

    def change_response(response: Response) -> Response:
        return replace(response, body=change(response.body)) if is_json(response) else response

    return response(change_response)


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


def all_ids(by_number: dict[str, object]) -> list[object]:
    return [sms_id for ids in by_number.values() for sms_id in as_list(ids)]


def as_list(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else [value]


def several_ids(change: Callable[[list[Any]], object]) -> Handle:
    """The list of ids of a number that has several becomes something else."""

    def change_ids(ids: object) -> object:
        return change(as_list(ids)) if len(as_list(ids)) > 1 else ids

    return numbers_ids(lambda by_number: {number: change_ids(ids) for number, ids in by_number.items()})


def in_camel_case(fields: dict[str, object]) -> object:
    return {re.sub("_(.)", lambda match: match[1].upper(), name): value for name, value in fields.items()}


def sms_of_another_kind_of_id(exchange: Exchange) -> Response:
    """The id of a message is taken for that of its first SMS, or the other way round."""
    for message in exchange.server.messages:
        of_sms = exchange.request.operation in OF_SMS
        ids = {str(message.id)} if of_sms else {str(sms.id) for sms in message.sms}
        if exchange.request.id in ids and message.sms:
            return exchange.answer(id=str(message.sms[0].id if of_sms else message.id))
    return exchange.answer()


# What is accepted.


def accept_key(fits: Callable[[str, str], bool]) -> Handle:
    """A wrong key is accepted if it fits the right one; no key at all is an empty one."""

    def handle(exchange: Exchange) -> Response:
        response = exchange.answer()
        accepted = response.status == 401 and fits(exchange.given_key, exchange.server.api_key)
        return exchange.answer_with_the_right_key() if accepted else response

    return handle


def only_scheme(scheme: str) -> Handle:
    """The scheme of the key must be written like that."""

    def has_another(exchange: Exchange) -> bool:
        return not exchange.request.headers.get("Authorization", "").startswith(f"{scheme} ")

    return only(has_another, always(Response(401, headers={"WWW-Authenticate": scheme})))


def refused_for(field: str, response: Response) -> bool:
    """Whether a request was refused for one field alone."""
    if response.status != 400 or not is_json(response):
        return False
    errors: object = cast("dict[str, object]", response.body).get("errors")
    return isinstance(errors, dict) and set(cast("dict[str, object]", errors)) == {field}


def mended(field: str, mend: ChangeValue) -> Handle:
    """What is refused for one field alone is accepted with another value there, unless that is None."""

    def handle(exchange: Exchange) -> Response:
        response = exchange.answer()
        if not refused_for(field, response) or field not in exchange.fields:
            return response
        value = mend(exchange.fields[field])
        accepted = response if value is None else exchange.answer_with_fields(**{field: value})
        return accepted if accepted.status == 200 else response

    return handle


def not_required(field: str, default: object) -> Handle:
    """A field need not be there."""

    def handle(exchange: Exchange) -> Response:
        response = exchange.answer()
        is_missing = refused_for(field, response) and field not in exchange.fields
        return exchange.answer_with_fields(**{field: default}) if is_missing else response

    return handle


def accept_numbers(pattern: str, unchecked: slice = slice(None)) -> Handle:
    """Invalid phone numbers are accepted as they are if they match a pattern, in some places of the list."""

    def handle(exchange: Exchange) -> Response:
        response = exchange.answer()
        asked = exchange.read_leniently()
        suspects = set(asked.phone_numbers[unchecked])
        fits = (
            isinstance(number, str) and re.fullmatch(pattern if number in suspects else _NUMBER, number)
            for number in exchange.numbers
        )
        accepted = refused_for("phone_numbers", response) and suspects and all(fits)
        return exchange.server.api.create(asked) if accepted else response

    return handle
