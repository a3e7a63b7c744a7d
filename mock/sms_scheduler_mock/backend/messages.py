"""Messages and SMS: as a client asks for them, as the ledger keeps them, and as they stand at a moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Sms:
    """One SMS, as it stood when you asked.

    `status` is the documented code and `status_name` its name; `deleted` tells whether a client has deleted the SMS.
    """

    id: int
    phone_number: str
    status: int
    deleted: bool
    status_name: str = field(default="", compare=False)

    @property
    def sent(self) -> bool:
        """Whether its sending began: its date has come, and it was neither deleted nor cancelled."""
        return not self.deleted and self.status_name != "SCHEDULED" and not self.status_name.startswith("CANCELLED_")


@dataclass(frozen=True, slots=True)
class Message:
    """A message that the server accepted, as it stood when you asked.

    `delivery_date` is the one that the client gave, by the clock of the server. `sms` holds the
    deleted ones too.
    """

    id: int
    text: str
    stop: bool
    delivery_date: datetime
    sender_id: int
    sms: tuple[Sms, ...]

    @property
    def phone_numbers(self) -> tuple[str, ...]:
        """Where it goes, each number once."""
        return tuple(dict.fromkeys(sms.phone_number for sms in self.sms))

    @property
    def cancelled(self) -> bool:
        """Whether all its SMS were deleted."""
        return all(sms.deleted for sms in self.sms)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMessage:
    """What a client asks for."""

    text: str
    stop: bool
    delivery_date: datetime
    sender_id: int
    phone_numbers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """A message as it was accepted, with the number of each of its SMS by id. `ordinal` counts messages from 0."""

    ordinal: int
    id: int
    asked: NewMessage
    sent_at: datetime
    numbers: Mapping[int, str]


# What `Overview` and `Query` call an SMS that a client has deleted, whatever its status.
DELETED = "DELETED"


class Query(NamedTuple):
    """Which messages are wanted, and which of their SMS. All that is given must be so.

    Attributes:
        phone_number: Messages with an SMS to this phone number.
        search: What stands in the text of a message, in a phone number, or is the id of a message or of an SMS.
        status: The name of the status that an SMS is in, or `DELETED`.
    """

    phone_number: str | None = None
    search: str = ""
    status: str | None = None


class Overview(NamedTuple):
    """A message with the number of its SMS in each status, as it stands at a moment."""

    record: Record
    statuses: Mapping[str, int]

    @property
    def cancelled(self) -> bool:
        """Whether all its SMS were deleted."""
        return self.statuses.keys() <= {DELETED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """All that a ledger holds.

    Attributes:
        records: The messages, the oldest first.
        deleted: The ids of the SMS that were deleted.
        paid: By the id of each SMS that was accepted while credits were counted, whether one was left for it.
        accepted: How many messages and SMS were ever accepted: the ids go on from there.
    """

    records: Sequence[Record] = ()
    deleted: frozenset[int] = frozenset()
    paid: Mapping[int, bool] = field(default_factory=dict[int, bool])
    accepted: tuple[int, int] = (0, 0)
