"""Adds recipients: checks them, leaves out those that are there, and puts the others into batches; all or nothing."""

import hashlib
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import attrs
import sqlalchemy as sa

from .errors import RecipientsError
from .recipients import Recipient, Text, where
from .store import batches, campaigns, recipients

CHUNK = 5_000  # recipients that are in memory at a time
OPEN_BATCHES = 100  # batches that are filled on in the next chunk, unless there are more texts than that
TOLD = 20  # refused recipients that are told


@attrs.frozen
class AddReport:
    """What became of recipients that were to be added.

    Attributes:
        added: How many were added.
        duplicates: How many were there already, or came twice.
        refused: How many have a phone number that cannot be right; they are in the export too.
        problems: What is wrong with the first of these.
    """

    added: int
    duplicates: int
    refused: int
    problems: list[str]


@attrs.define
class _Batch:
    number: int
    text: str
    size: int = 0
    phone_numbers: set[str] = attrs.field(factory=set[str])


class Adder:
    """Adds recipients to a campaign within one transaction, which holds the lock of its row."""

    def __init__(self, connection: sa.Connection, campaign: sa.Row[Any]) -> None:
        """`campaign` is its row."""
        self._connection, self._campaign = connection, campaign
        self._text = Text(campaign.text)
        self._last_batch: int = campaign.last_batch
        self._open: dict[str, _Batch] = {}
        self._unfit = _Batch(0, "", self._size_of_unfit())
        self._rows: list[dict[str, Any]] = []
        self._closed: list[_Batch] = []
        self._added, self._duplicates, self._refused, self._problems = 0, 0, 0, list[str]()

    def add(self, source: Iterable[Recipient | str]) -> AddReport:
        """Add all of them. Raises RecipientsError for one that cannot be read."""
        ones = (Recipient(one) if isinstance(one, str) else one for one in source)
        while chunk := list(islice(ones, CHUNK)):
            for digest, recipient, text in self._new_ones(chunk):
                self._place(digest, recipient, text)
            self._write(is_last=False)
        self._write(is_last=True)
        self._update_campaign()
        return AddReport(self._added, self._duplicates, self._refused, self._problems)

    def _new_ones(self, chunk: list[Recipient]) -> Iterator[tuple[bytes, Recipient, str]]:
        """Those of a chunk that are not there yet, with what tells them apart and with their texts."""
        found: dict[bytes, tuple[Recipient, str]] = {}
        for recipient in chunk:
            text = self._text.render(recipient)
            if not text:
                raise RecipientsError(f"{where(recipient.line)}the text is empty")
            found.setdefault(_digest(recipient, text), (recipient, text))
        known: set[bytes] = set(self._connection.scalars(self._known(list(found))))
        self._duplicates += len(chunk) - len(found) + len(known)
        return ((digest, *one) for digest, one in found.items() if digest not in known)

    def _known(self, digests: list[bytes]) -> sa.Select[Any]:
        return sa.select(recipients.c.digest).where(
            recipients.c.campaign_id == self._campaign.id, recipients.c.digest.in_(digests)
        )

    def _place(self, digest: bytes, recipient: Recipient, text: str) -> None:
        """Put a recipient into a batch."""
        if recipient.problem is None:
            self._added += 1
            batch = self._batch_for(text, recipient.phone_number)
        else:
            self._refused += 1
            if len(self._problems) < TOLD:
                self._problems.append(f"{where(recipient.line)}{recipient.phone_number!r} is {recipient.problem}")
            batch = self._unfit
        self._rows.append(
            {
                "campaign_id": self._campaign.id,
                "batch": batch.number,
                "position": batch.size,
                "digest": digest,
                "phone_number": recipient.phone_number,
                "key": recipient.key,
                "line": recipient.line,
            }
        )
        batch.size += 1

    def _batch_for(self, text: str, phone_number: str) -> _Batch:
        batch = self._open.get(text)
        # A phone number twice in one request: which id would be whose?
        if batch is None or batch.size >= self._campaign.batch_size or phone_number in batch.phone_numbers:
            if batch is not None:
                self._closed.append(batch)
            self._last_batch += 1
            batch = self._open[text] = _Batch(self._last_batch, text)
        batch.phone_numbers.add(phone_number)
        return batch

    def _write(self, *, is_last: bool) -> None:
        if is_last or len(self._open) > OPEN_BATCHES:
            self._closed.extend(self._open.values())
            self._open.clear()
        if self._rows and self._connection.dialect.name == "postgresql":
            self._copy()
        elif self._rows:
            self._connection.execute(recipients.insert(), self._rows)
        if self._closed:
            self._connection.execute(batches.insert(), [self._row(batch) for batch in self._closed])
        self._rows, self._closed = [], []

    def _copy(self) -> None:
        """Write the rows by COPY, which takes PostgreSQL less time."""
        driver: Any = self._connection.connection.driver_connection
        with (
            driver.cursor() as cursor,
            cursor.copy(f"COPY {recipients.name} ({', '.join(self._rows[0])}) FROM STDIN") as copy,
        ):
            for row in self._rows:
                copy.write_row(tuple(row.values()))

    def _row(self, batch: _Batch) -> dict[str, Any]:
        text = None if batch.text == self._campaign.text else batch.text
        number, size = batch.number, batch.size
        return {"campaign_id": self._campaign.id, "number": number, "state": "queued", "size": size, "text": text}

    def _size_of_unfit(self) -> int:
        unfit = sa.select(batches.c.size).where(batches.c.campaign_id == self._campaign.id, batches.c.number == 0)
        return self._connection.scalar(unfit) or 0

    def _update_campaign(self) -> None:
        this = sa.update(campaigns).where(campaigns.c.id == self._campaign.id)
        duplicates = campaigns.c.duplicates + self._duplicates
        self._connection.execute(this.values(last_batch=self._last_batch, duplicates=duplicates))
        unfit = sa.update(batches).where(batches.c.campaign_id == self._campaign.id, batches.c.number == 0)
        self._connection.execute(unfit.values(size=self._unfit.size))


def _digest(recipient: Recipient, text: str) -> bytes:
    identity = f"key {recipient.key}" if recipient.key is not None else f"sms {recipient.phone_number} {text}"
    return hashlib.blake2b(identity.encode("utf-8", "surrogatepass"), digest_size=16).digest()
