"""Requests that must be refused."""

import json
from typing import Any

from ..contract_check import contract_check
from ..errors import expect, fail
from ..models import Created, Draft
from ..server import Server

REQUIRED = ["message_text", "delivery_date", "sender_id", "phone_numbers"]
WRONG: dict[str, list[Any]] = {
    "message_text": [123, 1.5, True, ["Hello"], {"text": "Hello"}, None],
    "message_stop": ["true", "yes", 1, 0, ["true"], {}],
    "delivery_date": [20360517, True, ["2036-05-17 12:00:00"], {"date": "2036-05-17 12:00:00"}, None],
    "sender_id": ["123", "one two three", 1.5, True, [123], {"id": 123}, None],
    "phone_numbers": [
        33612345678,
        True,
        1.5,
        [33612345678],
        [None],
        ["+33612345678", 33612345679],
        [None, "+33612345678"],
        [["+33612345678"]],
        [{}],
        None,
    ],
}
NOT_DATES = ["not a date", "2036-13-45 99:99:99", "2020-13-45 99:99:99", "{}"]
# So many ids between two others are read, at most.
_MOST_IDS = 64


def refused(server: Server, body: object, field: str | None, why: str) -> dict[str, Any]:
    """Send a request that must be refused: 400, with an error for the field. The result is the errors."""
    response = server.post(body)
    expected = f"a request is refused {why}: 400" + (f', with an error for "{field}"' if field else "")
    expect(response.status_code == 400, expected, f"{response.status_code} {response.text[:300]}")
    errors: dict[str, Any] = response.json()["errors"] or {}
    expect(field is None or bool(errors.get(field)), expected, f"the errors are {errors}")
    return errors


def but(fields: dict[str, Any], field: str, value: object) -> dict[str, Any]:
    """The fields, one of them with another value."""
    return {**fields, field: value}


@contract_check(
    "Required: true. 400 Bad Request: List of error messages indexed by field names",
    posts=1,
    first=[{"field": field} for field in REQUIRED if field != "delivery_date"],
)
def test_a_required_field_that_is_missing_is_named(server: Server, field: str) -> None:
    """A request without the text, the sender or the phone numbers is refused with an error for that field."""
    fields = server.fields(Draft())
    del fields[field]
    refused(server, fields, field, f'without "{field}"')


@contract_check(
    "delivery_date, required: true. 400 Bad Request: List of error messages indexed by field names",
    unsafe="without a date the server might send it",
)
def test_a_missing_date_is_named(server: Server) -> None:
    """A request without the delivery date is refused with an error for that field."""
    fields = server.fields(Draft())
    del fields["delivery_date"]
    refused(server, fields, "delivery_date", 'without "delivery_date"')


@contract_check(
    'The field "message_stop" must be a value of type "boolean"',
    posts=1,
    first=[
        {"field": field, "value": value}
        for field in ("sender_id", "message_text", "message_stop")
        for value in WRONG[field]
    ],
)
def test_a_field_of_a_wrong_type_is_named(server: Server, field: str, value: object) -> None:
    """A text, sender or `message_stop` of a wrong type is refused with an error for that field."""
    refused(server, but(server.fields(Draft()), field, value), field, f'with {json.dumps(value)} as "{field}"')


@contract_check(
    'The field "phone_numbers" must be a list of type "string"',
    unsafe="the server might send it to somebody",
    first=[{"field": field, "value": value} for field in ("delivery_date", "phone_numbers") for value in WRONG[field]],
)
def test_a_date_or_number_of_a_wrong_type_is_named(server: Server, field: str, value: object) -> None:
    """A delivery date or phone numbers of a wrong type are refused with an error for that field."""
    refused(server, but(server.fields(Draft()), field, value), field, f'with {json.dumps(value)} as "{field}"')


