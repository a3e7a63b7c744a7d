"""Sends a batch at most once: an intent is committed before its POST, and the answer after it.

The worker that holds the token of the intent may settle it, also late. Everybody else who finds an intent without an answer leaves
it alone; once its worker is known to be dead, it is in doubt, and a person decides.
"""

import asyncio
import contextlib
import json
import logging
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from functools import partial
from itertools import accumulate, takewhile
from typing import Any

import attrs
import sqlalchemy as sa
from sms_scheduler import (
    ApiError,
    AsyncSmsScheduler,
    BadRequestError,
    CreatedMessage,
    InvalidResponseError,
    RateLimitError,
    SmsSchedulerError,
)

from .hours import Hours
from .store import Store, T, batches, campaigns, in_state, now, recipients, workers

log = logging.getLogger("sms_scheduler_campaign")

START_WITHIN = 10.0  # seconds from the intent, after which its POST no longer begins
CALL_DEADLINE = 60.0  # seconds that a POST may take
FREE_AFTER = START_WITHIN + CALL_DEADLINE + 10  # seconds from the intent, after which nobody can be sending it any more
LAPSE = 15.0  # seconds without a sign of life, after which a worker is taken for dead
DOUBTS_IN_A_ROW = 10  # after which a worker pauses the campaign: something is wrong
LONGEST_HOLD = 3600.0  # seconds that all workers wait, however long the server asks for
FIRST_REPORT = 5.0  # seconds after which the first report is asked for
UNREACHABLE_FOR = 3.0  # seconds to wait for a server that is not reached
FARTHEST_TURN = 20.0  # seconds to the next turn at most, besides a hundred turns; farther ones are of another clock
SLACK = 1.03  # how much further apart requests are than the rate says, so that jitter does not exceed it
AHEAD = 0.25  # seconds of turns that a worker takes at once
GLANCE = 0.5  # seconds between two looks at the hours, and at what is left to do

Settle = Callable[[sa.Connection], None]


@attrs.frozen
class Intent:
    """A batch that is about to be sent; `began` is when, by a clock that also runs while the machine sleeps."""

    number: int
    token: str
    began: float
    text: str
    phone_numbers: list[str]


@attrs.frozen
class _Accepted:
    """The server's answer that it has a batch."""

    intent: Intent
    message: CreatedMessage

    @property
    def parameters(self) -> dict[str, Any]:
        """Those of the statement that stores it."""
        ids = [self.message.sms_ids.get(number) for number in self.intent.phone_numbers]
        this = {"of_batch": self.intent.number, "of_token": self.intent.token}
        return this | {"message_id": self.message.message_id, "sms_ids": json.dumps(ids)}


@attrs.define(eq=False)
class _Job:
    """A batch that the engine handed out, and when its turn is, by the same clock, once that is known."""

    number: int
    turn: float | None = None
    is_done: threading.Event = attrs.field(factory=threading.Event)


