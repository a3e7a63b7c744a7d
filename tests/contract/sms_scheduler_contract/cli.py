"""The command line: options, exit codes."""

import argparse
import difflib
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rich.console import Console
from sms_scheduler_mock import MockServer

from .errors import CannotTestError, NotTestedError
from .output import console
from .plugin import where
from .report import Terminal, as_json, as_list, list_as_json, plan, write
from .results import RunResult
from .runner import Progress, planned, run
from .safe_mode import SafeMode
from .server import Effort, Server
from .session import Limits
from .shown import Shown
from .signals import Signals
from .target import Target

_PROGRAM = "sms-scheduler-contract"
PASSED, FAILED, CANNOT_TEST = 0, 1, 2
_MOST = 1_000_000  # of seconds, requests or threads


def main(arguments: list[str], signals: Signals) -> int:
    """Run the command. Returns the exit code."""
    options = _parser().parse_args(arguments)
    output = console()
    try:
        signals.check()
        return _do(options, output, signals)
    except (CannotTestError, NotTestedError) as error:
        problem = str(error)
    except KeyboardInterrupt:
        problem = "interrupted"
    except Exception as error:  # a crash of the suite is no verdict, whatever it is
        problem = "interrupted" if signals.is_interrupted else f"the suite itself failed: {where(error)}"
    finally:
        signals.end()
        output.file.flush()
    _say(problem, options)
    return CANNOT_TEST


def _say(problem: str, options: argparse.Namespace) -> None:
    """Write a line to standard error."""
    line = Shown.without(options.api_key or "").line(problem)
    console(is_error=True).print(f"{_PROGRAM}: {line}", markup=False, soft_wrap=True)


