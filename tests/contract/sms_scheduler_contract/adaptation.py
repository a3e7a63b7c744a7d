"""Limits of a server that the page does not mention: the suite adapts to them and reports them.

A server limits something if it refuses a valid request with 400, refuses another one that asks for more of the same in the
plainest way as well, and accepts less of it. What it refuses for any other reason is no limit, and fails the check.
"""

import datetime
from collections.abc import Callable, Collection, Sequence
from typing import Any

import attrs

from .models import WIRE_DATE
from .safe_mode import NEAREST

Fields = dict[str, Any]
# Whether a request is accepted; None if the server answers anything but 200 and 400.
Ask = Callable[[Fields], bool | None]

_LENGTHS = (1_000, 459, 160, 70, 35, 11)  # characters: the last is the length of the page's own text
# Dates that are past, or soon, by any clock.
_SURE_DATES = ("2001-01-01 12:00:00", (datetime.datetime.now() + datetime.timedelta(2)).strftime(WIRE_DATE))


@attrs.define
class Adaptation:
    """What is known of a server's limits, and how requests keep to them.

    Attributes:
        only_named: Whether it accepts only the phone numbers that the tester named.
        date: The date that it accepts instead of those that are too far ahead.
        lengths: How many characters a text may have, by whether those of the GSM alphabet are enough.
        seen: The limits in words, by what is limited.
    """

    only_named: bool = False
    date: str = ""
    lengths: dict[bool, int] = attrs.field(factory=dict)
    seen: dict[str, str] = attrs.field(factory=dict)

    def within(self, fields: Fields) -> Fields:
        """A request with what the server is known to accept instead of what it is known to refuse."""
        text, date = fields["message_text"], fields["delivery_date"]
        text = text[: self.lengths.get(_is_narrow(text))]
        return {**fields, "message_text": text, "delivery_date": min(date, self.date or date)}

    def find_any(self, ask: Ask, fields: Fields, named: Sequence[str]) -> None:
        """Find out which phone numbers and dates a server accepts, by the first request of a run."""
        if ask(fields) is not False:
            return
        by_named = {**fields, "phone_numbers": list(named)}
        dated = [{**other, "delivery_date": date} for date in _SURE_DATES for other in (fields, by_named)]
        accepted = next((other for other in (by_named, *dated) if ask(other)), None)
        if accepted is None:
            return
        self._note_numbers(ask, fields, accepted)
        if accepted["delivery_date"] != fields["delivery_date"]:
            later = {**accepted, "delivery_date": fields["delivery_date"]}
            self._find_date(ask, later, accepted["delivery_date"])

    def _note_numbers(self, ask: Ask, refused: Fields, accepted: Fields) -> None:
        # a single number that was not named may be accepted: then it refuses several
        one = {**accepted, "phone_numbers": refused["phone_numbers"][:1]}
        if accepted["phone_numbers"] != refused["phone_numbers"] and not ask(one):
            self.only_named = True
            self.seen["phone numbers that are not named"] = "refused with 400"

    def find(self, ask: Ask, fields: Fields, base: str) -> bool:
        """Whether a limit explains that a request was refused with 400. `base` is a date that is accepted."""
        return (fields["delivery_date"] > base and self._find_date(ask, fields, base)) or self._find_length(ask, fields)

    def find_sparingly(self, ask: Ask, fields: Fields, refused: Collection[str]) -> bool:
        """The same with one request, in safe mode. `refused` are the fields that the server complained of."""
        text, date = fields["message_text"], fields["delivery_date"]
        narrow = _is_narrow(text)
        room = 160 if narrow else 70
        if (
            set(refused) == {"delivery_date"}
            and not self.date
            and ask({**fields, "delivery_date": _later(date)}) is False
        ):
            self.date = (datetime.datetime.now() + NEAREST + datetime.timedelta(1)).strftime(WIRE_DATE)
            self.seen["latest delivery date"] = f"before {date}, which is refused with 400"
            return True
        if (
            set(refused) == {"message_text"}
            and len(text) > room
            and ask({**fields, "message_text": _plain(text)}) is False
        ):
            self.lengths[narrow] = room
            self.seen["length of a text"] = f"less than {len(text)} characters, which are refused with 400"
            return True
        return False

    def _find_date(self, ask: Ask, fields: Fields, low: str) -> bool:
        """Find the latest date that is accepted, to the hour. `low` is an earlier one."""
        refused = fields["delivery_date"]
        if not all(
            ask({**fields, "delivery_date": date}) is known for date, known in ((low, True), (_later(refused), False))
        ):
            return False
        accepted, high = _read(low), _read(refused)
        while high - accepted > datetime.timedelta(hours=1):
            middle = accepted + (high - accepted) / 2
            if ask({**fields, "delivery_date": middle.strftime(WIRE_DATE)}):
                accepted = middle
            else:
                high = middle
        self.date = accepted.strftime(WIRE_DATE)
        self.seen["latest delivery date"] = f"some {self.date}; later ones are refused with 400"
        return True

    def _find_length(self, ask: Ask, fields: Fields) -> bool:
        text = fields["message_text"]
        if ask({**fields, "message_text": _plain(text)}) is not False:
            return False
        for length in _LENGTHS:
            shorter = text[:length]
            if length < len(text) and shorter.strip() and ask({**fields, "message_text": shorter}):
                self.lengths[_is_narrow(text)] = length
                kind = "ASCII" if _is_narrow(text) else "other characters"
                self.seen[f"length of a text in {kind}"] = f"{length} are accepted, {len(text)} are refused with 400"
                return True
        return False


def _read(date: str) -> datetime.datetime:
    return datetime.datetime.strptime(date, WIRE_DATE)


def _later(date: str) -> str:
    """A later date without anything that a server might read wrongly."""
    return f"{int(date[:4]) + 1}-03-05 12:00:00"


def _is_narrow(text: str) -> bool:
    """Whether an SMS has room for 160 such characters; otherwise it may have room for 70."""
    return text.isascii() and "`" not in text


def _plain(text: str) -> str:
    """A text of at least the same size, whether that is counted in characters, in UTF-16 or in UTF-8."""
    if _is_narrow(text):
        return "".join("aa" if character in "^{}[]~|\\" else "a" for character in text)
    return "".join("\u5b57" * (len(character.encode("utf-16-le")) // 2) for character in text)
