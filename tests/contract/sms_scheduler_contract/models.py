"""Messages and SMS, as the checks create and read them."""

import itertools
from collections.abc import Mapping
from typing import Any

import attrs

WIRE_DATE = "%Y-%m-%d %H:%M:%S"


@attrs.frozen
class Draft:
    """A message to create.

    Attributes:
        numbers: Indices into the phone numbers that may be used; those past the end are left out.
        as_string: Whether the first of them is sent alone, as a string.
    """

    text: str = "A contract test, to be deleted"
    delivery_date: str = "2036-05-17 12:00:00"
    numbers: tuple[int, ...] = (0, 1)
    message_stop: bool | None = None
    as_string: bool = False

    @property
    def is_long(self) -> bool:
        """Whether the text needs several SMS, whatever its characters."""
        return len(self.text) > 160


@attrs.frozen(eq=False)
class Created:
    """A message as the server says it was created: its id, and the ids of its SMS by phone number."""

    message_id: int
    sms_ids: Mapping[str, tuple[int, ...]]

    @property
    def ids(self) -> list[int]:
        """The ids of all SMS."""
        return list(itertools.chain.from_iterable(self.sms_ids.values()))

    @property
    def number_of(self) -> dict[int, str]:
        """The phone number of each SMS, by its id."""
        return {sms_id: number for number, ids in self.sms_ids.items() for sms_id in ids}


@attrs.frozen
class Sms:
    """An SMS as a report describes it."""

    phone_number: str
    status: int


def read_created(response: Any) -> Created:
    """Read the response of createSms, in either form of `sms_ids`."""
    by_number: dict[str, Any] = response["sms_ids"] or {}
    return Created(response["message_id"], {number: tuple(as_list(ids)) for number, ids in by_number.items()})


def read_sms(report: dict[str, Any]) -> Sms:
    """Read the report of an SMS."""
    return Sms(report["phone_number"], report["status"])


def as_list(value: Any) -> list[Any]:
    """A list as it is, and anything else as a list of one."""
    return value if isinstance(value, list) else [value]
