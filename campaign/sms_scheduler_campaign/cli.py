"""The command `sms-scheduler-campaign`."""

import argparse
import csv
import datetime
import errno
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.table import Table
from sqlalchemy import exc

from .campaign import BATCH_SIZE, CONCURRENCY, FOLLOW_FOR, STATES, Campaign, Report, Status
from .errors import CampaignError
from .recipients import Recipient, read_csv, read_json_lines, read_parquet
from .store import in_words
from .worker import STORE_VARIABLE

console = Console(highlight=False)
_COLUMNS = (
    *("phone_number", "key", "line", "batch", "state"),
    *("message_id", "sms_ids", "status", "status_name", "error"),
)


def run(arguments: list[str]) -> int:
    """Run the command. Returns the exit code: 0, 1 if batches are in doubt or it is paused, 2 if it cannot be done."""
    options = _parser().parse_args(arguments)
    if not options.store:
        return _fail(f"name the store: --store sqlite:///campaign.db, or the environment variable {STORE_VARIABLE}")
    try:
        return int(options.command(options) or 0)
    except OSError as error:
        return _fail(f"{error.filename}: {error.strerror}" if error.filename else str(error))
    except (CampaignError, ValueError, RuntimeError) as error:
        return _fail(str(error))
    except exc.SQLAlchemyError as error:
        return _fail(f"the database: {in_words(error)}")
    except ModuleNotFoundError as error:
        return _fail(f"{error.name} is missing: install sms-scheduler[parquet]")
    except KeyboardInterrupt:
        return 130


def _fail(reason: str) -> int:
    print(f"sms-scheduler-campaign: {reason}", file=sys.stderr)
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sms-scheduler-campaign", description="Send SMS to many recipients: none twice, none lost."
    )
    parser.add_argument(
        "--store",
        default=os.environ.get(STORE_VARIABLE),
        metavar="URL",
        help=f"sqlite:///campaign.db or postgresql://user@host/database; default: the environment variable {STORE_VARIABLE}",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, function: Callable[[argparse.Namespace], int | None], text: str) -> argparse.ArgumentParser:
        one = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        one.set_defaults(command=function)
        one.add_argument("name", help="the name of the campaign")
        return one

    _add_create(command("create", _create, "make a campaign"))
    _add_add(command("add", _add, "add the recipients of a file: all, or none if a line cannot be read"))
    run = _with_account(
        command("run", _run, "send, and follow until every status is final; may be run again at any time")
    )
    run.add_argument("--workers", type=int, default=1, metavar="N", help="how many processes; default: 1")
    run.add_argument(
        "--dry-run", action="store_true", help="only tell what would be sent, what it costs and how long it takes"
    )
    status = command("status", _status, "count the recipients by state and status")
    status.add_argument("--format", choices=("table", "json", "prometheus"), default="table", help="default: table")
    watch = command("watch", _watch, "show a live table")
    watch.add_argument("--every", type=float, default=1.0, metavar="SECONDS", help="how often it changes; default: 1")
    command("in-doubt", _in_doubt, "list the batches of which nobody knows whether they were accepted")
    _add_resolve(command("resolve", _resolve, "decide on a batch in doubt"))
    command("pause", lambda options: _open(options).pause(), "begin no more requests")
    command("resume", lambda options: _open(options).resume(), "let a paused campaign go on; run sends")
    _with_account(command("cancel", _cancel, "send nothing more, and delete what the service has not sent yet"))
    export = command("export", _export, "write what became of each recipient: CSV, or Parquet for a name in .parquet")
    export.add_argument("file", type=Path, help="the file; - for CSV on the standard output")
    command("forget", lambda options: _open(options).forget(), "delete the personal data of a campaign that is done")
    return parser


