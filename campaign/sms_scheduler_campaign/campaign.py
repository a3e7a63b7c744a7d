"""A campaign: one text to many recipients, from the first file to the export."""

import datetime
import json
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from itertools import chain, repeat
from typing import Any

import attrs
import sqlalchemy as sa
from sms_scheduler import SmsScheduler, SmsStatus
from sqlalchemy import exc

from . import engine
from .adding import Adder, AddReport
from .errors import AgainTooEarlyError, CampaignError
from .following import Follower
from .hours import Hours
from .recipients import Recipient, Text, segments
from .sending import sweep
from .store import Store, batches, campaigns, in_state, now, outcomes, recipients
from .worker import has_work, run_workers

BATCH_SIZE = 100
CONCURRENCY = 16  # requests that a worker has under way
FOLLOW_FOR = 72 * 3600.0  # seconds
STATES = ("queued", "posting", "accepted", "final", "refused", "in doubt", "cancelled")


@attrs.frozen
class Status:
    """Where a campaign stands.

    Attributes:
        state: active, paused or cancelled.
        reason: Why it is paused, if it paused itself.
        recipients: How many recipients are in batches of each state.
        batches: How many batches are in each state.
        statuses: How many SMS are in each status, as far as reports say.
        duplicates: How many recipients were left out because they were there already.
        is_done: Whether nothing is left to send, to wait for or to follow; batches in doubt are left to a person.
    """

    state: str
    reason: str | None
    recipients: dict[str, int]
    batches: dict[str, int]
    statuses: dict[SmsStatus, int]
    duplicates: int
    is_done: bool


@attrs.frozen
class Doubt:
    """A batch of which nobody knows whether it was accepted.

    Attributes:
        number: The batch.
        phone_numbers: To whom it was sent, or not.
        text: What was sent.
        posted_at: When the request left, if it did.
        error: What went wrong.
        free_at: From when on it may be sent again.
    """

    number: int
    phone_numbers: list[str]
    text: str
    posted_at: datetime.datetime
    error: str
    free_at: datetime.datetime


@attrs.frozen
class Plan:
    """What is still to be sent.

    Attributes:
        batches: How many requests.
        recipients: How many recipients.
        sms: How many SMS their texts take; a STOP mention is not counted.
        seconds: How long it takes at the rate; None if there is none.
    """

    batches: int
    recipients: int
    sms: int
    seconds: float | None


@attrs.frozen
class Report:
    """One recipient and what became of it.

    Attributes:
        phone_number: As it was added.
        key: The user's key.
        line: Where it stood in its file.
        batch: The number of its batch; 0 if its phone number cannot be right.
        state: The state of the batch.
        message_id: The id of the message.
        sms_ids: The ids of its SMS.
        status: The status of the SMS; of several, one that is not final, or the last.
        error: What went wrong.
    """

    phone_number: str
    key: str | None
    line: int | None
    batch: int
    state: str
    message_id: int | None
    sms_ids: list[int]
    status: SmsStatus | None
    error: str | None


