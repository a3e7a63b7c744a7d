"""The time of this machine, whatever a library with which tests travel in time makes of it.

freezegun and time-machine change `time` and `datetime` for the whole process: for the thread of the server too, and for a
module that is imported meanwhile. Both leave a way to the real ones.
"""

import sys
import time
from datetime import datetime
from typing import Any


def now() -> datetime:
    """The local time, without a zone."""
    hatch = _escape_hatch()
    moment: datetime = (hatch.datetime.datetime if hatch else _real("datetime", datetime)).now()
    return moment


def timestamp() -> float:
    """The seconds since 1970."""
    hatch = _escape_hatch()
    seconds: float = (hatch.time.time if hatch else _real("time", time.time))()
    return seconds


def monotonic() -> float:
    """A number of seconds that only grows, to tell how much time passed."""
    seconds: float = _real("monotonic", time.monotonic)()
    return seconds


def _escape_hatch() -> Any:
    """What time-machine has for the purpose while it travels; it leaves the monotonic clock alone. None otherwise."""
    hatch = getattr(sys.modules.get("time_machine"), "escape_hatch", None)
    return hatch if hatch is not None and hatch.is_travelling() else None


def _real(name: str, otherwise: Any) -> Any:
    """What freezegun replaced, if it is in use."""
    return getattr(sys.modules.get("freezegun.api"), f"real_{name}", otherwise)
