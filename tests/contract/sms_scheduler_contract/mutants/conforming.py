"""Conforming variants: servers that differ and keep all that the vendor's page states.

They are made as mutants are. What makes a difference to the messages and SMS that are kept is one of the ledger's `Rules`.
"""

import gzip
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, cast

from sms_scheduler_mock import Response

from . import changes as do
from .mutant import (
    ALL,
    BY_ID,
    CREATE,
    DATE,
    DELETE_MESSAGE,
    DELETE_SMS,
    EPOCH,
    GET_MESSAGE,
    REPORTS,
    Exchange,
    Handle,
    Mutant,
)

_WITH_OTHER_METHODS = ALL | frozenset({None})
_WORDS = {10: "planifié", 13: "reçu"}


def _in_french(errors: dict[str, Any]) -> object:
    return {field: [f"Le champ « {field} » n'est pas valide."] for field in errors}


def _with_more(fields: dict[str, Any]) -> object:
    return fields | {"request_id": "6f1c0a", "links": list[str](), "label": _WORDS.get(fields.get("status", 0))}


def _scattered(count: int) -> int:
    """Ids without repetition or order: a multiple of a number, to a prime."""
    return 10**9 + (count + 1) * 387_420_489 % 1_000_000_007


def _scattered_far(count: int) -> int:
    return 2 * 10**9 + _scattered(count)


def _with_body(status: int, body: object, content_type: str = "application/json") -> Handle:
    """Answers with a status have a body."""

    def change(response: Response) -> Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return replace(response, body=content, headers={**response.headers, "Content-Type": content_type})

    return do.response(lambda response: change(response) if response.status == status else response)


def _like_php(response: Response) -> Response:
    """JSON over several lines, in ASCII and with escaped slashes."""
    if not do.is_json(response):
        return response
    content = json.dumps(response.body, indent=4).replace("/", "\\/").encode()
    return Response(response.status, content, {**response.headers, "Content-Type": "application/json; charset=utf-8"})


