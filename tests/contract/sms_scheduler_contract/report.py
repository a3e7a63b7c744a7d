"""Shows results: on the terminal as they come, as one HTML file, as JUnit XML and as JSON."""

import datetime
import json
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import attrs
import jinja2
from rich.console import Console
from rich.markup import escape
from rich.status import Status

from .contract_check import ContractCheck
from .results import Outcome, Result, RunResult
from .safe_mode import NEAREST, SafeMode
from .target import Target

_STYLES: Mapping[Outcome, str] = {"passed": "green", "failed": "bold red", "not tested": "yellow"}
# Outside safe mode nothing is sent to anybody, so that a few say enough.
_MOST_LEFTOVERS = 3


class Terminal:
    """Prints each result as it comes, and the details at the end. Meanwhile a last line says what is being done."""

    def __init__(self, console: Console, count_requests: Callable[[], int]) -> None:
        self._console = console
        self._count_requests = count_requests
        self._topic = ""
        self._doing = ""
        self._number, self._total = 0, 0
        self._started = time.monotonic()
        self._status = Status(_Line(self.progress), console=console)

    def __enter__(self) -> "Terminal":
        if self._console.is_terminal:
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._status.stop()

    def start(self, name: str, number: int, total: int) -> None:
        """Tell which check begins."""
        self._doing, self._number, self._total = name, number, total

    def progress(self) -> str:
        """What is being done, how far it is, and how long it may take."""
        if not self._total or self._number < 1:
            return self._doing
        elapsed, done = time.monotonic() - self._started, self._number - 1
        left = f", about {elapsed / done * (self._total - done):.0f} s left" if done > 2 else ""
        where = f"check {self._number} of {self._total}, {self._count_requests()} requests{left}"
        return f"{self._doing} ({where})"

    def tell(self, text: str) -> None:
        """Tell what takes time."""
        self._doing, self._number = text, 0
        if text.startswith("Deleting"):
            self._print(escape(text))

    def show(self, result: Result) -> None:
        """Print a line for a check."""
        if result.topic != self._topic:
            self._topic = result.topic
            self._print(f"\n[bold]{escape(result.topic)}[/]")
        cases = f"{result.cases:4} cases" if result.cases > 1 else "   1 case " if result.cases else " " * 10
        reason = f" ({result.reason})" if result.reason else ""
        outcome = f"[{_STYLES[result.outcome]}]{result.outcome:10}[/]"
        self._print(f"  {outcome} {cases}  {escape(result.text + reason)}")

    def close(self, run: RunResult) -> None:
        """Print the details of the failed checks, and what was observed."""
        for first, *others in run.failures:
            assert first.failure is not None
            self._print(f"\n[bold red]FAILED[/] {escape(f'{first.name}: {first.text}')}")
            if first.page_sentence:
                self._print(escape(f"the page: {first.page_sentence}"))
            self._print(escape(str(first.failure)))
            for other in others:
                self._print(f"[bold red]FAILED[/] {escape(f'{other.name}: {other.text} (in the same way)')}")
        if run.observations:
            self._print("\n[bold]What this server does where the page leaves it open[/] (observed, not checked)")
            for seen in run.observations:
                self._print(escape(f"  {seen.point}: {seen.seen}"))
        self._print("")
        for line in run.account or _few(run.leftovers):
            self._print(escape(line))
        self._print(escape(run.summary))

    def _print(self, text: str) -> None:
        self._console.print(text, soft_wrap=True)


def _few(leftovers: Sequence[str]) -> list[str]:
    more = len(leftovers) - _MOST_LEFTOVERS
    lines = [f"NOT DELETED: {leftover}" for leftover in leftovers[:_MOST_LEFTOVERS]]
    return [*lines, f"NOT DELETED: {more} more messages"] if more > 0 else lines


@attrs.frozen
class _Line:
    """A line that is made anew whenever it is drawn."""

    text: Callable[[], str]

    def __rich__(self) -> str:
        return escape(self.text())


def as_list(checks: Mapping[str, ContractCheck], topics: Mapping[str, str]) -> str:
    """The checks by topic, each with its name, what it checks, and what the page says."""
    lines: list[str] = []
    for topic, names in groupby(checks, topics.__getitem__):
        lines += ["", topic] if lines else [topic]
        for name in names:
            lines.append(f"  {name}: {checks[name].text}")
            if sentence := getattr(checks[name], "page_sentence", ""):
                lines.append(f"    the page: {sentence}")
    return "\n".join(lines)


