"""scripts/demo as a newcomer runs it: what it shows, and what it says when it cannot."""

import datetime
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sms_scheduler_mock import MockServer

SCRIPT = Path(__file__).resolve().parent.parent / "scripts" / "demo.py"


def demo(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "SMS_SCHEDULER_API_KEY"}
    return subprocess.run(
        [sys.executable, str(SCRIPT), *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        env=environment | {"COLUMNS": "140"},
    )


def test_it_sends_follows_and_cancels_on_the_mock_server() -> None:
    run = demo()
    assert (run.returncode, run.stderr) == (0, "")
    order = [
        "byte for byte",
        "The following phone number is invalid: 0404-040-404",
        "Message 123456 was created",
        "10 SCHEDULED",
        "11 PENDING",
        "12 SENT",
        "13 RECEIVED",
        "Missed - Network not available on sending phone",
        "Message 123457: 3 SMS cancelled.",
        "Next:",
    ]
    positions = [run.stdout.find(text) for text in order]
    assert -1 not in positions, order[positions.index(-1)]
    assert positions == sorted(positions)


def test_a_campaign_survives_the_death_of_a_worker() -> None:
    run = demo("--campaign")
    assert (run.returncode, run.stderr) == (0, "")
    assert "0 added, 10,000 were there already." in run.stdout
    assert "was killed after" in run.stdout
    assert "0 of them got two." in run.stdout


def test_a_real_server_is_only_read_from() -> None:
    with MockServer() as server:
        run = demo("--url", server.url, "--api-key", server.api_key)
        assert (run.returncode, run.stderr) == (0, "")
        assert "The key is accepted. There is no message 1" in run.stdout
        assert "A wrong key is refused" in run.stdout
        assert not server.messages


def test_send_creates_one_sms_a_month_ahead_and_cancels_it() -> None:
    with MockServer() as server:
        run = demo(
            *("--url", server.url, "--api-key", server.api_key),
            *("--send", "--sender-id", "7", "--phone-number", "+33612345678"),
        )
        assert (run.returncode, run.stderr) == (0, "")
        (message,) = server.messages
        (sms,) = message.sms
        assert (message.sender_id, sms.phone_number, sms.deleted) == (7, "+33612345678", True)
        assert message.delivery_date > server.now + datetime.timedelta(days=29)
    assert "1 SMS cancelled." in run.stdout


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--url", "http://127.0.0.1:9", "--api-key", "key"], "no server answers at http://127.0.0.1:9"),
        (["--url", "http://127.0.0.1:9"], "--url needs a key"),
        (["--send"], "--send needs --url, --sender-id and --phone-number"),
        (["--url", "ftp://127.0.0.1", "--api-key", "key"], "base_url must be like"),
    ],
)
def test_what_cannot_be_shown_is_said_in_one_line(arguments: list[str], reason: str) -> None:
    run = demo(*arguments)
    assert run.returncode == 2
    assert reason in run.stderr.splitlines()[-1]
    assert "Traceback" not in run.stderr


def test_another_server_is_not_taken_for_the_api() -> None:
    with MockServer() as server:
        run = demo("--url", server.url.removesuffix("/api/v1"), "--api-key", server.api_key)
    assert (run.returncode, len(run.stderr.splitlines())) == (2, 1)
    assert "is not the API" in run.stderr


def test_a_refused_key_is_said_in_one_line() -> None:
    with MockServer() as server:
        run = demo("--url", server.url, "--api-key", "wrong")
    assert run.returncode == 2
    assert "refuses the API key" in run.stderr
    assert len(run.stderr.splitlines()) == 1
