"""What came of the promises on a server: collected from a run of pytest, and fit to be shown, written or compared."""

import signal
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Literal

import attrs
import pytest

from .checks.conftest import ServerPlugin
from .observations import Observation, observe
from .check import Promise, first_paragraph
from .reproducer import reproducer
from .session import MADE_UP, BrokenPromiseError, Server

FOLDER = Path(__file__).resolve().parent / "checks"
ROOT = FOLDER.parents[3]
# In this order: what later ones rely on comes first, and in safe mode later ones use the messages of earlier ones.
TOPICS = ("creation", "reports", "deletion", "sequences", "keys", "refusals", "document", "aftermath")

_SUITE = [
    *(str(FOLDER / f"test_{topic}.py") for topic in TOPICS),
    f"--rootdir={ROOT}",
    *("-o", "addopts="),
    "--import-mode=importlib",
    *("-p", "no:terminal"),
    *("-p", "no:cacheprovider"),
    # httpx brings anyio, whose pytest plugin cannot be rewritten once it is imported; it has no assertions that matter
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),
]

Outcome = Literal["kept", "broken", "not tested"]


@attrs.frozen
class Broken:
    """How a promise was broken: what was promised, what came, and the lines of bash that show it again."""

    promised: str
    came: str
    reproducer: str

    def __str__(self) -> str:
        return f"promised: {self.promised}\n    came: {self.came}\n\n{self.reproducer}"


@attrs.frozen
class Result:
    """What came of a promise.

    Attributes:
        name: Its name, which `-k` knows.
        topic: What it is about, in words.
        text: What is promised, in words.
        outcome: Whether it was kept.
        cases: How many cases stand behind that.
        reason: Why it was not tested.
        broken: How it was broken.
    """

    name: str
    topic: str
    text: str
    outcome: Outcome
    cases: int = 0
    reason: str = ""
    broken: Broken | None = None


@attrs.frozen
class Verdict:
    """What came of all promises on a server, and what it makes of the points left open.

    Attributes:
        url: The server.
        results: What came of each promise.
        observations: What the server makes of the points that the page leaves open.
        leftovers: What was created and could not be deleted.
        no_verdict: Why there is no verdict, if there is none.
    """

    url: str
    results: Sequence[Result]
    observations: Sequence[Observation] = ()
    leftovers: Sequence[str] = ()
    no_verdict: str = ""

    def count(self, outcome: Outcome) -> int:
        """How many promises came out so."""
        return sum(result.outcome == outcome for result in self.results)


class Collector:
    """Collects the results, as a pytest plugin; `on_result` is called with each as it comes."""

    def __init__(self, server: Server, on_result: Callable[[Result], None], *, until_broken: bool = False) -> None:
        self.results: list[Result] = []
        self.no_verdict = ""
        self._server = server
        self._on_result = on_result
        self._until_broken = until_broken
        self._cases = 0

    def pytest_runtest_setup(self, item: pytest.Function) -> None:
        item.user_properties.append(("promise", words(item).text))
        self._server.broken = None
        self._cases = self._server.cases

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Function, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if call.when == "call" or report.failed:
            result = self._result(item, call, report)
            self.results.append(result)
            self._on_result(result)
            if result.broken:
                report.longrepr = str(result.broken)
                if self._until_broken:
                    item.session.shouldstop = "a promise is broken"
        return report

    def _result(self, item: pytest.Function, call: pytest.CallInfo[None], report: pytest.TestReport) -> Result:
        topic = (item.module.__doc__ or "").partition("\n")[0].rstrip(".")
        name = item.name.removeprefix("test_")
        text, cases = words(item).text, self._server.cases - self._cases
        if report.passed:
            return Result(name, topic, text, "kept", cases)
        if report.skipped:
            return Result(name, topic, text, "not tested", reason=str(call.excinfo.value) if call.excinfo else "")
        error = call.excinfo.value if call.excinfo else None
        if not isinstance(error, BrokenPromiseError):
            raise error or AssertionError(name)  # a mistake of the suite, and no verdict
        broken = Broken(error.promised, error.came, reproducer(error.exchanges, self._server))
        return Result(name, topic, text, "broken", cases, broken=broken)

    def pytest_internalerror(self, excrepr: object, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        self.no_verdict = f"the suite itself failed: {type(excinfo.value).__name__}: {excinfo.value}"
        print(excrepr, file=sys.stderr)

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        if isinstance(excinfo.value, pytest.exit.Exception):
            self.no_verdict = str(excinfo.value)
        elif not isinstance(excinfo.value, pytest.Session.Interrupted):  # which follows a broken promise, if asked for
            self.no_verdict = "interrupted"


def words(item: pytest.Function) -> Promise:
    """What is known of the promise that a test tests."""
    function: Any = item.function
    known = getattr(function, "promise", None)
    if isinstance(known, Promise):
        return known
    text = first_paragraph(function)
    operation = getattr(item, "operation_label", None)
    return Promise(f"{operation}: {text}" if operation else text, unsafe=MADE_UP)


def run(
    server: Server,
    *,
    on_result: Callable[[Result], None] = lambda result: None,
    until_broken: bool = False,
    throwaway: bool = False,
    options: Sequence[str] = (),
) -> Verdict:
    """Judge a server; `options` are those of pytest.

    What it makes of the open points is observed too, and everything that was created is deleted, unless it is a throwaway.
    """
    collector = Collector(server, on_result, until_broken=until_broken)
    observations: list[Observation] = []
    leftovers: list[str] = []
    try:
        with _interruptible(server):
            seed = f"--hypothesis-seed={server.limits.seed}"
            pytest.main([*_SUITE, *options, seed], [ServerPlugin(server), collector])
            if not (throwaway or collector.no_verdict):
                observations = list(observe(server))
    finally:
        if not throwaway:
            with _undisturbed():
                leftovers = server.delete_what_is_left()
    return Verdict(server.target.url, collector.results, observations, leftovers, collector.no_verdict)


def planned(server: Server, options: Sequence[str] = ()) -> dict[str, Promise]:
    """The promises that would be tested, by name; nothing is sent."""
    found: dict[str, Promise] = {}

    class Finder:
        def pytest_collection_finish(self, session: pytest.Session) -> None:
            for item in session.items:
                if isinstance(item, pytest.Function):
                    found[item.name.removeprefix("test_")] = words(item)

    pytest.main([*_SUITE, *options, "--collect-only"], [ServerPlugin(server), Finder()])
    return found


@contextmanager
def _interruptible(server: Server) -> Iterator[None]:
    """Let Ctrl-C, or a request to terminate, end a run before the next request; a second one ends it at once.

    Wherever else the exception came up, a library might take it for one of its own.
    """

    def interrupt(number: int, frame: FrameType | None) -> None:
        if server.is_interrupted:
            raise KeyboardInterrupt
        server.is_interrupted = True

    with _handling(interrupt):
        yield


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Let no second Ctrl-C keep the first one from being cleaned up after."""
    with _handling(signal.SIG_IGN):
        yield


@contextmanager
def _handling(handler: Callable[[int, FrameType | None], None] | signal.Handlers) -> Iterator[None]:
    before = {number: signal.signal(number, handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)
