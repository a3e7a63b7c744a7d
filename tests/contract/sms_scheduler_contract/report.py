"""Shows a verdict to people: on the terminal as it comes, and as one HTML file."""

import datetime
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path

import jinja2
from rich.console import Console
from rich.markup import escape

from .check import Promise
from .session import Server
from .run import Outcome, Result, Verdict

_STYLES: Mapping[Outcome, str] = {"kept": "green", "broken": "bold red", "not tested": "yellow"}


class Terminal:
    """Prints what comes of each promise, and at the end what was broken and seen."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._topic = ""

    def show(self, result: Result) -> None:
        """Print a line for a promise."""
        if result.topic != self._topic:
            self._topic = result.topic
            self._console.print(f"\n[bold]{escape(result.topic)}[/]")
        cases = f"{result.cases:4} cases" if result.cases > 1 else "   1 case " if result.cases else " " * 10
        reason = f" ({result.reason})" if result.reason else ""
        style = _STYLES[result.outcome]
        self._console.print(
            f"  [{style}]{result.outcome:10}[/] {cases}  {escape(result.text + reason)}", soft_wrap=True
        )

    def close(self, verdict: Verdict) -> None:
        """Print the details of what was broken, what was observed, and the verdict."""
        for result in verdict.results:
            if result.broken:
                self._console.print(
                    f"\n[bold red]BROKEN[/] {escape(result.name)}: {escape(result.text)}", soft_wrap=True
                )
                self._print(str(result.broken))
        if verdict.observations:
            self._console.print("\n[bold]What the page leaves open, this server does so[/] (not judged)")
            for seen in verdict.observations:
                self._print(f"  {seen.point}: {seen.seen}")
        self._print("")

    def _print(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


def summary(verdict: Verdict) -> str:
    """The verdict in a line or two."""
    counts = f"{verdict.count('kept')} kept, {verdict.count('broken')} broken, {verdict.count('not tested')} not tested"
    if verdict.no_verdict:
        return f"No verdict on {verdict.url}: {verdict.no_verdict}. Before that: {counts}."
    if verdict.count("broken"):
        return f"{verdict.url} breaks a promise, as shown above: {counts}."
    if not verdict.count("kept"):
        return f"No verdict on {verdict.url}: no promise was tested."
    return f"Every promise that was tested is kept by {verdict.url}: {counts}."


def account(server: Server, leftovers: Sequence[str]) -> str:
    """What was created and what became of it."""
    created = server.account.created
    count = sum(map(len, created.values()))
    lines = [f"Created: {len(created)} messages with {count} SMS."]
    lines += [f"NOT DELETED: {leftover}" for leftover in leftovers] or ["All of them were deleted."] * bool(created)
    for exchange in server.account.unanswered:
        lines.append(f"NO ANSWER came to a request, which may have created a message: {exchange.content.decode()}")
    return "\n".join(lines)


def plan(server: Server, promises: Mapping[str, Promise]) -> str:
    """What is going to be sent in safe mode."""
    target, limits = server.target, server.limits
    tested = {name: promise for name, promise in promises.items() if promise.unsafe is None}
    lines = [
        f"Safe mode: {target.url} may really send.",
        f"  At most {limits.posts} messages are created, by sender {target.sender_id}, to {', '.join(target.phone_numbers)}, "
        "for dates that are years away; requests that must be refused count too.",
        f"  At most {limits.rate:g} requests a second. Everything that was created is deleted at the end.",
        "  Tested:",
        *(f"    {name}: {promise.text} {_posts(promise.posts)}" for name, promise in tested.items()),
        "  Not tested:",
        *(f"    {name}: {promise.unsafe}" for name, promise in promises.items() if promise.unsafe is not None),
    ]
    return "\n".join(lines)


def _posts(count: int) -> str:
    return f" ({count} message{'s' * (count > 1)} at most)" if count else ""


def write_html(verdict: Verdict, path: Path) -> None:
    """Write a verdict as one HTML file, which needs no other."""
    loader = jinja2.FileSystemLoader(Path(__file__).resolve().parent)
    environment = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    topics = [(topic, list(results)) for topic, results in groupby(verdict.results, lambda result: result.topic)]
    now = datetime.datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z")
    page = environment.get_template("report.html.jinja")
    path.write_text(page.render(verdict=verdict, topics=topics, now=now, summary=summary(verdict)), encoding="utf-8")
