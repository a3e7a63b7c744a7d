"""How SMS end: what was decided for their phone numbers, in turn or at random."""

import difflib
import itertools
import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .checks import Recipients

# The largest weight, so that their sum is a number.
LARGEST = 1_000_000_000


def picks(recipients: Recipients, phone_number: str) -> bool:
    return recipients(phone_number) if callable(recipients) else recipients == phone_number


@dataclass(slots=True)
class _Rule:
    """The SMS to some recipients end in the statuses in turn; `places` says how many of them came before each.

    Of two rules, the one with the larger `turn` was given last.
    """

    recipients: Recipients
    statuses: tuple[str, ...]
    turn: int
    places: dict[int, int] = field(default_factory=dict[int, int])
    met: int = 0

    def meet(self, sms_id: int) -> None:
        # The last status is for all further ones: no place needs to be kept for them.
        if self.met < len(self.statuses) - 1:
            self.places[sms_id] = self.met
            self.met += 1

    def end(self, sms_id: int) -> str:
        return self.statuses[self.places.get(sms_id, -1)]


class DeliveryResults:
    """Decides how SMS end. Of several rules that pick a number, the last one given counts.

    `statuses` are the documented codes by name. Without any rule, all SMS are received, or end in a status of the `mix`:
    drawn by weight from the seed and the id of the SMS, so that the same SMS always ends alike.
    """

    def __init__(self, statuses: Mapping[str, int], seed: int = 0) -> None:
        self._statuses = statuses
        self.seed = seed
        self.clear()

    def clear(self) -> None:
        # However many numbers have a rule, it costs no more to find the one of a number.
        self._of_number: dict[str, _Rule] = {}
        self._of_function: list[_Rule] = []  # the last one given first
        self._turns = itertools.count()
        self.mix: Mapping[str, float] = {}

    @property
    def decides(self) -> bool:
        """Whether SMS end in anything but RECEIVED."""
        return self._has_rules or bool(self.mix)

    @property
    def _has_rules(self) -> bool:
        return bool(self._of_number or self._of_function)

    def name_of(self, status: int | str) -> str:
        """The name of a status given by code or by name. Raises ValueError if there is none."""
        for name, code in self._statuses.items():
            if status in (name, code) and not isinstance(status, bool):  # what is no status may have no hash
                return name
        close = difflib.get_close_matches(str(status).upper(), self._statuses)
        known = [f"{name} ({code})" for name, code in self._statuses.items() if name in close or not close]
        hint = f"did you mean {' or '.join(known)}?" if close else f"there are {', '.join(known)}"
        raise ValueError(f"{status!r} is not a documented status, by code or by name: {hint}")

    def add(self, recipients: Recipients, statuses: Iterable[int | str], known: Mapping[int, str]) -> None:
        """Decide how the SMS to some recipients end, the known ones first."""
        names = tuple(self.name_of(status) for status in statuses)
        if not names:
            raise ValueError("give at least one status that the SMS end in")
        rule = _Rule(recipients, names, next(self._turns))
        for sms_id, number in known.items():
            if picks(recipients, number):
                rule.meet(sms_id)
        self.remove(recipients)
        if isinstance(recipients, str):
            self._of_number[recipients] = rule
        else:
            self._of_function.insert(0, rule)

    def remove(self, recipients: Recipients) -> None:
        if isinstance(recipients, str):
            self._of_number.pop(recipients, None)
        else:
            self._of_function = [rule for rule in self._of_function if rule.recipients != recipients]

    def set_mix(self, mix: Mapping[str, float] | Mapping[int, float] | Mapping[int | str, float]) -> None:
        """Draw the ends of SMS that no rule picks, by weight."""
        named = {self.name_of(status): weight for status, weight in mix.items()}
        if named and not (all(0 <= weight < LARGEST for weight in named.values()) and any(named.values())):
            raise ValueError(f"weights are 0 to {LARGEST:,}, and one of them is more than 0")
        self.mix = named

    @property
    def by_number(self) -> dict[str, tuple[str, ...]]:
        """What was decided for single phone numbers, in the order in which it was."""
        return {number: rule.statuses for number, rule in self._of_number.items()}

    def settings(self) -> dict[str, object]:
        """What was decided for single phone numbers and at random, as JSON for `restore`."""
        return {"delivery_results": self.by_number, "mix": self.mix}

    def restore(self, settings: Mapping[str, Any], known: Mapping[int, str]) -> None:
        """Go on from settings. Raises AttributeError, TypeError or ValueError if they are none."""
        self.clear()
        for number, statuses in settings.get("delivery_results", {}).items():
            self.add(number, statuses, known)
        self.set_mix(settings.get("mix", {}))

    def accepted(self, numbers: Mapping[int, str]) -> None:
        if not self._has_rules:
            return
        for sms_id, number in numbers.items():
            for rule in self._picking(number):
                rule.meet(sms_id)

    def forgotten(self, numbers: Mapping[int, str]) -> None:
        for sms_id, number in numbers.items():
            if rule := self._of_number.get(number):
                rule.places.pop(sms_id, None)
            for rule in self._of_function:
                rule.places.pop(sms_id, None)

    def end(self, sms_id: int, phone_number: str) -> str:
        if self._has_rules and (rule := max(self._picking(phone_number), key=lambda rule: rule.turn, default=None)):
            return rule.end(sms_id)
        return self._drawn(sms_id) if self.mix else "RECEIVED"

    def _picking(self, phone_number: str) -> Iterator[_Rule]:
        """The rules that pick a number."""
        if rule := self._of_number.get(phone_number):
            yield rule
        for rule in self._of_function:
            if picks(rule.recipients, phone_number):
                yield rule

    def _drawn(self, sms_id: int) -> str:
        chance = random.Random(f"{self.seed}/{sms_id}")  # noqa: S311
        return chance.choices(list(self.mix), list(self.mix.values()))[0]
