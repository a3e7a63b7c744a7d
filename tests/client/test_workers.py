"""Real servers that fork: gunicorn with a preloaded application, and a prefork worker of Celery."""

import itertools
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sms_scheduler import SmsScheduler
from sms_scheduler_mock import MockServer

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")

SEND = """
import os
from sms_scheduler import SmsScheduler

client = SmsScheduler()
client.create_sms(message_text="warm", delivery_date="2030-12-25 12:45:59", sender_id=1, phone_numbers="+33700000000")

def send(number):
    phone_number = f"+336{number:08}"
    created = client.create_sms(
        message_text=str(number), delivery_date="2030-12-25 12:45:59", sender_id=1, phone_numbers=phone_number
    )
    return {"phone_number": phone_number, "sms_id": created.sms_ids[phone_number][0], "process": os.getpid()}
"""
WEB = """
import json
from sending import send

def application(environ, start_response):
    body = json.dumps(send(int(environ["PATH_INFO"].strip("/")))).encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
"""
TASKS = """
import pathlib
from celery import Celery
from sending import send

folder = pathlib.Path(__file__).parent / "queue"
folder.mkdir(exist_ok=True)
app = Celery(broker="filesystem://", backend=f"file://{folder}")
app.conf.broker_transport_options = {"data_folder_in": str(folder), "data_folder_out": str(folder)}
app.conf.broker_connection_retry_on_startup = True

@app.task
def send_one(number):
    return send(number)
"""

# One process of the worker may do all of it while the others start.
ASK_CELERY = """
import json, tasks
sent = []
while len({sms["process"] for sms in sent}) < 2 and len(sent) < 2000:
    results = [tasks.send_one.delay(len(sent) + number) for number in range(30)]
    sent += [result.get(timeout=60) for result in results]
print(json.dumps(sent))
"""


@pytest.fixture
def mock_server() -> Iterator[MockServer]:
    with MockServer() as server:
        yield server


@pytest.fixture
def environment(mock_server: MockServer, tmp_path: Path) -> dict[str, str]:
    (tmp_path / "sending.py").write_text(SEND)
    (tmp_path / "web.py").write_text(WEB)
    (tmp_path / "tasks.py").write_text(TASKS)
    return {
        **os.environ,
        "SMS_SCHEDULER_API_KEY": mock_server.api_key,
        "SMS_SCHEDULER_BASE_URL": mock_server.url,
        "PYTHONPATH": str(tmp_path),
    }


def check(server: MockServer, sent: list[dict[str, object]]) -> None:
    """Each id is that of the SMS that was sent, and each SMS was sent once."""
    with SmsScheduler(server.api_key, base_url=server.url) as client:
        for sms in sent:
            assert client.get_sms(int(str(sms["sms_id"]))).phone_number == sms["phone_number"]
    numbers = [sms["phone_number"] for sms in sent]
    assert len(set(numbers)) == len(numbers) == len([m for m in server.messages if m.text != "warm"])
    assert len(processes(sent)) > 1


def processes(sent: list[dict[str, object]]) -> set[object]:
    return {sms["process"] for sms in sent}


def test_gunicorn_with_a_preloaded_application(
    mock_server: MockServer, environment: dict[str, str], tmp_path: Path
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    options = ["--preload", "--workers", "3", "--bind", address, "--worker-tmp-dir", str(tmp_path), "web:application"]
    with subprocess.Popen([sys.executable, "-m", "gunicorn", *options], env=environment, cwd=tmp_path) as process:
        try:

            def ask(number: int) -> dict[str, object]:
                for _ in range(200):
                    try:
                        with urllib.request.urlopen(f"http://{address}/{number}", timeout=30) as reply:
                            answer: dict[str, object] = json.load(reply)
                            return answer
                    except ConnectionError:
                        time.sleep(0.1)
                    except urllib.error.URLError as error:
                        if not isinstance(error.reason, ConnectionRefusedError):
                            raise
                        time.sleep(0.1)
                raise AssertionError("gunicorn did not start")

            sent = [ask(1)]
            numbers = itertools.count(2)
            with ThreadPoolExecutor(6) as pool:
                # The other workers may still be starting while the first one answers.
                while len(processes(sent)) < 2 and len(sent) < 2000:
                    sent += pool.map(ask, itertools.islice(numbers, 48))
        finally:
            process.terminate()
    check(mock_server, sent)


def test_a_prefork_worker_of_celery(mock_server: MockServer, environment: dict[str, str], tmp_path: Path) -> None:
    worker = ["-m", "celery", "-A", "tasks", "worker", "--pool", "prefork", "--concurrency", "3", "--loglevel", "ERROR"]
    with subprocess.Popen([sys.executable, *worker], env=environment, cwd=tmp_path) as process:
        try:
            done = subprocess.run(
                [sys.executable, "-c", ASK_CELERY],
                env=environment,
                cwd=tmp_path,
                capture_output=True,
                text=True,
                timeout=90,
            )
        finally:
            process.terminate()
    assert done.returncode == 0, done.stderr
    check(mock_server, json.loads(done.stdout))
