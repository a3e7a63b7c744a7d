"""The Celery recipe in a real worker of several processes, with a broker of files."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sms_scheduler import UnexpectedStatusError
from sms_scheduler_mock import MockServer, Request, Response

ARGUMENTS = ("+33612345678", "Hello", "2099-01-01 12:00:00")
CONFIGURATION = """
broker_url = "filesystem://"
broker_transport_options = {
    "data_folder_in": "messages", "data_folder_out": "messages", "processed_folder": "messages", "control_folder": "control"
}
result_backend = "file://results"
"""


@pytest.fixture
def task(project: Path, monkeypatch: pytest.MonkeyPatch, example: Callable[[str], ModuleType]) -> Iterator[Any]:
    for folder in ("messages", "control", "results"):
        (project / folder).mkdir()
    (project / "celeryconfig.py").write_text(CONFIGURATION)
    monkeypatch.chdir(project)
    tasks = example("tasks.py")
    yield tasks.send_sms
    tasks.client.close()
    tasks.app.close()


@pytest.fixture
def worker(project: Path, task: Any) -> Iterator[None]:
    options = [
        "--pool",
        "prefork",
        "--concurrency",
        "2",
        "--loglevel",
        "WARNING",
        "--without-gossip",
        "--without-mingle",
    ]
    with subprocess.Popen([sys.executable, "-m", "celery", "-A", "tasks", "worker", *options], cwd=project) as process:
        yield
        process.terminate()
        try:
            process.wait(30)
        finally:
            process.kill()


def test_in_a_worker(task: Any, worker: None, sms_scheduler_server: MockServer) -> None:
    results = [task.delay(*ARGUMENTS) for _ in range(10)]
    ids = {result.get(timeout=60) for result in results}
    assert ids == {message.id for message in sms_scheduler_server.messages}
    assert len(ids) == 10

    sms_scheduler_server.fault("status", status=429, retry_after=0, times=7)  # the client itself tries three times
    assert task.delay(*ARGUMENTS).get(timeout=60) not in ids  # was not accepted, and was retried
    assert len(sms_scheduler_server.messages) == 11

    sms_scheduler_server.fault("reset", times=1)
    lost = task.delay(*ARGUMENTS)
    with pytest.raises(Exception, match="may or may not"):
        lost.get(timeout=60)
    assert lost.state == "FAILURE"  # may have been accepted, and was not retried
    assert len(sms_scheduler_server.messages) == 12


def test_a_gateway_timeout_is_not_retried(task: Any, sms_scheduler_server: MockServer) -> None:
    def gateway_timeout(request: Request, answer: Callable[[Request], Response]) -> Response:
        return replace(answer(request), status=504)

    sms_scheduler_server.fault("hook", hook=gateway_timeout)
    assert isinstance(task.apply(ARGUMENTS).result, UnexpectedStatusError)
    assert len(sms_scheduler_server.messages) == 1


@pytest.mark.parametrize(("status", "calls"), [(400, 1), (401, 6), (503, 1)])
def test_how_often_a_task_calls(status: int, calls: int, task: Any, sms_scheduler_server: MockServer) -> None:
    seen: list[Request] = []

    def refuse(request: Request, answer: Callable[[Request], Response]) -> Response:
        seen.append(request)
        return Response(status, {"errors": {}})

    sms_scheduler_server.fault("hook", hook=refuse)
    assert task.apply(ARGUMENTS).failed()
    assert len(seen) == calls
