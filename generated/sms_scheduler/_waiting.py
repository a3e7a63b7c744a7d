# Made by scripts/generate from openapi.yaml, SMS Scheduler 0.2.0: do not edit.
"""How long to wait between the reports that a waiter asks for. Pure but for the clock."""

import contextlib
import time
from collections.abc import Generator

from ._settings import A_DAY, check_seconds
from .errors import ApiError, TransportError, WaitTimeoutError

_GROWTH, _MOST_GROWN = 1.5, 8.0
_LAST_LOOK = 1.0  # seconds that the last question may take: it is asked when time is up


class Waiting:
    """One wait for a report to become final; raises TypeError or ValueError for times that cannot be."""

    def __init__(self, operation: str, timeout: float, poll: float) -> None:
        check_seconds("timeout", timeout, most=31 * 86_400.0)
        check_seconds("poll", poll)
        self._operation, self._timeout, self._poll = operation, timeout, poll
        self._ends_at = time.monotonic() + timeout
        self._growth = 1.0
        self._last: object = None

    @contextlib.contextmanager
    def asking(self) -> Generator[None]:
        """Ask for a report. What fails when time is up, or has to wait for longer, raises WaitTimeoutError."""
        try:
            yield
        except (ApiError, TransportError) as error:
            wait = error.retry_after if isinstance(error, ApiError) else 0.0
            if wait is not None and wait >= self._left:
                raise self._time_is_up() from error
            raise

    def deadline(self, own: float | None) -> float:
        """How many seconds a call may take that asks for a report, if it has `own` seconds without a wait."""
        return min(max(self._left, _LAST_LOOK), A_DAY if own is None else own)

    def seconds_after(self, report: object) -> float:
        """How many seconds to wait after a report that is not final. Raises WaitTimeoutError if time is up."""
        self._last, left = report, self._left
        if left <= 0:
            raise self._time_is_up()
        seconds = min(self._poll * self._growth, left)
        self._growth = min(self._growth * _GROWTH, _MOST_GROWN)
        return seconds

    @property
    def _left(self) -> float:
        return self._ends_at - time.monotonic()

    def _time_is_up(self) -> WaitTimeoutError:
        return WaitTimeoutError(self._operation, True, self._timeout, self._last)
