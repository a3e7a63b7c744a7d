"""Whether the suite can be trusted: every mutant is caught, and no conforming variant fails.

The servers are the mock server as a mutant or as a conforming variant, and another one that was written from the vendor's
page alone, which shares nothing with the mock server and has mutants of its own.
"""

import datetime
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Literal

import attrs
from rich.console import Console
from rich.progress import track
from sms_scheduler_mock import MockServer

from .errors import CannotTestError
from .mutants import CONFORMING, MUTANTS, Mutant, another_server
from .runner import run
from .server import Effort, Server
from .target import Target


def _descriptions(mutants: Mapping[str, Mutant]) -> Mapping[str, str]:
    return {name: mutant.description for name, mutant in mutants.items()}


@attrs.frozen
class Kind:
    """A kind of server: its heading, the descriptions of its servers by name, and whether they have to be caught."""

    heading: str
    servers: Mapping[str, str]
    is_broken: bool


# What `--prove --matrix` wrote, in the repository.
_MATRIX = Path(__file__).parents[3] / "docs" / "contract-proof.md"

CLOCKS: Mapping[str, datetime.datetime] = {
    "in 1990": datetime.datetime(1990, 1, 1),
    "in 2019": datetime.datetime(2019, 1, 1),
    "months ago": datetime.datetime.now() - datetime.timedelta(150),
    "four days ago": datetime.datetime.now() - datetime.timedelta(4),
    "in two days": datetime.datetime.now() + datetime.timedelta(2),
    "in a week": datetime.datetime.now() + datetime.timedelta(7),
    "in 2045": datetime.datetime(2045, 1, 1),
    "in 2150": datetime.datetime(2150, 1, 1),
}

KINDS: Mapping[str, Kind] = {
    "conforming": Kind("Conforming variants of the mock server", _descriptions(CONFORMING), is_broken=False),
    "sms_ids": Kind(
        "The mock server as it is",
        {"lists": "sms_ids has a list of ids for each number", "integers": "sms_ids has one id for each number"},
        is_broken=False,
    ),
    "clock": Kind("The mock server with another clock", {name: name for name in CLOCKS}, is_broken=False),
    "another": Kind("Another server", another_server.CONFORMING, is_broken=False),
    "mutant": Kind("Mutants of the mock server", _descriptions(MUTANTS), is_broken=True),
    "another mutant": Kind("Mutants of the other server", another_server.MUTANTS, is_broken=True),
}


@attrs.frozen
class Proving:
    """A mutant or a conforming server to run the suite on.

    Attributes:
        kind: One of KINDS.
        name: Which of its servers.
        seed: What Hypothesis makes its cases from.
        known_by: The check that is expected to fail on a mutant, which is tried alone before all are; none if empty.
    """

    kind: str
    name: str
    seed: int
    known_by: str = ""

    @property
    def is_broken(self) -> bool:
        """Whether a check must fail."""
        return KINDS[self.kind].is_broken

    def run(self) -> "Findings":
        """Run the suite as a tester does, unless the check that is expected to fail does so alone."""
        if self.known_by:
            findings = self._run([self.known_by])
            if findings.failed:
                return findings
        return self._run([])

    def _run(self, names: Sequence[str]) -> "Findings":
        with self._server() as given:
            is_mock = isinstance(given, MockServer)
            server = Server(
                Target(given.url, given.api_key),
                effort=Effort(seed=self.seed, shrink=False),
                put_forward=(lambda seconds: given.advance(seconds=seconds)) if is_mock else None,
            )
            try:
                server.check()
            except CannotTestError as error:
                return Findings(self, {}, str(error))
            jobs = 1 if self.is_broken else 4
            done = run(server, until_failed=self.is_broken, throwaway=True, jobs=jobs, names=names)
        failed = {result.name: str(result.failure) for result in done.results if result.failure}
        return Findings(self, failed, done.stopped)

    @contextmanager
    def _server(self) -> Iterator[Any]:
        if self.kind.startswith("another"):
            with another_server.another_server(self.name) as server:
                yield server
            return
        sms_ids: Literal["lists", "integers"] = "integers" if self.name == "integers" else "lists"
        now = CLOCKS[self.name] if self.kind == "clock" else datetime.datetime(2030, 1, 1)
        with MockServer(now=now, ticking=True, sms_ids=sms_ids) as server:
            if self.kind not in {"sms_ids", "clock"}:
                {**MUTANTS, **CONFORMING}[self.name].apply(server)
            yield server


