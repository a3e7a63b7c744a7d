"""The command as a tester runs it: results, exit codes, reports, and what it says when it cannot test a server."""

import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Literal

import pytest
from sms_scheduler_contract.mutants import CONFORMING, MUTANTS
from sms_scheduler_contract.mutants.another_server import another_server
from sms_scheduler_mock import MockServer, Request, Response

Contract = Callable[..., subprocess.CompletedProcess[str]]
Answer = Callable[[Request], Response]


# Results


@pytest.mark.parametrize("sms_ids", ["lists", "integers"])
def test_the_mock_server_passes_every_check(sms_ids: Literal["lists", "integers"], run_contract: Contract) -> None:
    def hurry(request: Request, answer: Answer) -> Response:
        server.advance(seconds=1)  # so that nobody waits until an SMS is sent
        return answer(request)

    with MockServer(sms_ids=sms_ids) as server:
        server.fault("hook", hook=hurry)
        run = run_contract("--url", server.url, "--api-key", server.api_key)
    assert run.returncode == 0, run.stdout + run.stderr
    assert re.search(r": [0-9]+ passed, 0 failed, 0 not tested\.\n$", run.stdout)


def test_another_conforming_server_passes_every_check(tmp_path: Path, run_contract: Contract) -> None:
    junit, page = tmp_path / "junit.xml", tmp_path / "report.html"
    with another_server(delay=0.002) as server:
        run = run_contract(
            "--url",
            server.url,
            "--sends-nothing",
            "--api-key",
            server.api_key,
            "--junit",
            str(junit),
            "--html",
            str(page),
        )
    assert run.returncode == 0, run.stdout + run.stderr
    assert re.search(r"http://.*: [0-9]+ passed, 0 failed, 0 not tested\.\n$", run.stdout)
    assert "report of a deleted SMS: status 29; still a row in the report of its message" in run.stdout
    suite = ET.parse(junit).getroot()[0]
    assert (suite.get("failures"), suite.get("errors"), suite.get("skipped")) == ("0", "0", "0")
    statements = [element.get("value", "") for element in suite.iter("property") if element.get("name") == "statement"]
    assert "A deletion is answered 401 without the right key, and deletes nothing." in statements
    assert any(statement.startswith("POST /sms: ") for statement in statements)
    assert page.read_text().count('class="outcome passed"') == len(statements) == int(suite.get("tests", "0"))


def test_without_a_url_the_mock_server_is_tested(run_contract: Contract) -> None:
    run = run_contract("-k", "keys")
    assert run.returncode == 0, run.stdout + run.stderr
    assert "A deletion is answered 401 without the right key, and deletes nothing." in run.stdout


def test_a_failed_check_has_a_reproducer(tmp_path: Path, run_contract: Contract) -> None:
    junit, page = tmp_path / "junit.xml", tmp_path / "report.html"
    selected = ["-k", "a_message_is_deleted", "--junit", str(junit), "--html", str(page)]
    with MockServer(api_key="the-secret-key") as server:
        MUTANTS["one-too-many-deleted"].apply(server)
        run = run_contract("--url", server.url, "--api-key", server.api_key, *selected)
        failure = next(ET.parse(junit).getroot().iter("failure"))
        details, _, lines = (failure.text or "").partition("\n\n")
        again = subprocess.run(
            ["bash", "-c", lines],
            capture_output=True,
            text=True,
            timeout=30,
            env={**os.environ, "SMS_SCHEDULER_API_KEY": server.api_key},
        )
    assert run.returncode == 1, run.stdout
    assert re.search(r"expected: 1 of the 1 SMS of message [0-9]+ are deleted: success is 1", details)
    assert "received: 2" in details
    assert details in run.stdout
    assert lines in run.stdout
    assert again.stdout.endswith('{"success":2}\n200\n'), again
    assert "the-secret-key" not in run.stdout + run.stderr + junit.read_text() + page.read_text()
    assert 'class="outcome failed"' in page.read_text()


def test_a_reproducer_shows_an_unknown_id_by_its_distance(run_contract: Contract) -> None:
    with another_server("stores-what-it-refuses") as server:
        run = run_contract(
            "--url", server.url, "--sends-nothing", "--api-key", server.api_key, "-k", "refused_request_creates_nothing"
        )
    assert run.returncode == 1, run.stdout
    assert re.search(r'curl -gsS -X GET "\$url"/message/"\$\(python3 -c "print\(\$\{id1\} \+ [0-9]+\)"\)"', run.stdout)


