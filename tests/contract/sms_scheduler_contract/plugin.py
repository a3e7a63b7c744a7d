"""The pytest plugin of a run: it gives the server to the checks and collects their results."""

import traceback
from collections.abc import Callable, Collection, Generator, Iterable, Sequence
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis.errors import Flaky

from .contract_check import ContractCheck, first_paragraph
from .errors import CannotTestError, CheckFailedError, NotTestedError
from .exchange import Exchange
from .reproducer import reproducer
from .results import Failure, Result, cause_of
from .server import MADE_UP, Server
from .shown import Shown


class ContractPlugin:
    """Gives the server to the checks and collects their results.

    Attributes:
        server: The server under test.
        checks: The checks that were selected, by name.
        topics: What each of them is about, in words.
        results: The result of each check that was run.
        servers: The server as each of the selected checks sees it, by their items.
        stopped: Why the run was stopped, empty if it was not.
    """

    def __init__(
        self,
        server: Server,
        on_result: Callable[[Result], None] | None = None,
        on_start: Callable[[str, int, int], None] | None = None,
        *,
        names: Collection[str] = (),
        until_failed: bool = False,
    ) -> None:
        """Of all checks those with `names` are selected.

        `on_start` is called with the name of each check, its number and how many there are, `on_result` with each result;
        `until_failed` ends the run after the first failed check.
        """
        self.checks: dict[str, ContractCheck] = {}
        self.topics: dict[str, str] = {}
        self.results: list[Result] = []
        self.servers: dict[pytest.Item, Server] = {}
        self.stopped = ""
        self.server = server
        self._shown = Shown.without(server.target.api_key)
        self._on_result = on_result
        self._on_start = on_start
        self._names = set(names)
        self._until_failed = until_failed

    @pytest.fixture(name="server")
    def server_of_check(self, request: pytest.FixtureRequest) -> Server:
        """The server under test, as the check sees it."""
        return self.servers[request.node]

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        if self._names:
            items[:] = [item for item in items if self._names & {item.name, _name(item), _name(item).partition("[")[0]}]

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        items = [item for item in session.items if isinstance(item, pytest.Function)]
        self.checks = {_name(item): check_of(item) for item in items}
        self.topics = {_name(item): _topic(item) for item in items}
        self.servers = {item: self.server.for_check(index) for index, item in enumerate(items)}

    def pytest_runtest_setup(self, item: pytest.Function) -> None:
        if self._on_start:
            self._on_start(_name(item), len(self.results) + 1, len(self.checks))

    @pytest.hookimpl(wrapper=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> Generator[None, object, object]:
        """Tell a check that was not tested, and a server that cannot be tested, from a failed check."""
        server = self.servers[pyfuncitem]
        try:
            return (yield)
        except NotTestedError as error:
            reason = str(error)
        except CannotTestError as error:
            pytest.exit(str(error))
        except Flaky as error:
            reason = _differences(server.session.record)
            if server.failure:
                # it failed once, and not when Hypothesis repeated it: a server has a state
                raise server.failure from None
            if not reason:
                raise error from None
        pytest.skip(reason)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Function, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if call.when == "call" or report.failed:
            result = self._result(item, call, report)
            self.results.append(result)
            if self._on_result:
                self._on_result(result)
            if result.failure and self._until_failed:
                item.session.shouldstop = "a check failed"
        return report

    def _result(self, item: pytest.Function, call: pytest.CallInfo[None], report: pytest.TestReport) -> Result:
        check, cases = check_of(item), self.servers[item].cases
        error = call.excinfo.value if call.excinfo else None
        result = Result(
            _name(item), _topic(item), check.text, "passed", cases, page_sentence=getattr(check, "page_sentence", "")
        )
        if report.passed:
            return result
        if report.skipped:
            return attrs.evolve(result, outcome="not tested", cases=0, reason=self._shown.line(str(error)))
        failed = _within(error, CheckFailedError)
        if isinstance(failed, CheckFailedError):
            return attrs.evolve(result, outcome="failed", failure=self._failure(failed, self.servers[item]))
        # a mistake of the suite says nothing about the server
        reason = f"the suite itself failed: {self._shown.line(where(error))}"
        return attrs.evolve(result, outcome="not tested", reason=reason, is_crash=True)

    def _failure(self, error: CheckFailedError, server: Server) -> Failure:
        shown, exchanges = self._shown, error.exchanges
        last = exchanges[-1] if exchanges else None
        cause = cause_of(error.received, last.method, last.path) if last else ""
        again = _answers_again(exchanges, server.session.exchanges)
        return Failure(
            shown.text(error.expected),
            shown.text(error.received + again),
            reproducer(exchanges, server.target, server.session.course.history),
            shown.text(cause),
        )

    def pytest_internalerror(self, excinfo: pytest.ExceptionInfo[BaseException]) -> bool:
        self.stopped = f"the suite itself failed: {self._shown.line(where(excinfo.value))}"
        return True

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        if isinstance(excinfo.value, pytest.exit.Exception):
            self.stopped = self._shown.line(str(excinfo.value))
        elif not isinstance(excinfo.value, pytest.Session.Interrupted):  # which `until_failed` leads to
            self.stopped = "it was interrupted"


def where(error: BaseException | None) -> str:
    """An unexpected error, and where it came up in the suite, on one line."""
    frames = traceback.extract_tb(error.__traceback__) if error else []
    own = [frame for frame in frames if Path(__file__).parent in Path(frame.filename).parents] or list(frames)
    place = f" ({Path(own[-1].filename).name}:{own[-1].lineno})" if own else ""
    first_line = str(error).partition("\n")[0]
    return f"{type(error).__name__}: {first_line}{place}"


def _within(error: BaseException | None, kind: type[BaseException]) -> BaseException | None:
    """The first error of a kind: the error itself, or one in the group that it is."""
    if isinstance(error, BaseExceptionGroup):
        return next(filter(None, (_within(inner, kind) for inner in error.exceptions)), None)
    return error if isinstance(error, kind) else None


def _asked(exchange: Exchange) -> tuple[object, ...]:
    return exchange.method, exchange.path, exchange.authorization, exchange.body


def _differences(exchanges: Iterable[Exchange]) -> str:
    first: dict[tuple[object, ...], Exchange] = {}
    for exchange in exchanges:
        earlier = first.setdefault(_asked(exchange), exchange)
        if earlier.status != exchange.status:
            return (
                f"the server answers differently when asked again: {exchange.method} {exchange.path} was answered "
                f"{_answer(earlier)}, later {_answer(exchange)}"
            )
    return ""


def _answers_again(failed: Sequence[Exchange], repeated: Sequence[Exchange]) -> str:
    """What the server answered when Hypothesis sent the same again, if that was something else; empty otherwise."""
    place = len(failed) - 1
    if place < 0 or len(repeated) <= place or failed[place] is repeated[place]:
        return ""
    earlier, later = failed[place], repeated[place]
    if earlier.status == later.status or earlier.method != later.method:
        return ""
    return f"\nIt answers differently when asked again: first {_answer(earlier)}, then {_answer(later)}"


def _answer(exchange: Exchange) -> str:
    return f"{exchange.status or 'not at all'} {exchange.response_body[:200].decode(errors='replace')}".strip()


def _topic(item: pytest.Function) -> str:
    return (item.module.__doc__ or "").partition("\n")[0].rstrip(".")


def _name(item: pytest.Item) -> str:
    return item.name.removeprefix("test_")


def check_of(item: pytest.Item) -> ContractCheck:
    """What is known of a contract check before it is run."""
    assert isinstance(item, pytest.Function)
    function: Any = item.function
    known = getattr(function, "contract_check", None)
    if isinstance(known, ContractCheck):
        return known
    text = first_paragraph(function)
    operation = getattr(item, "operation_label", None)
    return ContractCheck(
        f"{operation}: {text}" if operation else text,
        function.page_sentence,
        unsafe=MADE_UP,
        alone=operation != "POST /sms",  # others have made-up ids, which may be those of other checks
    )
