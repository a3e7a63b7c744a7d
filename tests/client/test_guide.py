"""The examples of docs/client.md, run against the mock server or a server that fails."""

import asyncio
import logging
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sms_scheduler import SmsScheduler, SmsStatus
from sms_scheduler._about import httpx
from sms_scheduler_mock import MockServer

from .conftest import API_KEY, Waits
from .faulty_server import FaultyServer, answer, close_after_reading, succeed

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "client.md"
EXAMPLES: dict[str, str] = dict(
    re.findall(r"^```python\n# (\S+)\n(.*?)^```$", GUIDE.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
)
DATE = "2030-12-25 12:45:59"


@pytest.fixture
def example(mock: MockServer, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """Runs an example by its file name, where clients made without arguments call the mock server."""
    monkeypatch.setenv("SMS_SCHEDULER_API_KEY", mock.api_key)
    monkeypatch.setenv("SMS_SCHEDULER_BASE_URL", mock.url)

    def run(name: str) -> Any:
        names: dict[str, Any] = {"__name__": name}
        code = EXAMPLES[name].replace("import httpx\n", f"import {httpx.__name__} as httpx\n")
        exec(compile(code, name, "exec"), names)
        return SimpleNamespace(**names)

    return run


def create(mock: MockServer) -> Any:
    with SmsScheduler(mock.api_key, base_url=mock.url) as client:
        return client.create_sms(message_text="Hello", delivery_date=DATE, sender_id=1, phone_numbers="+33612345678")


def test_every_example_is_run() -> None:
    tests = Path(__file__).read_text("utf-8")
    assert len(EXAMPLES) == GUIDE.read_text("utf-8").count("```python\n")
    assert EXAMPLES.keys() == set(re.findall(r'example\("(\w+\.py)"\)', tests))


def test_errors(example: Callable[[str], Any], server: FaultyServer) -> None:
    remind = example("errors.py").remind
    server.script(
        succeed, answer(401), answer(502), answer(429, headers={"Retry-After": "90"}), close_after_reading, answer(408)
    )
    with SmsScheduler(API_KEY, base_url=server.url) as client:
        said = [remind(client, "+33612345678", "Hello", DATE) for _ in range(6)]
    assert said == ["created 123456", "again", "look first", "later, in 90 seconds", "look first", "look first"]


def test_deadlines(example: Callable[[str], Any], mock: MockServer) -> None:
    (sms_ids,) = create(mock).sms_ids.values()
    assert example("deadlines.py").report_in_time(sms_ids[0]).status is SmsStatus.SCHEDULED


def test_many(example: Callable[[str], Any], mock: MockServer) -> None:
    numbers = [f"+336{number:08}" for number in range(150)]
    created = asyncio.run(example("many.py").send_all(numbers, "Hello", DATE))
    assert [list(message.sms_ids) for message in created] == [[number] for number in numbers]


def test_raw(example: Callable[[str], Any], mock: MockServer) -> None:
    (sms_ids,) = create(mock).sms_ids.values()
    with SmsScheduler(mock.api_key, base_url=mock.url) as client:
        status, date = example("raw.py").status_and_date(client, sms_ids[0])
    assert status is SmsStatus.SCHEDULED
    assert "GMT" in date


def test_waiting(example: Callable[[str], Any], mock: MockServer, waits: Waits, server: FaultyServer) -> None:
    rows = [{"id": 1, "phone_number": "+1", "status": 13}, {"id": 2, "phone_number": "+2", "status": 12}]
    server.script(answer(200, rows), answer(200, [rows[0], {**rows[1], "status": 39}]))
    with SmsScheduler(API_KEY, base_url=server.url) as client:
        assert example("waiting.py").undelivered(client, 7) == ["+2"]
    assert waits == [10.0]


def test_watching(example: Callable[[str], Any], server: FaultyServer) -> None:
    counter = example("watching.py").Counter()
    logging.getLogger("sms_scheduler").addHandler(counter)
    try:
        server.script(answer(503), close_after_reading)
        with SmsScheduler(API_KEY, base_url=server.url) as client:
            client.get_sms(1)
    finally:
        logging.getLogger("sms_scheduler").removeHandler(counter)
    assert counter.retries == {"getSms": 2}
