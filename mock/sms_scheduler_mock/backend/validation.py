"""Reads the body of a request that creates SMS, or says what is wrong with it."""

import json
import math
import re
from contextlib import suppress
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, NoReturn, cast

from jsonschema_rs import ValidationError, ValidationErrorKind

from ..document import RequestSchema
from .checks import PHONE_NUMBER
from .messages import NewMessage

# How many characters of an error message are told: it may hold what is wrong, however long that is.
_LONGEST = 300

# How many digits a whole number may have that is written with an exponent: 1e9999999 would take long to write out.
_DIGITS = 300

_TOO_MUCH = "The request body is nested too deep or holds a number that is too large"


class BadRequestError(Exception):
    """A request is refused; `errors` holds the messages by the name of the field at fault."""

    def __init__(self, errors: dict[str, list[str]]) -> None:
        super().__init__(errors)
        self.errors = errors


class Errors:
    """Error messages by field, each one once; of each field no more than so many, and none longer than a line or two."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._messages: dict[str, dict[str, None]] = {}
        self._untold: dict[str, int] = {}

    def add(self, field: str, message: str) -> None:
        messages = self._messages.setdefault(field, {})
        if len(messages) < self._most:
            messages[message if len(message) <= _LONGEST else f"{message[:_LONGEST]}…"] = None
        else:
            self._untold[field] = self._untold.get(field, 0) + 1

    def has(self, field: str) -> bool:
        return field in self._messages

    def check(self) -> None:
        """Raise BadRequestError with all of them, if there is any."""
        if self._messages:
            more = {field: [f"… and {count:,} more"] for field, count in self._untold.items()}
            raise BadRequestError({name: [*texts, *more.get(name, [])] for name, texts in self._messages.items()})


def read_new_message(content: bytes, schema: RequestSchema, errors: Errors) -> NewMessage:
    """Read the body of createSms. Raises BadRequestError with all that is wrong with it."""
    body = parse_json(content)
    try:
        violations = schema.errors(body)
    except ValueError:
        _refuse_body(_TOO_MUCH)
    for violation in violations:
        errors.add(*_describe(violation, schema))
    fields = cast("dict[str, Any]", body) if isinstance(body, dict) else {}
    numbers = _read_phone_numbers(fields, errors)
    date = None if errors.has("delivery_date") else _read_date(fields, schema, errors)
    errors.check()
    if date is None:
        raise BadRequestError({})
    return NewMessage(
        text=fields["message_text"],
        stop=fields.get("message_stop", False),
        delivery_date=date,
        sender_id=fields["sender_id"],
        phone_numbers=numbers,
    )


def parse_json(content: bytes) -> object:
    """Read the body of a request. Raises BadRequestError if it is not JSON that makes sense."""
    try:
        body: object = _from_json(content.decode("utf-8"))
        if b"\\u" in content:
            # A lone surrogate is no text: it can be escaped in JSON, but not sent on or stored.
            json.dumps(body, ensure_ascii=False).encode("utf-8")
    except (json.JSONDecodeError, UnicodeError):
        _refuse_body("The request body must be JSON encoded in UTF-8")
    except (ValueError, RecursionError):
        _refuse_body(_TOO_MUCH)
    return body


def _refuse_constant(name: str) -> NoReturn:
    raise json.JSONDecodeError("not JSON", name, 0)


def _number(text: str) -> int | float:
    """A number with a point or an exponent. If it is whole, it is an integer, says JSON Schema; a float might not hold it."""
    with suppress(InvalidOperation):
        number = Decimal(text)
        if number.adjusted() < _DIGITS and number == number.to_integral_value():
            return int(number)
    if math.isinf(found := float(text)):
        raise ValueError(_TOO_MUCH)
    return found


_from_json = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_number).decode


def _refuse_body(message: str) -> NoReturn:
    raise BadRequestError({"body": [message]}) from None


def _describe(violation: ValidationError, schema: RequestSchema) -> tuple[str, str]:
    """The field at fault and a message, in the vendor's house style where the page shows it."""
    kind = violation.kind
    if not violation.instance_path:
        if isinstance(kind, ValidationErrorKind.Required):
            return kind.property, f'The field "{kind.property}" is required'
        return "body", f"The request body is invalid: {violation.message}"
    field = str(violation.instance_path[0])
    keyword = violation.schema_path[-1]
    if keyword in {"type", "oneOf", "anyOf"}:
        return field, f'The field "{field}" must be {schema.type_of(field)}'
    if keyword == "pattern" and (date_format := schema.datetime_format(field)):
        return field, f'The field "{field}" must be a date of format "{_in_words(date_format)}"'
    return field, f'The field "{field}" is invalid: {violation.message}'


def _in_words(date_format: str) -> str:
    """A strftime format as people write it: YYYY-MM-DD."""
    letters = {"%Y": "YYYY", "%m": "MM", "%d": "DD", "%H": "HH", "%M": "MM", "%S": "SS"}
    return re.sub("%[A-Za-z]", lambda match: letters.get(match[0], match[0]), date_format)


def _read_phone_numbers(fields: dict[str, Any], errors: Errors) -> tuple[str, ...]:
    """The numbers asked for, each one once."""
    field = "phone_numbers"
    value = fields.get(field)
    if value == []:
        errors.add(field, f'The field "{field}" must hold at least one phone number')
    candidates = cast("list[object]", value) if isinstance(value, list) else [value]
    numbers = tuple(dict.fromkeys(number for number in candidates if isinstance(number, str)))
    for number in numbers:
        if not PHONE_NUMBER.fullmatch(number):
            errors.add(field, f"The following phone number is invalid: {number}")
    return numbers


def _read_date(fields: dict[str, Any], schema: RequestSchema, errors: Errors) -> datetime | None:
    """The delivery date; one that no calendar has is an error, an absent one was reported before."""
    field = "delivery_date"
    text, date_format = fields.get(field), schema.datetime_format(field)
    if text is None or date_format is None:
        return None
    date = _parsed(text, date_format)
    if date is None:
        errors.add(field, f"The following date is invalid: {text}")
    return date


@lru_cache(maxsize=1000)
def _parsed(text: str, date_format: str) -> datetime | None:
    """A date, or None if no calendar has it: reading one takes a third of the time of a request, and many are the same."""
    try:
        return datetime.strptime(text, date_format)
    except ValueError:
        return None
