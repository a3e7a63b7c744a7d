"""Which requests the mock server refuses, and in what words."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sms_scheduler_mock import MockServer

Body = Callable[..., dict[str, Any]]

NOT_JSON = {"body": ["The request body must be JSON encoded in UTF-8"]}


def refusal(client: httpx.Client, content: object) -> dict[str, list[str]]:
    """The error messages that a body is refused with, after a look at all that goes with them."""
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    response = client.post("/sms", content=data)
    assert response.status_code == 400, response.text
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    answer: dict[str, dict[str, list[str]]] = response.json()
    assert answer.keys() == {"errors"}
    return answer["errors"]


@pytest.fixture(autouse=True)
def _nothing_is_created(server: MockServer) -> Iterator[None]:
    yield
    assert server.messages == []


@pytest.mark.parametrize("field", ["message_text", "delivery_date", "sender_id", "phone_numbers"])
def test_a_field_is_missing(client: httpx.Client, body: Body, field: str) -> None:
    fields = body()
    del fields[field]
    assert refusal(client, fields) == {field: [f'The field "{field}" is required']}


WRONG_TYPES: list[tuple[str, list[object], str]] = [
    ("message_text", [1, None, True, [], {}], 'a value of type "string"'),
    ("message_stop", ["true", 1, 0, None, []], 'a value of type "boolean"'),
    ("delivery_date", [20301225, None, [], {}], 'a value of type "string"'),
    ("sender_id", ["1", 1.5, True, None, [1]], 'a value of type "integer"'),
    ("phone_numbers", [33123456789, None, True, {}, [33123456789], [None], [[]]], 'a list of type "string"'),
]


@pytest.mark.parametrize(("field", "values", "wanted"), WRONG_TYPES)
def test_a_field_is_of_another_type(
    client: httpx.Client, body: Body, field: str, values: list[object], wanted: str
) -> None:
    for value in values:
        assert refusal(client, body(**{field: value})) == {field: [f'The field "{field}" must be {wanted}']}


@pytest.mark.parametrize(
    "number",
    [
        "0404-040-404",
        "+123456789",
        "+1234567890123456",
        "33123456789",
        "0033123456789",
        "+33 1 23 45 67 89",
        "+33-123456789",
        "+331234567a9",
        "++33123456789",
        "+33123456789\n",
        " +33123456789",
        "+\u0663\u0663\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668\u0669",
        "+",
        "",
    ],
)
def test_a_phone_number_is_invalid(client: httpx.Client, body: Body, number: str) -> None:
    expected = {"phone_numbers": [f"The following phone number is invalid: {number}"]}
    assert refusal(client, body(phone_numbers=number)) == expected
    assert refusal(client, body(phone_numbers=["+33123456789", number, number])) == expected


@pytest.mark.parametrize("number", ["+1234567890", "+123456789012345", "+330101010101", "+490303030303"])
def test_the_shortest_and_longest_phone_numbers(body: Body, number: str) -> None:
    server = MockServer()
    with in_process(server) as client:
        assert client.post("/sms", json=body(phone_numbers=number)).status_code == 200


def test_no_phone_number(client: httpx.Client, body: Body) -> None:
    expected = {"phone_numbers": ['The field "phone_numbers" must hold at least one phone number']}
    assert refusal(client, body(phone_numbers=[])) == expected


@pytest.mark.parametrize(
    "date",
    [
        "",
        "tomorrow",
        "2030-12-25",
        "2030-12-25T12:45:59",
        "2030-12-25 12:45",
        "2030-12-25 12:45:59Z",
        "2030-12-25 12:45:59.5",
        "2030-12-25  12:45:59",
        "2030-1-1 1:1:1",
        "30-12-25 12:45:59",
        "25/12/2030 12:45:59",
        "2030-12-25 12:45:59\n",
        " 2030-12-25 12:45:59",
        "\u0662\u0660\u0663\u0660-12-25 12:45:59",
    ],
)
def test_a_date_is_not_in_the_format(client: httpx.Client, body: Body, date: str) -> None:
    message = 'The field "delivery_date" must be a date of format "YYYY-MM-DD HH:MM:SS"'
    assert refusal(client, body(delivery_date=date)) == {"delivery_date": [message]}


@pytest.mark.parametrize(
    "date",
    [
        "2030-02-29 00:00:00",
        "2030-13-01 00:00:00",
        "2030-00-01 00:00:00",
        "2030-01-00 00:00:00",
        "0000-01-01 00:00:00",
        "2030-01-01 24:00:00",
        "2030-01-01 00:60:00",
        "2030-01-01 00:00:60",
        "2030-01-01 00:00:61",
    ],
)
def test_no_calendar_has_such_a_date(client: httpx.Client, body: Body, date: str) -> None:
    assert refusal(client, body(delivery_date=date)) == {"delivery_date": [f"The following date is invalid: {date}"]}


def test_everything_wrong_is_reported_at_once(client: httpx.Client) -> None:
    errors = refusal(
        client,
        {
            "message_stop": "yes",
            "delivery_date": "2030-02-30 00:00:00",
            "sender_id": None,
            "phone_numbers": ["+33123456789", "+123456789", 7, 8, "0404-040-404"],
        },
    )
    assert errors == {
        "message_text": ['The field "message_text" is required'],
        "message_stop": ['The field "message_stop" must be a value of type "boolean"'],
        "delivery_date": ["The following date is invalid: 2030-02-30 00:00:00"],
        "sender_id": ['The field "sender_id" must be a value of type "integer"'],
        "phone_numbers": [
            'The field "phone_numbers" must be a list of type "string"',
            "The following phone number is invalid: +123456789",
            "The following phone number is invalid: 0404-040-404",
        ],
    }


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"message_text=Hello",
        b"{'message_text': 1}",
        b'{"sender_id": NaN}',
        b'{"sender_id": -Infinity}',
        b'{"message_text": "\xe9"}',
        b"\xef\xbb\xbf{}",
        "{}".encode("utf-16"),
        rb'{"message_text": "\ud800"}',
        rb'{"\udfff": 1}',
    ],
)
def test_the_body_is_not_json(client: httpx.Client, content: bytes) -> None:
    assert refusal(client, content) == NOT_JSON


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"message_text": ' + b"[" * 400 + b"]" * 400 + b"}",
        b'{"sender_id": ' + b"9" * 5000 + b"}",
    ],
)
def test_the_body_is_too_much(client: httpx.Client, content: bytes) -> None:
    expected = {"body": ["The request body is nested too deep or holds a number that is too large"]}
    assert refusal(client, content) == expected


@pytest.mark.parametrize("content", [[], None, 1, "text", True])
def test_the_body_is_not_an_object(client: httpx.Client, content: object) -> None:
    assert refusal(client, content).keys() == {"body"}


def test_a_body_may_be_of_any_declared_type(body: Body) -> None:
    server = MockServer()
    with in_process(server) as client:
        for content_type in ("text/plain", "application/x-www-form-urlencoded", ""):
            headers = {"Content-Type": content_type}
            response = client.post("/sms", content=json.dumps(body()), headers=headers)
            assert response.status_code == 200


def in_process(server: MockServer) -> httpx.Client:
    headers = {"Authorization": f"bearer {server.api_key}"}
    return httpx.Client(base_url=server.url, headers=headers, transport=server.transport)


# --- whatever is sent


@pytest.fixture(scope="module")
def observed() -> Iterator[tuple[MockServer, httpx.Client]]:
    server = MockServer(now=datetime(2030, 1, 1))
    with in_process(server) as client:
        yield server, client


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters())  # lone surrogates among them
    | st.from_regex(r"\+[0-9]{8,17}", fullmatch=True)
    | st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}", fullmatch=True),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=8,
)
FINE = {"message_text": "", "delivery_date": "2000-01-01 00:00:00", "phone_numbers": "+33123456789"}
NUMBERS = st.from_regex(r"\+[0-9]{9,16}", fullmatch=True)
BODIES = JSON | st.fixed_dictionaries(
    {
        "message_text": st.text() | JSON,
        "delivery_date": st.datetimes().map(lambda date: f"{date:%Y-%m-%d %H:%M:%S}") | JSON,
        "sender_id": st.integers() | JSON,
        "phone_numbers": NUMBERS | st.lists(NUMBERS) | JSON,
    },
    optional={"message_stop": st.booleans() | JSON},
)
RELAXED = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def send_anything(observed: tuple[MockServer, httpx.Client], content: bytes, key: str) -> None:
    server, client = observed
    before = len(server.messages)
    response = client.post("/sms", content=content, headers={"Authorization": f"bearer {key}"})
    if key != server.api_key:
        assert response.status_code == 401
    else:
        assert response.status_code in {200, 400}
    created = server.messages[before:]
    if response.status_code != 200:
        assert created == []
        return
    answer, fields = response.json(), json.loads(content)
    (message,) = created
    assert message.sender_id == fields["sender_id"]
    assert message.id == answer["message_id"]
    assert message.text == fields["message_text"]
    assert f"{message.delivery_date:%H:%M:%S}" == fields["delivery_date"][11:]
    given = fields["phone_numbers"]
    assert list(answer["sms_ids"]) == list(dict.fromkeys([given] if isinstance(given, str) else given))
    recorded = [(sms.phone_number, sms.id) for sms in message.sms]
    assert recorded == [(number, i) for number, ids in answer["sms_ids"].items() for i in ids]


@given(content=st.binary(), key=st.sampled_from(["mock-api-key", "other"]))
@RELAXED
def test_no_bytes_break_it(observed: tuple[MockServer, httpx.Client], content: bytes, key: str) -> None:
    send_anything(observed, content, key)


@example(content={**FINE, "sender_id": 10**400}, key="mock-api-key")
@example(content={**FINE, "sender_id": 1e300}, key="mock-api-key")
@given(content=BODIES, key=st.sampled_from(["mock-api-key", "mock-api-key", "other"]))
@RELAXED
def test_no_json_breaks_it(observed: tuple[MockServer, httpx.Client], content: object, key: str) -> None:
    send_anything(observed, json.dumps(content).encode(), key)
