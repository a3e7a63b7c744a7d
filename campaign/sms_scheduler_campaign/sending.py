"""Sends a batch at most once: an intent is committed before its POST, and the answer after it.

The worker that holds the token of the intent may settle it, also late. Everybody else who finds an intent without an answer leaves
it alone; once its worker is known to be dead, it is in doubt, and a person decides.
"""

import json
import logging
import threading
import time
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

import attrs
import sqlalchemy as sa
from sms_scheduler import (
    ApiError,
    BadRequestError,
    CreatedMessage,
    InvalidResponseError,
    RateLimitError,
    SmsScheduler,
    SmsSchedulerError,
)

from .hours import Hours
from .store import Store, batches, campaigns, in_state, now, recipients, workers

log = logging.getLogger("sms_scheduler_campaign")

START_WITHIN = 10.0  # seconds from the intent, after which its POST no longer begins
CALL_DEADLINE = 60.0  # seconds that a POST may take
FREE_AFTER = START_WITHIN + CALL_DEADLINE + 10  # seconds from the intent, after which nobody can be sending it any more
LAPSE = 15.0  # seconds without a sign of life, after which a worker is taken for dead
DOUBTS_IN_A_ROW = 10  # after which a worker pauses the campaign: something is wrong
FIRST_REPORT = 5.0  # seconds after which the first report is asked for
UNREACHABLE_FOR = 3.0  # seconds to wait for a server that is not reached
SLACK = 1.03  # how much further apart requests are than the rate says, so that jitter does not exceed it

Settle = Callable[[sa.Connection], None]


@attrs.frozen
class Intent:
    """A batch that is about to be sent; `began` is when, by a clock that also runs while the machine sleeps."""

    number: int
    token: str
    began: float
    text: str
    phone_numbers: list[str]