def test_a_failure_that_does_not_happen_again_is_reported(run_contract: Contract) -> None:
    with another_server("ids-return") as server:
        run = run_contract("--url", server.url, "--sends-nothing", "--api-key", server.api_key, "-k", "creation")
    assert run.returncode == 1, run.stdout


def test_an_unlisted_status_code_is_observed(run_contract: Contract) -> None:
    with MockServer() as server:
        CONFORMING["new-status-codes"].apply(server)
        run = run_contract("--url", server.url, "--api-key", server.api_key, "-k", "links or reports")
    assert run.returncode == 0, run.stdout
    assert "statuses that the page does not list: 99" in run.stdout


def test_the_checks_are_listed_with_the_sentences_of_the_page(run_contract: Contract) -> None:
    run = run_contract("--list", "--format", "json")
    assert (run.returncode, run.stderr) == (0, "")
    listed = {check["name"]: check for check in json.loads(run.stdout)}
    assert len(listed) > 40
    assert all(check["page_sentence"] for check in listed.values())
    name = "a_message_is_deleted"
    text = run_contract("--list", "--check", name).stdout
    assert re.search(rf"^  {name}: .*\n    the page: {re.escape(listed[name]['page_sentence'])}$", text, re.MULTILINE)


def test_a_run_is_given_as_json(run_contract: Contract) -> None:
    run = run_contract("--check", "one_number_may_be_a_string", "--format", "json")
    result = json.loads(run.stdout)
    assert run.returncode == result["exit_code"] == 0
    assert result["counts"] == {"passed": 1, "failed": 0, "not tested": 0}
    assert [check["name"] for check in result["results"]] == ["one_number_may_be_a_string"]


@pytest.mark.parametrize(
    ("mutant", "check"),
    [
        (None, ""),
        ("row-left-out", "created_sms_are_reported"),
        ("last-sms-not-found", "created_sms_are_reported"),
        ("cached-report-without-key", "reports_need_the_key"),
        ("message-id-with-fraction", "integers_are_whole"),
    ],
)
def test_the_command_of_schemathesis_can_use_the_configuration_and_the_checks(
    mutant: str | None, check: str, tmp_path: Path
) -> None:
    config = files("sms_scheduler_contract") / "schemathesis.toml"
    document = files("sms_scheduler_mock") / "openapi.json"
    with MockServer() as server:
        if mutant:
            MUTANTS[mutant].apply(server)
        key = ["--header", f"Authorization: Bearer {server.api_key}"]
        command = [
            str(Path(sys.executable).with_name("schemathesis")),
            "--config-file",
            str(config),
            "run",
            str(document),
            "--url",
            server.url,
            *key,
        ]
        phases = ["--phases", "examples,fuzzing,stateful", "--max-examples", "5", "--seed", "1"]
        run = subprocess.run(
            [*command, *phases, *(["--checks", check] if check else [])],
            capture_output=True,
            text=True,
            timeout=120,
            cwd=tmp_path,
            env={**os.environ, "SCHEMATHESIS_HOOKS": "sms_scheduler_contract.schemathesis_checks"},
        )
    assert run.returncode == (1 if mutant else 0), run.stdout + run.stderr
    assert check in run.stdout


# What cannot be tested


def test_a_server_that_stops_answering_cannot_be_tested(run_contract: Contract) -> None:
    def answer_once(request: Request, answer: Answer) -> Response:
        server.fault("refuse")
        return answer(request)

    with MockServer(api_key="the-secret-key") as server:
        server.fault("hook", times=1, hook=answer_once)
        run = run_contract("--url", server.url, "--api-key", server.api_key)
    assert run.returncode == 2, run.stdout
    assert "it stopped answering" in run.stdout
    assert "the-secret-key" not in run.stdout + run.stderr


