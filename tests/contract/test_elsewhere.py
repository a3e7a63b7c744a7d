"""Servers of other languages' styles, which were written from the page alone: none fails when honest, all when not."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

import pytest
from sms_scheduler_contract.results import RunResult
from sms_scheduler_contract.runner import run
from sms_scheduler_contract.server import Effort, Server
from sms_scheduler_contract.target import Target

FOLDER = Path(__file__).parent / "elsewhere"
# By language: the command without the port, and the key.
SERVERS = {
    "php": (["php", "-S", "127.0.0.1:{port}", str(FOLDER / "server.php")], "php-Key-1"),
    "node": (["node", str(FOLDER / "server.js")], "node-Key-2"),
    "python": ([sys.executable, "-P", str(FOLDER / "server.py")], "flask-Key-3"),
}
# The faults of each, and a check that has to catch it.
FAULTS = {
    "php": {
        "post-only": "deletions_need_the_key",
        "notice": "one_number_may_be_a_string",
        "php-numbers": "one_number_may_be_a_string",
        "die": "field_of_a_wrong_type",
        "refused-with-200": "field_of_a_wrong_type",
        "strncmp": "reports_need_the_key",
        "strpos": "reports_need_the_key",
        "utf8mb3": "text_may_be_in_any_script",
        "empty-text": "text_may_be_in_any_script",
        "filter-var": "field_of_a_wrong_type",
        "intval": "field_of_a_wrong_type",
        "strtotime": "invalid_date",
        "ltrim": "one_number_may_be_a_string",
        "float": "a_message_is_deleted",
        "keys": "the_report_of_a_message_has_its_sms",
        "limit": "many_numbers",
        "where-message": "other_sms_of_the_message",
        "affected-rows": "an_sms_is_deleted",
        "not-found-with-200": "an_unknown_id",
    },
    "node": {
        "rolls-over": "invalid_date",
        "falsy": "text_may_be_in_any_script",
        "truthy": "field_of_a_wrong_type",
        "number": "field_of_a_wrong_type",
        "spread": "one_number_may_be_a_string",
        "await": "creations_at_once",
        "created": "one_number_may_be_a_string",
        "map": "one_number_may_be_a_string",
        "undefined": "an_unknown_id",
        "no-delete": "an_sms_is_deleted",
        "enum": "each_id_leads",
        "skips": "a_message_is_deleted",
        "scheme": "scheme",
        "lower": "reports_need_the_key",
        "length": "field_of_a_wrong_type",
    },
    "python": {
        "bool-is-int": "field_of_a_wrong_type",
        "unhashable": "date_or_number_of_a_wrong_type",
        "any-date": "invalid_date",
        "key-error": "required_field_that_is_missing",
        "detail": "field_of_a_wrong_type",
        "unprocessable": "field_of_a_wrong_type",
        "data-error": "any_length",
        "tuple": "one_number_may_be_a_string",
        "str": "one_number_may_be_a_string",
        "no-commit": "an_sms_is_deleted",
        "none": "an_unknown_id",
        "len": "an_sms_is_deleted",
        "division": "a_message_is_deleted",
        "paginated": "the_report_of_a_message_has_its_sms",
        "decorator": "deletions_need_the_key",
    },
}


@contextmanager
def serving(language: str, fault: str, state: Path) -> Iterator[Target]:
    """Run one of the servers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command, key = SERVERS[language]
    environment = {**os.environ, "PORT": str(port), "FAULT": fault, "STATE": str(state), "TZ": "UTC"}
    command = [part.format(port=port) for part in command]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            wait_for(port)
            yield Target(f"http://127.0.0.1:{port}/api/v1", key)
        finally:
            process.terminate()


def wait_for(port: int) -> None:
    deadline = time.monotonic() + 30
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert time.monotonic() < deadline, "the server does not start"
        time.sleep(0.02)


def tried(target: Target, check: str | None) -> RunResult:
    """Run the checks, or those of a name until one fails."""
    server = Server(target, effort=Effort(shrink=False, cases=0.3 if check else 1.0))
    server.check()
    selected = ["-k", check] if check else []
    return run(server, throwaway=True, until_failed=bool(check), options=selected, jobs=1 if check else 4)


@pytest.fixture(scope="module")
def apart() -> Iterator[ProcessPoolExecutor]:
    """A process in which pytest can be run."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        yield pool


def needs(language: str) -> None:
    if not shutil.which(SERVERS[language][0][0]):
        pytest.skip(f"{language} is not installed")


@pytest.mark.parametrize("language", SERVERS)
def test_an_honest_server_passes(language: str, tmp_path: Path, apart: ProcessPoolExecutor) -> None:
    needs(language)
    with serving(language, "", tmp_path / "state") as target:
        result = apart.submit(tried, target, None).result()
    assert not result.stopped
    assert [f"{check.name}: {check.failure}" for check in result.results if check.failure] == []
    assert result.count("passed") > 25


@pytest.mark.parametrize(
    ("language", "fault"), [(language, fault) for language in FAULTS for fault in FAULTS[language]]
)
def test_a_fault_is_caught(language: str, fault: str, tmp_path: Path, apart: ProcessPoolExecutor) -> None:
    needs(language)
    with serving(language, fault, tmp_path / "state") as target:
        result = apart.submit(tried, target, FAULTS[language][fault]).result()
    assert result.count("failed") == 1, result