class Sender:
    """Sends the batches of a campaign that the engine hands to this worker."""

    def __init__(self, store: Store, client: SmsScheduler, campaign_id: int, worker: str) -> None:
        """`client` is not to repeat requests by itself: each POST waits for its turn."""
        self._store, self._campaign_id, self._worker = store, campaign_id, worker
        self._client = client.with_options(max_retries=0, deadline=CALL_DEADLINE)
        self._campaign = store.persistently(lambda c: c.execute(_this(campaign_id)).one())
        self._hours = (
            None if self._campaign.hours is None else Hours.parse(self._campaign.hours, self._campaign.timezone)
        )
        self._doubts = 0
        self.stopping = threading.Event()

    def may_send(self) -> bool:
        """Whether it is neither stopping nor outside of the hours."""
        return not self.stopping.is_set() and (self._hours is None or self._hours.is_open(time.time()))

    def perform(self, campaign_id: int, number: int) -> None:
        """Send a batch, unless that was done or begun, or is not to be done now. Never raises."""
        try:
            if campaign_id == self._campaign_id and (intent := self._intend(number)) is not None:
                settle = self._post(intent)
                self._store.persistently(settle)
        except Exception:
            log.exception("batch-failed: campaign %s batch %s", self._campaign.name, number)

    def _intend(self, number: int) -> Intent | None:
        """Wait for the turn of a batch and commit the intent to send it, or None if it is not to be sent now."""
        token = uuid.uuid4().hex
        pause = self._store.persistently(partial(reserve, self._campaign_id, number))
        while not self.stopping.wait(pause) and self.may_send():
            began = clock()
            found = self._store.persistently(partial(self._begin, number, token, began))
            if found is None or isinstance(found, Intent):
                return found
            pause = found + self._store.persistently(partial(reserve, self._campaign_id, number))
        self._store.persistently(partial(self._leave, number))
        return None

    def _begin(self, number: int, token: str, began: float, connection: sa.Connection) -> Intent | float | None:
        """Commit the intent. Returns it; or the seconds to wait first; or None."""
        may_send = (
            sa.exists()
            .where(campaigns.c.id == self._campaign_id, campaigns.c.state == "active", campaigns.c.hold_until <= now())
            .correlate(None)
        )
        mine = sa.and_(batches.c.state == "posting", batches.c.token == token)  # this is done a second time
        row = connection.execute(
            self._batch(number)
            .where(sa.or_(sa.and_(batches.c.state == "queued", may_send), mine))
            .values(
                state="posting",
                fed_at=None,
                token=token,
                worker=self._worker,
                attempts=batches.c.attempts + 1,
                posted_at=now(),
                free_at=now() + FREE_AFTER,
                error=None,
            )
            .returning(batches.c.text)
        ).first()
        if row is None:
            return self._why_not(number, connection)
        numbers = sa.select(recipients.c.phone_number).where(
            recipients.c.campaign_id == self._campaign_id, recipients.c.batch == number
        )
        found = list(connection.scalars(numbers.order_by(recipients.c.position)))
        return Intent(number, token, began, self._campaign.text if row.text is None else row.text, found)

    def _why_not(self, number: int, connection: sa.Connection) -> float | None:
        campaign = connection.execute(
            sa.select(campaigns.c.state, campaigns.c.hold_until - now()).where(campaigns.c.id == self._campaign_id)
        ).one()
        if campaign.state == "active" and campaign[1] > 0:
            return float(campaign[1])
        self._leave(number, connection)
        return None

    def _leave(self, number: int, connection: sa.Connection) -> None:
        """The engine is done with a batch that is to be sent another time."""
        connection.execute(self._batch(number).where(batches.c.state == "queued").values(fed_at=None))

    def _post(self, intent: Intent) -> Settle:
        """Send a batch. Returns how to store what became of it."""
        if clock() - intent.began > START_WITHIN:
            return partial(self._put_back, intent, "the worker was stopped before it sent")
        try:
            created = self._client.create_sms(
                message_text=intent.text,
                message_stop=self._campaign.stop,
                delivery_date=self._campaign.delivery_date,
                sender_id=self._campaign.sender_id,
                phone_numbers=intent.phone_numbers,
            )
        except BadRequestError as error:
            is_of_numbers = set(error.errors) == {"phone_numbers"}
            return partial(self._refuse if is_of_numbers else self._pause, intent, str(error))
        except SmsSchedulerError as error:
            return self._after_error(intent, error)
        except Exception as error:  # whatever it is, the server may have been reached
            return partial(self._doubt, intent, f"{type(error).__name__}: {error}")
        self._doubts = 0
        return partial(self._accept, intent, created)

    def _after_error(self, intent: Intent, error: SmsSchedulerError) -> Settle:
        if not error.is_safe_to_retry:
            return partial(self._doubt, intent, str(error))
        asked = error.retry_after if isinstance(error, ApiError) else None
        if isinstance(error, RateLimitError) or asked:
            log.warning("rate-limited: campaign %s, all workers wait %.1f s", self._campaign.name, asked or 1.0)
            return partial(self._put_back, intent, str(error), hold=asked or 1.0)
        if isinstance(error, ApiError | InvalidResponseError):  # the next one would be refused as well
            return partial(self._pause, intent, str(error))
        return partial(self._put_back, intent, str(error), hold=UNREACHABLE_FOR)

    def _accept(self, intent: Intent, created: CreatedMessage, connection: sa.Connection) -> None:
        # Whatever a person decided in the meantime, unless it was sent again: the server's word is the truth.
        ids = {number: [ids] if isinstance(ids, int) else list(ids) for number, ids in created.sms_ids.items()}
        done = connection.execute(
            self._batch(intent.number)
            .where(batches.c.token == intent.token)
            .values(
                state="accepted",
                error=None,
                message_id=created.message_id,
                sms_ids=json.dumps(ids),
                report_at=now() + FIRST_REPORT,
            )
        )
        if not done.rowcount:
            log.error("late-answer: batch %s was accepted as message %s too", intent.number, created.message_id)

    def _refuse(self, intent: Intent, reason: str, connection: sa.Connection) -> None:
        """A phone number is refused: it alone, which is found by halves."""
        half = len(intent.phone_numbers) // 2
        if not half:
            self._settle(intent, connection, state="refused", error=reason)
        elif self._settle(intent, connection, state="queued", size=half):
            split(connection, self._campaign_id, intent.number, intent.phone_numbers, intent.text)

    def _put_back(self, intent: Intent, reason: str, connection: sa.Connection, hold: float = 0.0) -> None:
        if self._settle(intent, connection, state="queued", error=reason) and hold:
            until = now() + hold
            later = sa.case((campaigns.c.hold_until < until, until), else_=campaigns.c.hold_until)
            connection.execute(_change(self._campaign_id).values(hold_until=later))

    def _pause(self, intent: Intent, reason: str, connection: sa.Connection) -> None:
        if self._settle(intent, connection, state="queued", error=reason):
            self._pause_campaign(reason, connection)

    def _pause_campaign(self, reason: str, connection: sa.Connection) -> None:
        log.error("paused: campaign %s: %s", self._campaign.name, reason)
        connection.execute(
            _change(self._campaign_id).where(campaigns.c.state == "active").values(state="paused", reason=reason)
        )

    def _doubt(self, intent: Intent, reason: str, connection: sa.Connection) -> None:
        log.error("in-doubt: campaign %s batch %s: %s", self._campaign.name, intent.number, reason)
        self._settle(intent, connection, state="in doubt", error=reason)
        self._doubts += 1
        if self._doubts >= DOUBTS_IN_A_ROW:
            self._pause_campaign(f"{self._doubts} batches in a row ended in doubt: {reason}", connection)

    def _settle(self, intent: Intent, connection: sa.Connection, **values: Any) -> bool:
        """Store what became of a batch, unless somebody else settled it; tells whether that was done."""
        is_open = sa.and_(batches.c.token == intent.token, batches.c.state.in_(("posting", "in doubt")))
        return bool(connection.execute(self._batch(intent.number).where(is_open).values(**values)).rowcount)

    def _batch(self, number: int) -> sa.Update:
        return sa.update(batches).where(batches.c.campaign_id == self._campaign_id, batches.c.number == number)