class Sender:
    """Sends the batches of a campaign that the engine hands to this worker, on an event loop in a thread of its own.

    One transaction after the other stores the answers that have come meanwhile, and the intents of what is sent next: it is shared
    by all of these batches, and none waits for the slow answer of another.
    """

    def __init__(self, store: Store, client: AsyncSmsScheduler, campaign_id: int, worker: str) -> None:
        """`client` is this sender's alone, which closes it."""
        self._store, self._campaign_id, self._worker, self._owned = store, campaign_id, worker, client
        self._client = client.with_options(max_retries=0, deadline=CALL_DEADLINE)  # each POST waits for its turn
        self._campaign = store.persistently(lambda c: c.execute(_this(campaign_id)).one())
        self._hours = (
            None if self._campaign.hours is None else Hours.parse(self._campaign.hours, self._campaign.timezone)
        )
        self._rate = requests_per_second(self._campaign)
        self._doubts = 0
        self.stopping = threading.Event()
        self._waiting: list[_Job] = []
        self._answered: list[tuple[_Job, _Accepted | Settle]] = []
        self._on_their_way = set[asyncio.Task[None]]()
        # How many more may be on their way, until their answers are stored.
        self._free: int = self._campaign.concurrency
        self._changed = asyncio.Event()
        self._is_closed = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._work(),), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Begin no more batches; `perform` waits for those that are on their way."""
        self.stopping.set()
        self._loop.call_soon_threadsafe(self._changed.set)

    def close(self) -> None:
        """Stop, store the answers to what is on its way, and close the connections."""
        self._is_closed = True
        self.stop()
        self._thread.join()
        self._loop.close()

    def may_send(self) -> bool:
        """Whether it is neither stopping nor outside of the hours."""
        return not self.stopping.is_set() and (self._hours is None or self._hours.is_open(time.time()))

    def perform(self, campaign_id: int, numbers: Sequence[int]) -> None:
        """Send batches, but for those that were done or begun, or are not to be sent now.

        Returns when all are settled, or when this is closed: batches that have not begun by then are for other workers.
        """
        if campaign_id != self._campaign_id:
            return
        jobs = [_Job(number) for number in numbers]
        with contextlib.suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._add, jobs)
        for job in jobs:
            while not job.is_done.wait(GLANCE):
                if not self._thread.is_alive():
                    self._store.persistently(partial(self._leave, [one.number for one in jobs]))
                    return

    def _add(self, jobs: list[_Job]) -> None:
        self._waiting.extend(jobs)
        self._changed.set()

    async def _work(self) -> None:
        async with self._owned:
            while not self._is_closed or self._on_their_way or self._answered:
                try:
                    await self._step()
                except Exception:
                    log.exception("job-failed")  # nothing is begun then: it is tried again
                    await asyncio.sleep(GLANCE)

    async def _step(self) -> None:
        if self._waiting and not self.may_send():
            await self._put_down()
        await self._take_turns()
        ready = list(takewhile(_is_due, self._waiting[: self._room]))
        if ready or self._answered:
            await self._store_and_begin(ready)
        else:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), self._pause())
            self._changed.clear()

    @property
    def _room(self) -> int:
        """How many may be sent as soon as the answers that have come are stored."""
        return self._free + len(self._answered)

    def _pause(self) -> float | None:
        """How many seconds there is nothing to do, unless something happens."""
        if not self._waiting:
            return None
        turn = self._waiting[0].turn
        return GLANCE if turn is None or not self._free else max(0.0, min(GLANCE, turn - clock()))

    async def _put_down(self) -> None:
        """Leave for another time what waits."""
        jobs, numbers = list(self._waiting), [job.number for job in self._waiting]
        await self._persistently(partial(self._leave, numbers))
        del self._waiting[: len(jobs)]
        for job in jobs:
            job.is_done.set()

    async def _take_turns(self) -> None:
        """Give what is sent next its turns among the requests of all workers."""
        jobs = self._waiting[: self._room]
        if not jobs or jobs[0].turn is not None:
            return
        if self._rate is None:
            pauses = [0.0] * len(jobs)
        else:
            jobs = jobs[: max(1, int(self._rate * AHEAD))]
            pauses = await self._persistently(partial(self._reserve, [job.number for job in jobs]))
        for job, pause in zip(jobs, pauses, strict=True):
            job.turn = clock() + pause

    def _reserve(self, numbers: list[int], connection: sa.Connection) -> list[float]:
        here = sa.select(batches.c.number, batches.c.size).where(self._are(numbers))
        sizes = {row.number: row.size for row in connection.execute(here)}
        return reserve(self._campaign_id, [sizes.get(number, 1) for number in numbers], connection)

    async def _store_and_begin(self, ready: list[_Job]) -> None:
        """Commit the answers that have come and the intents of what is ready; then send that."""
        del self._waiting[: len(ready)]
        answered, self._answered = self._answered, []
        answers, numbers = [answer for _, answer in answered], [job.number for job in ready]
        intents, hold = await asyncio.to_thread(self._commit, answers, numbers)
        self._free += len(answered)
        for job, _ in answered:
            job.is_done.set()
        self._waiting[:0] = [job for job in ready if not self._send(job, intents.pop(job.number, None), hold)]

    def _send(self, job: _Job, intent: Intent | None, hold: float) -> bool:
        """Send a batch whose intent is committed; tells whether it is not to wait any longer."""
        if intent is not None:
            task = self._loop.create_task(self._perform_one(job, intent))
            self._on_their_way.add(task)
            task.add_done_callback(self._on_their_way.discard)
            self._free -= 1
        elif hold:
            job.turn = None if self._rate else clock() + hold
            return False
        else:
            job.is_done.set()
        return True

    async def _perform_one(self, job: _Job, intent: Intent) -> None:
        answer = await self._post(intent)
        self._answered.append((job, answer))  # to the list of now: the one of before is being stored
        self._changed.set()

    def _commit(self, answers: list[_Accepted | Settle], numbers: list[int]) -> tuple[dict[int, Intent], float]:
        """Store answers and intents. Returns the intents by their numbers, and the seconds to wait with the others."""
        token, began = uuid.uuid4().hex, clock()

        def work(connection: sa.Connection) -> tuple[dict[int, Intent], float]:
            self._store_answers(answers, connection)
            return self._begin(numbers, token, began, connection)

        try:
            return self._store.persistently(work)
        except Exception:  # one of them cannot be stored: the others are
            log.exception("batch-failed: campaign %s, one of batches %s", self._campaign.name, numbers)
            for answer in answers:
                self._commit_alone(answer)
            return {}, 0.0

    def _commit_alone(self, answer: _Accepted | Settle) -> None:
        try:
            self._store.persistently(partial(self._store_answers, [answer]))
        except Exception:
            log.exception("batch-failed: campaign %s", self._campaign.name)

    async def _persistently(self, work: Callable[[sa.Connection], T]) -> T:
        return await asyncio.to_thread(self._store.persistently, work)

    def _begin(
        self, numbers: list[int], token: str, began: float, connection: sa.Connection
    ) -> tuple[dict[int, Intent], float]:
        if not numbers:
            return {}, 0.0
        # Lists of few lengths, so that the database knows the statements.
        these = {"of_campaign": self._campaign_id, "numbers": numbers + numbers[-1:] * (-len(numbers) % 8)}
        begun = {"new_token": token, "new_worker": self._worker}
        texts = {row.number: row.text for row in connection.execute(_BEGIN, these | begun)}
        intents = {
            number: Intent(number, token, began, texts[number] or self._campaign.text, phone_numbers.split(","))
            for number, phone_numbers in connection.execute(_PHONE_NUMBERS, these)
            if number in texts
        }
        left = [number for number in numbers if number not in intents]
        return intents, self._why_not(left, connection) if left else 0.0

    def _why_not(self, numbers: list[int], connection: sa.Connection) -> float:
        """The seconds that batches have to wait; if they are not to be sent now, the engine is done with them."""
        campaign = connection.execute(
            sa.select(campaigns.c.state, _hold()).where(campaigns.c.id == self._campaign_id)
        ).one()
        if campaign.state == "active" and campaign[1] > 0:
            return float(campaign[1])
        self._leave(numbers, connection)
        return 0.0

    def _leave(self, numbers: list[int], connection: sa.Connection) -> None:
        """The engine is done with batches that are to be sent another time."""
        queued = sa.update(batches).where(self._are(numbers), batches.c.state == "queued")
        connection.execute(queued.values(fed_at=None))

    async def _post(self, intent: Intent) -> _Accepted | Settle:
        """Send a batch. Returns what became of it, or how to store that."""
        if clock() - intent.began > START_WITHIN:
            return partial(self._put_back, intent, "the worker was stopped before it sent")
        try:
            created = await self._client.create_sms(
                message_text=intent.text,
                message_stop=self._campaign.stop,
                delivery_date=self._campaign.delivery_date,
                sender_id=self._campaign.sender_id,
                phone_numbers=intent.phone_numbers,
            )
        except BadRequestError as error:
            is_of_numbers = set(error.errors) == {"phone_numbers"}
            return partial(self._refuse if is_of_numbers else self._pause_all, intent, str(error))
        except SmsSchedulerError as error:
            return self._after_error(intent, error)
        except Exception as error:  # whatever it is, the server may have been reached
            return partial(self._doubt, intent, f"{type(error).__name__}: {error}")
        self._doubts = 0
        return _Accepted(intent, created)

    def _after_error(self, intent: Intent, error: SmsSchedulerError) -> Settle:
        if not error.is_safe_to_retry:
            return partial(self._doubt, intent, str(error))
        asked = error.retry_after if isinstance(error, ApiError) else None
        if isinstance(error, RateLimitError) or asked:
            log.warning("rate-limited: campaign %s, all workers wait %.1f s", self._campaign.name, asked or 1.0)
            return partial(self._put_back, intent, str(error), hold=asked or 1.0)
        if isinstance(error, ApiError | InvalidResponseError):  # the next one would be refused as well
            return partial(self._pause_all, intent, str(error))
        return partial(self._put_back, intent, str(error), hold=UNREACHABLE_FOR)

    def _store_answers(self, answers: list[_Accepted | Settle], connection: sa.Connection) -> None:
        accepted = [one for one in answers if isinstance(one, _Accepted)]
        if accepted:
            self._accept(accepted, connection)
        for one in answers:
            if not isinstance(one, _Accepted):
                one(connection)

    def _accept(self, accepted: list[_Accepted], connection: sa.Connection) -> None:
        # Whatever a person decided in the meantime, unless it was sent again: the server's word is the truth.
        this = {"of_campaign": self._campaign_id}
        done = connection.execute(_ACCEPT, [this | one.parameters for one in accepted])
        if done.rowcount == len(accepted):
            return
        numbers = [one.intent.number for one in accepted]
        stored = set(connection.scalars(sa.select(batches.c.message_id).where(self._are(numbers))))
        for one in accepted:
            number, message_id = one.intent.number, one.message.message_id
            if message_id not in stored:
                log.error("late-answer: batch %s was accepted as message %s too", number, message_id)

    def _refuse(self, intent: Intent, reason: str, connection: sa.Connection) -> None:
        """A phone number is refused: it alone, which is found by halves."""
        half = len(intent.phone_numbers) // 2
        if not half:
            self._settle(intent, connection, state="refused", error=reason)
        elif self._settle(intent, connection, state="queued", size=half):
            split(connection, self._campaign_id, intent.number, intent.phone_numbers, intent.text)

    def _put_back(self, intent: Intent, reason: str, connection: sa.Connection, hold: float = 0.0) -> None:
        if self._settle(intent, connection, state="queued", error=reason) and hold:
            until = now() + min(hold, LONGEST_HOLD)
            later = sa.case((campaigns.c.hold_until < until, until), else_=campaigns.c.hold_until)
            connection.execute(_change(self._campaign_id).values(hold_until=later))

    def _pause_all(self, intent: Intent, reason: str, connection: sa.Connection) -> None:
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

    def _are(self, numbers: list[int]) -> sa.ColumnElement[bool]:
        return sa.and_(batches.c.campaign_id == self._campaign_id, batches.c.number.in_(numbers))


def _hold() -> sa.ColumnElement[float]:
    """How many seconds no request is to leave; one of the future is from before the clock was set back."""
    left = campaigns.c.hold_until - now()
    return sa.case((left > 2 * LONGEST_HOLD, 0.0), else_=left)


# Statements are made once: that takes longer than their work.
_BEGIN = (
    sa.update(batches)
    .where(
        batches.c.campaign_id == sa.bindparam("of_campaign"),
        batches.c.number.in_(sa.bindparam("numbers", expanding=True)),
        sa.or_(
            sa.and_(
                batches.c.state == "queued",
                sa.exists()
                .where(campaigns.c.id == sa.bindparam("of_campaign"), campaigns.c.state == "active", _hold() <= 0)
                .correlate(None),
            ),
            # This is done a second time.
            sa.and_(batches.c.state == "posting", batches.c.token == sa.bindparam("new_token")),
        ),
    )
    .values(
        state="posting",
        fed_at=None,
        token=sa.bindparam("new_token"),
        worker=sa.bindparam("new_worker"),
        attempts=batches.c.attempts + 1,
        posted_at=now(),
        free_at=now() + FREE_AFTER,
        error=None,
    )
    .returning(batches.c.number, batches.c.text)
)
_ordered = (
    sa.select(recipients.c.phone_number)
    .where(recipients.c.campaign_id == batches.c.campaign_id, recipients.c.batch == batches.c.number)
    .order_by(recipients.c.position)
    .correlate(batches)
    .subquery()
)
_PHONE_NUMBERS = sa.select(
    batches.c.number, sa.select(sa.func.aggregate_strings(_ordered.c.phone_number, ",")).scalar_subquery()
).where(
    batches.c.campaign_id == sa.bindparam("of_campaign"),
    batches.c.number.in_(sa.bindparam("numbers", expanding=True)),
)
_ACCEPT = (
    sa.update(batches)
    .where(
        batches.c.campaign_id == sa.bindparam("of_campaign"),
        batches.c.number == sa.bindparam("of_batch"),
        batches.c.token == sa.bindparam("of_token"),
    )
    .values(state="accepted", error=None, report_at=now() + FIRST_REPORT)
)


def requests_per_second(campaign: sa.Row[Any]) -> float | None:
    """How many requests a second a campaign's row allows, with full batches; None if there is no limit."""
    by_sms = campaign.sms_per_second and campaign.sms_per_second / campaign.batch_size
    rates = [rate for rate in (campaign.requests_per_second, by_sms) if rate]
    return min(rates) if rates else None


