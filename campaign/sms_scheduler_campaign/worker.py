"""Worker processes: one sends, follows and takes over what dead ones left; `run_workers` starts some and waits for them."""

import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Generator
from functools import partial

import sqlalchemy as sa
from sms_scheduler import AsyncSmsScheduler, SmsScheduler
from sqlalchemy import exc

from .engine import Engine, Feeder
from .following import Follower
from .sending import GLANCE, LAPSE, Sender, clock, is_alive, sweep
from .store import IS_FED, IS_WAITING, Store, batches, campaigns, in_state, in_words, now, will_pass, workers

log = logging.getLogger("sms_scheduler_campaign")

STORE_VARIABLE = "SMS_SCHEDULER_CAMPAIGN_STORE"
FED_AHEAD = 1_000  # batches that wait in the engine, at least
LOST_AFTER = 30.0  # seconds after which a batch that was fed to an idle engine is fed again
TICK = 0.1
BEAT, RECOVERY, PRUNING = 2.0, 5.0, 2.0  # seconds between two of each
_COMMAND = "import sys; from sms_scheduler_campaign.worker import main; sys.exit(main(sys.argv[1:]))"
DRAIN_WITHIN = 90.0  # seconds that a worker takes at most to end what it has begun


class Worker:
    """One worker process."""

    def __init__(self, store: Store, client: SmsScheduler, campaign_id: int, name: str) -> None:
        """`name` is one that no other worker has or had."""
        self._store, self._campaign_id, self._name = store, campaign_id, name
        self._sender = Sender(store, AsyncSmsScheduler(), campaign_id, name)
        self._follower = Follower(store, client, campaign_id, self._sender.stopping)
        self._feeder = Feeder(store)
        self._beat_at = clock()
        self._missed = set[str]()  # workflows that this worker is said to have and has not

    def stop(self) -> None:
        """End what has begun, and begin nothing more."""
        self._sender.stop()

    def run(self) -> None:
        """Work until the campaign is done, paused or cancelled, or `stop` is called."""
        self._store.persistently(self._beat)
        self._feeder.register(self._campaign_id)  # if the process died that created the campaign
        engine = Engine(self._store, self._campaign_id, self._name, self._sender.perform)
        follower = threading.Thread(target=self._follow, daemon=True)
        follower.start()
        jobs: list[tuple[Callable[[], object], float]] = [
            (partial(self._store.persistently, self._beat), BEAT),
            (partial(self._recover, engine), RECOVERY),
            (partial(self._feeder.prune, self._campaign_id), PRUNING),
            (self._feed, TICK),
            (self._stop_if_done, GLANCE),
        ]
        due = [0.0] * len(jobs)
        while not self._sender.stopping.is_set():
            for index, (job, every) in enumerate(jobs):
                if clock() >= due[index]:
                    self._attempt(job)
                    due[index] = clock() + every
            self._sender.stopping.wait(TICK)
        self.stop()
        engine.stop(DRAIN_WITHIN)
        follower.join(DRAIN_WITHIN)
        self._sender.close()
        self._attempt(self._finish)

    def _attempt(self, job: Callable[[], object]) -> None:
        try:
            job()
        except exc.DBAPIError as error:
            if not will_pass(error):
                log.exception("job-failed")
            log.warning("database-unavailable: %s", in_words(error))  # the job is done again in any case
        except Exception:
            log.exception("job-failed")

    def _state(self) -> str:
        return self._store.persistently(partial(campaign_state, self._campaign_id))

    def _stop_if_done(self) -> None:
        state = self._state()
        is_left = partial(has_work, self._campaign_id, is_active=state == "active")
        if state == "paused" or not self._store.persistently(is_left):
            self.stop()

    def _beat(self, connection: sa.Connection) -> None:
        seen = connection.execute(sa.update(workers).where(workers.c.id == self._name).values(seen_at=now()))
        if not seen.rowcount:
            values = {"id": self._name, "campaign_id": self._campaign_id, "seen_at": now()}
            connection.execute(workers.insert().values(**values))
        self._beat_at = clock()

    def _recover(self, engine: Engine) -> None:
        """Take over from dead workers, unless this one was held up itself and so the others may have been.

        What this one was handed out while the database went away may never have come: that is handed out again too.
        """
        if clock() - self._beat_at > LAPSE / 2:
            return
        alive = self._store.transaction(self._alive)
        pending = self._feeder.pending(self._campaign_id)
        mine = {one for one, worker in pending.items() if worker == self._name}
        missed = mine.difference(engine.at_work)
        self._feeder.resume(
            self._campaign_id,
            {one for one, worker in pending.items() if worker not in alive} | (missed & self._missed),
        )
        self._missed = missed
        if self._feeder.is_idle(self._campaign_id):
            self._store.transaction(self._feed_lost_again)

    def _alive(self, connection: sa.Connection) -> set[str]:
        sweep(connection, self._campaign_id)
        mine = workers.c.campaign_id == self._campaign_id
        connection.execute(workers.delete().where(mine, workers.c.seen_at < now() - 100 * LAPSE))
        alive = sa.select(workers.c.id).where(mine, is_alive())
        return {*connection.scalars(alive), self._name}

    def _feed_lost_again(self, connection: sa.Connection) -> None:
        lost = sa.and_(batches.c.campaign_id == self._campaign_id, IS_FED, batches.c.fed_at < now() - LOST_AFTER)
        connection.execute(sa.update(batches).where(lost).values(fed_at=None))

    def _feed(self) -> None:
        if self._sender.may_send():
            self._store.transaction(self._feed_some)

    def _feed_some(self, connection: sa.Connection) -> None:
        here = batches.c.campaign_id == self._campaign_id
        fed = sa.select(sa.func.count()).select_from(batches).where(here, IS_FED)
        if (connection.scalar(fed) or 0) >= FED_AHEAD:
            return
        waiting = sa.select(batches.c.number).where(here, IS_WAITING).order_by(batches.c.number).limit(FED_AHEAD)
        numbers = connection.scalars(
            sa.update(batches)
            .where(here, IS_WAITING, batches.c.number.in_(waiting.with_for_update(skip_locked=True).scalar_subquery()))
            .values(fed_at=now())
            .returning(batches.c.number)
        )
        self._feeder.feed(connection, self._campaign_id, sorted(numbers))

    def _follow(self) -> None:
        while not self._sender.stopping.is_set():
            self._attempt(self._follow_some)

    def _follow_some(self) -> None:
        done = self._follower.follow()
        if self._state() == "cancelled":
            done += self._follower.delete()
        self._sender.stopping.wait(0 if done else 0.5)

    def _finish(self) -> None:
        while self._feeder.prune(self._campaign_id):
            pass
        self._store.transaction(partial(_forget_worker, self._name))