def reserve(campaign_id: int, number: int, connection: sa.Connection) -> float:
    """Take the next turn of all workers' requests; how many seconds to wait for it."""
    rated = sa.or_(campaigns.c.requests_per_second.is_not(None), campaigns.c.sms_per_second.is_not(None))
    row = connection.execute(
        _change(campaign_id)
        .where(rated)
        .values(next_at=campaigns.c.next_at)  # takes the lock
        .returning(*campaigns.c, now().label("now"))
    ).first()
    if row is None:
        return 0.0
    size = connection.scalar(
        sa.select(batches.c.size).where(batches.c.campaign_id == campaign_id, batches.c.number == number)
    )
    apart = SLACK / row.requests_per_second if row.requests_per_second else 0.0
    if row.sms_per_second:
        apart = max(apart, SLACK * (size or 1) / row.sms_per_second)
    # After the clock was set back, turns are not a day away.
    turn = max(row.now, row.hold_until, min(row.next_at, row.now + 60 + 100 * apart))
    connection.execute(_change(campaign_id).values(next_at=turn + apart))
    return float(turn - row.now)


def split(connection: sa.Connection, campaign_id: int, number: int, phone_numbers: list[str], text: str) -> None:
    """Move the second half of a batch to a new one."""
    half = len(phone_numbers) // 2
    new = connection.scalar(
        _change(campaign_id).values(last_batch=campaigns.c.last_batch + 1).returning(campaigns.c.last_batch)
    )
    connection.execute(
        batches.insert().values(
            campaign_id=campaign_id, number=new, state="queued", size=len(phone_numbers) - half, text=text
        )
    )
    here = sa.and_(recipients.c.campaign_id == campaign_id, recipients.c.batch == number)
    moved = list(connection.scalars(sa.select(recipients.c.position).where(here).order_by(recipients.c.position)))[
        half:
    ]
    connection.execute(sa.update(recipients).where(here, recipients.c.position >= moved[0]).values(batch=new))


def sweep(connection: sa.Connection, campaign_id: int) -> int:
    """Put in doubt what workers were sending that are dead; tells how many batches."""
    alive = sa.select(workers.c.id).where(workers.c.seen_at > now() - LAPSE)
    found = connection.execute(
        sa.update(batches)
        .where(batches.c.campaign_id == campaign_id, in_state("posting"), batches.c.worker.not_in(alive))
        .values(state="in doubt", error="the worker stopped before it stored an answer")
        .returning(batches.c.number)
    )
    numbers = list(found.scalars())
    if numbers:
        log.error("in-doubt: batches %s: their worker stopped before it stored an answer", numbers)
    return len(numbers)


def clock() -> float:
    """A clock in seconds that nobody sets, and that runs while the machine sleeps, if there is one."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


def _this(campaign_id: int) -> sa.Select[Any]:
    return sa.select(campaigns).where(campaigns.c.id == campaign_id)


def _change(campaign_id: int) -> sa.Update:
    return sa.update(campaigns).where(campaigns.c.id == campaign_id)