class Campaign:
    """A campaign in a store. Any number of processes may use one at the same time."""

    def __init__(self, store: str, name: str) -> None:
        """Open a campaign.

        Args:
            store: `sqlite:///campaign.db` or `postgresql://user:password@host/database`.
            name: Its name.

        Raises: CampaignError if there is no such campaign.
        """
        self.name, self._store = name, Store(store)
        with self._store.engine.connect() as connection:
            found = connection.scalar(sa.select(campaigns.c.id).where(campaigns.c.name == name))
        if found is None:
            self.close()
            raise CampaignError(f"there is no campaign {name!r}")
        self._id: int = found

    @classmethod
    def create(
        cls,
        store: str,
        name: str,
        *,
        text: str,
        sender_id: int,
        stop: bool = False,
        delivery_date: datetime.datetime | None = None,
        batch_size: int = BATCH_SIZE,
        requests_per_second: float | None = None,
        sms_per_second: float | None = None,
        hours: str | None = None,
        timezone: str = "UTC",
        follow_for: float = FOLLOW_FOR,
        concurrency: int = CONCURRENCY,
    ) -> "Campaign":
        """Make a campaign.

        Args:
            store: `sqlite:///campaign.db` or `postgresql://user:password@host/database`.
            name: A name that no other campaign of the store has.
            text: What to send; {fields} are filled in from each recipient.
            sender_id: A sender of the account.
            stop: Whether the service adds a STOP mention.
            delivery_date: When the service sends, without a zone, as the service reads it; by default at once.
            batch_size: How many recipients there are in a request.
            requests_per_second: How many requests all workers send together; by default as many as they can.
            sms_per_second: How many SMS all workers send together.
            hours: When requests may leave, such as `mon-fri 09:00-20:00`.
            timezone: The time zone of the hours, such as Europe/Paris.
            follow_for: For how many seconds after sending to ask for reports.
            concurrency: How many requests a worker sends at a time.

        Raises: CampaignError if the name is taken, ValueError for an option that cannot work.
        """
        if sms_per_second is not None:  # a batch goes out within a second
            batch_size = min(batch_size, max(1, int(sms_per_second)))
        values = {
            "name": name,
            "text": text,
            "sender_id": sender_id,
            "stop": stop,
            "delivery_date": _wire_date(delivery_date),
            "batch_size": batch_size,
            "concurrency": concurrency,
            "requests_per_second": requests_per_second,
            "sms_per_second": sms_per_second,
            "hours": hours,
            "timezone": timezone,
            "follow_for": follow_for,
        }
        _check(values)
        opened = Store(store, is_new=True)
        try:
            engine.install(opened)
            try:
                campaign_id = opened.transaction(partial(_insert, values))
            except exc.IntegrityError:
                raise CampaignError(f"there is a campaign {name!r} already") from None
            engine.Feeder(opened).register(campaign_id)
        finally:
            opened.close()
        return cls(store, name)

    def __enter__(self) -> "Campaign":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections to the store."""
        self._store.close()

    def add(self, source: Iterable[Recipient | str]) -> AddReport:
        """Add recipients: all of them, or none if there is an error.

        Args:
            source: Recipients or phone numbers; of any length, and read as a stream.

        Returns: How many were added, were there already, and were refused.
        Raises: RecipientsError for one that cannot be read, CampaignError if the campaign was cancelled.
        """
        return self._store.transaction(lambda c: Adder(c, self._locked(c, "active", "paused")).add(source))

    def run(self, *, api_key: str | None = None, base_url: str | None = None, workers: int = 1) -> Status:
        """Send what is queued and follow it to its end, in worker processes; returns when nothing is left to do.

        It may be called again at any time, also after a crash, and on several machines at once.

        Args:
            api_key: The key of the account; by default the environment variable SMS_SCHEDULER_API_KEY.
            base_url: The address of the service; by default SMS_SCHEDULER_BASE_URL, or the service's own.
            workers: How many processes to run.

        Raises: CampaignError if the campaign is paused, ValueError without a key or without workers.
        """
        if workers < 1:
            raise ValueError(f"workers must be 1 or more, not {workers}")
        SmsScheduler(api_key, base_url=base_url).close()  # says at once what is wrong with them
        with self._store.engine.connect() as connection:
            campaign = connection.execute(sa.select(campaigns).where(campaigns.c.id == self._id)).one()
        if campaign.state == "paused":
            raise CampaignError(f"the campaign is paused: {campaign.reason or 'by hand'}; resume it first")
        given = {"SMS_SCHEDULER_API_KEY": api_key, "SMS_SCHEDULER_BASE_URL": base_url}
        environment = {name: value for name, value in given.items() if value is not None}
        run_workers(self._store, self._id, workers, environment)
        return self.status()

    def status(self) -> Status:
        """Count what is in which state."""
        with self._store.engine.connect() as connection:
            campaign = connection.execute(sa.select(campaigns).where(campaigns.c.id == self._id)).one()
            size = sa.func.coalesce(sa.func.sum(batches.c.size), 0)
            # Number 0 is no batch: it holds those whose phone number cannot be right.
            count = sa.func.sum(sa.case((batches.c.number == 0, 0), else_=1))
            by_state = sa.select(batches.c.state, count, size).where(batches.c.campaign_id == self._id)
            states = connection.execute(by_state.group_by(batches.c.state)).all()
            by_status = sa.select(outcomes.c.status, sa.func.sum(outcomes.c.count))
            here = by_status.where(outcomes.c.campaign_id == self._id).group_by(outcomes.c.status)
            statuses = connection.execute(here.order_by(outcomes.c.status)).all()
            is_left = has_work(self._id, connection, is_active=campaign.state != "cancelled")
        return Status(
            state=campaign.state,
            reason=campaign.reason,
            recipients=dict.fromkeys(STATES, 0) | {state: int(total) for state, _, total in states},
            batches=dict.fromkeys(STATES, 0) | {state: int(total) for state, total, _ in states},
            statuses={SmsStatus(status): int(total) for status, total in statuses},
            duplicates=campaign.duplicates,
            is_done=not is_left,
        )

    def plan(self) -> Plan:
        """Tell what is still to be sent, what it costs and how long it takes; sends nothing."""
        requests, people, sms, seconds = 0, 0, 0, 0.0
        with self._store.engine.connect() as connection:
            campaign = connection.execute(sa.select(campaigns).where(campaigns.c.id == self._id)).one()
            queued = sa.select(batches.c.size, batches.c.text).where(
                batches.c.campaign_id == self._id, in_state("queued")
            )
            for size, text in connection.execution_options(yield_per=1_000).execute(queued):
                requests, people = requests + 1, people + size
                sms += size * segments(campaign.text if text is None else text)
        for amount, rate in ((requests, campaign.requests_per_second), (people, campaign.sms_per_second)):
            seconds = max(seconds, amount / rate if rate else 0.0)
        return Plan(requests, people, sms, seconds or None)

    def in_doubt(self) -> list[Doubt]:
        """The batches of which nobody knows whether they were accepted, those of dead workers included."""
        self._store.transaction(partial(sweep, campaign_id=self._id))
        doubts: list[Doubt] = []
        with self._store.engine.connect() as connection:
            campaign_text = connection.scalar(sa.select(campaigns.c.text).where(campaigns.c.id == self._id))
            open_ones = sa.select(batches).where(batches.c.campaign_id == self._id, in_state("in doubt"))
            for batch in connection.execute(open_ones.order_by(batches.c.number)).all():
                numbers = [row.phone_number for row in self._recipients_of(connection, batch.number)]
                text = campaign_text if batch.text is None else batch.text
                times = (datetime.datetime.fromtimestamp(at, datetime.UTC) for at in (batch.posted_at, batch.free_at))
                posted_at, free_at = times
                doubts.append(Doubt(batch.number, numbers, str(text), posted_at, batch.error, free_at))
        return doubts

    def resolve(self, batch: int, *, sent: bool, message_id: int | None = None, again: bool = True) -> None:
        """Decide on a batch in doubt.

        Args:
            batch: Its number.
            sent: Whether it was accepted, as the account's page on the web shows.
            message_id: The id of its message if it was sent, to follow it.
            again: Whether to send it again if it was not sent; otherwise it is dropped.

        Raises: CampaignError if it is not in doubt, AgainTooEarlyError if a worker may still be sending it.
        """
        if sent and message_id is not None:
            values: dict[str, Any] = {"state": "accepted", "message_id": message_id, "report_at": now(), "error": None}
        elif sent:
            values = {"state": "final", "error": "sent, as decided by hand; its ids are not known"}
        elif again:
            values = {"state": "queued", "fed_at": None, "token": None, "error": None}
        else:
            values = {"state": "cancelled", "error": "dropped, as decided by hand"}
        self._store.transaction(partial(self._resolve, batch, values, is_again=not sent and again))

    def _resolve(self, number: int, values: dict[str, Any], connection: sa.Connection, *, is_again: bool) -> None:
        sweep(connection, self._id)
        this = sa.and_(batches.c.campaign_id == self._id, batches.c.number == number, in_state("in doubt"))
        may = batches.c.free_at <= now() if is_again else sa.true()
        if connection.execute(sa.update(batches).where(this, may).values(**values)).rowcount:
            return
        left = connection.scalar(sa.select(batches.c.free_at - now()).where(this))
        if left is None:
            raise CampaignError(f"batch {number} is not in doubt")
        raise AgainTooEarlyError(f"batch {number} may still be on its way: try again in {left:.0f} seconds")

    def pause(self, reason: str = "by hand") -> None:
        """Begin no more requests, until `resume`. Raises CampaignError if the campaign was cancelled."""
        self._change_state("paused", reason)

    def resume(self) -> None:
        """Let a paused campaign go on; `run` sends. Raises CampaignError if it was cancelled."""
        self._change_state("active", None)

    def _change_state(self, state: str, reason: str | None) -> None:
        def change(connection: sa.Connection) -> None:
            self._locked(connection, "active", "paused")
            this = sa.update(campaigns).where(campaigns.c.id == self._id)
            connection.execute(this.values(state=state, reason=reason))

        self._store.transaction(change)

    def cancel(self, *, api_key: str | None = None, base_url: str | None = None) -> int:
        """Send nothing more, and delete what the service has not sent yet; how many SMS were too late for that.

        A batch that is on its way at this moment is deleted by the worker that sends it.

        Args:
            api_key: The key of the account; by default the environment variable SMS_SCHEDULER_API_KEY.
            base_url: The address of the service; by default SMS_SCHEDULER_BASE_URL, or the service's own.

        Raises: ValueError without a key.
        """
        with SmsScheduler(api_key, base_url=base_url) as client:
            this = sa.update(campaigns).where(campaigns.c.id == self._id)
            self._store.transaction(lambda c: c.execute(this.values(state="cancelled", reason=None)))
            # Not in the same transaction: workers lock batches first, and the campaign after them.
            queued = sa.update(batches).where(batches.c.campaign_id == self._id, in_state("queued"))
            self._store.transaction(lambda c: c.execute(queued.values(state="cancelled", fed_at=None)))
            follower = Follower(self._store, client, self._id, threading.Event())
            while follower.delete():
                pass
        late = sa.select(sa.func.sum(batches.c.size - sa.func.coalesce(batches.c.deleted, 0)))
        here = late.where(batches.c.campaign_id == self._id, batches.c.state.in_(("accepted", "final")))
        with self._store.engine.connect() as connection:
            return int(connection.scalar(here) or 0)

    def report(self) -> Iterator[Report]:
        """Tell of each recipient what became of it, in the order of the batches, as a stream."""
        with self._store.engine.connect() as connection:
            here = sa.select(batches).where(batches.c.campaign_id == self._id).order_by(batches.c.number)
            after = -1
            while found := connection.execute(here.where(batches.c.number > after).limit(100)).all():
                after = found[-1].number
                for batch in found:
                    yield from self._report_of(connection, batch)

    def _report_of(self, connection: sa.Connection, batch: sa.Row[Any]) -> Iterator[Report]:
        ids_of_each: list[Any] = [] if batch.sms_ids is None else json.loads(batch.sms_ids)
        statuses: dict[str, int] = {} if batch.statuses is None else json.loads(batch.statuses)
        rows = self._recipients_of(connection, batch.number)
        for row, one_or_more in zip(rows, chain(ids_of_each, repeat(None)), strict=False):
            ids: list[int] = [one_or_more] if isinstance(one_or_more, int) else one_or_more or []
            found = [SmsStatus(statuses[str(one)]) for one in ids if str(one) in statuses]
            status = next((one for one in found if not one.is_final), found[-1] if found else None)
            yield Report(
                phone_number=row.phone_number,
                key=row.key,
                line=row.line,
                batch=batch.number,
                state=batch.state,
                message_id=batch.message_id,
                sms_ids=ids,
                status=status,
                error=batch.error,
            )

    def _recipients_of(self, connection: sa.Connection, number: int) -> "sa.CursorResult[Any]":
        here = sa.select(recipients).where(recipients.c.campaign_id == self._id, recipients.c.batch == number)
        return connection.execute(here.order_by(recipients.c.position))

    def forget(self) -> None:
        """Delete the personal data: phone numbers, keys, personal texts and errors. The counts stay.

        Raises: CampaignError if something is still to be sent, followed or decided.
        """
        self._store.transaction(partial(sweep, campaign_id=self._id))
        if not self.status().is_done or self.status().batches["in doubt"]:
            raise CampaignError(
                "the campaign is not done: wait for it or cancel it, and decide on its batches in doubt"
            )
        data = {"text": None, "error": None, "sms_ids": None}
        self._store.transaction(
            lambda c: (
                c.execute(recipients.delete().where(recipients.c.campaign_id == self._id)),
                c.execute(sa.update(batches).where(batches.c.campaign_id == self._id).values(**data)),
            )
        )
        if self._store.is_sqlite:  # a deleted row stays in the file until it is written anew
            with self._store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(sa.text("VACUUM"))
                connection.execute(sa.text("PRAGMA wal_checkpoint(TRUNCATE)"))

    def _locked(self, connection: sa.Connection, *states: str) -> sa.Row[Any]:
        """The campaign, which nobody else changes until the transaction ends."""
        this = sa.update(campaigns).where(campaigns.c.id == self._id).values(name=campaigns.c.name)
        campaign = connection.execute(this.returning(*campaigns.c)).one()
        if campaign.state not in states:
            raise CampaignError(f"the campaign is {campaign.state}")
        return campaign


def _insert(values: Mapping[str, Any], connection: sa.Connection) -> int:
    made = campaigns.insert().values(**values, state="active", created_at=now()).returning(campaigns.c.id)
    campaign_id: int = connection.execute(made).scalar_one()
    unfit = {"number": 0, "state": "refused", "size": 0, "error": "the phone number cannot be right"}
    connection.execute(batches.insert().values(campaign_id=campaign_id, **unfit))
    return campaign_id


def _check(values: dict[str, Any]) -> None:
    """Raise ValueError for an option that cannot work."""
    if not values["text"]:
        raise ValueError("the text is empty")
    if not values["name"]:
        raise ValueError("the name is empty")
    if not 0 < values["sender_id"] < 2**63:
        raise ValueError(f"the sender must be the id of one of the account, not {values['sender_id']}")
    Text(values["text"])
    Hours.parse(values["hours"] or "00:00-23:59", values["timezone"])
    for name in ("batch_size", "concurrency", "requests_per_second", "sms_per_second", "follow_for"):
        if values[name] is not None and not 0 < values[name] < 2**31:
            raise ValueError(f"{name} must be more than 0 and less than 2^31, not {values[name]}")


def _wire_date(date: datetime.datetime | None) -> str:
    """A date as the service reads it; one that is past means at once, and two days ago is past in every time zone."""
    if date is None:
        date = datetime.datetime.fromtimestamp(time.time() - 2 * 86_400, datetime.UTC).replace(tzinfo=None)
    if date.tzinfo is not None:
        raise ValueError("the delivery date must be without a time zone: the service knows none")
    return date.strftime("%Y-%m-%d %H:%M:%S")


__all__ = ["AddReport", "Campaign", "Doubt", "Plan", "Report", "Status"]