def _do(options: argparse.Namespace, output: Console, signals: Signals) -> int:
    _check_options(options)
    if options.list:
        plugin = planned(Server(Target("http://localhost", "none")), options.check, _selected(options))
        write_list = list_as_json if options.format == "json" else as_list
        output.print(write_list(plugin.checks, plugin.topics), markup=False, soft_wrap=True)
        return PASSED
    if options.prove:
        from .prove import prove

        seeds = range(options.seed, options.seed + options.seeds)
        return PASSED if prove(seeds, output, options.matrix) else FAILED
    if options.url is None:
        with MockServer() as mock:
            return _test(
                Target(mock.url, mock.api_key), options, output, signals, lambda time: mock.advance(seconds=time)
            )
    return _test(_target(options), options, output, signals)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=_PROGRAM,
        allow_abbrev=False,
        description="Check that a server does what the vendor's page states. Without --url, the mock server is checked.",
        epilog="Exit code 0: every check that was run passed; 1: a check failed, whatever came later; "
        "2: the server could not be tested.",
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
    add("--list", action="store_true", help="list the checks, each with what it checks, and send nothing")
    add("--check", action="append", default=[], metavar="NAME", help="run only this check; may be repeated")
    add("-k", dest="expression", metavar="EXPRESSION", help="run only the checks whose names match, as in pytest")
    add("--seed", type=int, default=0, metavar="N", help="what the test data are made from (default: 0)")
    add("--jobs", type=int, default=4, metavar="N", help="run N checks side by side (default: 4; in safe mode 1)")
    add("--format", choices=["text", "json"], default="text", help="how standard output is written (default: text)")
    add("--junit", type=Path, metavar="FILE", help="also write the results as JUnit XML")
    add("--html", type=Path, metavar="FILE", help="also write the results as one HTML file")
    network = parser.add_argument_group("network", "Nothing of this is taken from the environment.")
    network.add_argument("--ca", type=Path, metavar="FILE", help="the certificates to check the server's with")
    network.add_argument("--proxy", metavar="URL", help="a proxy for all requests")
    network.add_argument(
        "--timeout", type=float, default=30, metavar="SECONDS", help="wait so long for a response (default: 30)"
    )
    network.add_argument(
        "--time-limit", type=float, default=1800, metavar="SECONDS", help="end the run after this time (default: 1800)"
    )
    safe = parser.add_argument_group("safe mode", "The default for a server that is not on this machine.")
    safe.add_argument("--safe", action="store_true", help="use safe mode on this machine too")
    safe.add_argument(
        "--sends-nothing",
        action="store_true",
        help="do not use safe mode, and do not ask: the server at --url never sends an SMS to anybody",
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


def _check_options(options: argparse.Namespace) -> None:
    """Raise CannotTestError for what would fail late, or cannot be meant."""
    for name in ("junit", "html", "matrix"):
        if path := getattr(options, name):
            _check_writable(name, path)
    if options.ca and not options.ca.is_file():
        raise CannotTestError(f"--ca {options.ca}: there is no such file")
    counts = options.timeout, options.time_limit, options.rate, options.max_posts, options.jobs
    if not all(0 < count <= _MOST for count in counts):
        raise CannotTestError(
            f"--timeout, --time-limit, --rate, --max-posts and --jobs must be more than 0, and at most {_MOST:,}"
        )
    if options.seed < 0 or options.seeds < 1:
        raise CannotTestError("--seed must be 0 or more, and --seeds 1 or more")


def _check_writable(name: str, path: Path) -> None:
    is_there = path.exists()
    try:
        with path.open("ab"):
            pass
        if not is_there:
            path.unlink()
    except OSError as error:
        raise CannotTestError(f"--{name} {path} cannot be written: {error.strerror}") from None


def _check_url(option: str, url: str) -> None:
    try:
        parts = urlsplit(url)
        is_url = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        is_plain = not (parts.query or parts.fragment or parts.username or parts.password)
    except ValueError:
        is_url = is_plain = False
    if not (is_url and is_plain and url.isprintable() and " " not in url):
        raise CannotTestError(
            f"{option} {url!r} is no http or https URL without user, query and fragment, such as "
            "http://127.0.0.1:8025/api/v1"
        )


def _target(options: argparse.Namespace) -> Target:
    _check_url("--url", options.url)
    if options.proxy:
        _check_url("--proxy", options.proxy)
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
        ca_file=str(options.ca or ""),
        proxy=options.proxy or "",
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


def _server(target: Target, options: argparse.Namespace, put_forward: Callable[[float], None] | None = None) -> Server:
    effort, limits = Effort(seed=options.seed), Limits(exchange=options.timeout, run=options.time_limit)
    safe_mode = SafeMode(options.max_posts, options.rate) if _is_safe(target, options) else None
    return Server(target, effort=effort, safe_mode=safe_mode, limits=limits, put_forward=put_forward)


def _selected(options: argparse.Namespace) -> list[str]:
    return ["-k", options.expression] if options.expression else []


def _check_names(server: Server, names: list[str]) -> None:
    known = [name.partition("[")[0] for name in planned(server).checks] if names else []
    for name in names:
        if name.partition("[")[0].removeprefix("test_") not in known:
            near = difflib.get_close_matches(name, known, 1)
            advice = f"did you mean {near[0]}?" if near else "--list shows all"
            raise CannotTestError(f"--check {name}: there is no such check; {advice}")


def _test(
    target: Target,
    options: argparse.Namespace,
    output: Console,
    signals: Signals,
    put_forward: Callable[[float], None] | None = None,
) -> int:
    server = _server(target, options, put_forward)
    _check_names(server, options.check)
    try:
        _prepare(server, options, output)
        signals.begin(server.session.course.interrupt)
    except (CannotTestError, KeyboardInterrupt) as error:
        reason = Shown.without(target.api_key).line(str(error) or "it was interrupted")
        _report(RunResult(target.url, [], stopped=reason, seed=options.seed), options, output)
        raise
    selection: dict[str, Any] = {"names": options.check, "options": _selected(options), "jobs": options.jobs}
    if options.format == "json":
        return _report(run(server, **selection), options, output)
    with Terminal(output, lambda: len(server.session.course.history)) as terminal:
        progress = Progress(terminal.start, terminal.show, terminal.tell)
        result = run(server, progress=progress, **selection)
    terminal.close(result)
    return _report(result, options, output)


def _prepare(server: Server, options: argparse.Namespace, output: Console) -> None:
    """See that the server can be tested, and that the tester wants it. Raises CannotTestError otherwise."""
    if server.safe_mode:
        checks = planned(server, options.check, _selected(options)).checks
        text = plan(server.target, server.safe_mode, checks)
        _ask(options, output, text, "nothing was sent; pass --yes to run without being asked")
    server.check()
    if not (server.safe_mode or options.sends_nothing or options.url is None or server.is_mock_server()):
        advice = "nothing was created; pass --sends-nothing if it never sends, or --safe"
        _ask(options, output, _warning(server.target), advice)


def _report(result: RunResult, options: argparse.Namespace, output: Console) -> int:
    """Write the reports that were asked for. Returns the exit code."""
    if options.format == "json":
        output.print(as_json(result), markup=False, soft_wrap=True)
    is_written = True
    for kind in ("html", "junit"):
        if path := getattr(options, kind):
            try:
                write(result, kind, path)
            except OSError as error:
                is_written = False
                _say(f"--{kind} {path} could not be written: {error.strerror}", options)
    return result.exit_code if is_written or result.exit_code == FAILED else CANNOT_TEST


def _warning(target: Target) -> str:
    return (
        f"{target.url} is not the mock server, and may be a tunnel to a service that really sends.\n"
        "  A full run creates hundreds of messages to numbers that are made up, some of them for now."
    )


def _ask(options: argparse.Namespace, output: Console, text: str, otherwise: str) -> None:
    """Say what is going to be sent. Raises CannotTestError unless the tester agrees."""
    if options.format == "text":
        output.print(text, markup=False, soft_wrap=True)
    if options.yes:
        return
    try:
        is_agreed = sys.stdin.isatty() and input("Continue? [y/N] ").strip().lower() in {"y", "yes"}
    except (EOFError, OSError, ValueError, AttributeError):
        is_agreed = False
    if not is_agreed:
        raise CannotTestError(otherwise)