def campaign_state(campaign_id: int, connection: sa.Connection) -> str:
    """The state of a campaign."""
    return str(connection.scalar(sa.select(campaigns.c.state).where(campaigns.c.id == campaign_id)))


def has_work(campaign_id: int, connection: sa.Connection, *, is_active: bool) -> bool:
    """Whether a campaign has something left to send, to wait for, or to follow."""
    kinds = [in_state("posting"), in_state("accepted"), *([IS_WAITING, IS_FED] if is_active else [])]
    some = [sa.exists().where(batches.c.campaign_id == campaign_id, kind).select() for kind in kinds]
    return any(connection.scalar(one) for one in some)


def run_workers(store: Store, campaign_id: int, count: int, environment: dict[str, str]) -> None:
    """Run worker processes until all have ended; one that dies is replaced. SIGTERM and SIGINT let them end what has begun.

    Args:
        store: Where the campaign is.
        campaign_id: The campaign.
        count: How many processes.
        environment: What the processes get to know besides the environment of this one.

    Raises: RuntimeError if a process cannot even start.
    """
    supervisor = _Supervisor(store, campaign_id, os.environ | environment | {STORE_VARIABLE: store.url})
    with supervisor.handling_signals():
        supervisor.run(count)


def _forget_worker(name: str, connection: sa.Connection) -> None:
    connection.execute(workers.delete().where(workers.c.id == name))


class _Supervisor:
    def __init__(self, store: Store, campaign_id: int, environment: dict[str, str]) -> None:
        self._store, self._campaign_id, self._environment = store, campaign_id, environment
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._is_stopping = False

    def run(self, count: int) -> None:
        for _ in range(count):
            self._start()
        failures = 0
        while self._running:
            time.sleep(0.1)
            for name, process in list(self._running.items()):
                code = process.poll()
                if code is None:
                    continue
                with self._running.pop(name):  # closes the pipe
                    pass
                if code == 0 or self._is_stopping:
                    continue
                failures += code > 0  # not one that was killed
                if failures > count * 3:
                    self._stop()
                    raise RuntimeError(f"worker processes end with exit code {code}; their log says why")
                log.error("worker-died: %s, exit code %s", name, code)
                self._store.persistently(partial(_forget_worker, name))
                self._start()

    def _start(self) -> None:
        name = uuid.uuid4().hex
        command = [sys.executable, "-c", _COMMAND, str(self._campaign_id), name]
        # The pipe tells the worker when this process has died.
        self._running[name] = subprocess.Popen(  # noqa: S603  # it is this program itself
            command, stdin=subprocess.PIPE, env=self._environment, process_group=0
        )

    def _stop(self, *_: object) -> None:
        self._is_stopping = True
        for process in self._running.values():
            process.terminate()

    @contextlib.contextmanager
    def handling_signals(self) -> Generator[None]:
        """Let SIGTERM and SIGINT stop the workers, if this is the main thread, which alone can have handlers."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self._stop) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def main(arguments: list[str]) -> int:
    """Be a worker process: the arguments are the campaign's id and the worker's name, all else is in the environment."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.WARNING)
    campaign_id, name = int(arguments[0]), arguments[1]
    with SmsScheduler() as client:
        worker = Worker(Store(os.environ[STORE_VARIABLE], patience=LAPSE), client, campaign_id, name)
        signal.signal(signal.SIGTERM, lambda _number, _frame: worker.stop())
        threading.Thread(target=_stop_with_parent, args=(worker,), daemon=True).start()
        worker.run()
    return 0


def _stop_with_parent(worker: Worker) -> None:
    os.read(0, 1)  # not by sys.stdin, whose lock this thread would hold when the process ends
    worker.stop()
