"""Whether the suite can be trusted: every fault is caught, and no honest server is accused.

The servers are the stand-in with its faults, variants and dialects, and another one that was written from the vendor's
page alone, which shares nothing with the stand-in and has faults of its own.
"""

import datetime
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import AbstractContextManager
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import attrs
from rich.console import Console
from rich.progress import track
from sms_scheduler_mock import FAULTS, VARIANTS, MockServer

from .errors import CannotTestError
from .mutants import another_server
from .runner import run
from .server import Effort, Server
from .target import Target

DIALECTS = {"lists": "sms_ids has a list of ids for each number", "integers": "sms_ids has one id for each number"}
# What a server may be, and a heading for it: a kind is a fault if it has to be caught.
KINDS: Mapping[str, tuple[str, Mapping[str, str], bool]] = {
    "variant": ("Variants of the stand-in", VARIANTS, False),
    "dialect": ("Dialects of the stand-in", DIALECTS, False),
    "honest": ("Another server", {"as it is": "Written from the page alone, in another style"}, False),
    "fault": ("Faults of the stand-in", FAULTS, True),
    "another fault": ("Faults of the other server", another_server.FAULTS, True),
}
# Fewer cases than a tester's run has, for the time it takes; a server that this is too little for is judged by a whole run.
_CASES = 0.3


@attrs.frozen
class Trial:
    """A server to judge.

    Attributes:
        kind: One of KINDS.
        name: The fault, variant or dialect.
        seed: What Hypothesis makes its cases from.
    """

    kind: str
    name: str
    seed: int

    @property
    def is_faulty(self) -> bool:
        """Whether a promise must be found to be broken."""
        return KINDS[self.kind][2]

    def judge(self) -> "Outcome":
        """Run the suite with few cases, and with all if that catches no fault."""
        outcome = self._judge(_CASES)
        return self._judge(1.0) if self.is_faulty and not outcome.broken else outcome

    def _judge(self, cases: float) -> "Outcome":
        with self._server() as given:
            server = Server(Target(given.url, given.api_key), effort=Effort(seed=self.seed, shrink=False, cases=cases))
            try:
                server.check()
            except CannotTestError as error:
                return Outcome(self, {}, str(error))
            done = run(server, until_failed=self.is_faulty, throwaway=True)
        broken = {result.name: str(result.failure) for result in done.results if result.failure}
        return Outcome(self, broken, done.stopped)

    def _server(self) -> AbstractContextManager[Any]:
        if self.kind == "honest":
            return another_server.another_server()
        if self.kind == "another fault":
            return another_server.another_server(fault=self.name)
        switches: dict[str, Any] = {
            "variant": {"variants": [self.name]},
            "dialect": {"dialect": self.name},
            "fault": {"faults": [self.name]},
        }
        return MockServer(now=datetime.datetime(2030, 1, 1), ticking=True, **switches[self.kind])


@attrs.frozen
class Outcome:
    """What came of a trial: the promises found broken with what was wrong, and why there was no verdict if so."""

    trial: Trial
    broken: Mapping[str, str]
    no_verdict: str

    @property
    def problem(self) -> str | None:
        """What is wrong with the suite, if anything."""
        trial = self.trial
        name = f"{trial.kind} {trial.name}, seed {trial.seed}"
        if trial.is_faulty:
            return None if self.broken else f"{name}: not caught {self.no_verdict}".rstrip()
        if self.no_verdict:
            return f"{name}: no verdict: {self.no_verdict}"
        return f"{name}: accused\n" + "\n".join(self.broken.values()) if self.broken else None


def prove(seeds: Sequence[int], console: Console, matrix: Path | None) -> bool:
    """Judge every server with each seed, and write the matrix if a file is given. The result is whether all is well.

    A faulty server is judged until a promise is found to be broken.
    """
    trials = list(_trials(seeds))
    # two more than can compute at once, since some wait for messages to be sent
    with ProcessPoolExecutor((os.cpu_count() or 1) + 2, mp_context=get_context("spawn")) as pool:
        futures = [pool.submit(Trial.judge, trial) for trial in trials]
        done = track(as_completed(futures), "Judging", len(futures), console=console, transient=True)
        try:
            outcomes = [future.result() for future in done]
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    for outcome in outcomes:
        if outcome.problem:
            console.print(outcome.problem, markup=False, soft_wrap=True)
    console.print(_summary(outcomes))
    if matrix:
        matrix.write_text(_matrix(outcomes), encoding="utf-8")
        console.print(f"Written to {matrix}.")
    return not any(outcome.problem for outcome in outcomes)


def _trials(seeds: Sequence[int]) -> Iterator[Trial]:
    for seed in seeds:
        for kind, (_, names, _) in KINDS.items():
            yield from (Trial(kind, name, seed) for name in names)


def _summary(outcomes: Sequence[Outcome]) -> str:
    faulty = [outcome for outcome in outcomes if outcome.trial.is_faulty]
    honest = [outcome for outcome in outcomes if not outcome.trial.is_faulty]
    caught = sum(not outcome.problem for outcome in faulty)
    accused = sum(bool(outcome.problem) for outcome in honest)
    seeds = sorted({outcome.trial.seed for outcome in outcomes})
    return (
        f"{caught} of {len(faulty)} faults caught, {accused} of {len(honest)} honest servers accused, with "
        f"{'seed' if len(seeds) == 1 else 'seeds'} {', '.join(map(str, seeds))}."
    )


_HEAD = """# The proof of the contract suite

Made by `scripts/contract --prove --matrix docs/contract-proof.md`. Each server below was judged once with each seed. A fault must be caught:
the promise that was found to be broken first is named, with the number of seeds where it was not with all of them. An
honest server differs only in what the vendor leaves open, and must not be accused of anything.

"""


def _matrix(outcomes: Sequence[Outcome]) -> str:
    lines = [_HEAD + _summary(outcomes)]
    for kind, (heading, names, _) in KINDS.items():
        lines += ["", f"## {heading}", "", "| server | what it does | broken promise |", "|---|---|---|"]
        for name, description in names.items():
            found = [outcome for outcome in outcomes if (outcome.trial.kind, outcome.trial.name) == (kind, name)]
            lines.append(f"| `{name}` | {description} | {_broken_by(found)} |")
    return "\n".join(lines) + "\n"


def _broken_by(outcomes: Sequence[Outcome]) -> str:
    names = list(dict.fromkeys(name for outcome in outcomes for name in outcome.broken))
    counts = {name: sum(name in outcome.broken for outcome in outcomes) for name in names}
    return (
        ", ".join(name if count == len(outcomes) else f"{name} ({count})" for name, count in counts.items()) or "none"
    )
