"""The command sms-scheduler-contract, also as python -m sms_scheduler_contract."""

import signal
import sys
from types import FrameType

from .signals import handled_signals


class InterruptedRunError(KeyboardInterrupt):
    """Ctrl-C while modules are imported. Python would end itself by a signal if it saw its own class in an exec there."""


def main() -> int:
    """Run the command. Returns the exit code."""
    for number in handled_signals():
        signal.signal(number, _interrupt)
    try:
        from . import cli

        return cli.main(sys.argv[1:])
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("sms_scheduler_contract"):
            raise
        problem = f'{error.name} is not installed; run pip install "sms-scheduler[contract]"'
    except KeyboardInterrupt:
        problem = "interrupted"
    print(f"sms-scheduler-contract: {problem}", file=sys.stderr)
    return 2


def _interrupt(number: int, frame: FrameType | None) -> None:
    """End a command that has not begun; a second Ctrl-C has nothing more to end."""
    signal.signal(number, signal.SIG_IGN)
    raise InterruptedRunError


if __name__ == "__main__":
    sys.exit(main())