def reserve(campaign_id: int, sizes: Sequence[int], connection: sa.Connection) -> list[float]:
    """Take the next turns of all workers' requests, of which each sends so many SMS; how many seconds to wait for each."""
    rated = sa.or_(campaigns.c.requests_per_second.is_not(None), campaigns.c.sms_per_second.is_not(None))
    row = connection.execute(
        _change(campaign_id)
        .where(rated)
        .values(next_at=campaigns.c.next_at)  # takes the lock
        .returning(*campaigns.c, now().label("now"))
    ).first()
    if row is None:
        return [0.0] * len(sizes)
    apart = [SLACK * _seconds_apart(row, size) for size in sizes]
    # After the clock was set back, turns are not a day away.
    held = row.hold_until if row.hold_until < row.now + 2 * LONGEST_HOLD else 0.0
    turn = max(row.now, held, min(row.next_at, row.now + FARTHEST_TURN + 100 * max(apart, default=0.0)))
    turns = list(accumulate(apart, initial=turn))
    connection.execute(_change(campaign_id).values(next_at=turns[-1]))
    return [float(one - row.now) for one in turns[:-1]]


def _seconds_apart(campaign: sa.Row[Any], size: int) -> float:
    by_request = 1 / campaign.requests_per_second if campaign.requests_per_second else 0.0
    by_sms = size / campaign.sms_per_second if campaign.sms_per_second else 0.0
    return max(by_request, by_sms)


