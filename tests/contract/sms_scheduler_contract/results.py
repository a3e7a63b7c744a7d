"""The results of a run."""

from collections.abc import Sequence
from typing import Literal

import attrs

from .observations import Observation

Outcome = Literal["passed", "failed", "not tested"]


@attrs.frozen
class Failure:
    """Why a check failed: what the page states, what was received, and the lines of bash that show it again."""

    expected: str
    received: str
    reproducer: str

    def __str__(self) -> str:
        return f"expected: {self.expected}\nreceived: {self.received}\n\n{self.reproducer}"


@attrs.frozen
class Result:
    """The result of a check.

    Attributes:
        name: The check's name, as `-k` takes it.
        topic: What it is about, in words.
        text: What the page states, in a sentence.
        outcome: Whether it passed.
        cases: How many cases were run.
        reason: Why it was not tested.
        failure: Why it failed.
    """

    name: str
    topic: str
    text: str
    outcome: Outcome
    cases: int = 0
    reason: str = ""
    failure: Failure | None = None


@attrs.frozen
class RunResult:
    """The results of a run.

    Attributes:
        url: The server.
        results: The result of each check.
        observations: What the server does where the page leaves something open.
        leftovers: What was created and could not be deleted.
        stopped: Why the run was stopped, empty if it was not.
    """

    url: str
    results: Sequence[Result]
    observations: Sequence[Observation] = ()
    leftovers: Sequence[str] = ()
    stopped: str = ""

    def count(self, outcome: Outcome) -> int:
        """How many checks had this outcome."""
        return sum(result.outcome == outcome for result in self.results)

    @property
    def counts(self) -> str:
        """The number of checks by outcome, in words."""
        return ", ".join(f"{self.count(outcome)} {outcome}" for outcome in ("passed", "failed", "not tested"))
