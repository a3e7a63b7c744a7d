"""Follows what was accepted until every status is final, and deletes what a cancelled campaign has not sent yet.

Reading and deleting may be repeated, so the engine is not needed: a worker takes what is due by moving its next date.
"""

import json
import logging
from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any

import sqlalchemy as sa
from sms_scheduler import MessageReportRow, NotFoundError, SmsScheduler, SmsSchedulerError

from .store import Store, batches, campaigns, in_state, now, outcomes

log = logging.getLogger("sms_scheduler_campaign")

AT_ONCE = 20  # batches that a worker takes
LEASE = 120.0  # seconds after which another worker takes what one has taken
SHORTEST, LONGEST = 2.0, 600.0  # seconds between two reports of a batch
BACK_OFF = 0.5  # of its age


def follow(store: Store, client: SmsScheduler, campaign_id: int) -> int:
    """Ask for some of the reports that are due; tells how many."""
    due = store.persistently(partial(_take, campaign_id, is_deletion=False))
    for batch in due:
        try:
            report = client.get_message(batch.message_id)
        except NotFoundError:
            store.persistently(partial(_end, batch, "the service knows the message no more"))
        except SmsSchedulerError as error:
            log.warning("report-failed: batch %s: %s", batch.number, error)
            store.persistently(partial(_wait, batch))
        else:
            store.persistently(partial(_keep, batch, report))
    return len(due)


def delete(store: Store, client: SmsScheduler, campaign_id: int) -> int:
    """Delete some of the messages of a cancelled campaign; tells how many."""
    done = 0
    for batch in store.persistently(partial(_take, campaign_id, is_deletion=True)):
        try:
            deleted = client.delete_message(batch.message_id).success
        except NotFoundError:
            deleted = 0
        except SmsSchedulerError as error:
            log.warning("deletion-failed: batch %s: %s", batch.number, error)
            continue
        store.persistently(partial(_note_deletion, batch, deleted))
        done += 1
    return done


def _take(campaign_id: int, connection: sa.Connection, *, is_deletion: bool) -> Sequence[sa.Row[Any]]:
    due = sa.select(batches.c.number).where(
        batches.c.campaign_id == campaign_id, in_state("accepted"), batches.c.message_id.is_not(None)
    )
    is_due = batches.c.deleted.is_(None) if is_deletion else batches.c.report_at <= now()
    due = due.where(is_due).order_by(batches.c.report_at).limit(AT_ONCE).with_for_update(skip_locked=True)
    age = (now() - sa.func.coalesce(batches.c.posted_at, now())).label("age")
    taken: Sequence[Any] = connection.execute(
        sa.update(batches)
        .where(batches.c.campaign_id == campaign_id, batches.c.number.in_(due.scalar_subquery()))
        .values(report_at=now() + LEASE)
        .returning(batches.c.campaign_id, batches.c.number, batches.c.message_id, batches.c.size, age)
    ).all()
    return taken


def _keep(batch: sa.Row[Any], report: list[MessageReportRow], connection: sa.Connection) -> None:
    statuses = {row.id: row.status for row in report}
    is_final = all(status.is_final for status in statuses.values()) and bool(statuses)
    changed = connection.execute(
        _this(batch).values(
            statuses=json.dumps(statuses),
            state="final" if is_final else "accepted",
            report_at=None if is_final else _next_report(batch),
        )
    )
    if not changed.rowcount:
        return
    connection.execute(
        outcomes.delete().where(outcomes.c.campaign_id == batch.campaign_id, outcomes.c.batch == batch.number)
    )
    counts = Counter(int(status) for status in statuses.values())
    if counts:
        rows = [
            {"campaign_id": batch.campaign_id, "batch": batch.number, "status": s, "count": n}
            for s, n in counts.items()
        ]
        connection.execute(outcomes.insert(), rows)
    if not is_final:
        _give_up_if_late(batch, connection)


def _give_up_if_late(batch: sa.Row[Any], connection: sa.Connection) -> None:
    follow_for = sa.select(campaigns.c.follow_for).where(campaigns.c.id == batch.campaign_id).scalar_subquery()
    connection.execute(
        _this(batch)
        .where(batches.c.posted_at + follow_for < now())
        .values(state="final", report_at=None, error="not final in time")
    )


def _wait(batch: sa.Row[Any], connection: sa.Connection) -> None:
    connection.execute(_this(batch).values(report_at=_next_report(batch)))
    _give_up_if_late(batch, connection)


def _end(batch: sa.Row[Any], reason: str, connection: sa.Connection) -> None:
    connection.execute(_this(batch).values(state="final", report_at=None, error=reason))


def _note_deletion(batch: sa.Row[Any], deleted: int, connection: sa.Connection) -> None:
    is_all = deleted >= batch.size
    values: dict[str, Any] = {"state": "cancelled"} if is_all else {"report_at": now()}
    connection.execute(_this(batch).values(deleted=deleted, **values))


def _next_report(batch: sa.Row[Any]) -> sa.ColumnElement[float]:
    return now() + min(LONGEST, max(SHORTEST, float(batch.age) * BACK_OFF))


def _this(batch: sa.Row[Any]) -> sa.Update:
    return sa.update(batches).where(
        batches.c.campaign_id == batch.campaign_id, batches.c.number == batch.number, batches.c.state == "accepted"
    )