def _with_account(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument(
        "--base-url", metavar="URL", help="the address of the service; default: SMS_SCHEDULER_BASE_URL, or its own"
    )
    parser.epilog = "The API key is the environment variable SMS_SCHEDULER_API_KEY."
    return parser


def _add_create(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--text", required=True, help="what to send; {first_name} is filled in from the column first_name")
    add("--sender-id", type=int, required=True, metavar="N", help="a sender of the account")
    add("--stop", action="store_true", help="let the service add a STOP mention")
    add(
        "--delivery-date",
        type=datetime.datetime.fromisoformat,
        metavar="TIME",
        help="when the service sends; default: at once",
    )
    add(
        "--batch-size",
        type=int,
        default=BATCH_SIZE,
        metavar="N",
        help=f"recipients in a request; default: {BATCH_SIZE}",
    )
    add("--requests-per-second", type=float, metavar="N", help="of all workers together; default: no limit")
    add("--sms-per-second", type=float, metavar="N", help="of all workers together; default: no limit")
    add("--hours", metavar="HOURS", help="when requests may leave, such as 'mon-fri 09:00-20:00'; default: always")
    add(
        "--timezone",
        default="UTC",
        metavar="ZONE",
        help="the time zone of the hours, such as Europe/Paris; default: UTC",
    )
    add(
        "--follow-hours",
        type=float,
        default=FOLLOW_FOR / 3600,
        metavar="N",
        help="how long to ask for reports; default: 72",
    )
    add(
        "--concurrency",
        type=int,
        default=CONCURRENCY,
        metavar="N",
        help=f"requests of a worker at a time; default: {CONCURRENCY}",
    )


def _add_add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="CSV; JSON Lines for a name in .jsonl, Parquet for one in .parquet")
    parser.add_argument("--number", default="phone_number", metavar="COLUMN", help="the column with the phone number")
    parser.add_argument(
        "--key", metavar="COLUMN", help="what makes a recipient the same when added again; default: number and text"
    )
    parser.add_argument("--delimiter", default=",", metavar="CHARACTER", help="of a CSV file; default: a comma")
    parser.add_argument("--encoding", default="utf-8-sig", help="of a CSV file; default: UTF-8")


def _add_resolve(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("batch", type=int, help="the number of the batch")
    decision = parser.add_mutually_exclusive_group(required=True)
    decision.add_argument("--sent", action="store_true", help="it was accepted")
    decision.add_argument("--again", action="store_true", help="it was not: send it again")
    decision.add_argument("--drop", action="store_true", help="it was not, and is not to be sent")
    parser.add_argument("--message-id", type=int, metavar="ID", help="with --sent: the id of its message, to follow it")


def _open(options: argparse.Namespace) -> Campaign:
    return Campaign(options.store, options.name)


def _create(options: argparse.Namespace) -> None:
    Campaign.create(
        options.store,
        options.name,
        text=options.text,
        sender_id=options.sender_id,
        stop=options.stop,
        delivery_date=options.delivery_date,
        batch_size=options.batch_size,
        requests_per_second=options.requests_per_second,
        sms_per_second=options.sms_per_second,
        hours=options.hours,
        timezone=options.timezone,
        follow_for=options.follow_hours * 3600,
        concurrency=options.concurrency,
    ).close()


def _add(options: argparse.Namespace) -> None:
    report = _open(options).add(_read(options))
    for problem in report.problems:
        _say(problem)
    if report.refused > len(report.problems):
        _say(f"... and {report.refused - len(report.problems):,} more; the export has them all")
    _say(f"{report.added:,} added, {report.duplicates:,} were there already, {report.refused:,} refused")


def _read(options: argparse.Namespace) -> Iterator[Recipient]:
    columns = {"number": options.number, "key": options.key}
    if options.file.suffix in {".jsonl", ".ndjson"}:
        return read_json_lines(options.file, **columns)
    if options.file.suffix == ".parquet":
        return read_parquet(options.file, **columns)
    return read_csv(options.file, delimiter=options.delimiter, encoding=options.encoding, **columns)


def _run(options: argparse.Namespace) -> int:
    campaign = _open(options)
    if options.dry_run:
        plan = campaign.plan()
        time_needed = (
            "without a limit of the rate" if plan.seconds is None else f"{_duration(plan.seconds)} at the rate"
        )
        _say(f"{plan.recipients:,} recipients in {plan.batches:,} requests, {plan.sms:,} SMS, {time_needed}")
        return 0
    status = campaign.run(base_url=options.base_url, workers=options.workers)
    console.print(_table(status))
    return _verdict(status)


def _verdict(status: Status) -> int:
    if status.state == "paused":
        _say(f"The campaign is paused: {status.reason}")
    if status.batches["in doubt"]:
        _say(f"{status.batches['in doubt']:,} batches are in doubt: see the command in-doubt")
    return int(status.state == "paused" or bool(status.batches["in doubt"]) or not status.is_done)


def _status(options: argparse.Namespace) -> None:
    status = _open(options).status()
    if options.format == "table":
        console.print(_table(status))
    elif options.format == "json":
        print(json.dumps(_as_json(status)))
    else:
        print("\n".join(_as_metrics(options.name, status)))


def _as_json(status: Status) -> dict[str, Any]:
    return {
        "state": status.state,
        "reason": status.reason,
        "recipients": status.recipients,
        "batches": status.batches,
        "statuses": {one.name: count for one, count in status.statuses.items()},
        "duplicates": status.duplicates,
        "is_done": status.is_done,
    }


def _as_metrics(name: str, status: Status) -> Iterator[str]:
    """In the text format of Prometheus, such as its node exporter reads from files."""
    label = name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    for metric, counts in (("recipients", status.recipients), ("batches", status.batches)):
        yield f"# TYPE sms_campaign_{metric} gauge"
        for state, count in counts.items():
            yield f'sms_campaign_{metric}{{campaign="{label}",state="{state}"}} {count}'
    yield "# TYPE sms_campaign_sms gauge"
    for one, count in status.statuses.items():
        yield f'sms_campaign_sms{{campaign="{label}",status="{one.name}"}} {count}'
    yield "# TYPE sms_campaign_paused gauge"
    yield f'sms_campaign_paused{{campaign="{label}"}} {int(status.state == "paused")}'


def _table(status: Status, rate: float | None = None) -> Group:
    """The state of a campaign, for a terminal."""
    states = Table("recipients", "", "batches", title=f"The campaign is {status.state}", title_justify="left")
    for state in STATES:
        states.add_row(state, f"{status.recipients[state]:,}", f"{status.batches[state]:,}")
    parts: list[Any] = [states]
    if status.statuses:
        statuses = Table("SMS", "", "in the vendor's words")
        for one, count in status.statuses.items():
            statuses.add_row(one.name, f"{count:,}", escape(one.description))
        parts.append(statuses)
    if rate is not None:
        waiting = status.recipients["queued"] + status.recipients["posting"]
        left = f", {_duration(waiting / rate)} left" if rate > 0 and waiting else ""
        parts.append(f"{rate:,.0f} recipients a second{left}")
    return Group(*parts)


def _watch(options: argparse.Namespace) -> int:
    if not 0 < options.every < threading.TIMEOUT_MAX:
        raise ValueError(f"--every must be more than 0 seconds, not {options.every}")
    campaign = _open(options)
    status, then = campaign.status(), time.monotonic()
    with Live(_table(status, 0.0), console=console, auto_refresh=False) as live:
        while not status.is_done and status.state != "paused":
            time.sleep(options.every)
            before, status = status, campaign.status()
            earlier, then = then, time.monotonic()
            waiting = before.recipients["queued"] - status.recipients["queued"]
            live.update(_table(status, max(0.0, waiting / (then - earlier))), refresh=True)
    return _verdict(status)


def _in_doubt(options: argparse.Namespace) -> int:
    doubts = _open(options).in_doubt()
    for doubt in doubts:
        _say(f"batch {doubt.number}, posted at {doubt.posted_at:%Y-%m-%d %H:%M:%S} UTC: {doubt.error}")
        _say(
            f"  may be sent again from {doubt.free_at:%Y-%m-%d %H:%M:%S} UTC; {len(doubt.phone_numbers)} phone numbers:"
        )
        _say(f"  {' '.join(doubt.phone_numbers)}")
    return int(bool(doubts))


def _resolve(options: argparse.Namespace) -> None:
    if options.message_id is not None and not options.sent:
        raise CampaignError("--message-id needs --sent")
    _open(options).resolve(options.batch, sent=options.sent, message_id=options.message_id, again=options.again)


def _cancel(options: argparse.Namespace) -> None:
    late = _open(options).cancel(base_url=options.base_url)
    _say(f"cancelled; {late:,} SMS were too late to be deleted")


def _export(options: argparse.Namespace) -> None:
    reports = _open(options).report()
    if str(options.file) == "-":
        _write_csv(sys.stdout, reports)
        return
    if options.file.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(options.file))
    unfinished = options.file.with_name(f"{options.file.name}.unfinished")  # so that half a file is not taken for all
    if options.file.suffix == ".parquet":
        from .parquet import write_rows  # noqa: PLC0415  # an extra

        write_rows(unfinished, _COLUMNS, map(_row, reports))
    else:
        with unfinished.open("w", newline="", encoding="utf-8") as file:
            _write_csv(file, reports)
    unfinished.replace(options.file)


def _write_csv(file: Any, reports: Iterator[Report]) -> None:
    writer = csv.writer(file)
    writer.writerow(_COLUMNS)
    for one in reports:
        row = _row(one)
        writer.writerow([" ".join(map(str, one.sms_ids)) if name == "sms_ids" else row[name] for name in _COLUMNS])


def _row(one: Report) -> dict[str, Any]:
    status = (
        {"status": None, "status_name": None}
        if one.status is None
        else {"status": int(one.status), "status_name": one.status.name}
    )
    return {name: getattr(one, name) for name in _COLUMNS if name not in status} | status


def _duration(seconds: float) -> str:
    return str(datetime.timedelta(seconds=round(seconds)))


def _say(text: str) -> None:
    console.print(escape(text), soft_wrap=True)
