"""Checks side by side: as many at once as asked for, each with a record of its own, and none where it cannot be."""

import ast
import gc
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from hypothesis.internal import charmap
from hypothesis.internal.intervalsets import IntervalSet
from sms_scheduler_contract import runner
from sms_scheduler_contract.beside import SideBySide
from sms_scheduler_contract.mutants import MUTANTS
from sms_scheduler_contract.mutants.another_server import another_server
from sms_scheduler_contract.plugin import ContractPlugin
from sms_scheduler_contract.results import RunResult
from sms_scheduler_contract.runner import run
from sms_scheduler_contract.safe_mode import SafeMode
from sms_scheduler_contract.server import Effort, Server
from sms_scheduler_contract.target import Target
from sms_scheduler_mock import MockServer

Handler = BaseHTTPRequestHandler
BESIDE = [
    "one_number_may_be_a_string",
    "both_reports_agree",
    "a_message_is_deleted",
    "an_sms_is_deleted",
    "reports_need_the_key",
]
ALONE = ["a_refused_request_creates_nothing", "ids_of_messages_and_of_sms_differ", "creations_need_the_key"]


def run_here(server: Any, *names: str, jobs: int, safe_mode: SafeMode | None = None, **options: Any) -> RunResult:
    """Run checks in this process."""
    target = Target(server.url, server.api_key)
    under_test = Server(target, effort=Effort(cases=0.2, shrink=False), safe_mode=safe_mode, **options)
    under_test.check()
    return run(under_test, names=names, jobs=jobs, throwaway=True)


@pytest.fixture
def most_at_once(small_server: Any) -> Callable[[], int]:
    """How many requests were answered at once, at most."""
    lock, answering, most = threading.Lock(), 0, 0

    def change(handler: Handler, status: int, content: bytes) -> tuple[int, bytes]:
        nonlocal answering, most
        with lock:
            answering += 1
            most = max(most, answering)
        time.sleep(0.01)
        with lock:
            answering -= 1
        return status, content

    small_server.change = change
    return lambda: most


@pytest.mark.parametrize("jobs", [1, 3])
def test_so_many_checks_run_at_once(jobs: int, small_server: Any, most_at_once: Callable[[], int]) -> None:
    result = run_here(small_server, *BESIDE, jobs=jobs)
    assert (result.counts, most_at_once()) == ("5 passed, 0 failed, 0 not tested", jobs)
    in_turn = run_here(small_server, *BESIDE, jobs=1)
    assert [(check.name, check.cases) for check in result.results] == [
        (check.name, check.cases) for check in in_turn.results
    ]


def test_checks_that_ask_for_ids_of_others_run_alone(small_server: Any, most_at_once: Callable[[], int]) -> None:
    result = run_here(small_server, *ALONE, jobs=3)
    assert (result.counts, most_at_once()) == ("3 passed, 0 failed, 0 not tested", 1)


def test_safe_mode_has_one_job(small_server: Any, most_at_once: Callable[[], int]) -> None:
    result = run_here(small_server, *BESIDE, jobs=3, safe_mode=SafeMode(rate=1_000))
    assert (result.exit_code, most_at_once()) == (0, 1)


def test_each_check_has_a_record_of_its_own() -> None:
    with MockServer() as server:
        MUTANTS["one-too-many-deleted"].apply(server)
        result = run_here(server, *BESIDE, jobs=4)
    failed = {check.name: check.failure.reproducer for check in result.results if check.failure}
    assert failed.keys() == {"a_message_is_deleted", "an_sms_is_deleted"}
    for lines in failed.values():
        assert lines.count("-X POST") == 1, lines


def test_an_interruption_ends_all_that_run(small_server: Any) -> None:
    under_test = Server(Target(small_server.url, small_server.api_key))

    def change(handler: Handler, status: int, content: bytes) -> tuple[int, bytes]:
        time.sleep(0.02)
        if len(small_server.requests) >= 60:
            under_test.session.course.interrupt()
        return status, content

    small_server.change = change
    result = run(under_test, jobs=4, throwaway=True)
    assert (result.exit_code, result.stopped) == (2, "it was interrupted")
    asked = len(small_server.requests)
    time.sleep(0.1)
    assert asked == len(small_server.requests) < 80


