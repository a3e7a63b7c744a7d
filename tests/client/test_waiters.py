"""Waiting for a report to become final."""

import time
from typing import Any

import pytest
from sms_scheduler import (
    NotFoundError,
    OutcomeUnknownError,
    RateLimitError,
    SmsSchedulerError,
    SmsStatus,
    TransportError,
    WaitTimeoutError,
)
from sms_scheduler_mock import MockServer

from .any_client import ARGUMENTS, AnyClient
from .conftest import MakeClient, Waits
from .faulty_server import FaultyServer, Step, answer, never_answer


def sms(code: int) -> Step:
    return answer(200, {"phone_number": "+1", "status": code})


def message(*codes: int) -> Step:
    return answer(200, [{"id": number, "phone_number": "+1", "status": code} for number, code in enumerate(codes)])


def test_an_sms_is_asked_for_until_it_is_final(client: AnyClient, server: FaultyServer, waits: Waits) -> None:
    server.script(sms(10), sms(11), sms(12), sms(99), sms(13))
    assert client.call("wait_for_sms", 7, timeout=600).status is SmsStatus.RECEIVED
    assert server.calls == ["GET /sms/7"] * 5
    assert waits == [2.0, 3.0, 4.5, 6.75]


def test_a_message_is_final_when_all_its_sms_are(client: AnyClient, server: FaultyServer) -> None:
    server.script(message(12, 13), message(13, 12), message(13, 99), message(13, 39))
    report = client.call("wait_for_message", 7, timeout=600)
    assert [row.status.value for row in report] == [13, 39]
    assert server.calls == ["GET /message/7"] * 4


@pytest.mark.parametrize(("method", "step"), [("wait_for_sms", sms(20)), ("wait_for_message", message())])
def test_what_is_final_at_once_is_not_waited_for(
    client: AnyClient, server: FaultyServer, waits: Waits, method: str, step: Step
) -> None:
    server.script(step)
    client.call(method, 7, timeout=600)
    assert (len(server.received), waits) == (1, [])


def test_time_is_up(client: AnyClient, server: FaultyServer, waits: Waits) -> None:
    waits.before_attempt = lambda: time.sleep(waits[-1])
    server.script(*[sms(12)] * 100)
    with pytest.raises(WaitTimeoutError, match=r"getSms: still not final after 0\.3 seconds") as caught:
        client.call("wait_for_sms", 7, timeout=0.3, poll=0.1)
    assert isinstance(caught.value, SmsSchedulerError)
    assert caught.value.last.status is SmsStatus.SENT
    assert caught.value.is_safe_to_retry
    assert waits[0] == 0.1
    assert sum(waits) <= 0.3


def test_waits_have_a_bound(make_client: MakeClient, server: FaultyServer, waits: Waits) -> None:
    server.script(*[sms(12)] * 30)
    make_client(server.url).call("wait_for_sms", 7, timeout=86_400, poll=1)
    assert max(waits) == 8.0
    assert waits[-1] == 8.0


def test_errors_pass_through(client: AnyClient, server: FaultyServer) -> None:
    server.script(sms(12), answer(404))
    with pytest.raises(NotFoundError):
        client.call("wait_for_sms", 7, timeout=600)


def test_a_question_ends_with_the_time(client: AnyClient, server: FaultyServer) -> None:
    server.script(sms(12), never_answer)
    started = time.monotonic()
    with pytest.raises(WaitTimeoutError) as caught:
        client.call("wait_for_sms", 7, timeout=0.5, poll=0.1)
    assert time.monotonic() - started < 10
    assert caught.value.last.status is SmsStatus.SENT
    assert isinstance(caught.value.__cause__, TransportError)


def test_no_report_in_time(client: AnyClient, server: FaultyServer) -> None:
    server.script(never_answer)
    with pytest.raises(WaitTimeoutError) as caught:
        client.call("wait_for_message", 7, timeout=0.1)
    assert caught.value.last is None


def test_a_server_that_asks_to_wait_for_longer(client: AnyClient, server: FaultyServer) -> None:
    server.script(sms(12), answer(429, headers={"Retry-After": "100"}))
    with pytest.raises(WaitTimeoutError) as caught:
        client.call("wait_for_sms", 7, timeout=50)
    assert caught.value.last.status is SmsStatus.SENT
    assert isinstance(caught.value.__cause__, RateLimitError)


def test_a_deadline_of_the_clients_is_for_each_question(make_client: MakeClient, server: FaultyServer) -> None:
    server.script(sms(12), never_answer)
    with pytest.raises(OutcomeUnknownError):
        make_client(server.url, deadline=0.3).call("wait_for_sms", 7, timeout=600)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({}, TypeError),
        ({"timeout": None}, TypeError),
        ({"timeout": 0}, ValueError),
        ({"timeout": float("nan")}, ValueError),
        ({"timeout": 5, "poll": 0}, ValueError),
        ({"timeout": 5, "poll": "1"}, TypeError),
    ],
    ids=str,
)
def test_times_that_cannot_be(
    client: AnyClient, server: FaultyServer, options: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error, match=r"timeout|poll"):
        client.call("wait_for_sms", 7, **options)
    assert server.received == []


def test_the_mock_server_delivers_meanwhile(make_client: MakeClient, mock: MockServer, waits: Waits) -> None:
    waits.before_attempt = lambda: mock.advance(days=1)
    client = make_client(mock.url, api_key=mock.api_key)
    created = client.call(
        "create_sms", **{**ARGUMENTS["create_sms"], "delivery_date": mock.now.isoformat(" ", "seconds")}
    )
    report = client.call("wait_for_message", created.message_id, timeout=3_600)
    assert all(row.status.is_final for row in report)
    assert waits
