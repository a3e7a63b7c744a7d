"""What a request may cost: each limit has an option and a refusal, and memory stays flat."""

import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import httpx
import pytest
from sms_scheduler_mock import MockServer

Body = Callable[..., dict[str, Any]]
LONG = "a" * 1530  # takes ten SMS


def numbers(count: int) -> list[str]:
    return [f"+336{place:08d}" for place in range(count)]


def client_of(server: MockServer) -> httpx.Client:
    headers = {"Authorization": f"bearer {server.api_key}"}
    return httpx.Client(base_url=server.url, transport=server.transport, headers=headers)


@pytest.fixture
def admin(server: MockServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.admin_url or "") as client:
        yield client


def test_one_message_makes_so_many_sms(body: Body) -> None:
    server = MockServer(max_sms=100)
    with client_of(server) as client:
        assert client.post("/sms", json=body(message_text=LONG, phone_numbers=numbers(10))).status_code == 200
        refused = client.post("/sms", json=body(message_text=LONG, phone_numbers=numbers(11)))
    assert refused.status_code == 400
    assert refused.json() == {"errors": {"phone_numbers": ["A message makes 100 SMS at most here, and this one 110"]}}
    assert [len(message.sms) for message in server.messages] == [100]


def test_six_million_sms_are_refused_at_once(server: MockServer, client: httpx.Client, body: Body) -> None:
    started = time.process_time()
    asked = body(message_text="é🎉" * 20_000, phone_numbers=numbers(15_000))
    assert client.post("/sms", json=asked).status_code == 400
    assert time.process_time() - started < 2
    assert server.messages == []


def wrong(count: int) -> list[str]:
    return [f"x{place}" for place in range(count)]


def test_errors_are_told_up_to_a_number_and_counted_beyond(body: Body) -> None:
    with client_of(MockServer(max_errors=3)) as client:
        errors = client.post("/sms", json=body(phone_numbers=wrong(5), sender_id="x")).json()["errors"]
    invalid = [f"The following phone number is invalid: x{place}" for place in range(3)]
    assert errors["phone_numbers"] == [*invalid, "… and 2 more"]
    assert len(errors["sender_id"]) == 1


def test_forty_thousand_errors_take_no_longer_than_they_should(client: httpx.Client, body: Body) -> None:
    started = time.process_time()
    answer = client.post("/sms", json=body(phone_numbers=wrong(40_000)))
    assert time.process_time() - started < 2
    assert answer.json()["errors"]["phone_numbers"][-1] == "… and 39,900 more"
    assert len(answer.content) < 10_000


@pytest.mark.parametrize("content", [b"[" + b"1," * 300_000 + b"1]", b'"' + b"x" * 900_000 + b'"'])
def test_an_error_does_not_repeat_all_that_is_wrong(client: httpx.Client, body: Body, content: bytes) -> None:
    answer = client.post("/sms", content=content)
    assert (answer.status_code, len(answer.content) < 2000) == (400, True)
    answer = client.post("/sms", json=body(phone_numbers="x" * 900_000))
    assert (answer.status_code, len(answer.content) < 2000) == (400, True)


def test_many_refused_numbers_and_delivery_results_cost_no_more(
    server: MockServer, client: httpx.Client, body: Body
) -> None:
    several = numbers(20_000)
    server.refused_numbers = tuple(number.replace("+336", "+337") for number in several)
    for number in several[:2000]:
        server.delivery_result(number, "MISSED_ERROR", "SENT")
    started = time.process_time()
    assert client.post("/sms", json=body(phone_numbers=several)).status_code == 200
    server.advance(days=1)
    assert [sms.status for sms in server.messages[0].sms[1999:2001]] == [39, 13]
    assert time.process_time() - started < 3


def test_so_many_bytes_are_held_and_the_oldest_forgotten(body: Body) -> None:
    server = MockServer(now=datetime(2030, 1, 1), max_held=100_000, sms_ids="integers")
    with client_of(server) as client:
        ids = [
            client.post("/sms", json=body(message_text=str(place) * 5000)).json()["message_id"] for place in range(9)
        ]
        held = [message.id for message in server.messages]
        assert ids[-len(held) :] == held
        assert len(held) == len(ids)
        for _ in range(20):
            client.post("/sms", json=body(message_text="x" * 5000))
        assert len(server.messages) * 5000 < 100_000
        assert client.get(f"/message/{ids[0]}").status_code == 404
        many = client.post("/sms", json=body(phone_numbers=numbers(5000))).json()["message_id"]
    assert [message.id for message in server.messages] == [many]  # the latest is always held