def list_as_json(checks: Mapping[str, ContractCheck], topics: Mapping[str, str]) -> str:
    """The same for machines."""
    return json.dumps(
        [
            {
                "name": name,
                "topic": topics[name],
                "text": check.text,
                "page_sentence": getattr(check, "page_sentence", ""),
                "safe": check.unsafe is None,
            }
            for name, check in checks.items()
        ],
        indent=2,
    )


def as_json(run: RunResult) -> str:
    """A run for machines."""
    return json.dumps(
        attrs.asdict(run) | {"summary": run.summary, "exit_code": run.exit_code, "counts": _counts(run)}, indent=2
    )


def _counts(run: RunResult) -> dict[str, int]:
    return {outcome: run.count(outcome) for outcome in _STYLES}


def plan(target: Target, safe_mode: SafeMode, checks: Mapping[str, ContractCheck]) -> str:
    """What is going to be sent in safe mode."""
    run = {name: check for name, check in checks.items() if check.unsafe is None}
    lines = [
        f"Safe mode: {target.url} may really send.",
        f"  At most {safe_mode.max_posts} messages are created, from sender {target.sender_id}, to "
        f"{', '.join(target.phone_numbers)}, for dates that are at least {NEAREST.days} days away. Requests that must be refused count too.",
        f"  At most {safe_mode.rate:g} requests are sent per second. Everything that was created is deleted at the end.",
        "  Tested:",
        *(f"    {name}: {check.text}{_posts(check.posts)}" for name, check in run.items()),
        "  Not tested:",
        *(f"    {name}: {check.unsafe}" for name, check in checks.items() if check.unsafe is not None),
    ]
    return "\n".join(lines)


def _posts(count: int) -> str:
    return f" (at most {count} message{'s' * (count > 1)})" if count else ""


def html(run: RunResult) -> str:
    """The results as one HTML file, which needs no other."""
    loader = jinja2.PackageLoader("sms_scheduler_contract", ".")
    environment = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    topics = [(topic, list(results)) for topic, results in groupby(run.results, lambda result: result.topic)]
    now = datetime.datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z")
    page = environment.get_template("report.html.jinja")
    return page.render(run=run, topics=topics, now=now)


def junit(run: RunResult) -> str:
    """The results as JUnit XML. A run that was stopped, and a check in which the suite failed, are errors."""
    crashes = sum(result.is_crash for result in run.results)
    suite = ET.Element(
        "testsuite",
        name="sms-scheduler-contract",
        tests=str(len(run.results)),
        failures=str(run.count("failed")),
        errors=str(crashes + bool(run.stopped)),
        skipped=str(run.count("not tested") - crashes),
    )
    for result in run.results:
        _add_case(suite, result)
    if run.stopped:
        case = ET.SubElement(suite, "testcase", classname="run", name="run")
        ET.SubElement(case, "error", message=run.summary)
    ET.SubElement(suite, "system-out").text = "\n".join([*run.account, run.summary])
    root = ET.Element("testsuites")
    root.append(suite)
    return ET.tostring(root, encoding="unicode", xml_declaration=False)


def _add_case(suite: ET.Element, result: Result) -> None:
    case = ET.SubElement(suite, "testcase", classname=result.topic, name=result.name)
    properties = ET.SubElement(case, "properties")
    for name, value in (("statement", result.text), ("page", result.page_sentence)):
        if value:
            ET.SubElement(properties, "property", name=name, value=value)
    if result.failure:
        failure = ET.SubElement(case, "failure", message=result.failure.text)
        failure.text = str(result.failure)
    elif result.is_crash:
        ET.SubElement(case, "error", message=result.reason)
    elif result.outcome == "not tested":
        ET.SubElement(case, "skipped", message=result.reason)


WRITERS: Mapping[str, Callable[[Any], str]] = {"html": html, "junit": junit}


def write(run: RunResult, kind: str, path: Path) -> None:
    """Write the results to a file. Raises OSError."""
    path.write_text(WRITERS[kind](run), encoding="utf-8")
