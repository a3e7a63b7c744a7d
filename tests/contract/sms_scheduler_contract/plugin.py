"""The pytest plugin of a run: it gives the server to the checks and collects their results."""

import sys
from collections.abc import Callable, Generator
from typing import Any

import pytest
from hypothesis.errors import Flaky

from .contract_check import ContractCheck, first_paragraph
from .errors import CannotTestError, CheckFailedError, NotTestedError
from .reproducer import reproducer
from .results import Failure, Result
from .server import MADE_UP, Server


class ContractPlugin:
    """Gives the server to the checks and collects their results.

    Attributes:
        checks: The checks that were selected, by name.
        results: The result of each check that was run.
        stopped: Why the run was stopped, empty if it was not.
    """

    def __init__(
        self, server: Server, on_result: Callable[[Result], None] | None = None, *, until_failed: bool = False
    ) -> None:
        """`on_result` is called with each result as it comes; `until_failed` ends the run after the first failed check."""
        self.checks: dict[str, ContractCheck] = {}
        self.results: list[Result] = []
        self.stopped = ""
        self._server = server
        self._on_result = on_result
        self._until_failed = until_failed
        self._cases = 0

    @pytest.fixture(scope="session")
    def server(self) -> Server:
        """The server under test."""
        return self._server

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.checks = {_name(item): _check(item) for item in session.items if isinstance(item, pytest.Function)}

    def pytest_runtest_setup(self, item: pytest.Function) -> None:
        item.user_properties.append(("statement", _check(item).text))
        self._server.failure = None
        self._cases = self._server.cases

    @pytest.hookimpl(wrapper=True)
    def pytest_pyfunc_call(self) -> Generator[None, object, object]:
        """Tell a check that was not tested, and a server that cannot be tested, from a failed check."""
        try:
            return (yield)
        except NotTestedError as error:
            reason = str(error)
        except CannotTestError as error:
            pytest.exit(str(error))
        except Flaky as error:
            # it failed once, and not when Hypothesis repeated it: a server has a state
            raise self._server.failure or error from None
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
            if result.failure:
                report.longrepr = str(result.failure)
                if self._until_failed:
                    item.session.shouldstop = "a check failed"
        return report

    def _result(self, item: pytest.Function, call: pytest.CallInfo[None], report: pytest.TestReport) -> Result:
        topic = (item.module.__doc__ or "").partition("\n")[0].rstrip(".")
        name, text, cases = _name(item), _check(item).text, self._server.cases - self._cases
        error = call.excinfo.value if call.excinfo else None
        if report.passed:
            return Result(name, topic, text, "passed", cases)
        if report.skipped:
            return Result(name, topic, text, "not tested", reason=str(error))
        if not isinstance(error, CheckFailedError):
            raise error or AssertionError(name)  # a mistake of the suite says nothing about the server
        failure = Failure(error.expected, error.received, reproducer(error.exchanges, self._server.target))
        return Result(name, topic, text, "failed", cases, failure=failure)

    def pytest_internalerror(self, excrepr: object, excinfo: pytest.ExceptionInfo[BaseException]) -> bool:
        self.stopped = f"the suite itself failed: {type(excinfo.value).__name__}: {excinfo.value}"
        print(excrepr, file=sys.stderr)
        return True

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        if isinstance(excinfo.value, pytest.exit.Exception):
            self.stopped = str(excinfo.value)
        elif not isinstance(excinfo.value, pytest.Session.Interrupted):  # which `until_failed` leads to
            self.stopped = "it was interrupted"


def _name(item: pytest.Function) -> str:
    return item.name.removeprefix("test_")


def _check(item: pytest.Function) -> ContractCheck:
    function: Any = item.function
    known = getattr(function, "contract_check", None)
    if isinstance(known, ContractCheck):
        return known
    text = first_paragraph(function)
    operation = getattr(item, "operation_label", None)
    return ContractCheck(f"{operation}: {text}" if operation else text, function.page_sentence, unsafe=MADE_UP)
