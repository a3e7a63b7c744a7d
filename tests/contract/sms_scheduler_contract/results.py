"""The results of a run."""

import re
from collections.abc import Sequence
from typing import Literal

import attrs

from .observations import Observation

Outcome = Literal["passed", "failed", "not tested"]


@attrs.frozen
class Failure:
    """Why a check failed: what the page states, what was received, and the lines of bash that show it again.

    Attributes:
        cause: The same for failures that look alike: what was received, without its numbers, and to which request.
    """

    expected: str
    received: str
    reproducer: str
    cause: str = ""

    def __str__(self) -> str:
        return f"{self.text}\n\n{self.reproducer}"

    @property
    def text(self) -> str:
        """What was expected and received."""
        return f"expected: {self.expected}\nreceived: {self.received}"


@attrs.frozen
class Result:
    """The result of a check.

    Attributes:
        name: The check's name, as `--check` takes it.
        topic: What it is about, in words.
        text: What is checked, in a sentence.
        outcome: Whether it passed.
        cases: How many cases were run.
        reason: Why it was not tested.
        failure: Why it failed.
        page_sentence: What the page says, in its own words.
        is_crash: Whether it was not tested because the suite itself failed.
    """

    name: str
    topic: str
    text: str
    outcome: Outcome
    cases: int = 0
    reason: str = ""
    failure: Failure | None = None
    page_sentence: str = ""
    is_crash: bool = False


@attrs.frozen
class RunResult:
    """The results of a run.

    Attributes:
        url: The server.
        results: The result of each check.
        observations: What the server does where the page leaves something open.
        leftovers: What was created and could not be deleted.
        stopped: Why the run was stopped, empty if it was not.
        account: In safe mode, what was created and what became of it.
        seed: What the test data were made from.
    """

    url: str
    results: Sequence[Result]
    observations: Sequence[Observation] = ()
    leftovers: Sequence[str] = ()
    stopped: str = ""
    account: Sequence[str] = ()
    seed: int = 0

    def count(self, outcome: Outcome) -> int:
        """How many checks had this outcome."""
        return sum(result.outcome == outcome for result in self.results)

    @property
    def counts(self) -> str:
        """The number of checks by outcome, in words."""
        return ", ".join(f"{self.count(outcome)} {outcome}" for outcome in ("passed", "failed", "not tested"))

    @property
    def exit_code(self) -> int:
        """0 if every check that was run passed, 1 if one failed, 2 if there is no verdict."""
        if self.count("failed"):
            return 1
        is_whole = not self.stopped and not any(result.is_crash for result in self.results)
        return 0 if self.count("passed") and is_whole else 2

    @property
    def summary(self) -> str:
        """The result in a line."""
        crashes = sum(result.is_crash for result in self.results)
        if self.stopped:
            further = " any further" if self.count("failed") else ""
            return f"{self.url} could not be tested{further}: {self.stopped}. Until then: {self.counts}."
        if crashes:
            return f"{self.url} could not be tested: the suite itself failed in {crashes} checks. Else: {self.counts}."
        if not self.count("passed") and not self.count("failed"):
            return f"{self.url} was not tested: no contract check was run."
        return f"{self.url}: {self.counts}."

    @property
    def failures(self) -> Sequence[Sequence[Result]]:
        """The failed checks, those of one cause together."""
        groups: dict[str, list[Result]] = {}
        for result in self.results:
            if result.failure:
                groups.setdefault(result.failure.cause or result.name, []).append(result)
        return list(groups.values())


def cause_of(received: str, method: str, path: str) -> str:
    """What failures have in common that have one cause."""
    first_line = received.partition("\n")[0]
    return re.sub(r"'[^']*'|\"[^\"]*\"|[0-9]+", "#", f"{method} {path}: {first_line}")
