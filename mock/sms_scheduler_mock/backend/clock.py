"""The clock of the server, which shows what it is told to."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from . import checks, machine_time


def later(moment: datetime, seconds: float) -> datetime:
    """So many seconds after a moment, and no later than the calendar ends."""
    return moment + min(timedelta(seconds=seconds), datetime.max - moment)


class Clock:
    """A clock without a time zone. It stands still unless `ticking`, and moves when told."""

    def __init__(self, start: datetime | None = None, *, ticking: bool = False) -> None:
        self._start = start
        self._ticks_at_start = ticking
        self.reset()

    def __call__(self) -> datetime:
        moment, set_at, ticking = self._state
        return later(moment, machine_time.monotonic() - set_at) if ticking else moment

    @property
    def ticking(self) -> bool:
        """Whether it runs by itself. The time shown stays when this is set."""
        return self._state[2]

    @ticking.setter
    def ticking(self, ticking: bool) -> None:
        self._state = (self(), machine_time.monotonic(), ticking)

    def set(self, moment: datetime) -> None:
        """Show another time."""
        self._state = (moment, machine_time.monotonic(), self.ticking)

    def reset(self) -> None:
        """Show the start again; the time of this machine if there is none."""
        self._state = (datetime.min, 0.0, self._ticks_at_start)
        self.set(self._start or machine_time.now().replace(microsecond=0))

    def setting(self) -> dict[str, object]:
        """What it shows, as JSON for `restore`."""
        return {"moment": str(self()), "ticking": self.ticking, "set_at": machine_time.timestamp()}

    def restore(self, setting: Mapping[str, Any]) -> None:
        """Go on from a setting. A running clock ran on meanwhile. Raises KeyError, TypeError or ArgumentError if it is none."""
        moment, ticking = checks.moment("moment", setting["moment"]), setting["ticking"]
        checks.check_type("ticking", ticking, bool)
        passed = max(0.0, machine_time.timestamp() - setting["set_at"])
        self.ticking = ticking
        self.set(later(moment, passed if ticking else 0))
