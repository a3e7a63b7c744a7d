"""python -m sms_scheduler_mock: the mock server on the command line, until it is stopped."""

import argparse
import signal
import sys
from datetime import datetime
from pathlib import Path
from threading import Event
from types import FrameType

from .faults import Fault
from .http.api import SMS_IDS
from .server import MockServer


def main() -> int:
    """Serve until Ctrl-C or a request to terminate. Returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m sms_scheduler_mock",
        description="A mock of the SMS Scheduler server. It sends nothing and, without --state, forgets "
        "everything when it stops.",
    )
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="where to listen (%(default)s; 0.0.0.0: everywhere)")
    add("--port", type=int, default=0, help="0, the default, takes one that is free")
    add("--api-key", default="mock-api-key", help="the key clients must send (%(default)s)")
    add("--sms-ids", choices=SMS_IDS, default="lists", help="how sms_ids reads in answers (%(default)s)")
    add(
        "--fault",
        dest="faults",
        metavar="TEXT",
        action="append",
        default=[],
        help='such as "status:status=429,retry_after=2,times=3,operation=createSms", "latency:seconds=0.5", "refuse", '
        '"close" or "reset"; or a JSON object of the same fields, which has headers and a body too; may be repeated',
    )
    add("--now", type=_moment, metavar="TIME", help='what its clock shows at first, such as "2030-01-01 12:00:00"')
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
    options = vars(parser.parse_args())
    faults, frozen = options.pop("faults"), options.pop("frozen")

    stop = Event()

    def on_signal(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        stop.set()

    signal.signal(signal.SIGINT, on_signal)
    signal.signal(signal.SIGTERM, on_signal)
    try:
        server = MockServer(**options, ticking=not frozen)
        for fault in faults:
            server.add_fault(Fault.parse(fault))
        with server:
            page = [f"page:    {server.page_url}"] if server.page_url else []
            print(
                f"url:     {server.url}", f"api key: {server.api_key}", *page, "Ctrl-C stops it.", sep="\n", flush=True
            )
            while not stop.wait(1):  # a wait without end cannot be interrupted on Windows
                pass
    except (OSError, ValueError) as error:
        reason = (isinstance(error, OSError) and error.strerror) or error
        print(f"{parser.prog}: {reason}", file=sys.stderr)
        return 1
    return 0


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo:
        raise argparse.ArgumentTypeError(f"a time without a zone is wanted, such as 2030-01-01 12:00:00, not {text!r}")
    return moment


if __name__ == "__main__":
    sys.exit(main())
