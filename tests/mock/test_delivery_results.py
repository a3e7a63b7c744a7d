"""How SMS end, and what the account has: senders, credits, a key, numbers that the vendor does not take."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import httpx
import pytest
from sms_scheduler_mock import MockServer

Body = Callable[..., dict[str, Any]]

ONE, OTHER = "+33612345678", "+33202020202"
NO_CREDIT = "CANCELLED_NOT_ENOUGH_CREDITS"


def ends(server: MockServer, phone_number: str) -> list[str]:
    server.travel_to(datetime(2031, 1, 1))
    return [sms.status_name for sms in server.sms_to(phone_number)]


def send(client: httpx.Client, body: dict[str, Any], times: int = 1) -> list[httpx.Response]:
    return [client.post("/sms", json=body) for _ in range(times)]


def test_several_statuses_are_a_script(server: MockServer, client: httpx.Client, body: Body) -> None:
    send(client, body())
    server.delivery_result(ONE, "MISSED_ERROR", 31, "RECEIVED")
    send(client, body(), 3)
    blocked = "MISSED_BLACKLISTED_PHONE_NUMBER_OR_BLOCKED_BY_PHONE_CARRIER"
    assert ends(server, ONE) == ["MISSED_ERROR", blocked, "RECEIVED", "RECEIVED"]
    assert ends(server, OTHER) == ["RECEIVED"] * 4


def test_a_script_may_be_for_a_rule(server: MockServer, client: httpx.Client, body: Body) -> None:
    server.delivery_result(lambda number: number.startswith("+33"), "MISSED_ERROR", "CANCELLED_ERROR", "SENT")
    send(client, body(), 2)
    assert ends(server, ONE) == ["MISSED_ERROR", "SENT"]
    assert ends(server, OTHER) == ["CANCELLED_ERROR", "SENT"]


def test_delivery_results_can_be_seen_and_cleared(server: MockServer, client: httpx.Client, body: Body) -> None:
    server.delivery_result(ONE, 39)
    server.delivery_result(OTHER, 38, 39)
    server.delivery_result(ONE, "SENT")
    assert server.delivery_results == {OTHER: ("MISSED_SENDING_FAILED", "MISSED_ERROR"), ONE: ("SENT",)}
    server.clear_delivery_results(ONE)
    send(client, body())
    assert (ends(server, ONE), ends(server, OTHER)) == (["RECEIVED"], ["MISSED_SENDING_FAILED"])
    server.clear_delivery_results()
    assert ends(server, OTHER) == ["RECEIVED"]


def test_a_delivery_result_needs_a_status(server: MockServer) -> None:
    with pytest.raises(ValueError, match="at least one status"):
        server.delivery_result(ONE)


def drawn(seed: int) -> list[str]:
    server = MockServer(now=datetime(2030, 1, 1), seed=seed)
    mix: dict[int | str, float] = {"RECEIVED": 3, 38: 1}
    server.delivery_mix(mix)
    headers = {"Authorization": f"bearer {server.api_key}"}
    fields = {"message_text": "", "delivery_date": "2030-01-01 00:00:00", "sender_id": 1}
    with httpx.Client(base_url=server.url, transport=server.transport, headers=headers) as client:
        send(client, fields | {"phone_numbers": [ONE]}, 200)
    return ends(server, ONE)


def test_a_mix_is_drawn_from_the_seed() -> None:
    assert drawn(1) == drawn(1) != drawn(2)
    assert 25 < drawn(1).count("MISSED_SENDING_FAILED") < 75


@pytest.mark.parametrize(
    "mix",
    [
        {"RECEIVED": -1, "SENT": 2},
        {"RECEIVED": 0},
        {"DELIVERED": 1},
        {"RECEIVED": float("nan")},
        {"SENT": float("inf")},
        {"SENT": 10**400},
    ],
)
def test_a_mix_has_to_make_sense(server: MockServer, mix: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"weights are 0 to|not a documented status"):
        server.delivery_mix(mix)


def test_a_tiny_weight_is_enough(server: MockServer, client: httpx.Client, body: Body) -> None:
    server.delivery_mix({"MISSED_ERROR": 5e-324})
    client.post("/sms", json=body(phone_numbers=ONE))
    server.advance(days=1)
    assert [sms.status_name for sms in server.sms_to(ONE)] == ["MISSED_ERROR"]


@pytest.mark.parametrize("ticks", [True, False])
def test_the_clock_stops_where_the_calendar_ends(ticks: bool) -> None:
    server = MockServer(now=datetime(9999, 12, 31, 23, 59, 59, 999_999), ticking=ticks)
    time.sleep(0.01)
    assert server.now == datetime.max


def test_a_rule_that_fails_is_told(
    server: MockServer, client: httpx.Client, body: Body, caplog: pytest.LogCaptureFixture
) -> None:
    server.refuse_number(lambda number: 1 // 0 > 0)
    response = client.post("/sms", json=body())
    assert (response.status_code, response.text) == (
        500,
        "The mock server failed: ZeroDivisionError: integer division or modulo by zero",
    )
    assert "1 // 0" in caplog.text
    assert client.get("/sms/1").status_code == 404  # over the same connection


def test_senders_that_the_account_does_not_have_are_refused(
    server: MockServer, client: httpx.Client, body: Body
) -> None:
    server.senders = frozenset({7, 8})
    (refused,) = send(client, body(sender_id=123))
    assert (refused.status_code, list(refused.json()["errors"])) == (400, ["sender_id"])
    (taken,) = send(client, body(sender_id=8))
    assert taken.status_code == 200
    assert [message.sender_id for message in server.messages] == [8]
    server.senders = None
    assert send(client, body(sender_id=123))[0].status_code == 200


def test_numbers_that_the_vendor_does_not_take_are_refused(
    server: MockServer, client: httpx.Client, body: Body
) -> None:
    server.refuse_number(ONE)
    server.refuse_number(lambda number: number.startswith("+49"))
    (response,) = send(client, body(phone_numbers=[ONE, OTHER, "+491701234567"]))
    assert response.status_code == 400
    assert response.json()["errors"] == {
        "phone_numbers": [
            f"The following phone number is invalid: {ONE}",
            "The following phone number is invalid: +491701234567",
        ]
    }
    assert send(client, body(phone_numbers=OTHER))[0].status_code == 200


def test_sms_without_credit_are_cancelled(server: MockServer, client: httpx.Client, body: Body) -> None:
    server.credits = 3
    assert [response.status_code for response in send(client, body(), 2)] == [200, 200]
    assert server.credits == 0
    assert (ends(server, ONE), ends(server, OTHER)) == (["RECEIVED", "RECEIVED"], ["RECEIVED", NO_CREDIT])
    assert [len(server.sent_to(number)) for number in (ONE, OTHER)] == [2, 1]


def test_what_is_deleted_gives_its_credit_back(server: MockServer, client: httpx.Client, body: Body) -> None:
    server.credits = 3
    paid, half_paid = (response.json()["message_id"] for response in send(client, body(), 2))
    client.delete(f"/message/{half_paid}")
    assert server.credits == 1
    client.delete(f"/message/{paid}")
    assert server.credits == 3


def test_credits_are_not_negative(server: MockServer) -> None:
    with pytest.raises(ValueError, match="0 or more"):
        server.credits = -1


def test_a_regenerated_key_ends_the_old_one(server: MockServer, client: httpx.Client) -> None:
    old = server.api_key
    new = server.regenerate_key()
    assert server.api_key == new != old
    assert client.get("/sms/1").status_code == 401
    assert client.get("/sms/1", headers={"Authorization": f"bearer {new}"}).status_code == 404
    server.reset()
    assert server.api_key == old


def test_reset_goes_back_to_the_account_of_the_start() -> None:
    server = MockServer(senders=[5], credits=2)
    server.senders, server.credits = None, None
    server.reset()
    account: tuple[object, object] = server.senders, server.credits
    assert account == (frozenset({5}), 2)


def test_what_was_sent_reads_well(server: MockServer, client: httpx.Client, body: Body) -> None:
    message_id = send(client, body())[0].json()["message_id"]
    (message,) = server.messages
    assert message.phone_numbers == (ONE, OTHER)
    assert server.sms_to(ONE)[0].status_name == "SCHEDULED"
    assert (server.sent_to(ONE), message.cancelled) == ([], False)
    client.delete(f"/sms/{message.sms[0].id}")
    assert not server.messages[0].cancelled
    server.advance(hours=1)
    assert (server.sent_to(ONE), [sent.id for sent in server.sent_to(OTHER)]) == ([], [message_id])


def test_a_message_is_cancelled_when_all_its_sms_are_deleted(
    server: MockServer, client: httpx.Client, body: Body
) -> None:
    message_id = send(client, body())[0].json()["message_id"]
    client.delete(f"/message/{message_id}")
    assert server.messages[0].cancelled


# --- the clock


def test_the_clock_can_be_set_going_and_stopped() -> None:
    server = MockServer(now=datetime(2030, 1, 1))
    server.ticking = True
    while server.now == datetime(2030, 1, 1):
        pass
    server.ticking = False
    stopped = server.now
    assert datetime(2030, 1, 1) < stopped == server.now < datetime(2030, 1, 1, 0, 1)


def test_the_clock_says_how_it_is_moved(server: MockServer) -> None:
    with pytest.raises(ValueError, match=r"say how far .* advance\(hours=1\)"):
        server.advance()
    with pytest.raises(ValueError, match=r"advance\(seconds=5\)"):
        server.advance(5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="days, hours"):
        server.advance(fortnights=1)
    with pytest.raises(ValueError, match="years 1 to 9999"):
        server.advance(days=10**8)


# --- how much is held


def test_the_first_to_be_sent_makes_room(body: Body) -> None:
    server = MockServer(now=datetime(2030, 1, 1), capacity=2)
    headers = {"Authorization": f"bearer {server.api_key}"}
    with httpx.Client(base_url=server.url, transport=server.transport, headers=headers) as client:
        dates = ["2040-01-01 00:00:00", "2020-01-01 00:00:00", "2035-01-01 00:00:00"]
        later, ended, soon = (send(client, body(delivery_date=date))[0].json()["message_id"] for date in dates)
        assert [message.id for message in server.messages] == [later, soon]
        assert client.get(f"/message/{ended}").status_code == 404
        last = send(client, body())[0].json()["message_id"]
        assert [message.id for message in server.messages] == [later, last]
    assert last == soon + 1
