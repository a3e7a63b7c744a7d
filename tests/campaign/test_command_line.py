"""The command, as an operator runs it: from a file to the export."""

import csv
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sms_scheduler_campaign import Campaign
from sms_scheduler_mock import MockServer

from .conftest import hurrying, numbers, received, wait_until


def environment(store: str, server: MockServer | None = None) -> dict[str, str]:
    account = {"SMS_SCHEDULER_API_KEY": server.api_key, "SMS_SCHEDULER_BASE_URL": server.url} if server else {}
    return os.environ | {"SMS_SCHEDULER_CAMPAIGN_STORE": store, "COLUMNS": "120"} | account


def command(store: str, *arguments: str, server: MockServer | None = None) -> subprocess.CompletedProcess[str]:
    whole = [sys.executable, "-m", "sms_scheduler_campaign", *arguments]
    return subprocess.run(whole, capture_output=True, text=True, timeout=120, env=environment(store, server))


def done(store: str, *arguments: str, server: MockServer | None = None) -> str:
    run = command(store, *arguments, server=server)
    assert (run.returncode, run.stderr) == (0, ""), run
    return run.stdout


@pytest.fixture
def people(tmp_path: Path) -> Path:
    path = tmp_path / "people.csv"
    lines = [f"{number},Ann" for number in numbers(300)]
    path.write_text("\n".join(["phone_number,name", *lines, lines[0], "0612,Bob"]) + "\n")
    return path