def _compressed(exchange: Exchange) -> Response:
    response = exchange.answer()
    if response.body is None or "gzip" not in exchange.request.headers.get("Accept-Encoding", ""):
        return response
    encoded = response.encode()
    kind = dict(encoded.headers)[b"content-type"].decode()
    headers = {**response.headers, "Content-Type": kind, "Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
    return Response(response.status, gzip.compress(encoded.body), headers)


def _limited(exchange: Exchange) -> Response:
    exchange.memory["requests"] += 1
    too_many = exchange.memory["requests"] % 10 == 0
    return Response(429, headers={"Retry-After": "0"}) if too_many else exchange.answer()


def _head(exchange: Exchange) -> Response:
    if exchange.request.method != "HEAD" or "GET" not in exchange.request.operations:
        return exchange.answer()
    return replace(exchange.answer(method="GET"), body=None)


def _keep_numbers_twice(exchange: Exchange) -> Response:
    if not do.is_acceptable(exchange):
        return exchange.answer()
    asked = exchange.server.api.read(exchange.request.body)
    return exchange.server.api.create(replace(asked, phone_numbers=tuple(map(str, exchange.numbers))))


def _one_sms_each(exchange: Exchange) -> Response:
    if not do.is_acceptable(exchange):
        return exchange.answer()
    return exchange.server.api.create(exchange.server.api.read(exchange.request.body), sms_per_number=1)


def _skip_bad_numbers(exchange: Exchange) -> Response:
    response = exchange.answer()
    bad = [number for number in exchange.numbers if not re.fullmatch(r"\+[0-9]{10,15}", str(number))]
    is_for_them = do.refused_for("phone_numbers", response) and all(
        isinstance(number, str) for number in exchange.numbers
    )
    good = [number for number in exchange.numbers if number not in bad]
    return exchange.answer_with_fields(phone_numbers=good) if is_for_them and good else response


def _accept_no_numbers(exchange: Exchange) -> Response:
    response = exchange.answer()
    if not (do.refused_for("phone_numbers", response) and exchange.fields.get("phone_numbers") == []):
        return response
    created = exchange.server.api.create(exchange.read_leniently())
    return replace(created, body=cast("dict[str, Any]", created.body) | {"sms_ids": []})


def _from_iso(value: Any) -> object:
    match = re.fullmatch(r"([0-9]{4}-[0-9]{2}-[0-9]{2})T([0-9]{2}:[0-9]{2}:[0-9]{2})Z?", str(value))
    return f"{match[1]} {match[2]}" if match else None


def _rolled_over(value: Any) -> object:
    """The date that is so many days after the last of the month before: 2 March for 30 February."""
    match = re.fullmatch(r"([0-9]{4}-[0-9]{2})-(29|30|31)( .*)", str(value))
    try:
        first = datetime.strptime(f"{match[1]}-01{match[3]}", DATE) if match else None
    except ValueError:
        return None
    return str(first + timedelta(int(match[2]) - 1)) if match and first else None


def _far_ahead_as_15(exchange: Exchange, content: Any) -> object:
    message = exchange.message
    is_far = message is not None and message.delivery_date > exchange.server.now + timedelta(30)

    def change(fields: dict[str, Any]) -> object:
        return fields | {"status": 15} if is_far and fields["status"] == 10 else fields

    return do.each(change)(content)


def _is_beyond_a_limit(exchange: Exchange) -> bool:
    is_late = exchange.date is not None and exchange.date > exchange.server.now + timedelta(30)
    return len(exchange.text) > 160 or is_late or set(map(str, exchange.numbers)) != {"+33612345678"}


def _missed_if_invalid(exchange: Exchange) -> Response:
    if exchange.request.operation in CREATE:
        return do.accept_numbers("(?s).*")(exchange)

    def change(fields: dict[str, Any]) -> object:
        is_valid = re.fullmatch(r"\+[0-9]{10,15}", fields.get("phone_number", "+33612345678"))
        return fields if is_valid else fields | {"status": 30}

    return do.each_object(change)(exchange)


def _with_cookie(exchange: Exchange) -> Response:
    has_cookie = "session=1" in exchange.request.headers.get("Cookie", "")
    response = exchange.answer_with_the_right_key() if has_cookie else exchange.answer()
    return replace(response, headers={**response.headers, "Set-Cookie": "session=1; Path=/"})


def _by_intval(exchange: Exchange) -> Response:
    digits = re.match("[0-9]+", exchange.request.id or "")
    return exchange.answer(id=digits[0]) if digits else exchange.answer()


def _bad_id_as_400(exchange: Exchange) -> Response:
    bad = exchange.has_the_key and not re.fullmatch("-?[0-9]+", exchange.request.id)
    return Response(400, b"<h1>Bad Request</h1>", {"Content-Type": "text/html"}) if bad else exchange.answer()


def _by_framework(status: int) -> Handle:
    """What has no fields is answered by a framework."""
    answer = do.always(Response(status, b"<h1>Bad Request</h1>", {"Content-Type": "text/html"}))
    return do.only(lambda e: e.has_the_key and not e.fields and e.request.body.strip() != b"{}", answer)


def _without_credits(exchange: Exchange) -> Response:
    if exchange.request.method == "DELETE" and exchange.message and exchange.has_the_key:
        return Response(200, {"success": 0 if exchange.request.operation in DELETE_MESSAGE else False})
    return do.becomes("status", 25)(exchange)


def _emptied(**rules: object) -> dict[str, object]:
    """The rules of servers that still report what was deleted."""
    return {"reports_deleted": True, "lists_deleted": True, "keeps_emptied": True, "deleted_again": False, **rules}


CONFORMING: Mapping[str, Mutant] = {
    # How bodies and headers are written
    "rate-limit": Mutant("429 with Retry-After: 0 for every tenth request", ALL, _limited),
    "gzip": Mutant("Bodies are compressed for those who take that", ALL, _compressed),
    "json-like-php": Mutant("JSON over several lines, with escaped slashes and letters", ALL, do.response(_like_php)),
    "content-type-without-charset": Mutant(
        "The content type of JSON names no charset",
        ALL,
        do.content(lambda body: body, "application/json"),
    ),
    "connection-closed": Mutant(
        "The connection is closed after each response",
        _WITH_OTHER_METHODS,
        do.response(lambda response: replace(response, headers={**response.headers, "Connection": "close"})),
    ),
    "head-answered": Mutant("HEAD is answered like GET, without a body", _WITH_OTHER_METHODS, _head),
    "extra-fields": Mutant(
        "Every object in a response has fields that are not documented", ALL, do.each_object(_with_more)
    ),
    "extra-fields-in-errors": Mutant(
        "400 comes with a code and a text beside the errors",
        CREATE,
        do.each_object(lambda fields: fields | {"code": 400, "message": "Bad Request"}, 400),
    ),
    "rows-reversed": Mutant(
        "The rows of a report begin with the latest", GET_MESSAGE, do.rows(lambda rows: rows[::-1])
    ),
    "unauthorized-as-json": Mutant("401 has a body of JSON", ALL, _with_body(401, {"error": "Unauthorized"})),
    "unauthorized-as-html": Mutant(
        "401 has a body of HTML", ALL, _with_body(401, b"<h1>Unauthorized</h1>", "text/html")
    ),
    "not-found-as-json": Mutant("404 has a body of JSON", BY_ID, _with_body(404, {"error": "Not Found"})),
    "not-found-as-html": Mutant("404 has a body of HTML", BY_ID, _with_body(404, b"<h1>Not Found</h1>", "text/html")),
    "errors-in-french": Mutant(
        "400 is worded in French, with one message for each field", CREATE, do.field_of("errors", _in_french, 400)
    ),
    "first-error-only": Mutant(
        "400 names the first field at fault only",
        CREATE,
        do.field_of("errors", lambda errors: dict(list(errors.items())[:1]), 400),
    ),
    "empty-errors-as-list": Mutant(
        "What is no JSON object is refused with an empty list of errors",
        CREATE,
        do.field_of("errors", lambda errors: [] if "body" in errors else errors, 400),
    ),
    "lower-case-bearer-only": Mutant(
        "The scheme must be written bearer", _WITH_OTHER_METHODS, do.only_scheme("bearer")
    ),
    # Ids and statuses
    "ids-from-2-31": Mutant(
        "Ids begin at 2 to the power of 31",
        ALL,
        do.unchanged,
        {"message_id": (2**31).__add__, "sms_id": (2**31 + 10**6).__add__},
    ),
    "ids-from-1": Mutant(
        "Ids of messages and of SMS both begin at 1",
        ALL,
        do.unchanged,
        {"message_id": (1).__add__, "sms_id": (1).__add__},
    ),
    "ids-scattered": Mutant(
        "Ids do not ascend",
        ALL,
        do.unchanged,
        {"message_id": _scattered, "sms_id": _scattered_far},
    ),
    "new-status-codes": Mutant("status is 99, not one of those listed", REPORTS, do.becomes("status", 99)),
    "status-15-far-ahead": Mutant(
        "status is 15 for what is sent in a month or later", REPORTS, do.body_by(_far_ahead_as_15)
    ),
    "status-35-once-sent": Mutant(
        "status is 35, not one of those listed, once an SMS is sent",
        REPORTS,
        do.field_of("status", lambda code: 35 if code in {12, 13} else code),
    ),
    # What is deleted
    "deleted-reported-cancelled": Mutant(
        "What is deleted is still reported, as cancelled", ALL, do.unchanged, _emptied(deleted_as="CANCELLED_ERROR")
    ),
    "deleted-reported-as-before": Mutant("What is deleted is still reported, as it was", ALL, do.unchanged, _emptied()),
    "deleted-row-stays": Mutant(
        "What is deleted has a row in the report of its message, but no report",
        ALL,
        do.unchanged,
        {"lists_deleted": True, "keeps_emptied": True, "deleted_as": "CANCELLED_ERROR"},
    ),
    "deleted-row-goes": Mutant(
        "What is deleted has a report, but no row in that of its message",
        ALL,
        do.unchanged,
        {"reports_deleted": True, "deleted_as": "CANCELLED_ERROR"},
    ),
    "deleted-row-stays-until-all-are": Mutant(
        "What is deleted has a row in the report of its message, which goes with the last",
        ALL,
        do.unchanged,
        {"lists_deleted": True, "deleted_as": "CANCELLED_ERROR"},
    ),
    "deleted-again-as-false": Mutant(
        "Deleting an SMS again answers false", ALL, do.unchanged, {"deleted_again": False}
    ),
    "deleted-again-as-true": Mutant("Deleting an SMS again answers true", ALL, do.unchanged, {"deleted_again": True}),
    "emptied-message-stays": Mutant(
        "A message whose SMS are all deleted has an empty report", ALL, do.unchanged, {"keeps_emptied": True}
    ),
    "sent-not-found-for-deletion": Mutant(
        "404 for the deletion of an SMS that was sent",
        DELETE_SMS,
        do.response(lambda response: Response(404) if response.body == {"success": False} else response),
    ),
    # What is accepted, and what is not
    "number-twice-as-two": Mutant(
        "The same number given twice gets two SMS, each with an id", CREATE, _keep_numbers_twice
    ),
    "number-twice-refused": Mutant(
        "The same number must not be given twice",
        CREATE,
        do.only(lambda e: len(set(map(str, e.numbers))) < len(e.numbers), do.refuse("phone_numbers")),
    ),
    "bad-numbers-skipped": Mutant("Bad numbers among good ones are left out", CREATE, _skip_bad_numbers),
    "no-numbers-accepted": Mutant(
        "An empty list of numbers makes a message without SMS", CREATE, _accept_no_numbers, {"keeps_emptied": True}
    ),
    "long-text-as-one-sms": Mutant("A long text is one SMS", CREATE, _one_sms_each),
    "iso-dates-accepted": Mutant(
        "delivery_date may have a T between date and time", CREATE, do.mended("delivery_date", _from_iso)
    ),
    "dates-rolled-over": Mutant("30 February is 2 March", CREATE, do.mended("delivery_date", _rolled_over)),
    "text-limit": Mutant(
        "message_text must not have more than 1,000 characters",
        CREATE,
        do.only(lambda e: len(e.text) > 1000, do.refuse("message_text")),
    ),
    "numbers-limit": Mutant(
        "phone_numbers must not hold more than 100 numbers",
        CREATE,
        do.only(do.has_numbers(lambda n: n > 100), do.refuse("phone_numbers")),
    ),
    "one-sender": Mutant(
        "sender_id must be 123, the only sender there is",
        CREATE,
        do.only(lambda e: e.fields.get("sender_id") != 123, do.refuse("sender_id", "There is no such sender")),
    ),
    "any-phone-number-accepted": Mutant("Phone numbers are not checked", CREATE, do.accept_numbers("(?s).*")),
    "national-number-accepted": Mutant(
        "Numbers without a country prefix are accepted", CREATE, do.accept_numbers(r"\+?[0-9]{6,15}")
    ),
    "number-with-spaces-accepted": Mutant("Numbers with spaces are accepted", CREATE, do.accept_numbers(r"\+[0-9 ]+")),
    "number-with-hyphens-accepted": Mutant(
        "Numbers with hyphens are accepted", CREATE, do.accept_numbers(r"\+?[0-9-]+")
    ),
    "only-first-number-checked": Mutant(
        "Phone numbers after the first are not checked", CREATE, do.accept_numbers("(?s).*", slice(1, None))
    ),
    "empty-date-accepted": Mutant(
        "delivery_date may be empty", CREATE, do.mended("delivery_date", lambda value: EPOCH if value == "" else None)
    ),
    "long-text-refused": Mutant(
        "Text of more than one SMS is refused", CREATE, do.only(do.is_long, do.refuse("message_text"))
    ),
    "far-date-refused": Mutant(
        "delivery_date must be within a year",
        CREATE,
        lambda e: do.only(do.has_date(lambda date: date > e.server.now + timedelta(365)), do.refuse("delivery_date"))(
            e
        ),
    ),
    "dates-from-2038-refused": Mutant(
        "delivery_date must be before 2038",
        CREATE,
        do.only(do.has_date(lambda date: date.year >= 2038), do.refuse("delivery_date")),
    ),
    "only-named-numbers": Mutant(
        "Only +33612345678 may get an SMS",
        CREATE,
        do.only(lambda e: set(map(str, e.numbers)) != {"+33612345678"}, do.refuse("phone_numbers")),
    ),
    "limits-of-all-kinds": Mutant(
        "160 characters, 30 days ahead, and only to +33612345678",
        CREATE,
        do.only(_is_beyond_a_limit, do.refuse("message_text", "Not within the limits of your account")),
    ),
    "text-limit-in-bytes": Mutant(
        "message_text must not have more than 160 bytes",
        CREATE,
        do.only(lambda e: len(e.text.encode(errors="replace")) > 160, do.refuse("message_text")),
    ),
    "numbers-missed-later": Mutant(
        "Any phone number is accepted; an SMS to an invalid one is reported as missed", ALL, _missed_if_invalid
    ),
    "numbers-as-php-array": Mutant(
        "An object of phone numbers is read as a list, as PHP reads both",
        CREATE,
        do.mended("phone_numbers", lambda value: list(value.values()) if isinstance(value, dict) else None),
    ),
    "null-stop-as-left-out": Mutant(
        "message_stop may be null", CREATE, do.mended("message_stop", lambda value: False if value is None else None)
    ),
    # What answers before the API does
    "session-cookie": Mutant("The key may be left out for the cookie that every response sets", ALL, _with_cookie),
    "id-by-intval": Mutant("An id in the path may have more behind it", ALL, _by_intval),
    "bad-id-as-400": Mutant("400 for an id that is not a number", BY_ID, _bad_id_as_400),
    "huge-id-as-400": Mutant(
        "400 for an id beyond 64 bits",
        BY_ID,
        do.only(
            lambda e: e.has_the_key and (len(e.request.id), e.request.id) >= (19, str(2**63)), do.always(Response(400))
        ),
    ),
    "not-json-as-html": Mutant("400 in HTML for a body that is not an object", CREATE, _by_framework(400)),
    "no-content-type-as-415": Mutant(
        "415 for a body without a content type",
        CREATE,
        do.only(
            lambda e: "application/json" not in e.request.headers.get("Content-Type", ""), do.always(Response(415))
        ),
    ),
    # What becomes of an SMS that nobody touches
    "no-credits": Mutant("What is created is cancelled at once for lack of credits", BY_ID, _without_credits),
    "no-credits-after-20-messages": Mutant(
        "What is created is cancelled at once for lack of credits after twenty messages",
        BY_ID,
        do.only(lambda e: e.message is None or len(e.server.messages) > 20, _without_credits),
    ),
}
