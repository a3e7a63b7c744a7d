"""Every operation there and back, against the mock server."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Literal

import pytest
from sms_scheduler import CreatedMessage, MessageDeletion, MessageReportRow, SmsDeletion, SmsReport, SmsStatus
from sms_scheduler._about import httpx
from sms_scheduler_mock import MockServer

from .any_client import AnyClient
from .conftest import MakeClient

ONE, TWO = "+33612345678", "+33202020202"
NOW = datetime(2030, 1, 1, 12, 0, 0)
LATER = "2030-12-25 12:45:59"


@pytest.fixture(scope="module", params=["lists", "integers"])
def running_mock(request: pytest.FixtureRequest) -> Iterator[MockServer]:
    sms_ids: Literal["lists", "integers"] = request.param
    with MockServer(sms_ids=sms_ids, now=NOW) as server:
        yield server


@pytest.fixture
def client(mock: MockServer, make_client: MakeClient) -> AnyClient:
    return make_client(mock.url, api_key=mock.api_key)


def create(client: AnyClient, numbers: str | Sequence[str] = (ONE, TWO), **others: object) -> CreatedMessage:
    arguments = {"message_text": "Hello", "delivery_date": LATER, "sender_id": 123, "phone_numbers": numbers}
    created: CreatedMessage = client.call("create_sms", **{**arguments, **others})
    return created


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [(ONE, {ONE}), ([ONE], {ONE}), ([ONE, TWO], {ONE, TWO}), ((ONE, TWO), {ONE, TWO})],
    ids=["a string", "a list of one", "a list", "a tuple"],
)
def test_created_ids_are_lists_by_phone_number(
    client: AnyClient, mock: MockServer, numbers: str | Sequence[str], expected: set[str]
) -> None:
    created = create(client, numbers)
    (message,) = mock.messages
    assert type(created) is CreatedMessage
    assert created.message_id == message.id
    assert created.sms_ids == {sms.phone_number: [sms.id] for sms in message.sms}
    assert created.sms_ids.keys() == expected


def test_the_server_gets_what_was_passed(client: AnyClient, mock: MockServer) -> None:
    create(client, message_text="Ça va ? 🙂\n\x00", delivery_date=datetime(2031, 2, 3, 4, 5, 6), sender_id=9)
    (message,) = mock.messages
    assert (message.text, message.delivery_date, message.sender_id, message.stop) == (
        "Ça va ? 🙂\n\x00",
        datetime(2031, 2, 3, 4, 5, 6),
        9,
        False,
    )


@pytest.mark.parametrize("stop", [True, False])
def test_message_stop(client: AnyClient, mock: MockServer, stop: bool) -> None:
    create(client, message_stop=stop)
    assert mock.messages[0].stop is stop


def test_several_sms_for_one_number(client: AnyClient, mock: MockServer) -> None:
    created = create(client, ONE, message_text="long " * 100)
    ids = [sms.id for sms in mock.messages[0].sms]
    assert created.sms_ids == {ONE: ids}
    assert [row.id for row in client.call("get_message", created.message_id)] == ids


def test_one_client_serves_many_at_once(client: AnyClient, mock: MockServer) -> None:
    texts = [f"text {number}" for number in range(20)]
    arguments = {"delivery_date": LATER, "sender_id": 123, "phone_numbers": ONE}
    created = client.call_all("create_sms", [{**arguments, "message_text": text} for text in texts])
    assert {message.id: message.text for message in mock.messages} == {
        one.message_id: text for one, text in zip(created, texts, strict=True)
    }


def test_report_of_an_sms(client: AnyClient, mock: MockServer) -> None:
    (sms_id,) = create(client, ONE).sms_ids[ONE]
    report = client.call("get_sms", sms_id)
    assert report == SmsReport(phone_number=ONE, status=SmsStatus.SCHEDULED)
    assert isinstance(report.status, SmsStatus)
    mock.travel_to(datetime(2031, 1, 1))
    assert client.call("get_sms", id=sms_id).status is SmsStatus.RECEIVED


def test_report_of_a_message(client: AnyClient, mock: MockServer) -> None:
    mock.delivery_result(TWO, 33)
    created = create(client, delivery_date=NOW)
    mock.advance(hours=1)
    rows = client.call("get_message", created.message_id)
    assert rows == [
        MessageReportRow(id=created.sms_ids[ONE][0], phone_number=ONE, status=SmsStatus.RECEIVED),
        MessageReportRow(
            id=created.sms_ids[TWO][0],
            phone_number=TWO,
            status=SmsStatus.MISSED_NETWORK_NOT_AVAILABLE_ON_SENDING_PHONE,
        ),
    ]
    assert all(isinstance(row.status, SmsStatus) for row in rows)


def test_deletion_of_an_sms(client: AnyClient) -> None:
    created = create(client)
    deletion = client.call("delete_sms", created.sms_ids[ONE][0])
    assert deletion == SmsDeletion(success=True)
    assert deletion.success is True
    assert [row.phone_number for row in client.call("get_message", created.message_id)] == [TWO]


def test_deletion_of_an_sms_that_is_sent(client: AnyClient) -> None:
    created = create(client, ONE, delivery_date=NOW)
    assert client.call("delete_sms", created.sms_ids[ONE][0]) == SmsDeletion(success=False)


def test_deletion_of_a_message(client: AnyClient) -> None:
    created = create(client)
    assert client.call("delete_message", id=created.message_id) == MessageDeletion(success=2)


@pytest.mark.skipif(httpx.__name__ != "httpx", reason="the mock server's own transport is one of httpx")
def test_in_process(make_client: MakeClient) -> None:
    mock = MockServer()
    client = make_client("http://localhost/api/v1", api_key=mock.api_key, transport=mock.transport)
    created = create(client, ONE)
    assert [message.id for message in mock.messages] == [created.message_id]
    assert client.call("get_sms", created.sms_ids[ONE][0]).phone_number == ONE