@pytest.mark.parametrize(
    "limit", ["capacity", "max_held", "max_body", "max_sms", "max_errors", "max_answer", "request_timeout"]
)
def test_a_limit_is_1_or_more(limit: str) -> None:
    options: dict[str, Any] = {limit: 0}
    with pytest.raises(ValueError, match=f"{limit} is 1 or more, not 0"):
        MockServer(**options)


# The admin API


def fill(server: MockServer, messages: int, sms: int, body: Body) -> None:
    with client_of(server) as client:
        for _ in range(messages):
            client.post("/sms", json=body(phone_numbers=numbers(sms))).raise_for_status()


def test_no_answer_of_the_admin_api_is_longer_than_it_may_be(
    server: MockServer, admin: httpx.Client, body: Body
) -> None:
    fill(server, 60, 1000, body)
    with client_of(server) as client:
        client.post("/sms", json=body(message_text="\x01" * 100_000, phone_numbers=numbers(3))).raise_for_status()
    started = time.process_time()
    answers = [admin.get("/messages"), admin.get(f"/numbers/{numbers(1)[0]}/messages"), admin.get("/messages?sms=0")]
    assert time.process_time() - started < 3
    assert max(len(answer.content) for answer in answers) < 1_200_000
    assert all("next" in answer.links for answer in answers[:2])
    assert len(answers[2].json()) == 61
    (latest,) = (message for message in answers[2].json() if message["sms_count"] == 1000 and message["id"] == 123515)
    assert (latest["statuses"], latest["sms"]) == ({"SCHEDULED": 1000}, [])


def test_the_sms_of_a_large_message_come_in_pages(server: MockServer, admin: httpx.Client, body: Body) -> None:
    fill(server, 1, 2500, body)
    (message,) = admin.get("/messages").json()
    assert (message["sms_count"], len(message["sms"])) == (2500, 1000)
    assert (message["phone_numbers"], message["more_sms"]) == (None, True)  # no list that lacks most of them
    (whole,) = admin.get("/messages?search=%2B33600002499").json()
    assert (whole["phone_numbers"], whole["more_sms"]) == (["+33600002499"], False)
    found: list[dict[str, Any]] = []
    url = admin.base_url.join(f"messages/{message['id']}/sms")
    while True:
        answer = admin.get(url)
        found += answer.json()
        if "next" not in answer.links:
            break
        url = url.join(answer.links["next"]["url"])
    assert [sms["phone_number"] for sms in found] == numbers(2500)


def test_what_would_make_a_list_too_long_is_refused(admin: httpx.Client, server: MockServer) -> None:
    fault = {"kind": "status", "status": 503, "body": "x" * 300_000, "operation": "createSms"}
    assert [admin.post("/faults", json=fault).status_code for _ in range(4)] == [200, 200, 200, 400]
    assert len(server.faults) == 3
    server.clear_faults()
    for _ in range(100):
        server.fault("latency", seconds=1, operation="deleteSms")
    refused = admin.post("/faults", json={"kind": "refuse"})
    assert "100 faults are on" in refused.json()["error"]
    statuses = ["RECEIVED"] * 60_000
    answers = [admin.put(f"/numbers/{number}/delivery-result", json={"statuses": statuses}) for number in numbers(2)]
    assert [answer.status_code for answer in answers] == [200, 400]
    assert "1,000,000 at most" in answers[1].json()["error"]
    assert list(server.delivery_results) == numbers(1)


def test_whoever_asks_for_too_much_is_told_the_option(body: Body) -> None:
    with MockServer(max_answer=1000) as server, httpx.Client(base_url=server.admin_url or "") as admin:
        fill(server, 5, 1, body)
        assert len(admin.get("/messages").json()) < 5
        assert len(admin.get("/messages?limit=1").json()) == 1  # one is always there


@pytest.mark.parametrize("most", [1000, 2000, 10_000])
def test_one_message_makes_no_answer_longer_than_it_may_be(body: Body, most: int) -> None:
    with MockServer(max_answer=most) as server, httpx.Client(base_url=server.admin_url or "") as admin:
        server.delivery_result(lambda number: True, 31)  # which has the longest name
        fill(server, 3, 100, body)
        server.advance(days=1)
        for path in ("/messages", f"/numbers/{numbers(1)[0]}/messages", "/messages?limit=1&sms=1000"):
            answer = admin.get(path)
            assert len(answer.content) <= most
            assert all(message["more_sms"] and message["phone_numbers"] is None for message in answer.json())
        first = admin.get("/messages/123456/sms")
        assert len(first.content) <= most
        assert "next" in first.links
