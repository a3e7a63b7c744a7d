"""The examples of docs/recipes.md, as files of a project that calls the mock server."""

import importlib
import re
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from types import ModuleType

import pytest
from sms_scheduler import SmsScheduler
from sms_scheduler_mock import MockServer

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "recipes.md"
# By file name, which each example begins with
EXAMPLES = dict(re.findall(r"^```python\n# (\S+)\n(.*?)^```$", GUIDE.read_text(), flags=re.DOTALL | re.MULTILINE))


@pytest.fixture
def project(tmp_path: Path, sms_scheduler_server: MockServer, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with all examples, in an environment where clients made without arguments call the mock server."""
    monkeypatch.setenv("SMS_SCHEDULER_API_KEY", sms_scheduler_server.api_key)
    monkeypatch.setenv("SMS_SCHEDULER_BASE_URL", sms_scheduler_server.url)
    for name, text in EXAMPLES.items():
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.fixture
def example(project: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], ModuleType]]:
    """Imports an example by its file name; examples import each other."""
    monkeypatch.syspath_prepend(project)
    yield lambda name: importlib.import_module(Path(name).stem)
    for name in EXAMPLES:
        sys.modules.pop(Path(name).stem, None)


@pytest.fixture
def send(project: Path, sms_scheduler_server: MockServer) -> Callable[[], int]:
    """Schedules an SMS for tomorrow, and returns the id of its message."""

    def send() -> int:
        with SmsScheduler(sms_scheduler_server.api_key, base_url=sms_scheduler_server.url) as client:
            tomorrow = sms_scheduler_server.now + timedelta(days=1)
            return client.create_sms(
                message_text="Hello", delivery_date=tomorrow, sender_id=1, phone_numbers="+33612345678"
            ).message_id

    return send
