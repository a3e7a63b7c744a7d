"""Reads the body of a request that creates SMS, or says what is wrong with it."""

import json
import re
from datetime import datetime
from functools import lru_cache
from typing import Any, NoReturn, cast

from jsonschema_rs import ValidationError, ValidationErrorKind

from ..document import RequestSchema
from .messages import NewMessage

# A country prefix, no spaces or hyphens; the lengths agree with every example of the vendor's page.
_PHONE_NUMBER = re.compile(r"\+[0-9]{10,15}")

_TOO_MUCH = "The request body is nested too deep or holds a number that is too large"


class BadRequestError(Exception):
    """A request is refused; `errors` holds the messages by the name of the field at fault."""

    def __init__(self, errors: dict[str, list[str]]) -> None:
        super().__init__(errors)
        self.errors = errors


class _Errors(dict[str, list[str]]):
    """Error messages by field, each one once."""

    def add(self, field: str, message: str) -> None:
        messages = self.setdefault(field, [])
        if message not in messages:
            messages.append(message)


def read_new_message(content: bytes, schema: RequestSchema) -> NewMessage:
    """Read the body of createSms. Raises BadRequestError with all that is wrong with it."""
    body = parse_json(content)
    try:
        violations = schema.errors(body)
    except ValueError:
        _refuse_body(_TOO_MUCH)
    errors = _Errors()
    for violation in violations:
        errors.add(*_describe(violation, schema))
    fields = cast("dict[str, Any]", body) if isinstance(body, dict) else {}
    numbers = _read_phone_numbers(fields, errors)
    date = None if errors.get("delivery_date") else _read_date(fields, schema, errors)
    if errors or date is None:
        raise BadRequestError(errors)
    return NewMessage(
        text=fields["message_text"],
        stop=fields.get("message_stop", False),
        delivery_date=date,
        sender_id=int(fields["sender_id"]),  # 1.0 is an integer too, says JSON Schema
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


_from_json = json.JSONDecoder(parse_constant=_refuse_constant).decode


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


def _read_phone_numbers(fields: dict[str, Any], errors: _Errors) -> tuple[str, ...]:
    """The numbers asked for, each one once."""
    field = "phone_numbers"
    value = fields.get(field)
    if value == []:
        errors.add(field, f'The field "{field}" must hold at least one phone number')
    candidates = cast("list[object]", value) if isinstance(value, list) else [value]
    numbers = tuple(dict.fromkeys(number for number in candidates if isinstance(number, str)))
    for number in numbers:
        if not _PHONE_NUMBER.fullmatch(number):
            errors.add(field, f"The following phone number is invalid: {number}")
    return numbers


def _read_date(fields: dict[str, Any], schema: RequestSchema, errors: _Errors) -> datetime | None:
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
