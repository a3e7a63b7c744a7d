"""The signals that end the command. This imports nothing that takes time."""

import signal
import sys
from collections.abc import Callable
from types import FrameType

# After so many interruptions a library that does not return is left at once.
MOST_INTERRUPTIONS = 3


class InterruptedRunError(KeyboardInterrupt):
    """An interruption before the run begins. Python would end itself by a signal if it saw its own class in an exec, as in an import."""


class Signals:
    """Until the run begins, the first signal ends the command; later each one is told to the run.

    An exception from a signal handler may be lost: in a callback of the garbage collector, or in a library that catches all.
    Therefore `check` raises it again.

    Attributes:
        is_interrupted: Whether there was a signal before the run began.
    """

    def __init__(self) -> None:
        """Handle the signals from now on."""
        self.is_interrupted = False
        self._count = 0
        self._tell: Callable[[], None] | None = None
        sys.unraisablehook = _ignore_interruptions
        for number in handled_signals():
            signal.signal(number, self)

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Handle a signal. A second one has nothing more to end before the run begins."""
        if self._tell:
            self._tell()
            return
        self.is_interrupted = True
        self._count += 1
        if self._count == 1 or self._count >= MOST_INTERRUPTIONS:
            raise InterruptedRunError

    def check(self) -> None:
        """Raise InterruptedRunError if there was a signal before the run began."""
        if self.is_interrupted:
            raise InterruptedRunError

    def begin(self, tell: Callable[[], None]) -> None:
        """Begin the run: call `tell` for each further signal. Raises InterruptedRunError if there was one before."""
        self._tell = tell
        self.check()

    def end(self) -> None:
        """Ignore all further signals: nothing is left to be ended, not even by Python's own handlers while it exits."""
        for number in handled_signals():
            signal.signal(number, signal.SIG_IGN)


def handled_signals() -> list[int]:
    """The signals that end a run: SIGHUP too, unless nohup or the like has it ignored."""
    numbers = [number for name in ("SIGINT", "SIGTERM", "SIGHUP") if (number := getattr(signal, name, None))]
    return [number for number in numbers if number == signal.SIGINT or signal.getsignal(number) != signal.SIG_IGN]


def _ignore_interruptions(problem: "sys.UnraisableHookArgs") -> None:
    """An interruption that came up where it cannot be raised, as in the garbage collector, is not shown."""
    if not issubclass(problem.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(problem)
