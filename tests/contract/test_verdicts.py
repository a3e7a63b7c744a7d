"""What may fail a server, and what may not: the rest is observed, adapted to, or no verdict."""

import re
import subprocess
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from http.server import BaseHTTPRequestHandler
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from sms_scheduler_contract import observations, prove
from sms_scheduler_contract.mutants import CONFORMING
from sms_scheduler_contract.mutants.another_server import another_server
from sms_scheduler_contract.runner import planned
from sms_scheduler_contract.server import Server
from sms_scheduler_contract.target import Target
from sms_scheduler_mock import MockServer, Request, Response

Contract = Callable[..., subprocess.CompletedProcess[str]]
OPEN_POINTS = Path(__file__).parents[2] / "docs" / "open-points.md"
LIMITS = {"length of a text", "latest delivery date", "phone numbers that are not named"}
CONNECTIONS = {"connections that are kept open"}


def sentences() -> dict[str, str]:
    """The sentence of the page that each check rests on."""
    plan = planned(Server(Target("http://127.0.0.1:9", "key")))
    return {name: check.page_sentence for name, check in plan.checks.items()}


@pytest.fixture(scope="module")
def checks() -> dict[str, str]:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(sentences).result()


def test_every_check_names_the_sentence_of_the_page_that_it_rests_on(checks: dict[str, str]) -> None:
    assert len(checks) > 40
    assert [name for name, sentence in checks.items() if len(sentence) < 10] == []


def test_every_open_point_says_what_observes_it(checks: dict[str, str]) -> None:
    known = observations._LOOKS.keys() | observations._QUESTIONS.keys() | LIMITS | CONNECTIONS
    rows = [line.split(" | ") for line in OPEN_POINTS.read_text().splitlines() if re.match(r"\| (?!point)[^-]", line)]
    assert len(rows) > 30
    for *_, last in rows:
        named = set(re.findall(r"\*([^*]+)\*", last))
        assert named <= known, last
        assert set(re.findall(r"`(\w+_\w+_\w+)`", last)) <= checks.keys(), last
        assert named or "`" in last or re.search("none|fails|check", last), last


def run_on(variant: str, selected: str, run_contract: Contract) -> subprocess.CompletedProcess[str]:
    with MockServer() as server:
        CONFORMING[variant].apply(server)
        return run_contract("--url", server.url, "--api-key", server.api_key, "-k", selected)


def test_limits_are_kept_to_and_observed(run_contract: Contract) -> None:
    run = run_on("limits-of-all-kinds", "creation or scheme", run_contract)
    assert run.returncode == 0, run.stdout
    assert "phone numbers that are not named: refused with 400" in run.stdout
    assert re.search(r"latest delivery date: some 20.*; later ones are refused with 400", run.stdout)
    assert "length of a text in ASCII: 160 are accepted" in run.stdout
    assert "other forms of dates: accepted besides the page's: none" in run.stdout
    assert "30 February: refused with 400" in run.stdout


def test_an_sms_that_is_cancelled_at_once_gives_no_verdict(run_contract: Contract) -> None:
    run = run_on("no-credits", "deletion", run_contract)
    assert run.returncode != 1, run.stdout
    assert "it cancels what was just created, with status 25" in run.stdout


def test_a_lenient_server_is_observed(run_contract: Contract) -> None:
    run = run_on("numbers-missed-later", "scheme", run_contract)
    assert run.returncode == 0, run.stdout
    assert "'0612345678': accepted, status 30" in run.stdout


@pytest.mark.parametrize(
    ("variant", "seen"),
    [
        ("one-sender", "accepted, with 1 SMS to 1 numbers"),
        ("number-twice-as-two", "accepted, with 2 SMS to 1 numbers"),
        ("number-twice-refused", "refused with 400"),
    ],
)
def test_a_number_is_sent_twice_to_see_what_becomes_of_it(variant: str, seen: str, run_contract: Contract) -> None:
    run = run_on(variant, "scheme", run_contract)
    assert f"the same number twice: {seen}\n" in run.stdout
    assert "SMS that a text takes: 160 characters: 1 SMS, 161 characters: 2 SMS, 459 characters: 3 SMS\n" in run.stdout


def test_what_becomes_of_past_dates_is_observed(small_server: Any, run_contract: Contract) -> None:
    def change(handler: BaseHTTPRequestHandler, status: int, content: bytes) -> tuple[int, bytes]:
        return status, content.replace(b'"status": 13', b'"status": 27')

    small_server.change = change
    run = run_contract(
        "--url", small_server.url, "--api-key", small_server.api_key, "--sends-nothing", "-k", "past_date"
    )
    assert re.search(
        "past date, at the end: 2000-02-29 00:00:00: status 27, .*, 2020-12-25 12:45:59: status 27\n", run.stdout
    )


def test_a_date_that_does_not_exist_is_no_other_form_of_a_date(run_contract: Contract) -> None:
    run = run_on("dates-rolled-over", "scheme", run_contract)
    assert "other forms of dates: accepted besides the page's: none\n" in run.stdout
    assert re.search("30 February: accepted, with [0-9] SMS to [0-9] numbers\n", run.stdout)


def test_the_deletion_of_an_sms_is_observed_once_it_is_sent(run_contract: Contract) -> None:
    run = run_contract("-k", "both_reports_agree_while_sending or sent_messages_are_reported")
    assert re.search("deleting an SMS that was sent: status 1[23]: success is false\n", run.stdout), run.stdout


def test_a_request_without_a_response_fails_the_check(run_contract: Contract) -> None:
    with another_server("drops-every-20th") as server:
        run = run_contract("--url", server.url, "--api-key", server.api_key, "--sends-nothing", "-k", "creation")
    assert run.returncode == 1, run.stdout
    assert "each request gets a response" in run.stdout + run.stderr
    assert re.search(r"(POST /sms|GET /sms/[0-9]+) got none", run.stdout + run.stderr)


def test_an_address_that_redirects_is_named(run_contract: Contract) -> None:
    def redirect(request: Request, answer: Callable[[Request], Response]) -> Response:
        return Response(308, headers={"Location": "https://sms.example/api/v1/sms"})

    with MockServer() as server:
        server.fault("hook", hook=redirect)
        run = run_contract("--url", server.url, "--api-key", server.api_key)
    assert (run.returncode, len(run.stderr.splitlines())) == (2, 1), run.stderr
    assert "redirects to 'https://sms.example/api/v1/sms'" in run.stderr


@pytest.mark.parametrize("key", ["wrong", "w"])
def test_any_key_may_be_the_right_one(key: str, run_contract: Contract) -> None:
    with MockServer(api_key=key) as server:
        run = run_contract("--url", server.url, "--api-key", server.api_key, "-k", "keys")
    assert run.returncode == 0, run.stdout


# The proof


def test_the_proof_knows_by_which_check_each_mutant_was_caught(checks: dict[str, str]) -> None:
    known = prove._known_by()
    mutants = {(kind.heading, name) for kind in prove.KINDS.values() if kind.is_broken for name in kind.servers}
    assert known.keys() == mutants
    assert set(known.values()) <= checks.keys()


@pytest.mark.parametrize("known_by", ["a_message_is_deleted", "numbers_may_be_a_list"])
def test_the_proof_tries_the_check_that_is_expected_to_fail_first(known_by: str) -> None:
    findings = prove.Proving("mutant", "one-too-many-deleted", seed=0, known_by=known_by).run()
    assert (findings.failed.keys(), findings.problem) == ({"a_message_is_deleted"}, None)
    assert (findings.surprise is None) == (known_by == "a_message_is_deleted")
