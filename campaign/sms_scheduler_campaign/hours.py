"""When requests may leave: days of the week and hours of the day, such as `mon-fri 09:00-20:00`."""

import datetime
import re
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import attrs

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOURS = re.compile(r"(?:(?P<days>[a-z,-]+) )?(?P<start>[0-9]{2}:[0-9]{2})-(?P<end>[0-9]{2}:[0-9]{2})")


@attrs.frozen
class Hours:
    """Days and hours in a time zone; an end before the start is on the next day, which counts as the day of the start."""

    days: frozenset[int]
    start: datetime.time
    end: datetime.time
    timezone: datetime.tzinfo

    @classmethod
    def parse(cls, text: str, timezone: str) -> "Hours":
        """Read `09:00-20:00`, `mon-fri 09:00-20:00` or `mon,wed,sat-sun 21:00-02:00`. Raises ValueError for another text."""
        match = _HOURS.fullmatch(text)
        if match is None:
            raise ValueError(f"the hours must be like 'mon-fri 09:00-20:00', not {text!r}")
        try:
            zone = ZoneInfo(timezone)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"the time zone must be like Europe/Paris, not {timezone!r}") from None
        try:
            start, end = (datetime.time.fromisoformat(match[name]) for name in ("start", "end"))
        except ValueError as error:
            raise ValueError(f"the hours must be like 'mon-fri 09:00-20:00', not {text!r}: {error}") from None
        if start == end:
            raise ValueError(f"the hours must not end when they begin: {text!r}")
        return cls(_days(match["days"]), start, end, zone)

    def is_open(self, at: float) -> bool:
        """Whether requests may leave at a time, in seconds since 1970."""
        local = datetime.datetime.fromtimestamp(at, self.timezone)
        time, day = local.time(), local.weekday()
        if self.start < self.end:
            return day in self.days and self.start <= time < self.end
        return (day in self.days and time >= self.start) or ((day - 1) % 7 in self.days and time < self.end)


def _days(text: str | None) -> frozenset[int]:
    if text is None:
        return frozenset(range(7))
    days = set[int]()
    for part in text.split(","):
        first, _, last = part.partition("-")
        if first not in _DAYS or (last or first) not in _DAYS:
            raise ValueError(f"a day must be one of {', '.join(_DAYS)}, not {part!r}")
        start, end = _DAYS.index(first), _DAYS.index(last or first)
        days.update(day % 7 for day in range(start, end + 1 + (7 if end < start else 0)))
    return frozenset(days)
