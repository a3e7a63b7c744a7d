"""Follows what was accepted until every status is final, and deletes what a cancelled campaign has not sent yet.

Reading and deleting may be repeated, so the engine is not needed: a worker takes what is due by moving its next date.
"""

import json
import logging
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import sqlalchemy as sa
from sms_scheduler import MessageReportRow, NotFoundError, SmsScheduler, SmsSchedulerError

from .sending import AHEAD, Settle, clock, reserve
from .store import Store, batches, campaigns, in_state, now, outcomes

log = logging.getLogger("sms_scheduler_campaign")

AT_ONCE = 50  # batches that a worker takes
UNDER_WAY = 10  # requests that it has under way
LEASE = 120.0  # seconds after which another worker takes what one has taken
SHORTEST, LONGEST = 2.0, 600.0  # seconds between two reports of a batch
BACK_OFF = 0.5  # of its age


class Follower:
    """Asks for the reports of a campaign's messages, and deletes those of a cancelled one, at the rate of all its requests."""

    def __init__(self, store: Store, client: SmsScheduler, campaign_id: int, stopping: threading.Event) -> None:
        """`stopping` ends it before its next request."""
        self._store, self._client, self._campaign_id, self._stopping = store, client, campaign_id, stopping
        rated = sa.select(campaigns.c.requests_per_second).where(campaigns.c.id == campaign_id)
        rate = store.persistently(lambda c: c.scalar(rated))
        # As many turns as a sender takes, so that there is no more following than sending while both have something to do.
        self._at_once = AT_ONCE if rate is None else max(1, min(AT_ONCE, int(rate * AHEAD)))

    def follow(self) -> int:
        """Ask for some of the reports that are due; tells how many."""
        return self._do(self._ask, is_deletion=False)

    def delete(self) -> int:
        """Delete some of the messages; tells how many."""
        return self._do(self._delete, is_deletion=True)

    def _do(self, request: Callable[[Any], Settle | None], *, is_deletion: bool) -> int:
        """Make the requests that are due, some at a time, and store all that they gave together."""
        take = partial(_take, self._campaign_id, self._at_once, is_deletion=is_deletion)
        taken, pauses = self._store.persistently(take)
        begin = clock()

        def one(batch: Any, pause: float) -> Settle | None:
            return None if self._stopping.wait(max(0.0, begin + pause - clock())) else request(batch)

        with ThreadPoolExecutor(UNDER_WAY) as pool:
            settles = [settle for settle in pool.map(one, taken, pauses) if settle is not None]
        if settles:
            self._store.persistently(lambda connection: [settle(connection) for settle in settles])
        return len(settles)

    def _ask(self, batch: Any) -> Settle:
        try:
            report = self._client.get_message(batch.message_id)
        except NotFoundError:
            return partial(_end, batch, "the service knows the message no more")
        except SmsSchedulerError as error:
            log.warning("report-failed: batch %s: %s", batch.number, error)
            return partial(_wait, batch)
        return partial(_keep, batch, report)

    def _delete(self, batch: Any) -> Settle | None:
        try:
            deleted = self._client.delete_message(batch.message_id).success
        except NotFoundError:
            deleted = 0
        except SmsSchedulerError as error:
            log.warning("deletion-failed: batch %s: %s", batch.number, error)
            return None
        return partial(_note_deletion, batch, deleted)


def _take(
    campaign_id: int, at_once: int, connection: sa.Connection, *, is_deletion: bool
) -> tuple[Sequence[sa.Row[Any]], list[float]]:
    """Take some of what is due, with how many seconds to wait for the turn of each."""
    due = sa.select(batches.c.number).where(
        batches.c.campaign_id == campaign_id, in_state("accepted"), batches.c.message_id.is_not(None)
    )
    is_due = batches.c.deleted.is_(None) if is_deletion else sa.or_(batches.c.report_at <= now(), _is_absurd())
    due = due.where(is_due).order_by(batches.c.report_at).limit(at_once).with_for_update(skip_locked=True)
    age = now() - sa.func.coalesce(batches.c.posted_at, now())
    follow_for = sa.select(campaigns.c.follow_for).where(campaigns.c.id == campaign_id).scalar_subquery()
    facts = (age.label("age"), (age > follow_for).label("is_late"))
    taken: Sequence[Any] = connection.execute(
        sa.update(batches)
        .where(batches.c.campaign_id == campaign_id, batches.c.number.in_(due.scalar_subquery()))
        .values(report_at=now() + LEASE)
        .returning(batches.c.campaign_id, batches.c.number, batches.c.message_id, batches.c.size, *facts)
    ).all()
    return taken, reserve(campaign_id, [0] * len(taken), connection) if taken else []


def _keep(batch: sa.Row[Any], report: list[MessageReportRow], connection: sa.Connection) -> None:
    statuses = {row.id: row.status for row in report}
    is_final = all(status.is_final for status in statuses.values()) and bool(statuses)
    values = {"statuses": json.dumps(statuses), "state": "final" if is_final else "accepted"}
    if not _change(batch, connection, None if is_final else _pause_after(batch), **values):
        return
    connection.execute(_FORGET_OUTCOMES, {"of_campaign": batch.campaign_id, "of_batch": batch.number})
    counts = Counter(int(status) for status in statuses.values())
    if counts:
        row = {"campaign_id": batch.campaign_id, "batch": batch.number}
        connection.execute(outcomes.insert(), [row | {"status": s, "count": n} for s, n in counts.items()])
    if not is_final:
        _give_up_if_late(batch, connection)


def _give_up_if_late(batch: sa.Row[Any], connection: sa.Connection) -> None:
    if batch.is_late:
        _change(batch, connection, None, state="final", error="not final in time")


def _wait(batch: sa.Row[Any], connection: sa.Connection) -> None:
    _change(batch, connection, _pause_after(batch))
    _give_up_if_late(batch, connection)


def _end(batch: sa.Row[Any], reason: str, connection: sa.Connection) -> None:
    _change(batch, connection, None, state="final", error=reason)


def _note_deletion(batch: sa.Row[Any], deleted: int, connection: sa.Connection) -> None:
    state = "cancelled" if deleted >= batch.size else "accepted"
    _change(batch, connection, 0.0, deleted=deleted, state=state)


def _pause_after(batch: sa.Row[Any]) -> float:
    return min(LONGEST, max(SHORTEST, float(batch.age) * BACK_OFF))


def _change(batch: sa.Row[Any], connection: sa.Connection, pause: float | None, **values: Any) -> bool:
    """Store what a report says, unless the batch is followed no more, and after how many seconds to ask again."""
    this = {"of_campaign": batch.campaign_id, "of_batch": batch.number, "pause": pause}
    return bool(connection.execute(_FOLLOWED, this | values).rowcount)


_seconds: sa.Double[float] = sa.Double()
# Statements are made once: that takes longer than their work.
_FOLLOWED = (
    sa.update(batches)
    .where(
        batches.c.campaign_id == sa.bindparam("of_campaign"),
        batches.c.number == sa.bindparam("of_batch"),
        in_state("accepted"),
    )
    .values(report_at=now() + sa.bindparam("pause", type_=_seconds))
)
_FORGET_OUTCOMES = outcomes.delete().where(
    outcomes.c.campaign_id == sa.bindparam("of_campaign"), outcomes.c.batch == sa.bindparam("of_batch")
)


def _is_absurd() -> sa.ColumnElement[bool]:
    """That a report is due later than is ever asked for: that is from before the clock was set back."""
    return batches.c.report_at > now() + 2 * LONGEST
