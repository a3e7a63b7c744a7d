"""What the mock server does with messages and SMS, over real HTTP."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from sms_scheduler_mock import Message, MockServer, Sms

Body = Callable[..., dict[str, Any]]

SCHEDULED, PENDING, SENT, RECEIVED = 10, 11, 12, 13
BLACKLISTED, UNREACHABLE = 26, 33


def create(client: httpx.Client, body: dict[str, Any]) -> tuple[int, list[int]]:
    response = client.post("/sms", json=body)
    assert response.status_code == 200, response.text
    answer = response.json()
    return answer["message_id"], [i for ids in answer["sms_ids"].values() for i in ids]


def status_of(client: httpx.Client, sms_id: int) -> int:
    status: int = client.get(f"/sms/{sms_id}").json()["status"]
    return status


# --- creating


def test_accepts_a_message_and_records_it(server: MockServer, client: httpx.Client, body: Body) -> None:
    response = client.post("/sms", json=body(message_stop=True))
    answer = response.json()
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    first, second = (answer["sms_ids"][number] for number in ("+33612345678", "+33202020202"))
    assert len(first) == len(second) == 1
    assert server.messages == [
        Message(
            id=answer["message_id"],
            text="Hello world",
            stop=True,
            delivery_date=datetime(2030, 1, 1, 13),
            sender_id=123,
            sms=(
                Sms(first[0], "+33612345678", SCHEDULED, deleted=False),
                Sms(second[0], "+33202020202", SCHEDULED, deleted=False),
            ),
        )
    ]


def test_stop_is_off_by_default(server: MockServer, client: httpx.Client, body: Body) -> None:
    create(client, body())
    assert server.messages[0].stop is False


def test_takes_one_number_as_a_string(client: httpx.Client, body: Body) -> None:
    answer = client.post("/sms", json=body(phone_numbers="+33123456789")).json()
    assert list(answer["sms_ids"]) == ["+33123456789"]


def test_a_number_given_twice_gets_one_sms(client: httpx.Client, body: Body) -> None:
    answer = client.post("/sms", json=body(phone_numbers=["+33123456789"] * 2)).json()
    assert [len(ids) for ids in answer["sms_ids"].values()] == [1]


def test_ignores_fields_it_does_not_know(client: httpx.Client, body: Body) -> None:
    create(client, body(colour="green", nested={"a": [1, None]}))


@pytest.mark.parametrize("sender_id", [0, -1, 10**18, 7.0])
def test_takes_any_integer_as_sender(server: MockServer, client: httpx.Client, body: Body, sender_id: float) -> None:
    create(client, body(sender_id=sender_id))
    assert server.messages[0].sender_id == sender_id
    assert isinstance(server.messages[0].sender_id, int)


@pytest.mark.parametrize("text", ["", "\0", "汉字 🎉", "a" * 100_000])
def test_keeps_any_text_as_it_is(server: MockServer, client: httpx.Client, body: Body, text: str) -> None:
    create(client, body(message_text=text))
    assert server.messages[0].text == text


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("é" * 160, 1),
        ("ê" * 70, 1),
        ("ê" * 71, 2),
        ("ê" * 134, 2),
        ("ê" * 135, 3),
        ("🎉" * 35, 1),
        ("🎉" * 36, 2),
    ],
)
def test_a_long_text_takes_several_sms(client: httpx.Client, body: Body, text: str, parts: int) -> None:
    _, sms_ids = create(client, body(message_text=text, phone_numbers="+33123456789"))
    assert len(set(sms_ids)) == parts


def test_ids_are_never_used_twice(client: httpx.Client, body: Body) -> None:
    made = [create(client, body(message_text="a" * 200)) for _ in range(3)]
    ids = [i for message_id, sms_ids in made for i in (message_id, *sms_ids)]
    assert len(set(ids)) == len(ids) == 3 * (1 + 2 * 2)


def test_with_integers_there_is_one_sms_for_each_number(body: Body) -> None:
    with MockServer(sms_ids="integers") as server:
        response = httpx.post(
            f"{server.url}/sms",
            json=body(message_text="a" * 500),
            headers={"Authorization": f"bearer {server.api_key}"},
        )
        by_number = {sms.phone_number: sms.id for sms in server.messages[0].sms}
    assert response.json()["sms_ids"] == by_number
    assert by_number.keys() == {"+33612345678", "+33202020202"}


# --- reports


def test_reports_one_sms(client: httpx.Client, body: Body) -> None:
    _, (sms_id, _) = create(client, body())
    response = client.get(f"/sms/{sms_id}")
    assert response.json() == {"phone_number": "+33612345678", "status": SCHEDULED}


def test_reports_a_message(client: httpx.Client, body: Body) -> None:
    create(client, body())
    message_id, (first, second) = create(client, body())
    assert client.get(f"/message/{message_id}").json() == [
        {"id": first, "phone_number": "+33612345678", "status": SCHEDULED},
        {"id": second, "phone_number": "+33202020202", "status": SCHEDULED},
    ]


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("kind", ["sms", "message"])
@pytest.mark.parametrize(
    "unknown", ["1", "0", "-1", "x", "1.0", "1e3", "9" * 30, "9" * 5000, "null", "%20", "%00", "%FF", "{id}"]
)
def test_nothing_has_an_unknown_id(client: httpx.Client, method: str, kind: str, unknown: str) -> None:
    response = client.request(method, f"/{kind}/{unknown}")
    assert (response.status_code, response.content) == (404, b"")


@pytest.mark.parametrize("spelling", ["0{}", "+{}", " {}", "{}%0A", "{}.0", "{}/"])
def test_an_id_has_one_spelling(client: httpx.Client, body: Body, spelling: str) -> None:
    _, (sms_id, _) = create(client, body())
    assert client.get(f"/sms/{spelling.format(sms_id)}").status_code == 404


def test_digits_of_other_scripts_are_no_id(client: httpx.Client, body: Body) -> None:
    _, (sms_id, _) = create(client, body())
    arabic = "".join(chr(0x0660 + int(digit)) for digit in str(sms_id))
    assert client.get(f"/sms/{arabic}").status_code == 404


def test_the_ids_of_sms_and_messages_are_apart(client: httpx.Client, body: Body) -> None:
    message_id, (sms_id, _) = create(client, body())
    assert client.get(f"/sms/{message_id}").status_code == 404
    assert client.get(f"/message/{sms_id}").status_code == 404


# --- time


def test_an_sms_is_sent_on_its_delivery_date(server: MockServer, client: httpx.Client, body: Body) -> None:
    _, (sms_id, _) = create(client, body())
    seen: list[int] = []
    for step in [
        timedelta(minutes=59, seconds=59),
        timedelta(seconds=1),
        timedelta(seconds=5),
        timedelta(seconds=9),
        timedelta(seconds=1),
        timedelta(days=4000),
    ]:
        server.advance(step)
        seen.append(status_of(client, sms_id))
    assert seen == [SCHEDULED, PENDING, SENT, SENT, RECEIVED, RECEIVED]


@pytest.mark.parametrize("date", ["0001-01-01 00:00:00", "2030-01-01 11:59:59", "2030-01-01 12:00:00"])
def test_a_date_that_is_not_in_the_future_means_now(
    server: MockServer, client: httpx.Client, body: Body, date: str
) -> None:
    _, (sms_id, _) = create(client, body(delivery_date=date))
    assert status_of(client, sms_id) == PENDING
    server.advance(seconds=15)
    assert status_of(client, sms_id) == RECEIVED


def test_the_last_date_there_is(server: MockServer, client: httpx.Client, body: Body) -> None:
    _, (sms_id, _) = create(client, body(delivery_date="9999-12-31 23:59:59"))
    assert status_of(client, sms_id) == SCHEDULED
    server.travel_to(datetime(9999, 12, 31, 23, 59, 59))
    assert status_of(client, sms_id) == PENDING


def test_the_clock_stands_still_and_moves_when_told(server: MockServer) -> None:
    assert server.now == datetime(2030, 1, 1, 12)
    server.advance(timedelta(hours=1), minutes=30)
    assert server.now == datetime(2030, 1, 1, 13, 30)
    server.travel_to(datetime(2031, 5, 6))
    assert server.now == datetime(2031, 5, 6)
    server.reset()
    assert server.now == datetime(2030, 1, 1, 12)


def test_a_ticking_clock_moves_by_itself() -> None:
    server = MockServer(now=datetime(2030, 1, 1), ticking=True)
    before = server.now
    while server.now == before:
        pass
    assert server.now > before >= datetime(2030, 1, 1)


@pytest.mark.parametrize("status", [BLACKLISTED, "CANCELLED_BLACKLISTED_CONTACT_OR_PHONE_NUMBER"])
def test_a_number_ends_as_told(server: MockServer, client: httpx.Client, body: Body, status: int | str) -> None:
    server.delivery_result("+33612345678", status)
    _, (told, other) = create(client, body())
    server.advance(hours=2)
    assert (status_of(client, told), status_of(client, other)) == (BLACKLISTED, RECEIVED)


def test_what_is_cancelled_was_never_sent(server: MockServer, client: httpx.Client, body: Body) -> None:
    server.delivery_result("+33612345678", BLACKLISTED)
    server.delivery_result("+33202020202", UNREACHABLE)
    _, (cancelled, missed) = create(client, body())
    server.advance(hours=1, seconds=5)
    assert (status_of(client, cancelled), status_of(client, missed)) == (BLACKLISTED, SENT)


@pytest.mark.parametrize("status", ["SCHEDULED", "PENDING", "SENT", "RECEIVED"])
def test_an_sms_stays_in_the_status_it_ends_in(
    server: MockServer, client: httpx.Client, body: Body, status: str
) -> None:
    server.delivery_result("+33612345678", status)
    _, (sms_id, _) = create(client, body())
    server.advance(days=30)
    codes = {"SCHEDULED": SCHEDULED, "PENDING": PENDING, "SENT": SENT, "RECEIVED": RECEIVED}
    assert status_of(client, sms_id) == codes[status]


def test_a_rule_picks_numbers_and_the_last_word_counts(server: MockServer, client: httpx.Client, body: Body) -> None:
    server.delivery_result(lambda number: number.startswith("+33"), UNREACHABLE)
    server.delivery_result("+33202020202", RECEIVED)
    _, (by_rule, by_number) = create(client, body())
    server.advance(hours=2)
    assert (status_of(client, by_rule), status_of(client, by_number)) == (UNREACHABLE, RECEIVED)


def test_reset_goes_back_to_the_delivery_results_of_the_start() -> None:
    server = MockServer(delivery_results={"+33612345678": BLACKLISTED})
    assert end_of_sms(server) == BLACKLISTED
    server.delivery_result("+33612345678", UNREACHABLE)
    assert end_of_sms(server) == UNREACHABLE
    server.reset()
    assert server.messages == []
    assert end_of_sms(server) == BLACKLISTED


def end_of_sms(server: MockServer) -> int:
    headers = {"Authorization": f"bearer {server.api_key}"}
    with httpx.Client(base_url=server.url, headers=headers, transport=server.transport) as client:
        fields = {"message_text": "", "delivery_date": "2000-01-01 00:00:00", "sender_id": 1}
        create(client, fields | {"phone_numbers": "+33612345678"})
    server.advance(minutes=1)
    return server.messages[-1].sms[0].status


# --- deleting


def test_a_deleted_sms_is_gone_and_the_others_stay(server: MockServer, client: httpx.Client, body: Body) -> None:
    message_id, (first, second) = create(client, body())
    assert client.delete(f"/sms/{first}").json() == {"success": True}
    assert client.get(f"/sms/{first}").status_code == 404
    assert client.delete(f"/sms/{first}").status_code == 404
    assert [row["id"] for row in client.get(f"/message/{message_id}").json()] == [second]
    server.advance(days=1)
    assert [(sms.status, sms.deleted) for sms in server.messages[0].sms] == [(SCHEDULED, True), (RECEIVED, False)]


def test_an_sms_that_was_sent_cannot_be_deleted(server: MockServer, client: httpx.Client, body: Body) -> None:
    _, (sms_id, _) = create(client, body())
    server.advance(hours=1)
    assert client.delete(f"/sms/{sms_id}").json() == {"success": False}
    assert status_of(client, sms_id) == PENDING


def test_deleting_a_message_tells_how_many_sms_that_were(client: httpx.Client, body: Body) -> None:
    message_id, (first, second) = create(client, body())
    other_id, _ = create(client, body())
    assert client.delete(f"/message/{message_id}").json() == {"success": 2}
    for path in (f"/message/{message_id}", f"/sms/{first}", f"/sms/{second}"):
        assert client.get(path).status_code == client.delete(path).status_code == 404
    assert len(client.get(f"/message/{other_id}").json()) == 2


def test_deleting_a_message_does_not_count_what_was_deleted_before(client: httpx.Client, body: Body) -> None:
    message_id, (first, _) = create(client, body())
    client.delete(f"/sms/{first}")
    assert client.delete(f"/message/{message_id}").json() == {"success": 1}


def test_a_message_whose_sms_were_all_deleted_is_gone(client: httpx.Client, body: Body) -> None:
    message_id, sms_ids = create(client, body())
    for sms_id in sms_ids:
        client.delete(f"/sms/{sms_id}")
    assert client.get(f"/message/{message_id}").status_code == 404
    assert client.delete(f"/message/{message_id}").status_code == 404


def test_a_message_that_was_sent_stays(server: MockServer, client: httpx.Client, body: Body) -> None:
    message_id, _ = create(client, body())
    server.advance(hours=1)
    assert client.delete(f"/message/{message_id}").json() == {"success": 0}
    assert len(client.get(f"/message/{message_id}").json()) == 2


# --- who may ask, and for what

OPERATIONS = [
    ("POST", "/sms"),
    ("GET", "/sms/{sms}"),
    ("DELETE", "/sms/{sms}"),
    ("GET", "/message/{message}"),
    ("DELETE", "/message/{message}"),
]


VALID = {
    "message_text": "Hello world",
    "delivery_date": "2030-01-01 13:00:00",
    "sender_id": 123,
    "phone_numbers": ["+33612345678"],
}
Existing = Callable[[str], str]


@pytest.fixture
def existing(client: httpx.Client, body: Body) -> Existing:
    """Puts the ids of a message and of an SMS that exist into a path."""
    message_id, (sms_id, _) = create(client, body())
    return lambda path: path.format(sms=sms_id, message=message_id)


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(
    "given",
    [
        [],
        [""],
        ["bearer"],
        ["mock-api-key"],
        ["bearermock-api-key"],
        ["basic mock-api-key"],
        ["bearer mock-api-key2"],
        ["bearer mock-api-ke"],
        ["bearer MOCK-API-KEY"],
        ["bearer mock-api-key extra"],
        ["bearer clé"],
        ["bearer mock-api-key", "bearer mock-api-key"],
    ],
)
def test_every_operation_wants_the_key(
    server: MockServer, stranger: httpx.Client, existing: Existing, operation: tuple[str, str], given: list[str]
) -> None:
    before = server.messages
    method, path = operation
    content = json.dumps(VALID) if method == "POST" else None
    headers = [(b"Authorization", value.encode()) for value in given]
    response = stranger.request(method, existing(path), headers=headers, content=content)
    assert (response.status_code, response.content) == (401, b"")
    assert server.messages == before


@pytest.mark.parametrize("path", ["/sms/1", "/message/x"])
def test_the_key_is_looked_at_before_anything_else(stranger: httpx.Client, path: str) -> None:
    assert stranger.get(path).status_code == 401
    assert stranger.put(path).status_code == 401
    assert stranger.post("/sms", content=b"{").status_code == 401


@pytest.mark.parametrize("scheme", ["bearer", "Bearer", "BEARER", "bEaReR", "bearer  "])
def test_the_word_bearer_may_be_written_in_any_case(server: MockServer, client: httpx.Client, scheme: str) -> None:
    authorization = f"{scheme} {server.api_key}"
    assert client.get("/sms/1", headers={"Authorization": authorization}).status_code == 404


@pytest.mark.parametrize("path", ["/sms", "/sms/{sms}", "/message/{message}"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_only_documented_methods_are_there(client: httpx.Client, existing: Existing, method: str, path: str) -> None:
    response = client.request(method, existing(path), json=VALID)
    assert response.status_code == (200 if (method, path) in OPERATIONS else 405)
    if response.status_code == 405:
        allowed = [method for method, known in OPERATIONS if known == path]
        assert response.headers["Allow"] == ", ".join(allowed)
        assert response.content == b""


def test_a_method_that_http_does_not_have_is_refused(client: httpx.Client) -> None:
    assert client.request("BREW", "/sms", json=VALID).status_code == 400


@pytest.mark.parametrize("path", ["", "/", "/sms/", "/sms/1/x", "/message", "/SMS", "/../sms", "/other"])
def test_nothing_is_at_other_paths(client: httpx.Client, path: str) -> None:
    response = client.get(httpx.URL(str(client.base_url).rstrip("/") + path))
    assert (response.status_code, response.text.startswith("There is nothing here. The API is below ")) == (404, True)
