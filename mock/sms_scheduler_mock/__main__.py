"""python -m sms_scheduler_mock: the mock server on the command line, until it is stopped."""

import argparse
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Event
from types import FrameType
from typing import Any

from .backend.checks import ArgumentError
from .faults import KINDS
from .http.api import SMS_IDS
from .server import MockServer

_PROGRAM = "python -m sms_scheduler_mock"


def main() -> int:
    """Serve until Ctrl-C or a request to terminate. Returns the exit code."""
    options, named = _options()
    frozen, state = options.pop("frozen"), options["state"]
    goes_on = state is not None and state.is_file()

    stop = Event()

    def on_signal(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        stop.set()

    signal.signal(signal.SIGINT, on_signal)
    signal.signal(signal.SIGTERM, on_signal)
    try:
        with MockServer(**options, ticking=not frozen) as server:
            print(f"url:     {server.url}\napi key: {server.api_key}")
            print(f"page:    {server.page_url or 'off, and the admin API too; --admin turns them on'}")
            if goes_on:
                print(f"state:   {state}, whose clock, account and delivery results win over the options")
            print("Ctrl-C stops it.", flush=True)
            while not stop.wait(1):  # a wait without end cannot be interrupted on Windows
                pass
    except ArgumentError as error:
        print(f"{_PROGRAM}: {named.get(error.name, error.name)} {error.reason}", file=sys.stderr)
        return 1
    except (OSError, ValueError) as error:
        reason = (isinstance(error, OSError) and error.strerror) or error
        print(f"{_PROGRAM}: {reason}", file=sys.stderr)
        return 1
    return 0


def _options() -> tuple[dict[str, Any], dict[str, str]]:
    """The arguments of MockServer as they were given, and the options that they are called on the command line."""
    parser = argparse.ArgumentParser(
        prog=_PROGRAM,
        description="A mock of the SMS Scheduler server. It sends nothing and, without --state, forgets "
        "everything when it stops.",
    )
    named: dict[str, str] = {}

    def add(option: str, into: Callable[..., argparse.Action] = parser.add_argument, **settings: Any) -> None:
        named[into(option, **settings).dest] = option

    add("--host", default="127.0.0.1", help="where to listen (%(default)s; 0.0.0.0 or ::, everywhere)")
    add("--port", type=int, default=0, help="0, the default, takes one that is free")
    add(
        "--api-key",
        help="the key clients must send (mock-api-key; where others can reach the server, one that is made up)",
    )
    add("--sms-ids", choices=SMS_IDS, default="lists", help="how sms_ids reads in answers (%(default)s)")
    add(
        "--fault",
        dest="faults",
        metavar="TEXT",
        action="append",
        default=[],
        help='such as "status:status=429,retry_after=2,times=3,operation=createSms", "latency:seconds=0.5" or '
        f'"rate_limit:rate=5/s"; there are {", ".join(KINDS)}; or a JSON object of the same fields, which has headers and a '
        "body too; may be repeated",
    )
    add("--now", metavar="TIME", help='what its clock shows at first, such as "2030-01-01 12:00:00"')
    add("--frozen", action="store_true", help="the clock stands still until it is moved by the admin API")
    add(
        "--admin",
        action=argparse.BooleanOptionalAction,
        help="serve the admin API and the page, which ask for no key; by default only on loopback",
    )
    add(
        "--state",
        type=Path,
        metavar="FILE",
        help="keep everything in a SQLite file, and go on from what it holds, which wins over the other options",
    )
    add("--seed", type=int, default=0, metavar="N", help="what random delivery results are drawn from (%(default)s)")
    add("--credits", type=int, metavar="N", help="how many SMS the account can pay for; by default any number")
    add(
        "--sender",
        dest="senders",
        type=int,
        metavar="ID",
        action="append",
        help="one of the only senders; may be repeated",
    )
    add(
        "--allow-host",
        dest="allowed_hosts",
        metavar="NAME",
        action="append",
        default=[],
        help='another name of the server, such as "host.docker.internal" or "*.local"; may be repeated',
    )
    add(
        "--cors-origin",
        dest="cors_origins",
        metavar="ORIGIN",
        action="append",
        default=[],
        help='the origin of pages whose scripts may ask, such as "http://localhost:5173", or "*" for all; may be repeated',
    )
    add("--path-prefix", default="", metavar="PATH", help="what stands before every path, for a server behind a proxy")
    add("--tls-cert", type=Path, metavar="FILE", help="serve https with this certificate, in PEM")
    add("--tls-key", type=Path, metavar="FILE", help="the key of the certificate, if it is in another file")
    limits = partial(add, into=parser.add_argument_group("limits").add_argument)
    limits("--capacity", type=int, default=1_000_000, metavar="N", help="messages held at most (%(default)s)")
    limits("--max-held", type=int, default=500_000_000, metavar="N", help="bytes of memory they take (%(default)s)")
    limits("--max-body", type=int, default=1_000_000, metavar="N", help="bytes of a request body (%(default)s)")
    limits("--max-sms", type=int, default=100_000, metavar="N", help="SMS that one message makes (%(default)s)")
    limits("--max-errors", type=int, default=100, metavar="N", help="errors of one field that are told (%(default)s)")
    limits("--max-answer", type=int, default=1_000_000, metavar="N", help="bytes of an admin answer (%(default)s)")
    limits(
        "--request-timeout",
        type=float,
        default=30,
        metavar="SECONDS",
        help="how long a request may take to arrive (%(default)s)",
    )
    return vars(parser.parse_args()), named


if __name__ == "__main__":
    sys.exit(main())
