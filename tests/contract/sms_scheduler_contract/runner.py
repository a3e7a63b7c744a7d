"""Runs the checks on a server, and cleans up."""

import gzip
import json
import os
import signal
import sys
import tempfile
import warnings
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import attrs
import hypothesis
import pytest
import schemathesis.generation
from hypothesis.configuration import set_hypothesis_home_dir
from hypothesis.internal.charmap import charmap_file

from .beside import SideBySide
from .document import SCHEMA
from .errors import CannotTestError
from .observations import Observation, observe
from .plugin import ContractPlugin, where
from .results import Result, RunResult
from .safe_mode import Account
from .server import Server
from .shown import Shown
from .signals import MOST_INTERRUPTIONS, handled_signals

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
    *("-p", "no:junitxml"),
    *("-p", "no:warnings"),
    *("-p", "no:unraisableexception"),
    *("-p", "no:faulthandler"),
]

hypothesis.settings.register_profile("contract", hypothesis.settings.get_profile("default"), database=None)


def _nothing(*_: object) -> None:
    pass


@attrs.frozen
class Progress:
    """Who is told what is being done.

    Attributes:
        on_start: Is called with the name of each check, its number and how many there are.
        on_result: Is called with each result.
        on_text: Is called with a sentence on what takes time.
    """

    on_start: Callable[[str, int, int], None] = _nothing
    on_result: Callable[[Result], None] = _nothing
    on_text: Callable[[str], None] = _nothing


def run(
    server: Server,
    *,
    progress: Progress | None = None,
    until_failed: bool = False,
    throwaway: bool = False,
    jobs: int = 1,
    names: Collection[str] = (),
    options: Sequence[str] = (),
) -> RunResult:
    """Run the checks, or those with `names`, `jobs` of them side by side; `options` are those of pytest.

    In safe mode they run one after the other. Then the open points are observed, and everything that was created is deleted, unless the server is a throwaway. There
    is a result whatever happens.
    """
    progress = progress or Progress()
    jobs = 1 if server.safe_mode or server.known.has_one_connection else jobs
    shown = Shown.without(server.target.api_key)
    plugin = ContractPlugin(server, progress.on_result, progress.on_start, names=names, until_failed=until_failed)
    observations: list[Observation] = []
    leftovers: list[str] = []
    with _interruptible(server):
        with _stopping(plugin, shown):
            _run_checks(plugin, jobs, options)
            if not (throwaway or plugin.stopped):
                progress.on_text("Observing what the page leaves open.")
                _observe(server, jobs, observations, shown)
            if server.session.course.is_interrupted:  # whatever became of the exceptions
                raise KeyboardInterrupt
        if not throwaway:
            with _stopping(plugin, shown):
                leftovers = [shown.line(leftover) for leftover in server.clean_up(progress.on_text, jobs)]
    account = account_lines(server.account, leftovers, shown) if server.safe_mode else []
    return RunResult(
        shown.line(server.target.url),
        plugin.results,
        observations,
        leftovers,
        plugin.stopped,
        account,
        server.effort.seed,
    )


def _run_checks(plugin: ContractPlugin, jobs: int, options: Sequence[str]) -> None:
    seed = plugin.server.effort.seed
    if jobs == 1:
        _pytest([plugin], seed, *options)
        return
    beside = SideBySide(jobs, plugin)
    try:
        _pytest([plugin, beside], seed, *options)
    finally:
        beside.end()


def _observe(server: Server, jobs: int, observations: list[Observation], shown: Shown) -> None:
    """Collect observations; a server that stops answering ends that, and changes no verdict."""
    try:
        observations.extend(Observation(seen.point, shown.line(seen.seen)) for seen in observe(server, jobs))
    except CannotTestError as error:
        observations.append(Observation("further points", shown.line(f"could not be observed: {error}")))


@contextmanager
def _stopping(plugin: ContractPlugin, shown: Shown) -> Iterator[None]:
    """Note why something ended early. A first reason stays."""
    try:
        yield
    except KeyboardInterrupt:
        plugin.stopped = plugin.stopped or "it was interrupted"
    except CannotTestError as error:
        plugin.stopped = plugin.stopped or shown.line(str(error))
    except (Exception, SystemExit) as error:
        plugin.stopped = plugin.stopped or f"the suite itself failed: {shown.line(where(error))}"


def planned(server: Server, names: Collection[str] = (), options: Sequence[str] = ()) -> ContractPlugin:
    """The plugin that knows the checks that would be run. Nothing is sent."""
    plugin = ContractPlugin(server, names=names)
    _pytest([plugin], server.effort.seed, "--collect-only", *options)
    if plugin.stopped:
        raise KeyboardInterrupt
    return plugin


def _pytest(plugins: Sequence[ContractPlugin | SideBySide], seed: int, *options: str) -> None:
    """Run pytest, which gets nothing from the environment and leaves nothing behind."""
    SCHEMA.config.seed = seed
    schemathesis.generation.RANDOM.seed(seed)
    hypothesis.settings.load_profile("contract")  # not the one that Hypothesis loads where it thinks that this is CI
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        set_hypothesis_home_dir(folder)
        _write_characters()
        for variable in os.environ:
            if variable.startswith(("PYTEST_", "HYPOTHESIS_")):
                patch.delenv(variable)
        pytest.main([*_ARGUMENTS, f"--hypothesis-seed={seed}", *options], plugins)


def _write_characters() -> None:
    """Tell Hypothesis which characters are UTF-8: it would try a million of them, for seconds, and keep them in this file."""
    path = charmap_file("codec-v2-utf-8")
    path.parent.mkdir(parents=True)
    ranges = [[0, 0xD7FF], [0xE000, sys.maxunicode]]  # all but the surrogates
    path.write_bytes(gzip.compress(json.dumps([ranges, []]).encode()))


def account_lines(account: Account, leftovers: Sequence[str], shown: Shown) -> list[str]:
    """What was created, and what became of it, as far as that is known."""
    count = sum(map(len, account.created.values()))
    lines = [f"Created: {len(account.created)} messages with {count} SMS."]
    lines += [f"NOT DELETED: {leftover}" for leftover in leftovers]
    if account.created and not leftovers:
        lines.append("All that is known of was deleted." if account.unclear else "All of them were deleted.")
    for exchange in account.unclear:
        answer = (
            f"NOT KNOWN: a request that was answered {exchange.status} {exchange.response_body[:200]!r}"
            if exchange.status
            else "NO RESPONSE to a request that"
        )
        asked = exchange.body.decode(errors="replace")
        lines.append(shown.line(f"{answer} may have created a message that may be sent: {asked}"))
    return lines


@contextmanager
def _interruptible(server: Server) -> Iterator[None]:
    """Let a signal end what the session waits for, and each further request.

    A library might take an exception that came up anywhere else for one of its own. Only one that does not return is left
    that way.
    """
    interruptions = 0

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal interruptions
        interruptions += 1
        server.session.course.interrupt()
        if interruptions >= MOST_INTERRUPTIONS:
            raise KeyboardInterrupt

    before: dict[Any, Any] = {number: signal.signal(number, interrupt) for number in handled_signals()}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)
