"""The command line: options, exit codes."""

import argparse
import os
import re
import signal
import sys
from pathlib import Path
from types import FrameType

from rich.console import Console
from sms_scheduler_mock import MockServer

from .errors import CannotTestError, NotTestedError
from .report import Terminal, account_text, plan, summary, write_html
from .results import RunResult
from .runner import planned, run
from .safe_mode import SafeMode
from .server import Effort, Server
from .target import Target

_PROGRAM = "sms-scheduler-contract"
PASSED, FAILED, CANNOT_TEST = 0, 1, 2


def main(arguments: list[str]) -> int:
    """Run the command. Returns the exit code."""
    options = _parser().parse_args(arguments)
    console = Console(highlight=False)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        if options.prove:
            from .prove import prove

            seeds = range(options.seed, options.seed + options.seeds)
            return PASSED if prove(seeds, console, options.matrix) else FAILED
        if options.url is None:
            with MockServer() as mock:
                return _test(Target(mock.url, mock.api_key), options, console)
        return _test(_target(options), options, console)
    except (CannotTestError, NotTestedError) as error:
        print(f"{_PROGRAM}: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print(f"{_PROGRAM}: interrupted", file=sys.stderr)
    return CANNOT_TEST


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=_PROGRAM,
        allow_abbrev=False,
        description="Check that a server does what the vendor's page states. Without --url, the mock server is checked.",
        epilog="Exit code 0: every check that was run passed; 1: a check failed; 2: the server could not be tested.",
    )
    add = parser.add_argument
    add("--url", help="the server's base URL, such as http://127.0.0.1:8025/api/v1")
    add(
        "--api-key",
        default=os.environ.get("SMS_SCHEDULER_API_KEY"),
        metavar="KEY",
        help="a key that the server accepts; default: the environment variable SMS_SCHEDULER_API_KEY",
    )
    add("--sender-id", type=int, metavar="N", help="a sender of the account (default: 123)")
    add(
        "--phone-number",
        action="append",
        metavar="+33...",
        help="a number that messages may be created for; may be repeated",
    )
    add("-k", dest="expression", metavar="EXPRESSION", help="run only the checks whose names match, as in pytest")
    add("--seed", type=int, default=0, metavar="N", help="what the test data are made from (default: 0)")
    add("--junit", type=Path, metavar="FILE", help="also write the results as JUnit XML")
    add("--html", type=Path, metavar="FILE", help="also write the results as one HTML file")
    safe = parser.add_argument_group("safe mode", "The default for a server that is not on this machine.")
    safe.add_argument("--safe", action="store_true", help="use safe mode on this machine too")
    safe.add_argument(
        "--sends-nothing",
        action="store_true",
        help="do not use safe mode: the server at --url never sends an SMS to anybody",
    )
    safe.add_argument("--max-posts", type=int, default=10, metavar="N", help="create at most N messages (default: 10)")
    safe.add_argument(
        "--rate", type=float, default=2, metavar="N", help="send at most N requests per second (default: 2)"
    )
    safe.add_argument("--yes", action="store_true", help="do not ask before the first message is created")
    proof = parser.add_argument_group("proof", "Whether the suite itself can be trusted.")
    proof.add_argument(
        "--prove", action="store_true", help="run the checks on every mutant and every conforming variant"
    )
    proof.add_argument("--seeds", type=int, default=1, metavar="N", help="do so with N seeds (default: 1)")
    proof.add_argument("--matrix", type=Path, metavar="FILE", help="write which check caught which mutant")
    return parser


def _interrupt(number: int, frame: FrameType | None) -> None:
    """A request to terminate ends a run as Ctrl-C does: what was created is deleted."""
    raise KeyboardInterrupt


def _target(options: argparse.Namespace) -> Target:
    if not options.api_key:
        raise CannotTestError("no API key: pass --api-key, or set SMS_SCHEDULER_API_KEY")
    numbers = tuple(options.phone_number or ())
    for number in numbers:
        if not re.fullmatch(r"\+[0-9]+", number):
            raise CannotTestError(
                f"--phone-number {number}: write a plus, the country prefix and digits, such as +33612345678"
            )
    named = {"sender_id": options.sender_id, "phone_numbers": numbers}
    target = Target(
        options.url.rstrip("/"),
        options.api_key,
        is_sender_named=options.sender_id is not None,
        **{name: value for name, value in named.items() if value},
    )
    if _is_safe(target, options) and not all(named.values()):
        raise CannotTestError(
            f"{target.url} may really send: name a sender and a phone of your own, with --sender-id and --phone-number, "
            "or pass --sends-nothing if it never sends"
        )
    return target


def _is_safe(target: Target, options: argparse.Namespace) -> bool:
    return bool(options.safe or not (target.is_loopback or options.sends_nothing))


def _server(target: Target, options: argparse.Namespace) -> Server:
    effort = Effort(seed=options.seed)
    if not _is_safe(target, options):
        return Server(target, effort=effort)
    if options.max_posts < 1 or options.rate <= 0:
        raise CannotTestError("--max-posts and --rate must be more than 0")
    return Server(target, effort=effort, safe_mode=SafeMode(options.max_posts, options.rate))


def _test(target: Target, options: argparse.Namespace, console: Console) -> int:
    server = _server(target, options)
    selected = ["-k", options.expression] if options.expression else []
    if server.safe_mode:
        print(plan(target, server.safe_mode, planned(server, selected)))
        if not (options.yes or _is_confirmed()):
            raise CannotTestError("nothing was sent; pass --yes to run without being asked")
    server.check()
    terminal = Terminal(console)
    junit = [f"--junitxml={options.junit.absolute()}"] if options.junit else []
    result = run(server, on_result=terminal.show, options=[*selected, *junit])
    terminal.close(result)
    if server.safe_mode:
        print(account_text(server.account, result.leftovers))
    if options.html:
        write_html(result, options.html)
    print(summary(result))
    return _exit_code(result)


def _is_confirmed() -> bool:
    return sys.stdin.isatty() and input("Continue? [y/N] ").strip().lower() in {"y", "yes"}


def _exit_code(result: RunResult) -> int:
    if result.count("failed"):
        return FAILED
    return PASSED if result.count("passed") and not result.stopped else CANNOT_TEST