@contract_check(
    "string delivery_date: The date the message will be send to",
    unsafe="the server might send it right away",
    first=[{"value": value} for value in NOT_DATES],
)
def test_an_invalid_date_is_refused(server: Server, value: str) -> None:
    """A delivery date that is not a date is refused with an error for that field."""
    refused(server, but(server.fields(Draft()), "delivery_date", value), "delivery_date", f"with {value!r} as a date")


@contract_check(
    "Send and receive data in JSON format",
    unsafe="the server might read it in another way",
    first=[{"body": body} for body in (b"not json", b"{", b'["Hello"]', b'"Hello"', b"null", b"123", b"", b"\xff\xfe")],
)
def test_an_invalid_body_is_refused(server: Server, body: bytes) -> None:
    """A body that is not a JSON object is refused: 400, with a body of any kind, or 415 if no content type was sent.

    Frameworks answer it before the API does.
    """
    status = server.request("createSms", body=body).status_code
    expect(status in ({400} if body else {400, 415}), f"a request is refused with {body!r} as its body: 400", status)


@contract_check(
    "Required: true. 400 Bad Request: List of error messages indexed by field names", posts=1, first=[{"body": {}}]
)
def test_an_empty_request_is_refused(server: Server, body: dict[str, Any]) -> None:
    """An empty request is refused with an error for at least one required field."""
    errors = refused(server, body, None, "without any field")
    expect(
        bool(set(REQUIRED) & set(errors)),
        f"there is an error for one of {', '.join(REQUIRED)}",
        f"the errors are {errors}",
    )


@contract_check(
    "400 Bad Request",
    alone=True,
    unsafe="it reads ids that others may have",
    first=[
        {"field": "sender_id", "value": "not a number"},
        {"field": "message_text", "value": 123},
        {"field": "message_stop", "value": "yes"},
        {"field": "delivery_date", "value": "not a date"},
        {"field": "delivery_date", "value": None},
    ],
)
def test_a_refused_request_creates_nothing(server: Server, field: str, value: object) -> None:
    """A refused request creates nothing."""
    before = server.create(Draft(numbers=(0,)))
    fields = but(server.fields(Draft(numbers=(1, 2))), field, value)
    refused(server, fields, field, f'with {json.dumps(value)} as "{field}"')
    expect_nothing_between(server, before, server.create(Draft(numbers=(0,))), set(fields["phone_numbers"]))


@contract_check(
    "400 Bad Request",
    alone=True,
    unsafe="the server might send it to somebody",
    first=[{"bad": bad, "index": index} for bad, index in (("0612345678", 0), ("+33-612-345-678", 1), ("hello", 2))],
)
def test_a_request_refused_for_one_number_creates_nothing(server: Server, bad: str, index: int) -> None:
    """If a request is refused for one invalid phone number, the valid ones get no SMS either.

    The page does not say whether it is refused: an invalid number may also be reported as Missed.
    """
    before = server.create(Draft(numbers=(0,)))
    fields = server.fields(Draft(numbers=(1, 2)))
    good = list(fields["phone_numbers"])
    response = server.post({**fields, "phone_numbers": [*good[:index], bad, *good[index:]]})
    if response.status_code != 200:
        expect_nothing_between(server, before, server.create(Draft(numbers=(0,))), set(good))


def expect_nothing_between(server: Server, before: Created, after: Created, numbers: set[str]) -> None:
    """No message and no SMS with an id between those of two others may be to one of the numbers.

    This finds nothing if the server does not give out ids in ascending order, which the page does not state.
    """
    for message_id in _between(before.message_id, after.message_id):
        report = server.message(message_id) or {}
        if any(sms.phone_number in numbers for sms in report.values()):
            fail("a refused request creates nothing", f"message {message_id} is to its phone numbers: {report}")
    for sms_id in _between(max(before.ids), min(after.ids)):
        sms = server.sms(sms_id)
        if sms is not None and sms.phone_number in numbers:
            fail("a refused request creates nothing", f"SMS {sms_id} is to its phone number: {sms}")


def _between(first: int, last: int) -> range:
    ids = range(first + 1, last)
    return ids if len(ids) <= _MOST_IDS else range(0)