def _is_due(job: _Job) -> bool:
    return job.turn is not None and job.turn <= clock()


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
    alive = sa.select(workers.c.id).where(is_alive())
    here = batches.c.campaign_id == campaign_id
    # Who is cut off within a transaction keeps its rows locked: they are left for the next time.
    left = sa.select(batches.c.number).where(here, in_state("posting"), batches.c.worker.not_in(alive))
    found = connection.execute(
        sa.update(batches)
        .where(
            here, in_state("posting"), batches.c.number.in_(left.with_for_update(skip_locked=True).scalar_subquery())
        )
        .values(state="in doubt", error="the worker stopped before it stored an answer")
        .returning(batches.c.number)
    )
    numbers = list(found.scalars())
    if numbers:
        log.error("in-doubt: batches %s: their worker stopped before it stored an answer", numbers)
    return len(numbers)


def is_alive() -> sa.ColumnElement[bool]:
    """That a worker shows signs of life; none that is of the future, which is from before the clock was set back."""
    return workers.c.seen_at.between(now() - LAPSE, now() + LAPSE)


def clock() -> float:
    """A clock in seconds that nobody sets, and that runs while the machine sleeps, if there is one."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


def _this(campaign_id: int) -> sa.Select[Any]:
    return sa.select(campaigns).where(campaigns.c.id == campaign_id)


def _change(campaign_id: int) -> sa.Update:
    return sa.update(campaigns).where(campaigns.c.id == campaign_id)
