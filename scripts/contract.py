"""Judge a server by openapi.yaml: run tests/contract against the stand-in, or against the server at --url."""

import argparse
import sys
from pathlib import Path

import pytest
from target import NoTargetError, Target, TargetPlugin, add_api_key

ROOT = Path(__file__).resolve().parent.parent
KEPT, BROKEN, NOT_RUN = 0, 1, 2


def main(arguments: list[str]) -> int:
    """Run the command; the result is the exit code."""
    parser = argparse.ArgumentParser(
        prog="scripts/contract",
        allow_abbrev=False,
        description="Judge a server by openapi.yaml; without --url, the stand-in in both dialects.",
        epilog="Exit code 0: every promise kept; 1: a promise broken; 2: it could not be run, which is no verdict. "
        "Other options go to pytest.",
    )
    parser.add_argument("--url", help="the server's base URL, such as http://127.0.0.1:8025/api/v1")
    add_api_key(parser)
    parser.add_argument("--sender-id", type=int, default=123, metavar="N", help="a sender of the account; default: 123")
    parser.add_argument("--phone-number", default="+33123456789", metavar="+33...", help="a number to create SMS for")
    options, others = parser.parse_known_args(arguments)
    try:
        plugins = _plugins(options)
    except NoTargetError as error:
        print(f"scripts/contract: {error}", file=sys.stderr)
        return NOT_RUN
    tests = ROOT / "tests" / "contract" / "test_contract.py"
    # httpx brings anyio, whose pytest plugin cannot be rewritten once it is imported; it has no assertions that matter
    quiet = ["-W", "ignore::pytest.PytestAssertRewriteWarning", "--tb=short", "--no-showlocals"]
    code = pytest.main([str(tests), f"--rootdir={ROOT}", "-v", *quiet, *others], plugins)
    verdict = {int(pytest.ExitCode.OK): KEPT, int(pytest.ExitCode.TESTS_FAILED): BROKEN}.get(int(code), NOT_RUN)
    print(
        {KEPT: "Every promise that was tested is kept.", BROKEN: "A promise is broken, as shown above."}.get(
            verdict, ""
        )
    )
    return verdict


def _plugins(options: argparse.Namespace) -> list[TargetPlugin]:
    if options.url is None:
        return []
    if not options.api_key:
        raise NoTargetError("no API key: pass --api-key, or set SMS_SCHEDULER_API_KEY")
    target = Target(options.url.rstrip("/"), options.api_key, options.sender_id, options.phone_number)
    target.check()
    if not target.is_loopback:
        print(
            f"{target.url} is not on this machine, where requests really send and delete. Only reading and the refusal of "
            "wrong keys are judged."
        )
    return [TargetPlugin(target)]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
