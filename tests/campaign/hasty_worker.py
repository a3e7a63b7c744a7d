"""A worker process that takes another for dead after two seconds, and asks for no reports.

`--die-at FILE POINT...` makes processes of it that each die at a line, four at a time, and writes how each ended.
"""

import ast
import os
import signal
import sys
import threading
import uuid
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import sqlalchemy as sa
from sms_scheduler_campaign import sending, store, worker
from sms_scheduler_campaign.store import Store, campaigns

AROUND_THE_POST = {
    "_store_and_begin",
    "_commit",
    "_begin",
    "_send",
    "_perform_one",
    "_post",
    "_store_answers",
    "_accept",
}
SOURCE = Path(sending.__file__)
STATEMENTS = {node.lineno for node in ast.walk(ast.parse(SOURCE.read_text())) if isinstance(node, ast.stmt)}


def at_each_line(do: Callable[[str], object]) -> None:
    """Call a function before each statement around the POST, with its name."""

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        code = frame.f_code
        if code.co_name not in AROUND_THE_POST or code.co_filename != str(SOURCE):
            return None
        if event == "line" and frame.f_lineno in STATEMENTS:
            do(f"{code.co_name}:{frame.f_lineno}")
        return trace

    threading.settrace(trace)


def die_at(point: str) -> None:
    at_each_line(lambda line: os.kill(os.getpid(), signal.SIGKILL) if line == point else None)


def die_at_each(path: str, points: list[str]) -> int:
    """Fork: that takes a tenth of the time that a process takes to start."""
    ends: list[str] = []
    for some in (points[index : index + 4] for index in range(0, len(points), 4)):
        children = {fork(point): point for point in some}
        for child, point in children.items():
            ends.append(f"{point} {os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}")
    Path(path).write_text("\n".join(ends))
    return 0


def fork(point: str) -> int:
    child = os.fork()
    if not child:
        die_at(point)
        os._exit(work())
    return child


def note_lines(path: str) -> None:
    file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    at_each_line(lambda line: os.write(file, f"{line}\n".encode()))


def main(arguments: list[str]) -> int:
    for module in (sending, worker):
        vars(module)["LAPSE"] = 2.0
    store.LONGEST_PAUSE = 1.0
    worker.BEAT = worker.RECOVERY = 0.5
    sending.FIRST_REPORT = 3600.0
    worker.has_work = sending_is_left
    if arguments[:1] == ["--die-at"]:
        return die_at_each(arguments[1], arguments[2:])
    if arguments[:1] == ["--lines"]:
        note_lines(arguments[1])
    return work()


def work() -> int:
    with Store(os.environ[worker.STORE_VARIABLE]).engine.connect() as connection:
        campaign_id = connection.scalar(sa.select(campaigns.c.id).order_by(campaigns.c.name))
    return worker.main([str(campaign_id), os.environ.get("WORKER_NAME", uuid.uuid4().hex)])


def sending_is_left(campaign_id: int, connection: sa.Connection, *, is_active: bool) -> bool:
    """As the worker's own, but for reports."""
    from sms_scheduler_campaign.store import IS_FED, IS_WAITING, batches, in_state

    kinds = [in_state("posting"), IS_WAITING, IS_FED]
    return any(
        connection.scalar(sa.exists().where(batches.c.campaign_id == campaign_id, kind).select()) for kind in kinds
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
