"""The faults: ways in which a server can contradict what the vendor's page states, by name.

Most are made by the small functions of `_changes`, from a condition, a status, a field or a body; a fault that takes more
than that is a function of its own before the table. None of them is anything that the page leaves open.
"""

import itertools
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

from . import changes as do
from sms_scheduler_mock.http.api import Reply
from .changes import (
    ALL,
    BY_ID,
    CREATE,
    DELETE_MESSAGE,
    DELETE_SMS,
    DELETIONS,
    EPOCH,
    GET_MESSAGE,
    GET_SMS,
    OF_SMS,
    REPORTS,
    Change,
    Condition,
    Exchange,
    Handle,
)
from sms_scheduler_mock.backend.ledger import Message
from sms_scheduler_mock.backend.validation import BadRequestError

_HTML = b"<!DOCTYPE html><html><body><h1>It works!</h1></body></html>"
_NOTICE = b"<br />\n<b>Notice</b>:  Undefined index: sms in <b>/var/www/api.php</b> on line <b>42</b><br />\n"
_REFUSED = {"errors": {"sender_id": ["The request is refused"]}}
_FAR = 10**9  # no id is that far from another


# Values


def _digits(number: str) -> object:
    return int(re.sub("[^0-9]", "", number) or 0)


def _masked(number: str) -> object:
    return number[:3] + "*" * (len(number) - 5) + number[-2:]


def _spaced(number: str) -> object:
    return " ".join([number[:3], *re.findall("..?", number[3:])])


def _from_00(number: str) -> str:
    return re.sub("^[+]", "00", number)


def _keys(change: Callable[[str], str]) -> Handle:
    return do.numbers_ids(lambda by_number: {change(number): ids for number, ids in by_number.items()})


def _swapped(by_number: dict[str, object]) -> object:
    return dict(zip(by_number, reversed(by_number.values()), strict=True))


def _without_the_last(by_number: dict[str, object]) -> object:
    return dict(list(by_number.items())[:-1])


def _as_the_first(by_number: dict[str, object]) -> object:
    return dict.fromkeys(by_number, next(iter(by_number.values())))


def _inverted(by_number: dict[str, object]) -> object:
    return {str(sms_id): number for number, ids in by_number.items() for sms_id in _list(ids)}


def _all_ids(by_number: dict[str, object]) -> list[object]:
    return [sms_id for ids in by_number.values() for sms_id in _list(ids)]