def test_a_check_that_failed_is_a_verdict_also_of_a_server_that_stops_answering(run_contract: Contract) -> None:
    def answer_some(request: Request, answer: Answer) -> Response:
        if len(server.messages) > 3:
            server.fault("refuse")
        response = answer(request)
        return Response(201, response.body) if response.status == 200 else response

    with MockServer() as server:
        server.fault("hook", hook=answer_some)
        run = run_contract("--url", server.url, "--api-key", server.api_key, "--jobs", "1")
    assert run.returncode == 1, run.stdout
    assert re.search(
        r"could not be tested any further: it stopped answering .* Until then: 0 passed, [1-9][0-9]* failed", run.stdout
    )


def test_a_server_that_always_answers_429_cannot_be_tested(run_contract: Contract) -> None:
    with MockServer() as server:
        server.fault("status", status=429, retry_after=0)
        run = run_contract("--url", server.url, "--api-key", server.api_key)
    assert (run.returncode, run.stdout) == (2, "")
    assert "it limits the rate of requests" in run.stderr


@pytest.mark.parametrize(
    ("selected", "options"),
    [
        ("list", []),
        ("list", ["--sender-id", "124"]),
        ("list", ["--sender-id", "124", "--safe", "--yes", "--phone-number", "+33612345678"]),
        ("a_field_of_a_wrong_type_is_named", ["--sender-id", "124"]),
        ("any_sequence", ["--sender-id", "124"]),
    ],
)
def test_a_server_without_the_sender_cannot_be_tested(
    selected: str, options: list[str], run_contract: Contract
) -> None:
    with MockServer() as server:
        refusal = {"errors": {"sender_id": ["unknown"]}}
        server.fault("status", status=400, body=refusal, operation="createSms")
        run = run_contract("--url", server.url, "--api-key", server.api_key, "-k", selected, *options)
    assert run.returncode == 2, run.stdout
    assert 'with ["unknown"]: pass a --sender-id that the account has' in run.stdout


def test_a_sender_that_is_refused_now_and_then_is_a_fault(run_contract: Contract) -> None:
    def refuse_later(request: Request, answer: Answer) -> Response:
        is_late = request.operation == "createSms" and len(server.messages) > 3
        return Response(400, {"errors": {"sender_id": ["unknown"]}}) if is_late else answer(request)

    with MockServer() as server:
        server.fault("hook", hook=refuse_later)
        run = run_contract("--url", server.url, "--api-key", server.api_key, "-k", "list")
    assert run.returncode == 1, run.stdout


def test_a_run_without_checks_is_no_success(run_contract: Contract) -> None:
    run = run_contract("-k", "no_check_has_this_name")
    assert run.returncode == 2, run.stdout
    assert "no contract check was run" in run.stdout


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--url", "http://127.0.0.1:9", "--api-key", "key"], "no server answers at http://127.0.0.1:9: "),
        (["--url", "http://127.0.0.1:9", "--api-key", "k\u00e9"], "the API key must be printable ASCII"),
        (["--url", "http://127.0.0.1:9"], "no API key: pass --api-key, or set SMS_SCHEDULER_API_KEY"),
        (
            ["--url", "http://sms.example/api/v1", "--api-key", "key"],
            "may really send: name a sender and a phone of your own",
        ),
        (
            ["--url", "http://127.0.0.1:9", "--api-key", "key", "--phone-number", "0612345678"],
            "write a plus, the country prefix",
        ),
    ],
)
def test_what_cannot_be_run_is_said_in_one_line(
    arguments: list[str], reason: str, monkeypatch: pytest.MonkeyPatch, run_contract: Contract
) -> None:
    monkeypatch.delenv("SMS_SCHEDULER_API_KEY", raising=False)
    run = run_contract(*arguments)
    assert (run.returncode, len(run.stderr.splitlines())) == (2, 1), run.stderr
    assert run.stderr.startswith("sms-scheduler-contract: ")
    assert reason in run.stderr


def test_a_refused_key_is_said_in_one_line(run_contract: Contract) -> None:
    with MockServer() as server:
        run = run_contract("--url", server.url, "--api-key", "wrong")
    assert (run.returncode, len(run.stderr.splitlines())) == (2, 1)
    assert "refuses the API key" in run.stderr


def test_another_service_is_said_in_one_line(run_contract: Contract) -> None:
    with MockServer() as server:
        run = run_contract("--url", server.url.removesuffix("/api/v1"), "--api-key", server.api_key)
    assert (run.returncode, len(run.stderr.splitlines())) == (2, 1)
    assert "is not the API" in run.stderr
