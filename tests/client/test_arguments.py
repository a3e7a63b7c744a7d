"""What can be sent, how it is written, and what is refused before anything is sent."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from enum import Enum, IntEnum, StrEnum
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from .any_client import ARGUMENTS, OPERATIONS, AnyClient
from .conftest import MakeClient
from .faulty_server import FaultyServer

PARIS, NEW_YORK, TOKYO = ZoneInfo("Europe/Paris"), ZoneInfo("America/New_York"), ZoneInfo("Asia/Tokyo")


def sent(client: AnyClient, server: FaultyServer, **changed: Any) -> Any:
    """The body that create_sms sends."""
    client.call("create_sms", **{**ARGUMENTS["create_sms"], **changed})
    return json.loads(server.received[-1].content)


def numbers() -> Iterator[str]:
    yield "+33612345678"


# Types


@pytest.mark.parametrize(
    ("name", "value", "place"),
    [
        ("message_text", None, "message_text"),
        ("message_text", 1, "message_text"),
        ("message_text", b"Hello", "message_text"),
        ("message_text", ["Hello"], "message_text"),
        ("message_stop", None, "message_stop"),
        ("message_stop", 1, "message_stop"),
        ("message_stop", "false", "message_stop"),
        ("sender_id", None, "sender_id"),
        ("sender_id", "123", "sender_id"),
        ("sender_id", 123.0, "sender_id"),
        ("sender_id", True, "sender_id"),
        ("delivery_date", None, "delivery_date"),
        ("delivery_date", 1924433159, "delivery_date"),
        ("delivery_date", date(2030, 12, 25), "delivery_date"),
        ("delivery_date", b"2030-12-25 12:45:59", "delivery_date"),
        ("phone_numbers", None, "phone_numbers"),
        ("phone_numbers", 33612345678, "phone_numbers"),
        ("phone_numbers", b"+33612345678", "phone_numbers"),
        ("phone_numbers", {"+33612345678": 1}, "phone_numbers"),
        ("phone_numbers", numbers(), "phone_numbers"),
        ("phone_numbers", ["+33612345678", 33612345678], "phone_numbers[1]"),
        ("phone_numbers", ("+33612345678", None), "phone_numbers[1]"),
        ("phone_numbers", [["+33612345678"]], "phone_numbers[0]"),
    ],
)
def test_an_argument_of_the_wrong_type(
    client: AnyClient, server: FaultyServer, name: str, value: object, place: str
) -> None:
    with pytest.raises(TypeError) as caught:
        sent(client, server, **{name: value})
    assert str(caught.value).startswith(f"{place}: ")
    assert caught.value.__context__ is None
    assert server.connections == 0


@pytest.mark.parametrize("operation", [name for name in OPERATIONS if name != "create_sms"])
@pytest.mark.parametrize("value", [None, "123456", "1/../2", 1.0, True, b"1", [1]])
def test_an_id_of_the_wrong_type(client: AnyClient, server: FaultyServer, operation: str, value: object) -> None:
    with pytest.raises(TypeError, match=r"^id: "):
        client.call(operation, value)
    assert server.connections == 0


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_missing_and_an_unknown_argument(client: AnyClient, server: FaultyServer, operation: str) -> None:
    with pytest.raises(TypeError, match="required"):
        client.call(operation)
    with pytest.raises(TypeError, match="unexpected keyword argument 'colour'"):
        client.call(operation, **ARGUMENTS[operation], colour="red")
    assert server.connections == 0


# Values


@pytest.mark.parametrize(
    "changed",
    [
        {"message_text": "secret \ud800"},
        {"phone_numbers": "secret \udfff"},
        {"phone_numbers": ["+33612345678", "secret \udfff"]},
        {"delivery_date": "secret \ud83d"},
    ],
    ids=["text", "one number", "a list of numbers", "date"],
)
def test_text_that_is_no_text(client: AnyClient, server: FaultyServer, changed: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="UTF-8") as caught:
        sent(client, server, **changed)
    assert "secret" not in f"{caught.value!r} {vars(caught.value)}"
    assert caught.value.__context__ is None
    assert not isinstance(caught.value, UnicodeError)
    assert server.connections == 0


class Markup(str):
    """A string of one's own, as template engines make them."""

    __slots__ = ()


class Sender(IntEnum):
    SHOP = 7


class Number(StrEnum):
    ME = "+33612345678"


class Named(int, Enum):
    """Written as `Named.SHOP`."""

    SHOP = 7


class NamedText(str, Enum):  # noqa: UP042  # whose own text is its name
    ME = "+33612345678"


class Boasting(int):
    """A number that says of itself what it is not."""

    def __str__(self) -> str:
        return "../other"

    def __int__(self) -> int:
        return 8


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("message_text", "", ""),
        ("message_text", 'Ça va ? 🙂 "\\\n\x00', 'Ça va ? 🙂 "\\\n\x00'),
        ("message_text", Markup("Hello"), "Hello"),
        ("phone_numbers", [Markup("+1")], ["+1"]),
        ("phone_numbers", Number.ME, "+33612345678"),
        ("phone_numbers", [], []),
        ("phone_numbers", ("+1", "+2"), ["+1", "+2"]),
        ("phone_numbers", NamedText.ME, "+33612345678"),
        ("sender_id", Sender.SHOP, 7),
        ("sender_id", Named.SHOP, 7),
        ("sender_id", Boasting(7), 7),
        ("sender_id", 2**64, 2**64),
        ("sender_id", -1, -1),
    ],
)
def test_values_are_sent_as_they_are(
    client: AnyClient, server: FaultyServer, name: str, value: object, expected: object
) -> None:
    assert sent(client, server, **{name: value})[name] == expected


