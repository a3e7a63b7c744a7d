"""The seam to the engine, DBOS Transact: it hands out queued batches, some at a time, and knows what a dead worker left.

It decides nothing: that a batch is handed out twice, or never, is found and mended by means of our own tables. Another engine
would be another file with these functions.
"""

import logging
import uuid
from collections.abc import Callable, Collection, Sequence

import sqlalchemy as sa
from dbos import DBOS, DBOSClient

from .store import SCHEMA_VERSION, Store

_APPLICATION = "sms-scheduler-campaign"
_WORKFLOW = "send_batches"
# By default it is a hash of the code, after a change of which nothing that is queued would ever run.
_VERSION = f"schema-{SCHEMA_VERSION}"
# A workflow costs the engine as much as all else that is done for a batch, so it has some batches. A worker claims what it has room
# for each time that it polls: room for all that it can send meanwhile.
_BATCHES = 50  # of a workflow at most
_SHARES = 16  # workflows that some batches are divided into at least, so that there is something for each worker
_WORKFLOWS = 4  # that a worker has at a time
_POLL = 0.1  # seconds between two claims
_PRUNED_AT_ONCE = 1_000


def install(store: Store) -> None:
    """Make the engine's tables in the database."""
    level = logging.getLogger("dbos").level
    logging.getLogger("dbos").setLevel(logging.ERROR)
    try:
        DBOS.migrate(store.url)
    finally:
        logging.getLogger("dbos").setLevel(level)


class Feeder:
    """Gives batches to the engine."""

    def __init__(self, store: Store) -> None:
        """Needs the engine's tables."""
        self._client = DBOSClient(system_database_engine=store.engine, application_name=_APPLICATION)

    def register(self, campaign_id: int) -> None:
        """Make the queue of a campaign, unless it is there."""
        self._client.register_queue(
            _queue(campaign_id),
            worker_concurrency=_WORKFLOWS,
            polling_interval_sec=_POLL,
            on_conflict="never_update",
            application_name=_APPLICATION,
        )

    def feed(self, connection: sa.Connection, campaign_id: int, numbers: Sequence[int]) -> None:
        """Queue batches as a part of the caller's transaction."""
        size = max(1, min(_BATCHES, len(numbers) // _SHARES))
        for start in range(0, len(numbers), size):
            self._client.enqueue_in_transaction(
                connection,
                {
                    "workflow_name": _WORKFLOW,
                    "queue_name": _queue(campaign_id),
                    "workflow_id": str(uuid.uuid4()),
                    "app_version": _VERSION,
                },
                campaign_id,
                list(numbers[start : start + size]),
            )

    def is_idle(self, campaign_id: int) -> bool:
        """Whether the engine has nothing more to do for a campaign."""
        return not self._client.list_workflows(
            queue_name=_queue(campaign_id), status=["ENQUEUED", "PENDING"], limit=1, load_input=False, load_output=False
        )

    def pending(self, campaign_id: int) -> dict[str, str | None]:
        """The workflows that were handed out and have not ended, each with the worker that has it."""
        found = self._client.list_workflows(
            queue_name=_queue(campaign_id), status="PENDING", load_input=False, load_output=False
        )
        return {one.workflow_id: one.executor_id for one in found}

    def resume(self, campaign_id: int, workflows: Collection[str]) -> None:
        """Hand out workflows again."""
        if workflows:
            self._client.resume_workflows(list(workflows), queue_name=_queue(campaign_id))

    def prune(self, campaign_id: int) -> int:
        """Delete some of what is finished, which the engine would keep; tells how many."""
        done = self._client.list_workflows(
            queue_name=_queue(campaign_id),
            status=["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"],
            limit=_PRUNED_AT_ONCE,
            load_input=False,
            load_output=False,
        )
        if done:
            self._client.delete_workflows([one.workflow_id for one in done])
        return len(done)


class Engine:
    """The engine at work in this process, which has one at most."""

    def __init__(self, store: Store, campaign_id: int, worker: str, perform: Callable[[int, list[int]], None]) -> None:
        """Begin to take batches.

        Args:
            store: Where the campaign is.
            campaign_id: The campaign whose batches to take.
            worker: The name of this process, which no other has or had.
            perform: What to do with a campaign's batches of these numbers. It must not raise: that would end them for good.
        """
        self.at_work = list[str]()  # workflows; one that others took for lost may be handed out to this worker again

        def send_batches(campaign_id: int, numbers: list[int]) -> None:
            workflow = str(DBOS.workflow_id)
            self.at_work.append(workflow)
            perform(campaign_id, numbers)
            self.at_work.remove(workflow)

        DBOS(
            config={
                "name": _APPLICATION,
                "system_database_url": store.url,
                "system_database_engine": store.engine,
                "application_version": _VERSION,
                "executor_id": worker,
                "use_listen_notify": False,
                # A worker that comes back finds what it had done by others, which is an error to the engine alone.
                "log_level": "CRITICAL",
                "enable_otlp": False,
            }
        )
        DBOS.workflow(name=_WORKFLOW, max_recovery_attempts=None)(send_batches)
        DBOS.listen_queues([_queue(campaign_id)])
        DBOS.launch()

    def stop(self, within: float) -> None:
        """Stop, after what is at work has ended or so many seconds."""
        DBOS.destroy(workflow_completion_timeout_sec=int(within) if self.at_work else 0)


def _queue(campaign_id: int) -> str:
    return f"sms-campaign-{campaign_id}"