def test_a_limit_to_the_rate_of_requests_stops_no_check(small_server: Any) -> None:
    taken: list[float] = []

    def change(handler: Handler, status: int, content: bytes) -> tuple[int, bytes]:
        now = time.monotonic()
        is_too_many = sum(moment > now - 0.2 for moment in taken) >= 4
        if is_too_many:
            return 429, b""
        taken.append(now)
        return status, content

    small_server.change = change
    result = run_here(
        small_server, "one_number_may_be_a_string", "the_report_of_a_message_has_its_sms", "both_reports_agree", jobs=4
    )
    assert result.counts == "3 passed, 0 failed, 0 not tested", result


# What a server may do with its connections


def test_a_connection_that_is_closed_without_a_word_is_no_fault() -> None:
    with another_server("closes-silently") as server:
        target = Target(server.url, server.api_key)
        result = run(Server(target, effort=Effort(cases=0.2)), names=BESIDE, jobs=4)
    assert (result.counts, result.leftovers) == ("5 passed, 0 failed, 0 not tested", [])
    assert any("closed without a word" in seen.seen for seen in result.observations)


def test_what_is_no_response_is_a_fault_also_on_a_connection_that_was_used_before(small_server: Any) -> None:
    def change(handler: Handler, status: int, content: bytes) -> tuple[int, bytes] | None:
        if len(small_server.requests) != 20:
            return status, content
        handler.wfile.write(b"\0" * 100)
        handler.close_connection = True
        return None

    small_server.change = change
    result = run_here(small_server, *BESIDE, jobs=1)
    assert result.counts == "4 passed, 1 failed, 0 not tested", result


def test_a_server_with_one_thread_is_asked_one_thing_at_a_time() -> None:
    with another_server("one-thread") as server:
        result = run_here(server, *BESIDE, "creations_at_once_have_ids_of_their_own", jobs=4)
    assert result.counts == "5 passed, 0 failed, 1 not tested", result
    assert "on one connection only" in next(check.reason for check in result.results if check.reason)


# Time


def test_the_clock_of_the_mock_server_is_put_forward() -> None:
    begin, forward = datetime(2030, 1, 1), list[float]()

    def put_forward(seconds: float) -> None:
        forward.append(seconds)
        server.advance(seconds=seconds)

    with MockServer(now=begin) as server:
        names = ["both_reports_agree_while_sending", "sent_messages_are_reported"]
        result = run_here(server, *names, jobs=1, put_forward=put_forward)
        assert result.counts == "2 passed, 0 failed, 0 not tested"
        assert forward
        assert server.now - begin >= timedelta(seconds=max(5, sum(forward)))


def test_hypothesis_need_not_look_for_the_characters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Any] = []

    def spy(intervals: Any) -> Any:
        read.append(intervals)
        return IntervalSet(intervals)

    monkeypatch.setattr(charmap, "IntervalSet", spy)
    monkeypatch.setattr(charmap, "charmap_file", lambda name: tmp_path / "tables" / name)
    monkeypatch.setattr(runner, "charmap_file", charmap.charmap_file)
    runner._write_characters()
    characters, lost = charmap.intervals_from_codec.__wrapped__("utf-8")
    assert len(read[0]) == 2  # a range for each that stands in the file, instead of one for each character
    assert (len(characters), len(lost)) == (0x110000 - 0x800, 0)
    assert not any(chr(surrogate) in characters for surrogate in (0xD800, 0xDFFF))


# What is not made for threads


class Cycle:
    """What only the garbage collector ends, by running Python."""

    def __init__(self) -> None:
        self.me = self

    def __del__(self) -> None:
        pass


def parse_at(depth: int) -> None:
    """Parse again and again, so deep in calls, while the garbage collector lets other threads run."""
    if depth:
        parse_at(depth - 1)
        return
    for _ in range(30):
        Cycle()
        ast.parse("\n".join(f"def f{n}(a, b): return [a + b for _ in range({n})]" for n in range(50)))


def test_sources_are_parsed_one_by_one() -> None:
    beside = SideBySide(4, ContractPlugin(Server(Target("http://127.0.0.1:9", "key"))))
    interval, threshold = sys.getswitchinterval(), gc.get_threshold()
    try:
        sys.setswitchinterval(1e-6)
        gc.set_threshold(20)
        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(parse_at, (0, 50, 100, 150))) == [None] * 4
    finally:
        sys.setswitchinterval(interval)
        gc.set_threshold(*threshold)
        beside.end()
