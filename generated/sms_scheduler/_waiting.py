# Made by scripts/generate from openapi.yaml, SMS Scheduler 0.2.0: do not edit.
"""How long to wait between the reports that a waiter asks for. Pure but for the clock."""

import time

from ._settings import check_seconds
from .errors import WaitTimeoutError

_GROWTH, _MOST_GROWN = 1.5, 8.0


class Waiting:
    """One wait for a report to become final; raises TypeError or ValueError for times that cannot be."""

    def __init__(self, operation: str, timeout: float, poll: float) -> None:
        check_seconds("timeout", timeout, most=31 * 86_400.0)
        check_seconds("poll", poll)
        self._operation, self._timeout, self._poll = operation, timeout, poll
        self._ends_at = time.monotonic() + timeout
        self._growth = 1.0

    def seconds_after(self, report: object) -> float:
        """How many seconds to wait after a report that is not final. Raises WaitTimeoutError if time is up."""
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise WaitTimeoutError(self._operation, True, self._timeout, report)
        seconds = min(self._poll * self._growth, left)
        self._growth = min(self._growth * _GROWTH, _MOST_GROWN)
        return seconds
