"""Mutants that accept what should be refused."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace

from sms_scheduler_mock import Response

from . import changes as do
from .mutant import CREATE, EPOCH, Exchange, Mutant


def _accept_missing_fields(exchange: Exchange) -> Response:
    response = exchange.answer()
    if response.status != 400:
        return response
    filled = {"message_text": "", "delivery_date": EPOCH, "sender_id": 0} | exchange.fields
    mended = exchange.answer_with_fields(**filled)
    return mended if mended.status == 200 else response


def _create_without_numbers(exchange: Exchange) -> Response:
    response = exchange.answer()
    if do.refused_for("phone_numbers", response) and "phone_numbers" not in exchange.fields:
        return exchange.server.api.create(replace(exchange.read_leniently(), phone_numbers=()))
    return response


def _create_what_is_refused(exchange: Exchange) -> Response:
    response = exchange.answer()
    if response.status == 400:
        exchange.server.api.create(exchange.read_leniently())
    return response


def _send_to_the_good_numbers(exchange: Exchange) -> Response:
    response = exchange.answer()
    if do.refused_for("phone_numbers", response):
        good = [number for number in exchange.numbers if re.fullmatch(r"\+[0-9]{10,15}", str(number))]
        exchange.answer_with_fields(phone_numbers=good)
    return response


def _create_from_no_json(exchange: Exchange) -> Response:
    response = exchange.answer()
    return exchange.server.api.create(exchange.read_leniently()) if do.refused_for("body", response) else response


def _any_number(value: object) -> object:
    digits = ["".join(re.findall("[0-9]", str(item))) for item in do.as_list(value)]
    return [f"+{digit.zfill(10)[:15]}" for digit in digits or ["0"]]


def _strings_among_others(value: object) -> object:
    return [item for item in do.as_list(value) if isinstance(item, str)] or None


MUTANTS: Mapping[str, Mutant] = {
    "missing-fields-accepted": Mutant("Text, date and sender need not be there", CREATE, _accept_missing_fields),
    "text-not-required": Mutant("message_text need not be there", CREATE, do.not_required("message_text", "")),
    "date-not-required": Mutant("delivery_date need not be there", CREATE, do.not_required("delivery_date", EPOCH)),
    "sender-not-required": Mutant("sender_id need not be there", CREATE, do.not_required("sender_id", 0)),
    "numbers-not-required": Mutant("phone_numbers need not be there", CREATE, _create_without_numbers),
    "text-of-any-type": Mutant("message_text may be of any type", CREATE, do.mended("message_text", json.dumps)),
    "null-text-accepted": Mutant(
        "message_text may be null", CREATE, do.mended("message_text", lambda value: "" if value is None else None)
    ),
    "text-as-number-accepted": Mutant(
        "message_text may be a number",
        CREATE,
        do.mended("message_text", lambda value: str(value) if type(value) in {int, float} else None),
    ),
    "stop-of-any-type": Mutant("message_stop may be of any type", CREATE, do.mended("message_stop", bool)),
    "stop-as-string-accepted": Mutant(
        "message_stop may be a string",
        CREATE,
        do.mended("message_stop", lambda value: value != "false" if isinstance(value, str) else None),
    ),
    "stop-as-number-accepted": Mutant(
        "message_stop may be 0 or 1",
        CREATE,
        do.mended("message_stop", lambda value: bool(value) if type(value) is int else None),
    ),
    "date-as-number-accepted": Mutant(
        "delivery_date may be a number",
        CREATE,
        do.mended("delivery_date", lambda value: EPOCH if type(value) in {int, float} else None),
    ),
    "any-date-accepted": Mutant(
        "delivery_date may be any text",
        CREATE,
        do.mended("delivery_date", lambda value: EPOCH if isinstance(value, str) else None),
    ),
    "impossible-date-accepted": Mutant(
        "delivery_date may be in the 13th month or at the 99th hour",
        CREATE,
        do.mended("delivery_date", lambda value: EPOCH if re.fullmatch("[0-9-]{10} [0-9:]{8}", str(value)) else None),
    ),
    "sender-as-string-accepted": Mutant(
        "sender_id may be a string of digits",
        CREATE,
        do.mended("sender_id", lambda value: int(value) if isinstance(value, str) and value.isdecimal() else None),
    ),
    "sender-with-fraction-accepted": Mutant(
        "sender_id may have a fraction",
        CREATE,
        do.mended("sender_id", lambda value: int(value) if isinstance(value, float) else None),
    ),
    "sender-as-boolean-accepted": Mutant(
        "sender_id may be true or false",
        CREATE,
        do.mended("sender_id", lambda value: int(value) if isinstance(value, bool) else None),
    ),
    "numbers-of-any-type": Mutant("phone_numbers may be of any type", CREATE, do.mended("phone_numbers", _any_number)),
    "number-as-integer-accepted": Mutant(
        "phone_numbers may be an integer",
        CREATE,
        do.mended("phone_numbers", lambda value: _any_number(value) if type(value) is int else None),
    ),
    "numbers-as-integers-accepted": Mutant(
        "phone_numbers may be a list of integers",
        CREATE,
        do.mended(
            "phone_numbers",
            lambda value: (
                _any_number(value) if value and all(type(item) is int for item in do.as_list(value)) else None
            ),
        ),
    ),
    "numbers-of-other-types-skipped": Mutant(
        "What is no string among phone_numbers is left out",
        CREATE,
        do.mended("phone_numbers", _strings_among_others),
    ),
    "not-json-accepted": Mutant("What is no JSON object creates a message to nobody", CREATE, _create_from_no_json),
    "refused-but-created": Mutant("400, but the message is created", CREATE, _create_what_is_refused),
    "refused-but-sent-to-the-good": Mutant(
        "400 for a bad number, but the message to the good ones is created", CREATE, _send_to_the_good_numbers
    ),
    "errors-in-camel-case": Mutant(
        "400 with camelCase names", CREATE, do.field_of("errors", do.in_camel_case, status=400)
    ),
}
