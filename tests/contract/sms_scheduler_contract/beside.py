"""Runs checks side by side, in threads."""

import ast
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Lock
from typing import Any

import pytest

from .errors import CannotTestError
from .plugin import ContractPlugin, check_of


class SideBySide:
    """A pytest plugin that runs checks ahead, in threads. pytest takes their results in its own order.

    The first check runs by itself: it finds out what the server accepts. One that has to be alone runs when no other does.
    """

    def __init__(self, jobs: int, plugin: ContractPlugin) -> None:
        """So many checks run at once."""
        self._plugin = plugin
        self._patch = pytest.MonkeyPatch()
        self._patch.setattr(ast, "parse", _one_by_one(ast.parse))
        self._pool = ThreadPoolExecutor(jobs)
        self._ahead: dict[pytest.Item, Future[None]] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> bool | None:
        """Take the result of a check that ran ahead, if this one did."""
        if not self._plugin.results:
            return None
        if not self._ahead:
            self._start()
        if pyfuncitem not in self._ahead:
            wait(self._ahead.values())
            return None
        self._ahead[pyfuncitem].result()
        return True

    def _start(self) -> None:
        for item, server in list(self._plugin.servers.items())[1:]:
            if isinstance(item, pytest.Function) and not check_of(item).alone:
                self._ahead[item] = self._pool.submit(item.obj, server)

    def end(self) -> None:
        """End the checks whose results nobody takes any more."""
        course = self._plugin.server.session.course
        if not all(future.done() for future in self._ahead.values()):
            course.stopped = CannotTestError("the run has ended")
        self._pool.shutdown(cancel_futures=True)
        self._patch.undo()


def _one_by_one(parse: Callable[..., ast.AST]) -> Callable[..., ast.AST]:
    """Some releases of Python 3.11 and 3.12 raise a SystemError when two threads parse at once, as Hypothesis and pytest do."""
    lock = Lock()

    def parse_in_turn(*arguments: Any, **options: Any) -> ast.AST:
        with lock:
            return parse(*arguments, **options)

    return parse_in_turn