@pytest.mark.parametrize("identifier", [0, -1, 2**64, 10**100, Sender.SHOP])
def test_any_integer_is_an_id(client: AnyClient, server: FaultyServer, identifier: int) -> None:
    client.call("get_sms", identifier)
    assert server.calls == [f"GET /sms/{int(identifier)}"]


@pytest.mark.parametrize("identifier", [Named.SHOP, Boasting(7)])
def test_an_id_is_its_number(client: AnyClient, server: FaultyServer, identifier: int) -> None:
    client.call("get_sms", identifier)
    assert server.calls == ["GET /sms/7"]


def test_an_id_too_long_to_be_written(client: AnyClient, server: FaultyServer) -> None:
    with pytest.raises(ValueError, match="limit"):
        client.call("get_sms", 10**5000)
    assert server.connections == 0


# Dates


class Nowhere(tzinfo):
    """A time zone that knows no offset, which makes a datetime naive by Python's definition."""

    def utcoffset(self, dt: datetime | None) -> None:
        return None

    def dst(self, dt: datetime | None) -> None:
        return None

    def tzname(self, dt: datetime | None) -> None:
        return None


@pytest.mark.parametrize("zone", [None, NEW_YORK], ids=str)
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2030-12-25 12:45:59", "2030-12-25 12:45:59"),
        ("tomorrow", "tomorrow"),
        (datetime(2030, 12, 25, 12, 45, 59), "2030-12-25 12:45:59"),
        (datetime(2030, 12, 25, 12, 45, 59, 999_999), "2030-12-25 12:45:59"),
        (datetime(2030, 3, 31, 2, 30, fold=1), "2030-03-31 02:30:00"),
        (datetime(999, 1, 2, 3, 4, 5), "0999-01-02 03:04:05"),
        (datetime.min, "0001-01-01 00:00:00"),
        (datetime.max, "9999-12-31 23:59:59"),
        (datetime(2030, 12, 25, tzinfo=Nowhere()), "2030-12-25 00:00:00"),
    ],
    ids=str,
)
def test_a_date_without_a_zone_is_sent_as_it_reads(
    make_client: MakeClient, server: FaultyServer, zone: tzinfo | None, value: datetime | str, expected: str
) -> None:
    assert sent(make_client(server.url, timezone=zone), server, delivery_date=value)["delivery_date"] == expected


@pytest.mark.parametrize(
    ("zone", "value", "expected"),
    [
        (PARIS, datetime(2030, 12, 25, 12, 0, tzinfo=UTC), "2030-12-25 13:00:00"),
        (PARIS, datetime(2030, 7, 25, 12, 0, 1, 5, tzinfo=UTC), "2030-07-25 14:00:01"),
        (PARIS, datetime(2030, 7, 25, 12, tzinfo=NEW_YORK), "2030-07-25 18:00:00"),
        (PARIS, datetime(2030, 7, 25, 12, tzinfo=PARIS), "2030-07-25 12:00:00"),
        (NEW_YORK, datetime(2030, 1, 1, tzinfo=UTC), "2029-12-31 19:00:00"),
        (timezone(timedelta(hours=5, minutes=45)), datetime(2030, 1, 1, tzinfo=UTC), "2030-01-01 05:45:00"),
        # clocks go forward: 02:30 is never shown, and back: it is shown twice
        (PARIS, datetime(2030, 3, 31, 0, 59, 59, tzinfo=UTC), "2030-03-31 01:59:59"),
        (PARIS, datetime(2030, 3, 31, 1, 0, tzinfo=UTC), "2030-03-31 03:00:00"),
        (PARIS, datetime(2030, 3, 31, 2, 30, tzinfo=PARIS), "2030-03-31 03:30:00"),
        (PARIS, datetime(2030, 10, 27, 0, 30, tzinfo=UTC), "2030-10-27 02:30:00"),
        (PARIS, datetime(2030, 10, 27, 1, 30, tzinfo=UTC), "2030-10-27 02:30:00"),
        (UTC, datetime(2030, 3, 31, 2, 30, tzinfo=PARIS), "2030-03-31 01:30:00"),
        (UTC, datetime(2030, 10, 27, 2, 30, tzinfo=PARIS), "2030-10-27 00:30:00"),
        (UTC, datetime(2030, 10, 27, 2, 30, fold=1, tzinfo=PARIS), "2030-10-27 01:30:00"),
        (timezone(timedelta()), datetime(999, 1, 2, tzinfo=UTC), "0999-01-02 00:00:00"),
    ],
    ids=str,
)
def test_a_date_with_a_zone_is_converted(
    make_client: MakeClient, server: FaultyServer, zone: tzinfo, value: datetime, expected: str
) -> None:
    assert sent(make_client(server.url, timezone=zone), server, delivery_date=value)["delivery_date"] == expected


@pytest.mark.parametrize("zone", [UTC, PARIS], ids=str)
def test_a_date_with_a_zone_is_refused_when_none_is_known_to_convert_it_to(
    client: AnyClient, server: FaultyServer, zone: tzinfo
) -> None:
    with pytest.raises(ValueError, match=r"timezone=ZoneInfo"):
        sent(client, server, delivery_date=datetime(2030, 12, 25, tzinfo=zone))
    assert server.connections == 0


@pytest.mark.parametrize(
    ("zone", "value"),
    [(NEW_YORK, datetime.min.replace(tzinfo=UTC)), (TOKYO, datetime.max.replace(tzinfo=UTC))],
    ids=["before the first year", "after the last year"],
)
def test_a_date_that_cannot_be_converted(
    make_client: MakeClient, server: FaultyServer, zone: tzinfo, value: datetime
) -> None:
    with pytest.raises(ValueError, match="date"):
        sent(make_client(server.url, timezone=zone), server, delivery_date=value)
    assert server.connections == 0
