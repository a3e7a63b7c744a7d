"""Runs the checks on a server, and cleans up."""

import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pytest

from .contract_check import ContractCheck
from .observations import Observation, observe
from .plugin import ContractPlugin
from .results import Result, RunResult
from .server import Server

_FOLDER = Path(__file__).parent
# In this order: what later ones rely on comes first, and in safe mode later ones use the messages of earlier ones.
_TOPICS = ("creation", "reports", "deletion", "parallel", "sequences", "keys", "refusals", "document", "aftermath")
_ARGUMENTS = [
    *("--pyargs", *(f"{__package__}.checks.{topic}" for topic in _TOPICS)),
    "--import-mode=importlib",
    # no file and no plugin of the folder or the environment that the command is run in has a say
    f"--rootdir={_FOLDER}",
    f"--config-file={_FOLDER / 'pytest.ini'}",
    "--noconftest",
    "--disable-plugin-autoload",
    *("-p", "schemathesis.pytest.plugin"),
    *("-p", "_hypothesis_pytestplugin"),
    *("-p", "no:terminal"),
    *("-p", "no:cacheprovider"),
]
_VARIABLES = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS")


def run(
    server: Server,
    *,
    on_result: Callable[[Result], None] | None = None,
    until_failed: bool = False,
    throwaway: bool = False,
    options: Sequence[str] = (),
) -> RunResult:
    """Run the checks; `options` are those of pytest.

    Then the open points are observed, and everything that was created is deleted, unless the server is a throwaway.
    """
    plugin = ContractPlugin(server, on_result, until_failed=until_failed)
    observations: list[Observation] = []
    leftovers: list[str] = []
    try:
        with _interruptible(server):
            _pytest(plugin, f"--hypothesis-seed={server.effort.seed}", *options)
            if not (throwaway or plugin.stopped):
                observations = list(observe(server))
    finally:
        if not throwaway:
            # no second Ctrl-C keeps the first one from being cleaned up after
            with _handling(signal.SIG_IGN):
                leftovers = server.clean_up()
    return RunResult(server.target.url, plugin.results, observations, leftovers, plugin.stopped)


def planned(server: Server, options: Sequence[str] = ()) -> Mapping[str, ContractCheck]:
    """The checks that would be run, by name. Nothing is sent."""
    plugin = ContractPlugin(server)
    _pytest(plugin, "--collect-only", *options)
    return plugin.checks


def _pytest(plugin: ContractPlugin, *options: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for variable in _VARIABLES:
            patch.delenv(variable, raising=False)
        pytest.main([*_ARGUMENTS, *options], [plugin])


@contextmanager
def _interruptible(server: Server) -> Iterator[None]:
    """Let Ctrl-C, or a request to terminate, end a run before the next request; a second one ends it at once.

    A library might take an exception that came up anywhere else for one of its own.
    """

    def interrupt(number: int, frame: FrameType | None) -> None:
        if server.session.is_interrupted:
            raise KeyboardInterrupt
        server.session.is_interrupted = True

    with _handling(interrupt):
        yield


@contextmanager
def _handling(handler: Callable[[int, FrameType | None], None] | signal.Handlers) -> Iterator[None]:
    before = {number: signal.signal(number, handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)
