"""The switches that turn faults and variants on."""

import difflib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from .http.api import Api, Call, Reply
from sms_scheduler_contract.mutants.changes import Answer, Change
from sms_scheduler_contract.mutants.faults import CATALOGUE as FAULTS
from .backend.ledger import Rules
from .faults import Trouble, Troubles
from sms_scheduler_contract.mutants.variants import CATALOGUE as VARIANTS


class Switches:
    """The switches of a catalogue of changes, by name; `kind` is what one of them is called.

    Raises ValueError if one of the names that are `initially` on is not in the catalogue.
    """

    on: tuple[str, ...]

    def __init__(self, kind: str, catalogue: Mapping[str, Change], initially: Iterable[str]) -> None:
        self._kind = kind
        self._catalogue = catalogue
        self._initially = tuple(initially)
        self.reset()

    def switch_on(self, name: str) -> None:
        """Turn a change on. Raises ValueError if there is none of that name."""
        self.check(name)
        self.on = tuple(known for known in self._catalogue if known in {*self.on, name})

    def check(self, name: str) -> None:
        """Raise ValueError if there is no change of that name."""
        if name not in self._catalogue:
            close = difflib.get_close_matches(name, self._catalogue)
            all_of_them = f"sms_scheduler_mock.{self._kind.upper()}S has them all"
            hint = f"did you mean {' or '.join(close)}?" if close else all_of_them
            raise ValueError(f"there is no {self._kind} {name!r}: {hint}")

    def clear(self) -> None:
        """Turn on nothing."""
        self.on = ()

    def reset(self) -> None:
        """Turn on what was on in the beginning, and nothing else."""
        self.on = ()
        self._memories = {name: Counter[str]() for name in self._catalogue}
        for name in self._initially:
            self.switch_on(name)

    def around(self, answer: Answer, api: Api, *, of_bytes: bool = False) -> Answer:
        """`answer` with what is on: one change around the other, the last one of the catalogue innermost.

        Those that are about bytes alone are left out, or are the only ones.
        """
        for name in reversed(self.on):
            change = self._catalogue[name]
            if change.of_bytes == of_bytes:
                answer = change.around(answer, api, self._memories[name])
        return answer

    def rules(self) -> dict[str, Any]:
        """The rules that what is on sets."""
        return {key: value for name in self.on for key, value in self._catalogue[name].rules.items()}


class SwitchedApi:
    """Answers calls like an Api, but for what is on: the troubles go around the faults, these around the variants.

    Variants that are about bytes alone, such as their compression, go around the faults. A fault for so many requests
    or for one operation is a trouble.
    """

    _answer: Answer

    def __init__(self, api: Api, faults: Iterable[str] = (), variants: Iterable[str] = ()) -> None:
        self._api = api
        self._limited = Troubles()
        self.faults = Switches("fault", FAULTS, faults)
        self.variants = Switches("variant", VARIANTS, variants)
        self._connect()

    def answer(self, call: Call) -> Reply:
        return self._limited.answer(call, self._api, self._answer)

    @property
    def is_plain(self) -> bool:
        """Whether nothing is on."""
        return not (self.faults.on or self.variants.on or self._limited)

    @property
    def troubles(self) -> tuple[Trouble, ...]:
        """Those that are on, each with the `times` that are left; the faults too."""
        return (*map(Trouble, self.faults.on), *self._limited.on)

    def add_trouble(self, trouble: Trouble) -> None:
        if trouble.kind in FAULTS and trouble.times is None and trouble.operation is None:
            self.switch_on(self.faults, trouble.kind)
        else:
            self._limited.add(trouble)

    def clear_troubles(self) -> None:
        """Turn off every trouble and every fault."""
        self._limited.clear()
        self.faults.clear()
        self._connect()

    def switch_on(self, switches: Switches, name: str) -> None:
        """Turn a fault or a variant on. Raises ValueError if there is none of that name."""
        switches.switch_on(name)
        self._connect()

    def reset(self) -> None:
        """Turn on the faults and variants of the beginning and nothing else."""
        self._limited.clear()
        self.faults.reset()
        self.variants.reset()
        self._connect()

    def _connect(self) -> None:
        self._api.ledger.rules = replace(Rules(), **self.variants.rules())
        meant = self.variants.around(self._api.answer, self._api)
        answered = self.faults.around(meant, self._api)
        self._answer = self.variants.around(answered, self._api, of_bytes=True)
