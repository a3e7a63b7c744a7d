"""The messages that the stand-in accepted, and what becomes of their SMS as time passes."""

import itertools
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import RLock

SENT_AFTER = timedelta(seconds=5)
ENDED_AFTER = timedelta(seconds=15)

_WELL_KNOWN = {"SCHEDULED", "PENDING", "SENT", "RECEIVED"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What no page of the vendor settles, as it is settled here.

    Attributes:
        message_id: The id of the message that is created after so many others.
        sms_id: The id of the SMS that is created after so many others.
        reports_deleted: Whether an SMS that was deleted still has a report.
        lists_deleted: Whether it still has a row in the report of its message.
        deleted_as: The name of the status that it is in.
        deleted_again: Whether deleting it again succeeds; None if there is nothing to delete.
        keeps_emptied: Whether a message whose SMS were all deleted still exists.
    """

    # Apart from each other, so that an id of the one kind taken for the other is noticed.
    message_id: Callable[[int], int] = (123_456).__add__
    sms_id: Callable[[int], int] = (5_000_001).__add__
    reports_deleted: bool = False
    lists_deleted: bool = False
    deleted_as: str = "SCHEDULED"
    deleted_again: bool | None = None
    keeps_emptied: bool = False


@dataclass(frozen=True, slots=True)
class Sms:
    """One SMS, as it stood when you asked.

    `status` is the documented code; `deleted` tells whether a client has deleted the SMS.
    """

    id: int
    phone_number: str
    status: int
    deleted: bool


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


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMessage:
    """What a client asks for."""

    text: str
    stop: bool
    delivery_date: datetime
    sender_id: int
    phone_numbers: tuple[str, ...]


class Clock:
    """A clock without a time zone. It stands still unless `ticking`, and moves when told."""

    def __init__(self, start: datetime | None = None, *, ticking: bool = False) -> None:
        self._start = start
        self._ticking = ticking
        self.reset()

    def __call__(self) -> datetime:
        moment, set_at = self._setting
        return moment + timedelta(seconds=time.monotonic() - set_at) if self._ticking else moment

    def set(self, moment: datetime) -> None:
        """Show another time. Raises ValueError for a time with a zone."""
        if moment.tzinfo is not None:
            raise ValueError("the server's clock has no time zone: give a naive datetime")
        self._setting = (moment, time.monotonic())

    def reset(self) -> None:
        """Show the start again; the time of this machine if there is none."""
        self.set(self._start or datetime.now().replace(microsecond=0))


@dataclass(frozen=True, slots=True)
class _Record:
    id: int
    asked: NewMessage
    sent_at: datetime
    numbers: Mapping[int, str]  # by SMS id


class Ledger:
    """Keeps messages and tells where their SMS stand. May be used from several threads.

    `statuses` are the documented codes by name, `now` is the clock. `ended_as` gives the name of
    the status that an SMS to a phone number ends in. `rules` may be replaced at any time.
    """

    def __init__(
        self,
        statuses: Mapping[str, int],
        now: Callable[[], datetime],
        ended_as: Callable[[str], str],
    ) -> None:
        if missing := _WELL_KNOWN - statuses.keys():
            raise ValueError(f"the document names no status {', '.join(sorted(missing))}")
        self._statuses = statuses
        self.now = now
        self._ended_as = ended_as
        self.rules = Rules()
        self._lock = RLock()
        self.clear()

    def clear(self) -> None:
        """Forget everything; ids are counted from the start again."""
        with self._lock:
            self._records: dict[int, _Record] = {}
            self._record_of_sms: dict[int, _Record] = {}
            self._deleted: set[int] = set()

    def create(self, asked: NewMessage, sms_per_number: int) -> Message:
        """Accept a message, with so many SMS for each of its phone numbers."""
        with self._lock:
            sms_ids = map(self.rules.sms_id, itertools.count(len(self._record_of_sms)))
            numbers = {next(sms_ids): number for number in asked.phone_numbers for _ in range(sms_per_number)}
            sent_at = max(asked.delivery_date, self.now())
            record = _Record(self.rules.message_id(len(self._records)), asked, sent_at, numbers)
            self._records[record.id] = record
            self._record_of_sms.update(dict.fromkeys(numbers, record))
            return self._message(record)

    def messages(self) -> list[Message]:
        """Every message, the oldest first."""
        with self._lock:
            return [self._message(record) for record in self._records.values()]

    def report_sms(self, sms_id: int) -> Sms | None:
        """One SMS, or None if there is none any more."""
        with self._lock:
            record = self._record_of_sms.get(sms_id)
            if record is None or (sms_id in self._deleted and not self.rules.reports_deleted):
                return None
            return self._sms(record, sms_id)

    def report_message(self, message_id: int) -> list[Sms] | None:
        """The SMS of a message, or None if there is none any more."""
        with self._lock:
            sms = self._sms_of(message_id)
            return None if sms is None else [one for one in sms if self.rules.lists_deleted or not one.deleted]

    def delete_sms(self, sms_id: int) -> bool | None:
        """Delete an SMS unless it is too late for that; None if there is none any more."""
        with self._lock:
            record = self._record_of_sms.get(sms_id)
            if record is None or sms_id in self._deleted:
                return None if record is None else self.rules.deleted_again
            return self._delete(self._sms(record, sms_id))

    def delete_message(self, message_id: int) -> int | None:
        """Delete the SMS of a message that are not sent yet; how many, or None if there is none any more."""
        with self._lock:
            sms = self._sms_of(message_id)
            return None if sms is None else sum(self._delete(one) for one in sms if not one.deleted)

    def _sms_of(self, message_id: int) -> list[Sms] | None:
        """All SMS of a message, the deleted ones too; None if there is no such message any more."""
        record = self._records.get(message_id)
        if record is None or (record.numbers.keys() <= self._deleted and not self.rules.keeps_emptied):
            return None
        return [self._sms(record, sms_id) for sms_id in record.numbers]

    def _delete(self, sms: Sms) -> bool:
        scheduled = sms.status == self._statuses["SCHEDULED"]
        if scheduled:
            self._deleted.add(sms.id)
        return scheduled

    def _message(self, record: _Record) -> Message:
        asked = record.asked
        sms = tuple(self._sms(record, sms_id) for sms_id in record.numbers)
        return Message(record.id, asked.text, asked.stop, asked.delivery_date, asked.sender_id, sms)

    def _sms(self, record: _Record, sms_id: int) -> Sms:
        number, deleted = record.numbers[sms_id], sms_id in self._deleted
        elapsed = self.now() - record.sent_at
        name = self.rules.deleted_as if deleted else _status_after(elapsed, self._ended_as(number))
        return Sms(sms_id, number, self._statuses[name], deleted)


def _status_after(elapsed: timedelta, end: str) -> str:
    """Where an SMS stands so long after its sending began, if it ends in the status `end`."""
    if elapsed < timedelta(0) or end == "SCHEDULED":
        return "SCHEDULED"
    if elapsed < SENT_AFTER or end == "PENDING":
        return "PENDING"
    # What is cancelled was never sent.
    if elapsed >= ENDED_AFTER or end.startswith("CANCELLED_"):
        return end
    return "SENT"
