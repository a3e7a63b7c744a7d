"""`scripts/demo --campaign`: 10,000 recipients on the mock server, and a worker that is killed in the middle."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable

from sms_scheduler_campaign import Campaign
from sms_scheduler_mock import MockServer

RECIPIENTS = 10_000


def show(step: Callable[[str], None], say: Callable[[str], None]) -> None:
    """Send, kill, go on, and count at the mock server."""
    with tempfile.TemporaryDirectory() as folder, MockServer(ticking=True) as server:
        store = f"sqlite:///{folder}/campaign.db"
        server.fault("latency", seconds=0.3, operation="createSms")
        with Campaign.create(store, "demo", text="Hello", sender_id=1, concurrency=4) as campaign:
            step(f"Adding {RECIPIENTS:,} recipients to a campaign, twice")
            for _ in range(2):
                report = campaign.add(f"+336{index:08}" for index in range(RECIPIENTS))
                say(f"  {report.added:,} added, {report.duplicates:,} were there already.")
            step("Sending them with two workers, one of which is killed in the middle")
            _run_and_kill(store, server, campaign, say)
            step("Deciding on what was in the air, by what the account's page would show")
            _decide(campaign, server, say)
        _count(server, say)


def _run_and_kill(store: str, server: MockServer, campaign: Campaign, say: Callable[[str], None]) -> None:
    account = {"SMS_SCHEDULER_API_KEY": server.api_key, "SMS_SCHEDULER_BASE_URL": server.url}
    command = [sys.executable, "-m", "sms_scheduler_campaign", "--store", store, "run", "demo", "--workers", "2"]
    with subprocess.Popen(
        command, env=os.environ | account, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as run:
        while campaign.status().batches["posting"] < 6:  # each sends four at a time, so both are at work
            time.sleep(0.05)
        workers = subprocess.run(
            ["pgrep", "-P", str(run.pid)], capture_output=True, text=True, check=True
        ).stdout.split()
        os.kill(int(workers[0]), signal.SIGKILL)
        say(f"  Worker {workers[0]} was killed after {len(server.messages)} requests.")
        while run.poll() is None:
            server.advance(minutes=1)  # so that SMS are received soon
            time.sleep(0.5)
    counts = campaign.status().recipients
    say(f"  {', '.join(f'{count:,} {state}' for state, count in counts.items() if count)}.")


def _decide(campaign: Campaign, server: MockServer, say: Callable[[str], None]) -> None:
    for doubt in campaign.in_doubt():
        found = [one.id for one in server.messages if doubt.phone_numbers[0] in one.phone_numbers]
        if found:
            campaign.resolve(doubt.number, sent=True, message_id=found[0])
            say(f"  Batch {doubt.number} was sent, as message {found[0]}.")
        else:
            say(f"  Batch {doubt.number} was not sent. It may be sent again from {doubt.free_at:%H:%M:%S} UTC.")


def _count(server: MockServer, say: Callable[[str], None]) -> None:
    counts = Counter(number for message in server.messages for number in message.phone_numbers)
    twice = sum(count > 1 for count in counts.values())
    say(f"\nThe mock server has SMS for {len(counts):,} of {RECIPIENTS:,} phone numbers. {twice} of them got two.")
