"""`python -m sms_scheduler_campaign`, and the command `sms-scheduler-campaign`."""

import sys

from . import missing


def main() -> int:
    """Run the command; the result is the exit code."""
    try:
        from .cli import run  # noqa: PLC0415  # what is missing is said in one line
    except ModuleNotFoundError as error:
        print(f"sms-scheduler-campaign: {missing(error)}", file=sys.stderr)
        return 2
    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
