"""The messages that were accepted, and what becomes of their SMS as time passes."""

import heapq
import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from threading import RLock
from typing import Protocol

from .account import Account
from .delivery import DeliveryResults
from .messages import DELETED, Contents, Message, NewMessage, Overview, Query, Record, Sms

SENT_AFTER = timedelta(seconds=5)
ENDED_AFTER = timedelta(seconds=15)

WITHOUT_CREDIT = "CANCELLED_NOT_ENOUGH_CREDITS"

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


class Journal(Protocol):
    """Told of every change before it is made. What it raises keeps the change from being made."""

    def created(self, record: Record, paid: Mapping[int, bool], credits: int | None) -> None: ...  # noqa: A002

    def deleted(self, sms_ids: Sequence[int], credits: int | None) -> None: ...  # noqa: A002

    def evicted(self, record: Record) -> None: ...


class Ledger:
    """Keeps messages and tells where their SMS stand. May be used from several threads.

    Of more than `capacity` messages, or of more than `max_held` bytes, the one whose sending begins or began first is
    forgotten: what has ended goes before what has not. The latest message is always held.

    An SMS takes a credit of the account when it is accepted, while credits are counted; one that is deleted gives it back.

    Args:
        statuses: The documented codes by name.
        now: The clock.
        account: Who pays.
        delivery: Decides how SMS end.
        capacity: How many messages are held at most.
        max_held: How many bytes all messages take at most, about.

    Attributes:
        journal: What is told of every change, if anything.
        lock: Who holds it is alone with the ledger: nothing is accepted or deleted meanwhile.
        now: The clock.
        rules: May be replaced at any time.
    """

    def __init__(
        self,
        statuses: Mapping[str, int],
        now: Callable[[], datetime],
        account: Account,
        delivery: DeliveryResults,
        *,
        capacity: int = 1_000_000,
        max_held: int = 500_000_000,
    ) -> None:
        if missing := _WELL_KNOWN - statuses.keys():
            raise ValueError(f"the document names no status {', '.join(sorted(missing))}")
        self._statuses = statuses
        self.now = now
        self._account = account
        self._delivery = delivery
        self._capacity = capacity
        self._max_held = max_held
        self.journal: Journal | None = None
        self.rules = Rules()
        self.lock = RLock()
        self._hold(Contents())

    def contents(self) -> Contents:
        """All that it holds."""
        with self.lock:
            return Contents(
                records=tuple(self._records.values()),
                deleted=frozenset(self._deleted),
                paid=dict(self._paid),
                accepted=self._accepted,
            )

    def _hold(self, contents: Contents) -> None:
        self._records = {record.id: record for record in contents.records}
        self._record_of_sms = {sms_id: record for record in contents.records for sms_id in record.numbers}
        self._by_date = [(record.sent_at, record.ordinal, record.id) for record in contents.records]
        heapq.heapify(self._by_date)
        self._deleted = set(contents.deleted)
        self._paid = dict(contents.paid)
        self._accepted = contents.accepted
        self._held = sum(map(_size, contents.records))

    def restore(self, contents: Contents) -> None:
        """Hold other contents, which the journal has already."""
        with self.lock:
            self._hold(contents)
            self._make_room(0, 0)

    def create(self, asked: NewMessage, sms_per_number: int) -> Record:
        """Accept a message, with so many SMS for each of its phone numbers."""
        with self.lock:
            messages, sms = self._accepted
            sms_ids = map(self.rules.sms_id, itertools.count(sms))
            numbers = {next(sms_ids): number for number in asked.phone_numbers for _ in range(sms_per_number)}
            sent_at = max(asked.delivery_date, self.now())
            record = Record(messages, self.rules.message_id(messages), asked, sent_at, numbers)
            size = _size(record)
            self._make_room(1, size)
            paid = self._pay(numbers)
            credits_left = self._credits_after(-sum(paid.values()))
            if self.journal:
                self.journal.created(record, paid, credits_left)
            self._accepted = messages + 1, sms + len(numbers)
            self._account.credits = credits_left
            self._paid.update(paid)
            self._held += size
            self._records[record.id] = record
            self._record_of_sms.update(dict.fromkeys(numbers, record))
            heapq.heappush(self._by_date, (sent_at, record.ordinal, record.id))
            self._delivery.accepted(numbers)
            return record

    def _pay(self, sms_ids: Iterable[int]) -> dict[int, bool]:
        left = self._account.credits
        return {} if left is None else {sms_id: place < left for place, sms_id in enumerate(sms_ids)}

    def _credits_after(self, change: int) -> int | None:
        return None if self._account.credits is None else self._account.credits + change

    def _make_room(self, messages: int, size: int) -> None:
        """Forget messages until there is room for so many more, of so many bytes."""
        while self._records and (
            len(self._records) + messages > self._capacity
            or (self._held + size > self._max_held and len(self._records) + messages > 1)
        ):
            self._evict()

    def _evict(self) -> None:
        _, _, message_id = self._by_date[0]
        record = self._records[message_id]
        if self.journal:
            self.journal.evicted(record)
        heapq.heappop(self._by_date)
        del self._records[message_id]
        self._held -= _size(record)
        for sms_id in record.numbers:
            del self._record_of_sms[sms_id]
            self._deleted.discard(sms_id)
            self._paid.pop(sms_id, None)
        self._delivery.forgotten(record.numbers)

    def numbers(self) -> dict[int, str]:
        """The phone number of every SMS by its id, in the order in which they were accepted."""
        with self.lock:
            return {sms_id: number for record in self._records.values() for sms_id, number in record.numbers.items()}

    def messages(self) -> list[Message]:
        """Every message, the oldest first."""
        with self.lock:
            return [self._message(record) for record in self._records.values()]

    def find(self, query: Query, before: int | None = None) -> Iterator[Overview]:
        """The messages that a query is for, the latest first; only those accepted before the one with an ordinal.

        The lock is to be held until the last one was taken.
        """
        for record in reversed(self._records.values()):
            if (before is None or record.ordinal < before) and self._is_for(query, record):
                yield Overview(record, self._statuses_of(record))

    def find_sms(self, record: Record, query: Query, after: int = 0) -> Iterator[Sms]:
        """The SMS of a message that a query is for, in order; only those after so many of them. Under the lock too."""
        for sms_id in itertools.islice(self._matching(query, record), after, None):
            yield self._sms(record, sms_id)

    @property
    def count(self) -> int:
        """How many messages it holds."""
        return len(self._records)

    def record(self, message_id: int) -> Record | None:
        """A message as it was accepted, whatever became of it."""
        return self._records.get(message_id)

    def _is_for(self, query: Query, record: Record) -> bool:
        if query.phone_number is not None and query.phone_number not in record.asked.phone_numbers:
            return False
        is_for_all = not query.search and query.status is None
        return is_for_all or any(True for _ in self._matching(query, record))

    def _matching(self, query: Query, record: Record) -> Iterator[int]:
        number_in_search = _without_gaps(query.search)
        has_it = query.search == str(record.id) or query.search.casefold() in record.asked.text.casefold()
        for sms_id, number in record.numbers.items():
            if (has_it or number_in_search in number or query.search == str(sms_id)) and (
                query.status is None or query.status == self._shown_as(record, sms_id)
            ):
                yield sms_id

    def _statuses_of(self, record: Record) -> Mapping[str, int]:
        """How many SMS of a message are in each status, by its name."""
        if self._paid or self._delivery.decides or not record.numbers:
            return Counter(self._shown_as(record, sms_id) for sms_id in record.numbers)
        # All end alike, so one tells about all that are not deleted.
        deleted = len(record.numbers.keys() & self._deleted) if self._deleted else 0
        name = _status_after(self.now() - record.sent_at, "RECEIVED")
        counts = {name: len(record.numbers) - deleted, DELETED: deleted}
        return {name: count for name, count in counts.items() if count}

    def _shown_as(self, record: Record, sms_id: int) -> str:
        return DELETED if sms_id in self._deleted else self._sms(record, sms_id).status_name

    def report_sms(self, sms_id: int) -> Sms | None:
        """One SMS, or None if there is none any more."""
        with self.lock:
            record = self._record_of_sms.get(sms_id)
            if record is None or (sms_id in self._deleted and not self.rules.reports_deleted):
                return None
            return self._sms(record, sms_id)

    def report_message(self, message_id: int) -> list[Sms] | None:
        """The SMS of a message, or None if there is none any more."""
        with self.lock:
            sms = self._sms_of(message_id)
            return None if sms is None else [one for one in sms if self.rules.lists_deleted or not one.deleted]

    def delete_sms(self, sms_id: int) -> bool | None:
        """Delete an SMS unless it is too late for that; None if there is none any more."""
        with self.lock:
            record = self._record_of_sms.get(sms_id)
            if record is None or sms_id in self._deleted:
                return None if record is None else self.rules.deleted_again
            return self._delete([self._sms(record, sms_id)]) == 1

    def delete_message(self, message_id: int) -> int | None:
        """Delete the SMS of a message that are not sent yet; how many, or None if there is none any more."""
        with self.lock:
            sms = self._sms_of(message_id)
            return None if sms is None else self._delete([one for one in sms if not one.deleted])

    def _sms_of(self, message_id: int) -> list[Sms] | None:
        """All SMS of a message, the deleted ones too; None if there is no such message any more."""
        record = self._records.get(message_id)
        if record is None or (record.numbers.keys() <= self._deleted and not self.rules.keeps_emptied):
            return None
        return [self._sms(record, sms_id) for sms_id in record.numbers]

    def _delete(self, sms: Iterable[Sms]) -> int:
        """Delete those of some SMS that are not sent yet; how many."""
        ids = [one.id for one in sms if one.status == self._statuses["SCHEDULED"]]
        if ids:
            credits_left = self._credits_after(sum(self._paid.get(sms_id, False) for sms_id in ids))
            if self.journal:
                self.journal.deleted(ids, credits_left)
            self._account.credits = credits_left
            self._deleted.update(ids)
        return len(ids)

    def _message(self, record: Record) -> Message:
        asked = record.asked
        sms = tuple(self._sms(record, sms_id) for sms_id in record.numbers)
        return Message(record.id, asked.text, asked.stop, asked.delivery_date, asked.sender_id, sms)

    def _sms(self, record: Record, sms_id: int) -> Sms:
        number, deleted = record.numbers[sms_id], sms_id in self._deleted
        elapsed = self.now() - record.sent_at
        name = self.rules.deleted_as if deleted else _status_after(elapsed, self._end(sms_id, number))
        return Sms(sms_id, number, self._statuses[name], deleted, name)

    def _end(self, sms_id: int, number: str) -> str:
        return self._delivery.end(sms_id, number) if self._paid.get(sms_id, True) else WITHOUT_CREDIT


@lru_cache(maxsize=1)  # asked for each message
def _without_gaps(search: str) -> str:
    """What is searched for, without what people put between the digits of a phone number."""
    return re.sub(r"(?<=[+0-9])[ .-]+(?=[0-9])", "", search)


def _size(record: Record) -> int:
    """How many bytes of memory a record takes, about, with the entries that lead to it."""
    return 700 + len(record.asked.text.encode()) + 200 * len(record.numbers)


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
