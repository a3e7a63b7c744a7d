"""Judge a server by openapi.yaml: whether the stand-in, or the server at --url, keeps what the vendor's page states."""

import argparse
import re
import signal
import sys
from pathlib import Path
from types import FrameType

import attrs
from .prove import MATRIX, prove
from .report import Terminal, account, plan, summary, write_html
from .session import Limits, Server
from .run import Verdict, planned, run
from rich.console import Console
from sms_scheduler_mock import MockServer
from .target import NoTargetError, Target, add_api_key

KEPT, BROKEN, NOT_RUN = 0, 1, 2


def main(arguments: list[str]) -> int:
    """Run the command; the result is the exit code."""
    options = _parser().parse_args(arguments)
    console = Console(highlight=False)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        if options.prove:
            return KEPT if prove(range(options.seed, options.seed + options.seeds), console, options.matrix) else BROKEN
        if options.url is None:
            with MockServer() as mock:
                target = Target(mock.url, mock.api_key)
                return _judge(Server(target, _limits(target, options)), options, console)
        target = _target(options)
        return _judge(Server(target, _limits(target, options)), options, console)
    except NoTargetError as error:
        print(f"scripts/contract: {error}", file=sys.stderr)
        return NOT_RUN
    except KeyboardInterrupt:
        print("scripts/contract: interrupted", file=sys.stderr)
        return NOT_RUN


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/contract",
        allow_abbrev=False,
        description="Judge a server by what the vendor's page states; without --url, the stand-in.",
        epilog="Exit code 0: every promise that was tested is kept; 1: a promise is broken; 2: it could not be run, which "
        "is no verdict.",
    )
    parser.add_argument("--url", help="the server's base URL, such as http://127.0.0.1:8025/api/v1")
    add_api_key(parser)
    parser.add_argument("--sender-id", type=int, metavar="N", help="a sender of the account; default: 123")
    parser.add_argument(
        "--phone-number",
        action="append",
        metavar="+33...",
        help="a number that messages may be created for; may be repeated",
    )
    parser.add_argument(
        "-k", dest="expression", metavar="EXPRESSION", help="test only promises whose names match, as in pytest"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="what the cases are made from (default: 0)")
    parser.add_argument("--junit", type=Path, metavar="FILE", help="write the results as JUnit XML too")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write the results as one HTML file too")
    safe = parser.add_argument_group("safe mode", "The default for servers that are not on this machine.")
    safe.add_argument("--safe", action="store_true", help="safe mode on this machine too")
    safe.add_argument(
        "--sends-nothing",
        action="store_true",
        help="leave safe mode: the server at --url never sends an SMS to anybody",
    )
    safe.add_argument(
        "--max-posts", type=int, default=10, metavar="N", help="create so many messages at most (default: 10)"
    )
    safe.add_argument(
        "--rate", type=float, default=2, metavar="N", help="so many requests a second at most (default: 2)"
    )
    safe.add_argument("--yes", action="store_true", help="do as planned, without asking")
    proof = parser.add_argument_group("proof", "Whether the suite itself can be trusted.")
    proof.add_argument(
        "--prove", action="store_true", help="judge the stand-in with each of its faults, and in each of its variants"
    )
    proof.add_argument("--seeds", type=int, default=1, metavar="N", help="do so with N seeds (default: 1)")
    proof.add_argument(
        "--matrix",
        type=Path,
        metavar="FILE",
        nargs="?",
        const=MATRIX,
        help=f"write which promise caught what (to {MATRIX.name})",
    )
    return parser


def _interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
    """A request to terminate ends a run as Ctrl-C does: what was created is deleted."""
    raise KeyboardInterrupt


def _target(options: argparse.Namespace) -> Target:
    if not options.api_key:
        raise NoTargetError("no API key: pass --api-key, or set SMS_SCHEDULER_API_KEY")
    numbers = tuple(options.phone_number or ())
    for number in numbers:
        if not re.fullmatch(r"\+[0-9]+", number):
            raise NoTargetError(f"--phone-number {number}: a plus, the country prefix and digits, such as +33612345678")
    named = {"sender_id": options.sender_id, "phone_numbers": numbers}
    target = Target(options.url.rstrip("/"), options.api_key, **{name: value for name, value in named.items() if value})
    if _is_safe(target, options) and not all(named.values()):
        raise NoTargetError(
            f"{target.url} may really send: say by whom and to whom, with --sender-id and --phone-number (a phone of your "
            "own), or that it never does, with --sends-nothing"
        )
    return attrs.evolve(target, is_sender_named=options.sender_id is not None)


def _is_safe(target: Target, options: argparse.Namespace) -> bool:
    return bool(options.safe or not (target.is_loopback or options.sends_nothing))


def _limits(target: Target, options: argparse.Namespace) -> Limits:
    if not _is_safe(target, options):
        return Limits(seed=options.seed)
    if options.max_posts < 1 or options.rate <= 0:
        raise NoTargetError("--max-posts and --rate must be more than 0")
    return Limits(safe=True, posts=options.max_posts, rate=options.rate, seed=options.seed)


def _judge(server: Server, options: argparse.Namespace, console: Console) -> int:
    selected = ["-k", options.expression] if options.expression else []
    if server.limits.safe:
        print(plan(server, planned(server, selected)))
        if not (options.yes or _is_confirmed()):
            raise NoTargetError("nothing was sent; pass --yes to do as planned")
    server.check()
    terminal = Terminal(console)
    written = [f"--junitxml={options.junit.absolute()}"] if options.junit else []
    verdict = run(server, on_result=terminal.show, options=[*selected, *written])
    terminal.close(verdict)
    if server.limits.safe:
        print(account(server, verdict.leftovers))
    if options.html:
        write_html(verdict, options.html)
    print(summary(verdict))
    return _exit_code(verdict)


def _is_confirmed() -> bool:
    return sys.stdin.isatty() and input("Go on? [y/N] ").strip().lower() in {"y", "yes"}


def _exit_code(verdict: Verdict) -> int:
    if verdict.count("broken"):
        return BROKEN
    return KEPT if verdict.count("kept") and not verdict.no_verdict else NOT_RUN


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
