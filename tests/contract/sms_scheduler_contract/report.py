"""Shows results to people: on the terminal as they come, and as one HTML file. JUnit XML is pytest's own."""

import datetime
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path

import jinja2
from rich.console import Console
from rich.markup import escape

from .contract_check import ContractCheck
from .results import Outcome, Result, RunResult
from .safe_mode import Account, SafeMode
from .target import Target

_STYLES: Mapping[Outcome, str] = {"passed": "green", "failed": "bold red", "not tested": "yellow"}


class Terminal:
    """Prints each result as it comes, and the details at the end."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._topic = ""

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
        for result in run.results:
            if result.failure:
                self._print(f"\n[bold red]FAILED[/] {escape(f'{result.name}: {result.text}')}")
                self._print(escape(str(result.failure)))
        if run.observations:
            self._print("\n[bold]What this server does where the page leaves it open[/] (observed, not checked)")
            for seen in run.observations:
                self._print(escape(f"  {seen.point}: {seen.seen}"))
        self._print("")

    def _print(self, text: str) -> None:
        self._console.print(text, soft_wrap=True)


def summary(run: RunResult) -> str:
    """The result in a line."""
    if run.stopped:
        return f"{run.url} could not be tested: {run.stopped}. Until then: {run.counts}."
    if not run.count("passed") and not run.count("failed"):
        return f"{run.url} was not tested: no contract check was run."
    return f"{run.url}: {run.counts}."


def account_text(account: Account, leftovers: Sequence[str]) -> str:
    """What was created, and what became of it."""
    count = sum(map(len, account.created.values()))
    lines = [f"Created: {len(account.created)} messages with {count} SMS."]
    lines += [f"NOT DELETED: {leftover}" for leftover in leftovers] or ["All of them were deleted."] * bool(
        account.created
    )
    for exchange in account.unanswered:
        lines.append(f"NO RESPONSE to a request that may have created a message: {exchange.body.decode()}")
    return "\n".join(lines)


def plan(target: Target, safe_mode: SafeMode, checks: Mapping[str, ContractCheck]) -> str:
    """What is going to be sent in safe mode."""
    run = {name: check for name, check in checks.items() if check.unsafe is None}
    lines = [
        f"Safe mode: {target.url} may really send.",
        f"  At most {safe_mode.max_posts} messages are created, from sender {target.sender_id}, to "
        f"{', '.join(target.phone_numbers)}, for dates that are years away. Requests that must be refused count too.",
        f"  At most {safe_mode.rate:g} requests are sent per second. Everything that was created is deleted at the end.",
        "  Tested:",
        *(f"    {name}: {check.text}{_posts(check.posts)}" for name, check in run.items()),
        "  Not tested:",
        *(f"    {name}: {check.unsafe}" for name, check in checks.items() if check.unsafe is not None),
    ]
    return "\n".join(lines)


def _posts(count: int) -> str:
    return f" (at most {count} message{'s' * (count > 1)})" if count else ""


def write_html(run: RunResult, path: Path) -> None:
    """Write the results as one HTML file, which needs no other."""
    loader = jinja2.PackageLoader("sms_scheduler_contract", ".")
    environment = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    topics = [(topic, list(results)) for topic, results in groupby(run.results, lambda result: result.topic)]
    now = datetime.datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z")
    page = environment.get_template("report.html.jinja")
    path.write_text(page.render(run=run, topics=topics, now=now, summary=summary(run)), encoding="utf-8")