def _list(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else [value]


def _parts(change: Callable[[list[Any]], object]) -> Handle:
    """The list of ids of a number that has several becomes something else."""

    def change_ids(ids: object) -> object:
        return change(_list(ids)) if len(_list(ids)) > 1 else ids

    return do.numbers_ids(lambda by_number: {number: change_ids(ids) for number, ids in by_number.items()})


def _parts_of_the_first_only(by_number: dict[str, Any]) -> object:
    first = next(iter(by_number))
    return {number: ids if number == first else _list(ids)[:1] for number, ids in by_number.items()}


def _in_camel_case(fields: dict[str, object]) -> object:
    return {re.sub("_(.)", lambda match: match[1].upper(), name): value for name, value in fields.items()}


def _one_for_each_number(rows: list[Any]) -> object:
    return list({row["phone_number"]: row for row in reversed(rows)}.values())[::-1]


def _with_each_others_numbers(rows: list[Any]) -> object:
    return [row | {"phone_number": other["phone_number"]} for row, other in zip(rows, reversed(rows), strict=True)]


def _as_string(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


# Authorisation


def _without_key(exchange: Exchange) -> Reply:
    return exchange.answer_with_the_right_key()


def _look_at_the_key_last(exchange: Exchange) -> Reply:
    reply = exchange.answer()
    if reply.status == 401:
        exchange.answer_with_the_right_key()
    return reply


def _told_before_the_key(status: int) -> Handle:
    """Without the key, what would be answered with a status is answered so all the same."""

    def handle(exchange: Exchange) -> Reply:
        reply = exchange.answer()
        if reply.status != 401 or (status == 404 and do.is_known(exchange)):
            return reply
        try:
            exchange.api.read(exchange.call.content)
        except BadRequestError as error:
            return Reply(404) if status == 404 else Reply(400, {"errors": error.errors})
        return reply

    return handle


# Creation


def _with_numbers(change: Callable[[list[object]], object], condition: Condition = lambda _: True) -> Handle:
    """The message is created for other phone numbers than those asked for."""

    def handle(exchange: Exchange) -> Reply:
        return exchange.answer_with_fields(phone_numbers=change(exchange.numbers))

    return do.only(lambda exchange: bool(exchange.fields.get("phone_numbers")) and condition(exchange), handle)


def _split_the_string(exchange: Exchange) -> Reply:
    if not (do.is_acceptable(exchange) and do.is_to_one_string(exchange)):
        return exchange.answer()
    asked = exchange.read_leniently()
    return exchange.api.create(replace(asked, phone_numbers=tuple(dict.fromkeys(asked.phone_numbers[0]))))


def _accept_missing_fields(exchange: Exchange) -> Reply:
    reply = exchange.answer()
    if reply.status != 400:
        return reply
    filled = {"message_text": "", "delivery_date": EPOCH, "sender_id": 0} | exchange.fields
    mended = exchange.answer_with_fields(**filled)
    return mended if mended.status == 200 else reply


def _create_without_numbers(exchange: Exchange) -> Reply:
    reply = exchange.answer()
    if do.refused_for("phone_numbers", reply) and "phone_numbers" not in exchange.fields:
        return exchange.api.create(replace(exchange.read_leniently(), phone_numbers=()))
    return reply


def _create_what_is_refused(exchange: Exchange) -> Reply:
    reply = exchange.answer()
    if reply.status == 400:
        exchange.api.create(exchange.read_leniently())
    return reply


def _send_to_the_good_numbers(exchange: Exchange) -> Reply:
    reply = exchange.answer()
    if do.refused_for("phone_numbers", reply):
        good = [number for number in exchange.numbers if re.fullmatch(r"\+[0-9]{10,15}", str(number))]
        exchange.answer_with_fields(phone_numbers=good)
    return reply


def _create_from_no_json(exchange: Exchange) -> Reply:
    reply = exchange.answer()
    return exchange.api.create(exchange.read_leniently()) if do.refused_for("body", reply) else reply


def _crash_when_refused(condition: Condition) -> Handle:
    """What should be refused crashes, under a condition."""

    def handle(exchange: Exchange) -> Reply:
        reply = exchange.answer()
        crashes = reply.status == 400 and condition(exchange)
        return Reply(500, "Internal Server Error") if crashes else reply

    return handle


def _misses_a_field(exchange: Exchange) -> bool:
    required = {"message_text", "delivery_date", "sender_id", "phone_numbers"}
    return bool(exchange.fields) and not required <= exchange.fields.keys()


def _is_no_object(exchange: Exchange) -> bool:
    return not exchange.fields


def _any_number(value: object) -> object:
    digits = ["".join(re.findall("[0-9]", str(item))) for item in _list(value)]
    return [f"+{digit.zfill(10)[:15]}" for digit in digits or ["0"]]


def _mended_errors(change: Callable[[dict[str, Any]], object]) -> Handle:
    """The errors become something else."""
    return do.field_of("errors", change, 400)


def _reuse_the_message_id(exchange: Exchange, created: dict[str, Any]) -> object:
    return created | {"message_id": exchange.messages[0].id}


def _reuse_the_sms_ids(exchange: Exchange, created: dict[str, Any]) -> object:
    if len(exchange.messages) < 2:
        return created
    earlier = exchange.api.dialect.sms_ids({sms.id: sms.phone_number for sms in exchange.messages[-2].sms})
    return created | {"sms_ids": dict(zip(created["sms_ids"], itertools.cycle(earlier.values()), strict=False))}


def _reuse_the_first_sms_id(exchange: Exchange, created: dict[str, Any]) -> object:
    if len(exchange.messages) < 2 or not created["sms_ids"]:
        return created
    number, ids = next(iter(created["sms_ids"].items()))
    again = next((sms.id for sms in exchange.messages[-2].sms), 0)
    return created | {"sms_ids": created["sms_ids"] | {number: [again, *ids[1:]] if isinstance(ids, list) else again}}


def _message_id_of_an_sms(_: Exchange, created: dict[str, Any]) -> object:
    return created | {"message_id": next(iter(_all_ids(created["sms_ids"])), 0)}


def _in_latin_1(exchange: Exchange) -> Reply:
    reply = exchange.answer()
    if reply.status != 400:
        return reply
    content = bytes(reply.response().body).replace(b'["', '["Refusé : '.encode("latin-1"))
    return Reply(400, content, {"Content-Type": "application/json; charset=utf-8"})


# Reports


def _of_the_first_sms(exchange: Exchange) -> Reply:
    return exchange.answer(id=str(exchange.sms_ids[0])) if exchange.sms_ids else exchange.answer()


def _of_the_previous_message(exchange: Exchange) -> Reply:
    known = exchange.previous if do.is_known(exchange) else None
    return exchange.answer(id=str(known.id)) if known else exchange.answer()


def _rows_of_other_messages_too(exchange: Exchange) -> Reply:
    reply = exchange.answer()
    if reply.status != 200 or not exchange.message:
        return reply
    numbers = {sms.phone_number for sms in exchange.message.sms}
    replies = [exchange.answer(id=str(message.id)) for message in exchange.messages]
    rows = [row for other in replies if other.status == 200 for row in cast("list[Any]", other.body)]
    return Reply(200, [row for row in rows if row["phone_number"] in numbers])


def _sms_of_another_kind_of_id(exchange: Exchange) -> Reply:
    """The id of a message is taken for that of its first SMS, or the other way round."""
    for message in exchange.messages:
        of_sms = exchange.call.operation in OF_SMS
        ids = {str(message.id)} if of_sms else {str(sms.id) for sms in message.sms}
        if exchange.call.id in ids and message.sms:
            return exchange.answer(id=str(message.sms[0].id if of_sms else message.id))
    return exchange.answer()


def _read_id(change: Callable[[str], object]) -> Handle:
    """The id is read in another way."""
    return lambda exchange: exchange.answer(id=str(change(exchange.call.id)))


def _modulo(text: str) -> object:
    return int(text) % 2**32 if re.fullmatch("[0-9]{1,18}", text) else text


def _status_if(condition: Callable[[Exchange, Message], bool], status: int) -> Handle:
    """Reports of messages like that have one status."""
    is_so: Condition = lambda exchange: exchange.message is not None and condition(exchange, exchange.message)  # noqa: E731
    return do.only(is_so, do.becomes("status", status))


def _is_to_come(exchange: Exchange, message: Message) -> bool:
    return message.delivery_date > exchange.api.ledger.now()


def _shrink(exchange: Exchange, rows: Any) -> object:
    exchange.memory[exchange.call.id] += 1
    return rows[: max(1, len(rows) - exchange.memory[exchange.call.id] + 1)]


def _read_twice(exchange: Exchange, sms: Any) -> object:
    exchange.memory[exchange.call.id] += 1
    return sms if exchange.memory[exchange.call.id] == 1 else sms | {"status": 13}


# Deletion


def _and(effect: Callable[[Exchange], object], condition: Condition = lambda _: True) -> Handle:
    """When something succeeded, something else happens as well."""

    def handle(exchange: Exchange) -> Reply:
        reply = exchange.answer()
        if reply.status == 200 and condition(exchange):
            effect(exchange)
        return reply

    return handle


def _delete_its_message(exchange: Exchange) -> None:
    if exchange.message:
        exchange.api.ledger.delete_message(exchange.message.id)


def _delete_it(exchange: Exchange) -> None:
    exchange.api.ledger.delete_sms(int(exchange.call.id))


def _delete_the_previous(exchange: Exchange) -> None:
    if exchange.previous:
        exchange.api.ledger.delete_message(exchange.previous.id)


def _delete_everything(exchange: Exchange) -> None:
    for message in exchange.messages:
        exchange.api.ledger.delete_message(message.id)


def _delete_the_number_elsewhere(exchange: Exchange) -> None:
    every_sms = [sms for message in exchange.messages for sms in message.sms]
    numbers = {sms.phone_number for sms in every_sms if str(sms.id) == exchange.call.id}
    for sms in every_sms:
        if sms.phone_number in numbers:
            exchange.api.ledger.delete_sms(sms.id)


def _delete_the_last_sms(exchange: Exchange) -> None:
    exchange.api.ledger.delete_sms(exchange.sms_ids[-1])


def _delete_the_next_instead(exchange: Exchange) -> Reply:
    later = [sms_id for sms_id in exchange.sms_ids if sms_id > int(exchange.call.id)]
    return exchange.answer(id=str(later[0])) if later else exchange.answer()


def _pretend_to_delete(exchange: Exchange) -> Reply:
    report = exchange.answer(method="GET")
    if report.status != 200:
        return report
    of_message = exchange.call.operation == "deleteMessage"
    return Reply(200, {"success": len(cast("list[object]", report.body)) if of_message else True})


def _delete_only(chosen: Callable[[Message], list[int]], *, counts_all: bool = False) -> Handle:
    """Some SMS of a message are deleted, and the others stay."""

    def handle(exchange: Exchange) -> Reply:
        report = exchange.answer(method="GET")
        if report.status != 200 or exchange.message is None:
            return report
        count = sum(bool(exchange.api.ledger.delete_sms(sms_id)) for sms_id in chosen(exchange.message))
        return Reply(200, {"success": len(cast("list[Any]", report.body)) if counts_all else count})

    return handle


def _all_but_the_last(message: Message) -> list[int]:
    return [sms.id for sms in message.sms[:-1]] if len(message.sms) > 1 else [sms.id for sms in message.sms]


def _of_the_first_number(message: Message) -> list[int]:
    return [sms.id for sms in message.sms if sms.phone_number == message.sms[0].phone_number]


def _one_of_each_number(message: Message) -> list[int]:
    return list({sms.phone_number: sms.id for sms in reversed(message.sms)}.values())


def _counted(count: Callable[[Message, int], int]) -> Handle:
    """The SMS deleted with a message are counted in another way."""

    def change(exchange: Exchange, deletion: dict[str, Any]) -> object:
        return deletion | {"success": count(exchange.message, deletion["success"])} if exchange.message else deletion

    return do.body_by(change)


def _with_those_deleted_before(exchange: Exchange) -> Reply:
    before = sum(sms.deleted for sms in exchange.message.sms) if exchange.message else 0
    reply = exchange.answer()
    if reply.status != 200:
        return reply
    return Reply(200, {"success": cast("dict[str, int]", reply.body)["success"] + before})


def _count_again(exchange: Exchange) -> Reply:
    if not (exchange.has_the_key and exchange.message and all(sms.deleted for sms in exchange.message.sms)):
        return exchange.answer()
    return Reply(200, {"success": len(exchange.message.sms)})


def _number_count(message: Message, count: int) -> int:
    return min(count, len({sms.phone_number for sms in message.sms}))


CATALOGUE: Mapping[str, Change] = {
    # Status codes
    "not-found-as-200": Change("200 with no body for what is not there", BY_ID, do.instead_of(404, Reply(200))),
    "not-found-as-204": Change("204 for what is not there", BY_ID, do.status(404, 204)),
    "not-found-as-400": Change("400 for what is not there", BY_ID, do.instead_of(404, Reply(400, {"errors": {}}))),
    "not-found-as-410": Change("410 for what is not there", BY_ID, do.status(404, 410)),
    "not-found-as-500": Change("500 for what is not there", BY_ID, do.instead_of(404, Reply(500, "Server Error"))),
    "error-500": Change("500 for every request", ALL, do.always(Reply(500, "Internal Server Error"))),
    "error-520": Change("520, which no standard knows, for every request", ALL, do.always(Reply(520))),
    "created-as-201": Change("201 for a message that was created", CREATE, do.status(200, 201)),
    "created-as-202": Change("202 for a message that was created", CREATE, do.status(200, 202)),
    "created-as-204": Change("204 with no body for a creation", CREATE, do.instead_of(200, Reply(204))),
    "many-created-as-207": Change(
        "207 for a message to several numbers", CREATE, do.only(do.has_numbers(lambda n: n > 1), do.status(200, 207))
    ),
    "sms-report-as-206": Change("206 for the report of an SMS", GET_SMS, do.status(200, 206)),
    "message-report-as-203": Change("203 for the report of a message", GET_MESSAGE, do.status(200, 203)),
    "deleted-as-202": Change("202 for a deletion", DELETIONS, do.status(200, 202)),
    "deleted-as-204": Change("204 with no body for a deletion", DELETIONS, do.instead_of(200, Reply(204))),
    "refused-as-200": Change("200 with the errors of a request that is refused", CREATE, do.status(400, 200)),
    "refused-as-302": Change(
        "302 to the form for a request that is refused",
        CREATE,
        do.instead_of(400, Reply(302, headers={"Location": "/"})),
    ),
    "refused-as-422": Change("422 for a request that is refused", CREATE, do.status(400, 422)),
    "refused-as-500": Change("500 for a request that is refused", CREATE, do.instead_of(400, Reply(500))),
    "refused-number-as-422": Change(
        "422 for an invalid phone number",
        CREATE,
        do.reply(lambda reply: replace(reply, status=422) if do.refused_for("phone_numbers", reply) else reply),
    ),
    "missing-field-as-500": Change("500 for a missing field", CREATE, _crash_when_refused(_misses_a_field)),
    "list-as-500": Change(
        "500 for a list where a text or a number belongs",
        CREATE,
        _crash_when_refused(lambda exchange: isinstance(exchange.fields.get("message_text"), list)),
    ),
    "null-as-500": Change(
        "500 for a field that is null",
        CREATE,
        _crash_when_refused(lambda exchange: None in exchange.fields.values()),
    ),
    "not-json-as-500": Change("500 for what is no JSON object", CREATE, _crash_when_refused(_is_no_object)),
    "huge-id-as-500": Change("500 for an id beyond 64 bits", BY_ID, do.only(lambda e: len(e.call.id) > 19, do.crash)),
    "unknown-sms-as-null": Change(
        "A report of nulls for an SMS that never was",
        GET_SMS,
        do.only(do.is_unknown, do.instead_of(404, Reply(200, {"phone_number": None, "status": None}))),
    ),
    "unknown-sms-as-another": Change(
        "The report of somebody's SMS for one that never was",
        GET_SMS,
        do.only(do.is_unknown, do.instead_of(404, Reply(200, {"phone_number": "+33700000000", "status": 13}))),
    ),
    "unknown-sms-deleted": Change(
        "The deletion of an SMS that never was succeeds",
        DELETE_SMS,
        do.only(do.is_unknown, do.instead_of(404, Reply(200, {"success": True}))),
    ),
    "unknown-message-reported": Change(
        "An empty report for a message that never was",
        GET_MESSAGE,
        do.only(do.is_unknown, do.instead_of(404, Reply(200, []))),
    ),
    "unknown-message-deleted": Change(
        "0 for the deletion of a message that never was",
        DELETE_MESSAGE,
        do.only(do.is_unknown, do.instead_of(404, Reply(200, {"success": 0}))),
    ),
    # Authorisation
    "any-key-accepted": Change("Any key is accepted, and so is none", ALL, _without_key),
    "wrong-key-as-403": Change("403 for a wrong key", ALL, do.status(401, 403)),
    "wrong-key-as-200": Change("200 with no body for a wrong key", ALL, do.instead_of(401, Reply(200))),
    "wrong-key-as-302": Change(
        "302 to the login page for a wrong key", ALL, do.instead_of(401, Reply(302, headers={"Location": "/login"}))
    ),
    "wrong-key-as-400": Change("400 for a wrong key", ALL, do.instead_of(401, Reply(400, _REFUSED))),
    "wrong-key-as-404": Change("404 for a wrong key", BY_ID, do.status(401, 404)),
    "wrong-key-as-500": Change("500 for a wrong key", ALL, do.instead_of(401, Reply(500))),
    "missing-key-as-500": Change(
        "500 without the Authorization header",
        ALL,
        do.only(lambda exchange: "Authorization" not in exchange.call.headers, do.always(Reply(500))),
    ),
    "key-checked-last": Change("401 for a wrong key, but what it asked for is done", ALL, _look_at_the_key_last),
    "wrong-key-but-created": Change("401 for a wrong key, but the message is created", CREATE, _look_at_the_key_last),
    "wrong-key-but-deleted": Change("401 for a wrong key, but it is deleted", DELETIONS, _look_at_the_key_last),
    "creation-without-key": Change("Nothing looks at the key of a creation", CREATE, _without_key),
    "reports-without-key": Change("Nothing looks at the key of a report", REPORTS, _without_key),
    "sms-report-without-key": Change("Nothing looks at the key of an SMS report", GET_SMS, _without_key),
    "message-report-without-key": Change("Nothing looks at the key of a message report", GET_MESSAGE, _without_key),
    "deletions-without-key": Change("Nothing looks at the key of a deletion", DELETIONS, _without_key),
    "message-deletion-without-key": Change(
        "Nothing looks at the key of a message's deletion", DELETE_MESSAGE, _without_key
    ),
    "empty-key-accepted": Change(
        "A scheme without a key, and no header, is accepted", ALL, do.accept_key(lambda given, _: not given)
    ),
    "key-prefix-accepted": Change(
        "The beginning of the key is accepted",
        ALL,
        do.accept_key(lambda given, key: bool(given) and key.startswith(given)),
    ),
    "key-with-more-accepted": Change(
        "A key with something after it is accepted", ALL, do.accept_key(lambda given, key: given.startswith(key))
    ),
    "key-in-any-case": Change(
        "The key in capitals is accepted", ALL, do.accept_key(lambda given, key: given.lower() == key.lower())
    ),
    "unknown-id-before-key": Change("404 without the key for what is not there", BY_ID, _told_before_the_key(404)),
    "errors-before-key": Change("400 without the key for a bad request", CREATE, _told_before_the_key(400)),
    "deletion-forbidden": Change(
        "401 with the right key for a message's deletion", DELETE_MESSAGE, do.always(Reply(401))
    ),
    # What bodies are made of
    "html-body": Change("A page of HTML for every body", ALL, do.content(lambda _: _HTML, "text/html")),
    "errors-as-html": Change(
        "A page of HTML for errors", CREATE, do.instead_of(400, Reply(400, _HTML, {"Content-Type": "text/html"}))
    ),
    "php-notice": Change("A notice of PHP before the JSON", ALL, do.content(lambda body: _NOTICE + body)),
    "php-warning-after": Change("A notice of PHP after the JSON", ALL, do.content(lambda body: body + _NOTICE)),
    "php-notice-without-stop": Change(
        "A notice of PHP before the JSON of a creation without message_stop",
        CREATE,
        do.only(lambda exchange: "message_stop" not in exchange.fields, do.content(lambda body: _NOTICE + body)),
    ),
    "empty-body": Change("No body where there should be one", ALL, do.content(lambda _: b"")),
    "errors-without-body": Change("400 with no body", CREATE, do.instead_of(400, Reply(400))),
    "truncated-json": Change("The last byte of the JSON is missing", ALL, do.content(lambda body: body[:-1])),
    "json-twice": Change("The JSON stands there twice", ALL, do.content(lambda body: body * 2)),
    "jsonp": Change(
        "The JSON is the argument of a function", ALL, do.content(lambda body: b"callback(" + body + b");")
    ),
    "trailing-comma": Change(
        "A comma before the last bracket", ALL, do.content(lambda body: re.sub(rb"([\]}])$", rb",\1", body))
    ),
    "single-quotes": Change("Single quotes in the JSON", ALL, do.content(lambda body: body.replace(b'"', b"'"))),
    "nan": Change("NaN for numbers", ALL, do.content(lambda body: re.sub(rb":[0-9]+", b":NaN", body))),
    "byte-order-mark": Change(
        "A byte order mark before the JSON", ALL, do.content(lambda body: b"\xef\xbb\xbf" + body)
    ),
    "utf-16": Change("JSON in UTF-16", ALL, do.content(lambda body: body.decode().encode("utf-16"))),
    "latin-1": Change("Errors in French and in Latin-1", CREATE, _in_latin_1),
    "text-plain": Change("JSON that is called text/plain", ALL, do.content(lambda body: body, "text/plain")),
    "text-html": Change(
        "JSON that is called text/html", ALL, do.content(lambda body: body, "text/html; charset=UTF-8")
    ),
    "false-gzip": Change(
        "JSON that is said to be compressed, and is not",
        ALL,
        do.reply(
            lambda reply: (
                reply if reply.body is None else replace(reply, headers={**reply.headers, "Content-Encoding": "gzip"})
            )
        ),
    ),
    "in-an-envelope": Change("All JSON stands in `data`", ALL, do.json_as(lambda body: {"data": body})),
    "in-a-list": Change("Every object stands in a list", ALL, do.json_as(_list)),
    "in-a-string": Change(
        "The JSON is a string of JSON", ALL, do.content(lambda body: json.dumps(body.decode()).encode())
    ),
    "numbers-as-strings": Change("Every number is a string", ALL, do.json_as(do.everywhere(_as_string))),
    "camel-case": Change("camelCase names in replies", ALL, do.each_object(_in_camel_case)),
    # Types of fields, and fields that are missing: a field as a whole before what is in it
    "rows-as-object": Change(
        "The rows of a report are an object by their position",
        GET_MESSAGE,
        do.rows(lambda rows: {str(position): row for position, row in enumerate(rows)}),
    ),
    "rows-by-id": Change(
        "The rows of a report are an object by their id",
        GET_MESSAGE,
        do.rows(lambda rows: {str(row["id"]): row for row in rows}),
    ),
    "rows-in-an-object": Change(
        "The rows of a report stand in `sms`", GET_MESSAGE, do.rows(lambda rows: {"sms": rows})
    ),
    "rows-as-lists": Change(
        "The rows of a report are lists", GET_MESSAGE, do.rows(lambda rows: [list(row.values()) for row in rows])
    ),
    "rows-null": Change("The report of a message is null", GET_MESSAGE, do.content(lambda _: b"null")),
    "single-row-as-object": Change(
        "The report of a message with one SMS is no list",
        GET_MESSAGE,
        do.rows(lambda rows: rows[0] if len(rows) == 1 else rows),
    ),
    "message-id-as-string": Change("message_id is a string", CREATE, do.field_of("message_id", str)),
    "message-id-null": Change("message_id is null", CREATE, do.becomes("message_id", None)),
    "message-id-missing": Change("message_id is missing", CREATE, do.without("message_id")),
    "message-id-renamed": Change("message_id is called id", CREATE, do.renamed("message_id", "id")),
    "message-id-with-fraction": Change(
        "message_id has a fraction", CREATE, do.field_of("message_id", lambda i: i + 0.5)
    ),
    "message-id-as-boolean": Change("message_id is true", CREATE, do.becomes("message_id", True)),
    "message-id-in-a-list": Change("message_id is a list of one id", CREATE, do.field_of("message_id", lambda i: [i])),
    "message-id-null-for-one-number": Change(
        "message_id is null when one number is given as a string",
        CREATE,
        do.only(do.is_to_one_string, do.becomes("message_id", None)),
    ),
    "sms-ids-null": Change("sms_ids is null", CREATE, do.becomes("sms_ids", None)),
    "sms-ids-missing": Change("sms_ids is missing", CREATE, do.without("sms_ids")),
    "sms-ids-renamed": Change("sms_ids is called sms", CREATE, do.renamed("sms_ids", "sms")),
    "sms-ids-without-numbers": Change("sms_ids is a list of all ids", CREATE, do.numbers_ids(_all_ids)),
    "sms-ids-as-list-for-one-number": Change(
        "sms_ids is a list of ids for one number",
        CREATE,
        do.numbers_ids(lambda ids: _all_ids(ids) if len(ids) == 1 else ids),
    ),
    "sms-ids-as-list-of-objects": Change(
        "sms_ids is a list of objects",
        CREATE,
        do.numbers_ids(lambda ids: [{"phone_number": number, "id": value} for number, value in ids.items()]),
    ),
    "sms-ids-inverted": Change("sms_ids has numbers by id", CREATE, do.numbers_ids(_inverted)),
    "sms-ids-by-position": Change(
        "The keys of sms_ids are positions",
        CREATE,
        do.numbers_ids(lambda ids: {str(position): value for position, value in enumerate(ids.values())}),
    ),
    "sms-ids-without-plus": Change(
        "The keys of sms_ids have no plus", CREATE, _keys(lambda number: number.lstrip("+"))
    ),
    "sms-ids-with-00": Change("The keys of sms_ids begin with 00", CREATE, _keys(_from_00)),
    "sms-ids-with-spaces": Change(
        "The keys of sms_ids have spaces", CREATE, _keys(lambda number: str(_spaced(number)))
    ),
    "sms-ids-national": Change(
        "The keys of sms_ids are national numbers for France", CREATE, _keys(lambda number: number.replace("+33", "0"))
    ),
    "sms-ids-as-strings": Change("The ids in sms_ids are strings", CREATE, do.sms_ids(str)),
    "sms-ids-as-objects": Change("The ids in sms_ids are objects", CREATE, do.sms_ids(lambda sms_id: {"id": sms_id})),
    "sms-ids-nested": Change("The ids in sms_ids are lists in lists", CREATE, do.sms_ids(lambda sms_id: [[sms_id]])),
    "sms-ids-with-fraction": Change(
        "The ids in sms_ids have fractions", CREATE, do.sms_ids(lambda sms_id: sms_id + 0.5)
    ),
    "sms-ids-of-nulls": Change("The ids in sms_ids are null", CREATE, do.numbers_ids(dict.fromkeys)),
    "sms-ids-with-commas": Change(
        "The ids of several SMS are one string with commas", CREATE, _parts(lambda ids: ",".join(map(str, ids)))
    ),
    "later-sms-ids-as-strings": Change(
        "The ids in sms_ids are strings from the second number on",
        CREATE,
        do.numbers_ids(
            lambda by_number: {
                number: do.each(str)(ids) if number != next(iter(by_number)) else ids
                for number, ids in by_number.items()
            }
        ),
    ),
    "third-number-null": Change(
        "sms_ids has null from the third number on",
        CREATE,
        do.numbers_ids(lambda ids: {number: None if place > 1 else ids[number] for place, number in enumerate(ids)}),
    ),
    "row-id-as-string": Change("id is a string in report rows", GET_MESSAGE, do.field_of("id", str)),
    "row-id-missing": Change("id is missing in report rows", GET_MESSAGE, do.without("id")),
    "row-id-null": Change("id is null in report rows", GET_MESSAGE, do.becomes("id", None)),
    "row-id-renamed": Change("id is called sms_id in report rows", GET_MESSAGE, do.renamed("id", "sms_id")),
    "last-row-id-as-string": Change(
        "id is a string in the last of several rows",
        GET_MESSAGE,
        do.last_row(lambda row: row | {"id": str(row["id"])}),
    ),
    "phone-number-as-integer": Change(
        "phone_number is an integer in reports", REPORTS, do.field_of("phone_number", _digits)
    ),
    "phone-number-missing": Change("phone_number is missing in reports", REPORTS, do.without("phone_number")),
    "phone-number-null": Change("phone_number is null in reports", REPORTS, do.becomes("phone_number", None)),
    "phone-number-empty": Change("phone_number is empty in reports", REPORTS, do.becomes("phone_number", "")),
    "phone-number-in-a-list": Change(
        "phone_number is a list in reports", REPORTS, do.field_of("phone_number", lambda number: [number])
    ),
    "phone-number-without-plus": Change(
        "phone_number has no plus in reports", REPORTS, do.field_of("phone_number", lambda number: number.lstrip("+"))
    ),
    "phone-number-with-00": Change(
        "phone_number begins with 00 in reports", REPORTS, do.field_of("phone_number", _from_00)
    ),
    "phone-number-with-spaces": Change(
        "phone_number has spaces in reports", REPORTS, do.field_of("phone_number", _spaced)
    ),
    "phone-number-masked": Change(
        "phone_number has asterisks in reports", REPORTS, do.field_of("phone_number", _masked)
    ),
    "sms-report-number-masked": Change(
        "phone_number has asterisks in the report of an SMS", GET_SMS, do.field_of("phone_number", _masked)
    ),
    "phone-number-renamed": Change("phone_number is called to in reports", REPORTS, do.renamed("phone_number", "to")),
    "status-as-string": Change("status is a string in reports", REPORTS, do.field_of("status", str)),
    "status-null": Change("status is null in reports", REPORTS, do.becomes("status", None)),
    "status-missing": Change("status is missing in reports", REPORTS, do.without("status")),
    "status-as-name": Change(
        "status is a word in reports",
        REPORTS,
        do.field_of("status", lambda code: "SCHEDULED" if code == 10 else "SENT"),
    ),
    "status-with-fraction": Change(
        "status has a fraction in reports", REPORTS, do.field_of("status", lambda code: code + 0.5)
    ),
    "status-as-boolean": Change(
        "status is true or false in reports", REPORTS, do.field_of("status", lambda code: code == 13)
    ),
    "status-as-object": Change(
        "status is an object in reports", REPORTS, do.field_of("status", lambda code: {"code": code})
    ),
    "sms-report-status-as-string": Change(
        "status is a string in the report of an SMS", GET_SMS, do.field_of("status", str)
    ),
    "sent-status-as-string": Change(
        "status is a string once the SMS is sent",
        REPORTS,
        do.field_of("status", lambda code: str(code) if code in {12, 13} else code),
    ),
    "sms-deleted-as-string": Change(
        "success is a string for an SMS", DELETE_SMS, do.field_of("success", lambda done: str(done).lower())
    ),
    "sms-deleted-as-integer": Change("success is 1 or 0 for an SMS", DELETE_SMS, do.field_of("success", int)),
    "sms-deleted-null": Change("success is null for an SMS", DELETE_SMS, do.becomes("success", None)),
    "sms-deleted-bare": Change(
        "true without an object for an SMS", DELETE_SMS, do.body(lambda deletion: deletion["success"])
    ),
    "message-deleted-as-boolean": Change("success is true for a message", DELETE_MESSAGE, do.field_of("success", bool)),
    "message-deleted-as-string": Change(
        "success is a string for a message", DELETE_MESSAGE, do.field_of("success", str)
    ),
    "message-deleted-null": Change("success is null for a message", DELETE_MESSAGE, do.becomes("success", None)),
    "message-deleted-bare": Change(
        "A number without an object for a message", DELETE_MESSAGE, do.body(lambda deletion: deletion["success"])
    ),
    "message-deleted-as-list": Change(
        "success is a list for a message", DELETE_MESSAGE, do.field_of("success", lambda count: list(range(int(count))))
    ),
    "single-deletion-as-boolean": Change(
        "success is true for a message with one SMS",
        DELETE_MESSAGE,
        do.field_of("success", lambda count: True if count == 1 else count),
    ),
    "success-missing": Change("success is missing", DELETIONS, do.without("success")),
    "success-renamed": Change("success is called deleted", DELETIONS, do.renamed("success", "deleted")),
    "errors-as-list": Change("errors is a list of fields", CREATE, do.field_of("errors", list, status=400)),
    "errors-as-text": Change(
        "errors is one text", CREATE, do.field_of("errors", lambda errors: ", ".join(map(str, errors)), status=400)
    ),
    "errors-as-texts": Change(
        "errors has a text for each field, not a list",
        CREATE,
        _mended_errors(lambda errors: {field: messages[0] for field, messages in errors.items()}),
    ),
    "errors-as-objects": Change(
        "errors has objects for each field",
        CREATE,
        _mended_errors(
            lambda errors: {field: [{"message": text} for text in texts] for field, texts in errors.items()}
        ),
    ),
    "errors-null": Change("errors is null", CREATE, do.becomes("errors", None, status=400)),
    "errors-missing": Change("errors is missing", CREATE, do.without("errors", status=400)),
    "errors-renamed": Change("errors is called error", CREATE, do.renamed("errors", "error", status=400)),
    "errors-by-index": Change(
        "errors names no field, but has numbers",
        CREATE,
        _mended_errors(lambda errors: {str(place): texts for place, texts in enumerate(errors.values())}),
    ),
    "errors-empty": Change("errors names no field", CREATE, do.becomes("errors", {}, status=400)),
    "errors-without-messages": Change(
        "errors has no message for a field",
        CREATE,
        _mended_errors(lambda errors: {field: list[str]() for field in errors}),
    ),
    "errors-name-another-field": Change(
        "errors names the text, whatever field is wrong",
        CREATE,
        _mended_errors(lambda errors: {"message_text": [text for texts in errors.values() for text in texts]}),
    ),
    "errors-misname-sender": Change(
        "errors calls sender_id `sender`",
        CREATE,
        _mended_errors(lambda errors: {"sender" if field == "sender_id" else field: errors[field] for field in errors}),
    ),
    # Whether answers agree
    "message-id-zero": Change("message_id is 0", CREATE, do.becomes("message_id", 0)),
    "message-id-negative": Change(
        "message_id is negative, and nothing has it", CREATE, do.field_of("message_id", lambda i: -i)
    ),
    "message-id-leads-nowhere": Change("Nothing has message_id", CREATE, do.field_of("message_id", lambda i: i + _FAR)),
    "message-id-of-an-sms": Change("message_id is the id of an SMS", CREATE, do.body_by(_message_id_of_an_sms)),
    "message-id-reused": Change("Every message has the id of the first", CREATE, do.body_by(_reuse_the_message_id)),
    "number-left-out": Change("The last phone number is not in sms_ids", CREATE, do.numbers_ids(_without_the_last)),
    "fourth-number-left-out": Change(
        "Phone numbers from the fourth on are not in sms_ids",
        CREATE,
        do.numbers_ids(lambda ids: dict(list(ids.items())[:3])),
    ),
    "string-number-left-out": Change(
        "sms_ids is empty when one number is given as a string",
        CREATE,
        do.only(do.is_to_one_string, do.numbers_ids(lambda _: {})),
    ),
    "ids-swapped": Change("sms_ids gives phone numbers each other's ids", CREATE, do.numbers_ids(_swapped)),
    "same-ids-for-all-numbers": Change(
        "sms_ids has the ids of the first number for all", CREATE, do.numbers_ids(_as_the_first)
    ),
    "ids-lead-nowhere": Change("Nothing has the ids in sms_ids", CREATE, do.sms_ids(lambda sms_id: sms_id + _FAR)),
    "ids-empty": Change(
        "sms_ids has no id for any number",
        CREATE,
        do.numbers_ids(lambda by_number: {number: list[int]() for number in by_number}),
    ),
    "sms-ids-reused": Change("A message has the SMS ids of the one before", CREATE, do.body_by(_reuse_the_sms_ids)),
    "first-sms-id-reused": Change(
        "The first SMS of a message has the id of that of the one before", CREATE, do.body_by(_reuse_the_first_sms_id)
    ),
    "parts-left-out": Change("sms_ids has one id for each number of a long text", CREATE, _parts(lambda ids: ids[:1])),
    "parts-of-the-first-number-only": Change(
        "sms_ids has all ids of a long text for the first number only", CREATE, do.numbers_ids(_parts_of_the_first_only)
    ),
    "parts-with-one-id": Change(
        "The SMS of a long text have one id in sms_ids", CREATE, _parts(lambda ids: [ids[0] for _ in ids])
    ),
    "row-left-out": Change("The last SMS has no row in a report", GET_MESSAGE, do.rows(lambda rows: rows[:-1])),
    "last-of-several-rows-left-out": Change(
        "The last of several SMS has no row in a report",
        GET_MESSAGE,
        do.rows(lambda rows: rows[: max(1, len(rows) - 1)]),
    ),
    "rows-after-the-second-left-out": Change(
        "A report has two rows at most", GET_MESSAGE, do.rows(lambda rows: rows[:2])
    ),
    "rows-without-parts": Change(
        "A report has one row for each number of a long text", GET_MESSAGE, do.rows(_one_for_each_number)
    ),
    "report-empty": Change("The report of a message is empty", GET_MESSAGE, do.rows(lambda _: [])),
    "row-twice": Change("A report has its first row twice", GET_MESSAGE, do.rows(lambda rows: [*rows[:1], *rows])),
    "rows-of-other-messages-too": Change(
        "A report has the SMS of other messages to its numbers too", GET_MESSAGE, _rows_of_other_messages_too
    ),
    "report-of-previous-message": Change(
        "The report of a message is that of the one before", GET_MESSAGE, _of_the_previous_message
    ),
    "row-ids-by-position": Change(
        "The ids in report rows are positions",
        GET_MESSAGE,
        do.rows(lambda rows: [row | {"id": place} for place, row in enumerate(rows)]),
    ),
    "row-ids-differ": Change("The ids in report rows lead nowhere", GET_MESSAGE, do.field_of("id", lambda i: i + _FAR)),
    "row-ids-of-the-message": Change(
        "The ids in report rows are that of the message",
        GET_MESSAGE,
        lambda exchange: do.becomes("id", exchange.message.id if exchange.message else 0)(exchange),
    ),
    "row-numbers-swapped": Change(
        "Report rows have each other's numbers", GET_MESSAGE, do.rows(_with_each_others_numbers)
    ),
    "row-numbers-all-the-first": Change(
        "Report rows have the number of the first",
        GET_MESSAGE,
        do.rows(lambda rows: [row | {"phone_number": rows[0]["phone_number"]} for row in rows]),
    ),
    "reports-disagree": Change(
        "The report on a message gives its SMS another status than their own reports do",
        GET_MESSAGE,
        do.field_of("status", lambda status: 10 if status == 13 else 13),
    ),
    "last-row-disagrees": Change(
        "The last of several rows has another status than the report of its SMS",
        GET_MESSAGE,
        do.last_row(lambda row: row | {"status": 25 if row["status"] != 25 else 10}),
    ),
    "sms-reported-as-the-first": Change(
        "Every SMS has the report of the first of its message", GET_SMS, _of_the_first_sms
    ),
    "last-sms-not-found": Change(
        "404 for the last of the SMS of a message", GET_SMS, do.only(do.is_the_last_of_several, do.at_once(Reply(404)))
    ),
    "later-message-not-found": Change(
        "404 for the report of a message that is not the first",
        GET_MESSAGE,
        do.only(lambda e: do.is_known(e) and do.is_not_the_first(e), do.at_once(Reply(404))),
    ),
    "sms-by-message-id": Change(
        "The report of an SMS is found by the id of its message", GET_SMS, _sms_of_another_kind_of_id
    ),
    "message-by-sms-id": Change(
        "The report of a message is found by the id of an SMS", GET_MESSAGE, _sms_of_another_kind_of_id
    ),
    "id-modulo-2-32": Change("Ids are cut to 32 bits", BY_ID, _read_id(_modulo)),
    "id-sign-ignored": Change("A minus before an id is ignored", BY_ID, _read_id(lambda text: text.removeprefix("-"))),
    "sent-at-once": Change("What is scheduled is reported as received", REPORTS, _status_if(_is_to_come, 13)),
    "sent-from-2038": Change(
        "What is scheduled for 2038 or later is reported as sent",
        REPORTS,
        _status_if(lambda _, message: message.delivery_date.year >= 2038, 12),
    ),
    "many-sent-at-once": Change(
        "What is scheduled is reported as sent, with more than two SMS in its message",
        REPORTS,
        _status_if(lambda exchange, message: len(message.sms) > 2 and _is_to_come(exchange, message), 12),
    ),
    "past-stays-scheduled": Change(
        "What is of the past is reported as scheduled forever",
        REPORTS,
        _status_if(lambda exchange, message: not _is_to_come(exchange, message), 10),
    ),
    "reading-sends": Change("An SMS whose report was read is reported as received", GET_SMS, do.body_by(_read_twice)),
    # Deletion
    "reading-deletes": Change("An SMS whose report was read is deleted", GET_SMS, _and(_delete_it, do.is_known)),
    "reading-deletes-the-last": Change(
        "Reading the report of a message deletes its last SMS", GET_MESSAGE, _and(_delete_the_last_sms, do.is_known)
    ),
    "reading-loses-rows": Change("A report has one row less each time it is read", GET_MESSAGE, do.body_by(_shrink)),
    "deletes-the-others-too": Change(
        "With one SMS, its whole message is deleted", DELETE_SMS, _and(_delete_its_message)
    ),
    "deletes-the-number-elsewhere": Change(
        "With one SMS, those to its number in other messages are deleted",
        DELETE_SMS,
        _and(_delete_the_number_elsewhere),
    ),
    "deletes-the-next-sms": Change(
        "Instead of an SMS, the next one of its message is deleted", DELETE_SMS, _delete_the_next_instead
    ),
    "deletes-the-previous-message-too": Change(
        "With a message, the one before is deleted", DELETE_MESSAGE, _and(_delete_the_previous)
    ),
    "deletes-everything": Change("With a message, all others are deleted", DELETE_MESSAGE, _and(_delete_everything)),
    "deletes-message-by-sms-id": Change(
        "Where a message is to be deleted, the id of an SMS does as well", DELETE_MESSAGE, _sms_of_another_kind_of_id
    ),
    "deletes-sms-by-message-id": Change(
        "Where an SMS is to be deleted, the id of its message does as well", DELETE_SMS, _sms_of_another_kind_of_id
    ),
    "deletes-nothing": Change("Deletions succeed and delete nothing", DELETIONS, _pretend_to_delete),
    "deletes-no-sms": Change("The deletion of an SMS succeeds and deletes nothing", DELETE_SMS, _pretend_to_delete),
    "deletes-no-message": Change(
        "The deletion of a message counts and deletes nothing", DELETE_MESSAGE, _pretend_to_delete
    ),
    "last-sms-not-deleted": Change(
        "The deletion of the last SMS of a message succeeds and deletes nothing",
        DELETE_SMS,
        do.only(do.is_the_last_of_several, _pretend_to_delete),
    ),
    "deletes-all-but-the-last": Change(
        "The last SMS of a message is counted, but not deleted",
        DELETE_MESSAGE,
        _delete_only(_all_but_the_last, counts_all=True),
    ),
    "deletes-the-first-number-only": Change(
        "Only the SMS to the first number of a message are deleted and counted",
        DELETE_MESSAGE,
        _delete_only(_of_the_first_number),
    ),
    "deletes-one-part-only": Change(
        "Of the SMS of a long text, one for each number is deleted and counted",
        DELETE_MESSAGE,
        _delete_only(_one_of_each_number),
    ),
    "deleted-though-not-successful": Change(
        "success is false for an SMS that was deleted", DELETE_SMS, do.becomes("success", False)
    ),
    "one-too-many-deleted": Change(
        "One SMS too many is counted", DELETE_MESSAGE, do.field_of("success", lambda count: int(count) + 1)
    ),
    "one-too-few-deleted": Change(
        "One SMS too few is counted", DELETE_MESSAGE, do.field_of("success", lambda count: max(0, int(count) - 1))
    ),
    "counts-0": Change("Deletions of messages count 0", DELETE_MESSAGE, do.becomes("success", 0)),
    "counts-1": Change("Deletions of messages count 1", DELETE_MESSAGE, do.becomes("success", 1)),
    "counts-two-at-most": Change(
        "Deletions of messages count no more than 2",
        DELETE_MESSAGE,
        do.field_of("success", lambda count: min(2, int(count))),
    ),
    "counts-numbers": Change("Deletions count the numbers of a long text", DELETE_MESSAGE, _counted(_number_count)),
    "counts-what-was-deleted-before": Change(
        "SMS that were deleted before are counted with their message", DELETE_MESSAGE, _with_those_deleted_before
    ),
    "counts-again": Change("A repeated deletion counts again", DELETE_MESSAGE, _count_again),
    # What is accepted and should be refused
    "any-phone-number-accepted": Change("Phone numbers are not checked", CREATE, do.accept_numbers("(?s).*")),
    "national-number-accepted": Change(
        "Numbers without a country prefix are accepted", CREATE, do.accept_numbers(r"\+?[0-9]{6,15}")
    ),
    "number-with-spaces-accepted": Change("Numbers with spaces are accepted", CREATE, do.accept_numbers(r"\+[0-9 ]+")),
    "number-with-hyphens-accepted": Change(
        "Numbers with hyphens are accepted", CREATE, do.accept_numbers(r"\+?[0-9-]+")
    ),
    "only-first-number-checked": Change(
        "Phone numbers after the first are not checked", CREATE, do.accept_numbers("(?s).*", slice(1, None))
    ),
    "missing-fields-accepted": Change("Text, date and sender need not be there", CREATE, _accept_missing_fields),
    "text-not-required": Change("message_text need not be there", CREATE, do.not_required("message_text", "")),
    "date-not-required": Change("delivery_date need not be there", CREATE, do.not_required("delivery_date", EPOCH)),
    "sender-not-required": Change("sender_id need not be there", CREATE, do.not_required("sender_id", 0)),
    "numbers-not-required": Change("phone_numbers need not be there", CREATE, _create_without_numbers),
    "text-of-any-type": Change("message_text may be of any type", CREATE, do.mended("message_text", json.dumps)),
    "null-text-accepted": Change(
        "message_text may be null", CREATE, do.mended("message_text", lambda value: "" if value is None else None)
    ),
    "text-as-number-accepted": Change(
        "message_text may be a number",
        CREATE,
        do.mended("message_text", lambda value: str(value) if type(value) in {int, float} else None),
    ),
    "stop-of-any-type": Change("message_stop may be of any type", CREATE, do.mended("message_stop", bool)),
    "stop-as-string-accepted": Change(
        "message_stop may be a string",
        CREATE,
        do.mended("message_stop", lambda value: value != "false" if isinstance(value, str) else None),
    ),
    "stop-as-number-accepted": Change(
        "message_stop may be 0 or 1",
        CREATE,
        do.mended("message_stop", lambda value: bool(value) if type(value) is int else None),
    ),
    "date-of-any-type": Change(
        "delivery_date may be of any type",
        CREATE,
        do.mended("delivery_date", lambda value: None if isinstance(value, str) else EPOCH),
    ),
    "date-as-number-accepted": Change(
        "delivery_date may be a number",
        CREATE,
        do.mended("delivery_date", lambda value: EPOCH if type(value) in {int, float} else None),
    ),
    "any-date-accepted": Change(
        "delivery_date may be any text",
        CREATE,
        do.mended("delivery_date", lambda value: EPOCH if isinstance(value, str) else None),
    ),
    "empty-date-accepted": Change(
        "delivery_date may be empty", CREATE, do.mended("delivery_date", lambda value: EPOCH if value == "" else None)
    ),
    "impossible-date-accepted": Change(
        "delivery_date may be in the 13th month or at the 99th hour",
        CREATE,
        do.mended("delivery_date", lambda value: EPOCH if re.fullmatch("[0-9-]{10} [0-9:]{8}", str(value)) else None),
    ),
    "sender-of-any-type": Change("sender_id may be of any type", CREATE, do.mended("sender_id", lambda _: 0)),
    "sender-as-string-accepted": Change(
        "sender_id may be a string of digits",
        CREATE,
        do.mended("sender_id", lambda value: int(value) if isinstance(value, str) and value.isdecimal() else None),
    ),
    "sender-with-fraction-accepted": Change(
        "sender_id may have a fraction",
        CREATE,
        do.mended("sender_id", lambda value: int(value) if isinstance(value, float) else None),
    ),
    "sender-as-boolean-accepted": Change(
        "sender_id may be true or false",
        CREATE,
        do.mended("sender_id", lambda value: int(value) if isinstance(value, bool) else None),
    ),
    "numbers-of-any-type": Change("phone_numbers may be of any type", CREATE, do.mended("phone_numbers", _any_number)),
    "number-as-integer-accepted": Change(
        "phone_numbers may be an integer",
        CREATE,
        do.mended("phone_numbers", lambda value: _any_number(value) if type(value) is int else None),
    ),
    "numbers-as-integers-accepted": Change(
        "phone_numbers may be a list of integers",
        CREATE,
        do.mended(
            "phone_numbers",
            lambda value: _any_number(value) if value and all(type(item) is int for item in _list(value)) else None,
        ),
    ),
    "not-json-accepted": Change("What is no JSON object creates a message to nobody", CREATE, _create_from_no_json),
    "refused-but-created": Change("400, but the message is created", CREATE, _create_what_is_refused),
    "refused-but-sent-to-the-good": Change(
        "400 for a bad number, but the message to the good ones is created", CREATE, _send_to_the_good_numbers
    ),
    "errors-in-camel-case": Change(
        "400 with camelCase names", CREATE, do.field_of("errors", _in_camel_case, status=400)
    ),
    # What is refused, crashes or changes and should be accepted
    "stop-required": Change(
        "message_stop is required", CREATE, do.only(lambda e: "message_stop" not in e.fields, do.refuse("message_stop"))
    ),
    "stop-true-refused": Change(
        "message_stop must not be true",
        CREATE,
        do.only(lambda e: e.fields.get("message_stop") is True, do.refuse("message_stop")),
    ),
    "stop-false-refused": Change(
        "message_stop must not be false",
        CREATE,
        do.only(lambda e: e.fields.get("message_stop") is False, do.refuse("message_stop")),
    ),
    "string-number-refused": Change(
        "phone_numbers must be a list", CREATE, do.only(do.is_to_one_string, do.refuse("phone_numbers"))
    ),
    "string-number-split": Change(
        "One number given as a string is read as a list of characters", CREATE, _split_the_string
    ),
    "list-of-numbers-refused": Change(
        "phone_numbers must be a string",
        CREATE,
        do.only(lambda e: not do.is_to_one_string(e), do.refuse("phone_numbers")),
    ),
    "list-of-one-refused": Change(
        "phone_numbers must not be a list of one number",
        CREATE,
        do.only(lambda e: not do.is_to_one_string(e) and len(e.numbers) == 1, do.refuse("phone_numbers")),
    ),
    "several-numbers-refused": Change(
        "phone_numbers must not hold several numbers",
        CREATE,
        do.only(do.has_numbers(lambda n: n > 1), do.refuse("phone_numbers")),
    ),
    "fourth-number-refused": Change(
        "phone_numbers must not hold more than three numbers",
        CREATE,
        do.only(do.has_numbers(lambda n: n > 3), do.refuse("phone_numbers")),
    ),
    "numbers-after-the-second-ignored": Change(
        "Phone numbers from the third on get no SMS",
        CREATE,
        _with_numbers(lambda numbers: numbers[:2], do.has_numbers(lambda n: n > 2)),
    ),
    "extra-number": Change(
        "A number that nobody asked for gets an SMS", CREATE, _with_numbers(lambda numbers: [*numbers, "+33699999999"])
    ),
    "second-message-refused": Change(
        "A message is refused if it is not the first", CREATE, do.only(do.is_not_the_first, do.refuse("message_text"))
    ),
    "past-date-refused": Change(
        "delivery_date must not be past",
        CREATE,
        lambda e: do.only(do.has_date(lambda date: date < e.api.ledger.now()), do.refuse("delivery_date"))(e),
    ),
    "far-date-refused": Change(
        "delivery_date must be within a year",
        CREATE,
        lambda e: do.only(
            do.has_date(lambda date: date > e.api.ledger.now() + timedelta(365)), do.refuse("delivery_date")
        )(e),
    ),
    "dates-from-2038-refused": Change(
        "delivery_date must be before 2038",
        CREATE,
        do.only(do.has_date(lambda date: date.year >= 2038), do.refuse("delivery_date")),
    ),
    "leap-day-refused": Change(
        "29 February is refused",
        CREATE,
        do.only(do.has_date(lambda date: (date.month, date.day) == (2, 29)), do.refuse("delivery_date")),
    ),
    "last-day-refused": Change(
        "The 31st of a month is refused",
        CREATE,
        do.only(do.has_date(lambda date: date.day == 31), do.refuse("delivery_date")),
    ),
    "day-read-as-month": Change(
        "Days after the 12th are refused",
        CREATE,
        do.only(do.has_date(lambda date: date.day > 12), do.refuse("delivery_date")),
    ),
    "midnight-refused": Change(
        "00:00:00 is refused",
        CREATE,
        do.only(do.has_date(lambda date: not (date.hour or date.minute or date.second)), do.refuse("delivery_date")),
    ),
    "non-ascii-refused": Change(
        "Text beyond ASCII is refused", CREATE, do.only(do.has_text("[^\0-\x7f]"), do.refuse("message_text"))
    ),
    "non-latin-refused": Change(
        "Text beyond Latin-1 is refused", CREATE, do.only(do.has_text("[^\0-\xff]"), do.refuse("message_text"))
    ),
    "right-to-left-refused": Change(
        "Text in Hebrew or Arabic is refused",
        CREATE,
        do.only(do.has_text("[\u0590-\u06ff]"), do.refuse("message_text")),
    ),
    "emoji-refused": Change(
        "Text with an emoji is refused", CREATE, do.only(do.has_text("[^\0-\uffff]"), do.refuse("message_text"))
    ),
    "emoji-as-500": Change("500 for text with an emoji", CREATE, do.only(do.has_text("[^\0-\uffff]"), do.crash)),
    "long-text-refused": Change(
        "Text of more than one SMS is refused", CREATE, do.only(do.is_long, do.refuse("message_text"))
    ),
    "long-text-as-500": Change("500 for text of more than one SMS", CREATE, do.only(do.is_long, do.crash)),
    "newline-as-500": Change("500 for text with a line break", CREATE, do.only(do.has_text("\n"), do.crash)),
    "quote-as-500": Change("500 for text with a quote", CREATE, do.only(do.has_text("['\"]"), do.crash)),
    "markup-refused": Change(
        "Text with angle brackets is refused", CREATE, do.only(do.has_text("[<>]"), do.refuse("message_text"))
    ),
    "zero-text-refused": Change(
        "The text 0 is taken for none", CREATE, do.only(do.has_text("^0$"), do.refuse("message_text"))
    ),
    "long-unicode-as-500": Change(
        "500 for text beyond Latin-1 of more than one SMS",
        CREATE,
        do.only(do.is_long, do.only(do.has_text("[^\0-\xff]"), do.crash)),
    ),
    "long-text-to-several-as-500": Change(
        "500 for text of more than one SMS to several numbers",
        CREATE,
        do.only(do.is_long, do.only(do.has_numbers(lambda n: n > 1), do.crash)),
    ),
}

# What the faults are, by name.
FAULTS = do.descriptions(CATALOGUE)
