"""What a Celery worker does for the benchmark of campaigns: one task sends a batch and keeps nothing."""

import os
from pathlib import Path

from celery import Celery
from sms_scheduler import SmsScheduler

_queue = Path(os.environ["BENCH_QUEUE"])
_done = _queue / "done"
_client = SmsScheduler(os.environ["BENCH_KEY"], base_url=os.environ["BENCH_URL"])

app = Celery("bench", broker="filesystem://")
app.conf.broker_transport_options = {
    "data_folder_in": str(_queue / "tasks"),
    "data_folder_out": str(_queue / "tasks"),
    "control_folder": str(_queue / "control"),
}
app.conf.update(task_ignore_result=True, worker_prefetch_multiplier=4)


@app.task  # type: ignore[untyped-decorator]
def send(phone_numbers: list[str]) -> None:
    """Send a batch, and count it."""
    _client.create_sms(
        message_text="Hello", delivery_date="2020-01-01 00:00:00", sender_id=1, phone_numbers=phone_numbers
    )
    with _done.open("ab") as file:
        file.write(b".")


def forget() -> None:
    """Begin to count anew."""
    for folder in ("tasks", "control"):
        (_queue / folder).mkdir(parents=True, exist_ok=True)
    _done.unlink(missing_ok=True)


def done() -> int:
    """How many batches were sent."""
    return _done.stat().st_size if _done.exists() else 0