@attrs.frozen
class Findings:
    """What came of a run on a server: the checks that failed with what was wrong, and why the run stopped early if it did."""

    proving: Proving
    failed: Mapping[str, str]
    stopped: str

    @property
    def surprise(self) -> str | None:
        """Which other check has failed than the expected one, if one has."""
        proving = self.proving
        if not (proving.known_by and self.failed) or proving.known_by in self.failed:
            return None
        return f"{proving.kind} {proving.name}, seed {proving.seed}: caught by {', '.join(self.failed)}, not by {proving.known_by}"

    @property
    def problem(self) -> str | None:
        """What is wrong with the suite, if anything."""
        proving = self.proving
        name = f"{proving.kind} {proving.name}, seed {proving.seed}"
        if proving.is_broken:
            return None if self.failed else f"{name}: not caught {self.stopped}".rstrip()
        if self.stopped:
            return f"{name}: no verdict: {self.stopped}"
        return f"{name}: false positive\n" + "\n".join(self.failed.values()) if self.failed else None


def prove(seeds: Sequence[int], console: Console, matrix: Path | None) -> bool:
    """Run the suite on every server with each seed, and write the matrix if a file is given. The result is whether all is well.

    It runs on a mutant until a check fails. Unless the matrix is written, the check that the last one names is tried first:
    most checks find nothing on most mutants, and take most of the time.
    """
    known_by = {} if matrix else _known_by()
    provings = [
        Proving(kind, name, seed, known_by.get((KINDS[kind].heading, name), ""))
        for seed in seeds
        for kind in KINDS
        for name in KINDS[kind].servers
    ]
    # two more than can compute at once, since some wait for messages to be sent
    with ProcessPoolExecutor((os.cpu_count() or 1) + 2, mp_context=get_context("spawn")) as pool:
        futures = [pool.submit(Proving.run, proving) for proving in provings]
        done = track(as_completed(futures), "Proving", len(futures), console=console, transient=True)
        try:
            findings = [future.result() for future in done]
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    for finding in findings:
        if line := finding.problem or finding.surprise:
            console.print(line, markup=False, soft_wrap=True)
    console.print(_summary(findings), soft_wrap=True)
    if matrix:
        matrix.write_text(_matrix(findings), encoding="utf-8")
        console.print(f"Written to {matrix}.")
    return not any(finding.problem for finding in findings)


def _known_by() -> Mapping[tuple[str, str], str]:
    """Which check has caught a mutant first, by the heading and its name, as the last matrix says. There is none where the suite is installed."""
    known: dict[tuple[str, str], str] = {}
    heading = ""
    for line in _MATRIX.read_text(encoding="utf-8").splitlines() if _MATRIX.is_file() else []:
        if line.startswith("## "):
            heading = line.removeprefix("## ")
        elif (row := _ROW.fullmatch(line)) and row["check"] != "none":
            known[heading, row["server"]] = row["check"]
    return known


def _summary(findings: Sequence[Findings]) -> str:
    mutants = [finding for finding in findings if finding.proving.is_broken]
    conforming = [finding for finding in findings if not finding.proving.is_broken]
    caught = sum(not finding.problem for finding in mutants)
    false_positives = sum(bool(finding.problem) for finding in conforming)
    seeds = sorted({finding.proving.seed for finding in findings})
    return (
        f"{caught} of {len(mutants)} mutants caught, {false_positives} false positives on {len(conforming)} conforming "
        f"servers, with {'seed' if len(seeds) == 1 else 'seeds'} {', '.join(map(str, seeds))}."
    )


_HEAD = """# Proof of the contract suite

`scripts/contract --prove --matrix docs/contract-proof.md` wrote this file. The suite ran once on each server below with each seed.

- A mutant is broken in one way. The suite must catch it: at least one check must fail. The table names the check that failed
  first, and the number of seeds with which it did if it was not all of them.
- A conforming variant differs only in what the vendor's page leaves open. No check may fail on it: that would be a false
  positive.

"""

_ROW = re.compile(r"\| `(?P<server>[^`]+)` \| .* \| (?P<check>[^|,]+?)(?: \(\d+\))?(?:, .*)? \|")


def _matrix(findings: Sequence[Findings]) -> str:
    lines = [_HEAD + _summary(findings)]
    for name, kind in KINDS.items():
        lines += ["", f"## {kind.heading}", "", "| server | what it does | failed check |", "|---|---|---|"]
        for server, description in kind.servers.items():
            found = [finding for finding in findings if (finding.proving.kind, finding.proving.name) == (name, server)]
            lines.append(f"| `{server}` | {description} | {_failed_in(found)} |")
    return "\n".join(lines) + "\n"


def _failed_in(findings: Sequence[Findings]) -> str:
    names = list(dict.fromkeys(name for finding in findings for name in finding.failed))
    counts = {name: sum(name in finding.failed for finding in findings) for name in names}
    return (
        ", ".join(name if count == len(findings) else f"{name} ({count})" for name, count in counts.items()) or "none"
    )