def test_from_a_file_to_the_export(sqlite_store: str, server: MockServer, people: Path, tmp_path: Path) -> None:
    """`run` is killed in the middle, with its workers, and started again; the export accounts for every line."""
    store = sqlite_store
    done(store, "create", "spring", "--text", "Hello", "--sender-id", "1", "--batch-size", "10", "--concurrency", "2")
    assert "300 added, 1 were there already, 1 refused" in done(store, "add", "spring", str(people))
    assert "300 recipients in 30 requests, 300 SMS" in done(store, "run", "spring", "--dry-run")
    server.fault("latency", seconds=0.2, operation="createSms")
    run = [sys.executable, "-m", "sms_scheduler_campaign", "run", "spring"]
    with Campaign(store, "spring") as campaign, subprocess.Popen(run, env=environment(store, server)) as first:
        wait_until(lambda: campaign.status().batches["accepted"] >= 5)
        first.send_signal(signal.SIGKILL)  # its worker ends what it has begun, and then itself
        first.wait()
    server.clear_faults()
    server.delivery_mix({"RECEIVED": 8, "MISSED_INVALID_PHONE_NUMBER": 2})
    with hurrying(server):
        again = command(store, "run", "spring", "--workers", "2", server=server)
    assert again.returncode == 0, again
    assert max(received(server).values()) == 1
    assert len(received(server)) == 300
    done(store, "export", "spring", str(tmp_path / "export.csv"))
    with (tmp_path / "export.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert sorted(int(row["line"]) for row in rows) == [*range(2, 302), 303]  # 302 is 2 again
    assert {row["state"] for row in rows} == {"final", "refused"}
    assert {row["status_name"] for row in rows} == {"RECEIVED", "MISSED_INVALID_PHONE_NUMBER", ""}
    assert 'sms_campaign_recipients{campaign="spring",state="final"} 300' in done(
        store, "status", "spring", "--format", "prometheus"
    )
    assert "RECEIVED" in done(store, "watch", "spring")


def test_parquet(sqlite_store: str, people: Path, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    done(sqlite_store, "create", "c", "--text", "Hi {name}", "--sender-id", "1")
    done(sqlite_store, "add", "c", str(people))
    done(sqlite_store, "export", "c", str(tmp_path / "out.parquet"))
    table = parquet.read_table(tmp_path / "out.parquet").to_pylist()
    assert sorted(row["phone_number"] for row in table) == sorted([*numbers(300), "0612"])
    done(sqlite_store, "create", "d", "--text", "Hi", "--sender-id", "1")
    assert "300 added" in done(sqlite_store, "add", "d", str(tmp_path / "out.parquet"))


def test_in_doubt_and_resolved(sqlite_store: str, server: MockServer, people: Path) -> None:
    done(sqlite_store, "create", "c", "--text", "Hello", "--sender-id", "1", "--batch-size", "150")
    done(sqlite_store, "add", "c", str(people))
    server.fault("status", status=504, done=True, times=1, operation="createSms")
    with hurrying(server):
        run = command(sqlite_store, "run", "c", server=server)
    assert run.returncode == 1
    assert "1 batches are in doubt" in run.stdout
    listed = command(sqlite_store, "in-doubt", "c")
    assert listed.returncode == 1
    assert "504" in listed.stdout
    number = listed.stdout.split()[1].strip(",")
    early = command(sqlite_store, "resolve", "c", number, "--again")
    assert (early.returncode, early.stderr.count("\n")) == (2, 1)
    assert "may still be on its way" in early.stderr
    sent = next(m.id for m in server.messages if set(m.phone_numbers) <= set(listed.stdout.split()))
    done(sqlite_store, "resolve", "c", number, "--sent", "--message-id", str(sent))
    assert done(sqlite_store, "in-doubt", "c") == ""


OPTIONS = ["create", "d", "--text", "x", "--sender-id", "1"]
FILES = {
    "ok.csv": "phone_number\n+33612345678\n",
    "latin.csv": "phone_number\n\xe9\n",
    "empty.csv": "",
    "bad.jsonl": "{",
}


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["status", "unknown"], "there is no campaign 'unknown'"),
        (["create", "c", "--text", "x", "--sender-id", "1"], "already"),
        (["create", "d", "--text", "{", "--sender-id", "1"], "cannot be used"),
        (["create", "d", "--text", "", "--sender-id", "1"], "the text is empty"),
        (["create", "", "--text", "x", "--sender-id", "1"], "the name is empty"),
        (["create", "d", "--text", "x", "--sender-id", "9" * 30], "the sender must be"),
        ([*OPTIONS, "--batch-size", "0"], "batch_size must be more than 0"),
        ([*OPTIONS, "--concurrency", "0"], "concurrency must be more than 0"),
        ([*OPTIONS, "--requests-per-second", "nan"], "requests_per_second must be more than 0"),
        ([*OPTIONS, "--requests-per-second", "inf"], "requests_per_second must be"),
        ([*OPTIONS, "--follow-hours", "-1"], "follow_for must be more than 0"),
        ([*OPTIONS, "--hours", "25:00-26:00"], "the hours must be like"),
        ([*OPTIONS, "--hours", "09:00-09:00"], "must not end when they begin"),
        ([*OPTIONS, "--timezone", "Mars"], "the time zone must be like"),
        ([*OPTIONS, "--delivery-date", "2030-01-01T00:00:00+02:00"], "without a time zone"),
        (["add", "c", "missing.csv"], "missing.csv: No such file"),
        (["add", "c", "."], ".: Is a directory"),
        (["add", "c", "latin.csv"], "line"),
        (["add", "c", "empty.csv"], "there is no column 'phone_number', only nothing"),
        (["add", "c", "bad.jsonl"], "line 1: not JSON"),
        (["add", "c", "ok.csv", "--number", "mobile"], "there is no column 'mobile', only 'phone_number'"),
        (["add", "c", "ok.csv", "--key", "id"], "there is no column 'id'"),
        (["add", "c", "ok.csv", "--delimiter", ";;"], "the delimiter must be one character"),
        (["add", "c", "ok.csv", "--encoding", "klingon"], "the encoding must be like"),
        (["run", "c"], "No API key"),
        (["cancel", "c"], "No API key"),
        (["run", "c", "--workers", "0"], "workers must be 1 or more"),
        (["run", "c", "--base-url", "ftp://x"], "base_url must be like"),
        (["watch", "c", "--every", "0"], "--every must be more than 0"),
        (["resolve", "c", "1", "--sent"], "not in doubt"),
        (["resolve", "c", "1", "--drop", "--message-id", "3"], "--message-id needs --sent"),
        (["export", "c", "missing/x.csv"], "No such file"),
        (["export", "c", "."], ".: Is a directory"),
        (["--store", "mysql://x/y", "status", "c"], "the store must be sqlite or postgresql"),
        (["--store", "nonsense", "status", "c"], "the store must be like"),
        (["--store", "sqlite+aiosqlite:///c.db", "status", "c"], "the store must be sqlite or postgresql"),
        (["--store", "postgresql://u@127.0.0.1:port/x", "status", "c"], "the store must be like"),
        (["--store", "sqlite://", "status", "c"], "the store must be a file"),
        (["--store", "sqlite:///missing.db", "status", "c"], "has no campaigns: create one first"),
        (["--store", "sqlite:///ok.csv", "status", "c"], "file is not a database"),
        (["--store", "sqlite:///missing/c.db", *OPTIONS], "unable to open database file"),
        (["--store", "postgresql://u:secret@127.0.0.1:1/x", "status", "c"], "Connection refused"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    sqlite_store: str, tmp_path: Path, arguments: list[str], problem: str
) -> None:
    Campaign.create(sqlite_store, "c", text="Hello", sender_id=1).close()
    for name, content in FILES.items():
        (tmp_path / name).write_text(content, encoding="latin-1")
    before = sorted(path.name for path in tmp_path.iterdir())
    key = {} if "No API key" in problem else {"SMS_SCHEDULER_API_KEY": "key"}
    whole = [sys.executable, "-m", "sms_scheduler_campaign", *arguments]
    run = subprocess.run(
        whole, capture_output=True, text=True, timeout=60, cwd=tmp_path, env=environment(sqlite_store) | key
    )
    assert (run.returncode, run.stderr.count("\n")) == (2, 1), run
    assert problem in run.stderr
    assert "secret" not in run.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == before, "nothing is left behind"


def test_paused_and_cancelled(sqlite_store: str, server: MockServer, people: Path) -> None:
    done(sqlite_store, "create", "c", "--text", "Hello", "--sender-id", "1")
    done(sqlite_store, "add", "c", str(people))
    done(sqlite_store, "pause", "c")
    assert "paused" in command(sqlite_store, "run", "c", server=server).stderr
    done(sqlite_store, "resume", "c")
    assert "0 SMS were too late" in done(sqlite_store, "cancel", "c", server=server)
    assert server.messages == []


@pytest.mark.parametrize("module", ["sqlalchemy", "dbos", "rich"])
@pytest.mark.parametrize("code", ["import sms_scheduler_campaign.__main__ as c; exit(c.main())", None])
def test_what_is_not_installed_is_named_with_the_extra(code: str | None, module: str, tmp_path: Path) -> None:
    (tmp_path / f"{module}.py").write_text(
        f"raise ModuleNotFoundError(\"No module named '{module}'\", name='{module}')"
    )
    run = subprocess.run(
        [sys.executable, "-P", *(["-c", code] if code else ["-m", "sms_scheduler_campaign"]), "status", "c"],
        capture_output=True,
        text=True,
        timeout=60,
        env=environment(f"sqlite:///{tmp_path / 'c.db'}") | {"PYTHONPATH": str(tmp_path)},
    )
    assert run.returncode == 2
    assert run.stderr == (
        f"sms-scheduler-campaign: No module named '{module}'; "
        'campaigns need the extra "campaign": pip install "sms-scheduler[campaign]"\n'
    )
