"""The faults: each breaks something of its own, none is on unless it was asked for."""

import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Literal

import httpx
import pytest
from sms_scheduler_mock import FAULTS, MockServer

from .conversation import BODY, NOW, Answer, converse

# In the dialect of integers no number has several SMS.
OF_SEVERAL_PARTS = {
    "sms-ids-with-commas",
    "parts-left-out",
    "parts-with-one-id",
    "rows-without-parts",
    "deletes-one-part-only",
    "counts-numbers",
}


@pytest.fixture(scope="module", params=["lists", "integers"])
def dialect(request: pytest.FixtureRequest) -> Literal["lists", "integers"]:
    name: Literal["lists", "integers"] = request.param
    return name


@pytest.fixture(scope="module")
def shared(dialect: Literal["lists", "integers"]) -> MockServer:
    return MockServer(now=NOW, dialect=dialect)


@pytest.fixture(scope="module")
def honest(shared: MockServer) -> list[Answer]:
    return converse(shared)


@pytest.fixture
def mock(shared: MockServer) -> Iterator[MockServer]:
    shared.reset()
    yield shared
    shared.reset()


@pytest.fixture(scope="module")
def names_by_answers(honest: list[Answer]) -> dict[str, str]:
    """The faults that were met so far, by what they made of the answers."""
    return {repr(honest): "no fault"}


def test_the_conversation_meets_every_kind_of_answer(honest: list[Answer]) -> None:
    assert {status for status, *_ in honest} == {200, 400, 401, 404, 405}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_shows_and_is_no_other_under_a_second_name(
    name: str, mock: MockServer, dialect: str, names_by_answers: dict[str, str]
) -> None:
    mock.fault(name)
    assert mock.faults == (name,)
    met = names_by_answers.setdefault(repr(converse(mock)), name)
    assert met == ("no fault" if dialect == "integers" and name in OF_SEVERAL_PARTS else name)


def test_a_fault_shows_until_it_is_reset_and_in_its_own_server_alone(mock: MockServer, honest: list[Answer]) -> None:
    mock.fault("html-body")
    other = MockServer(now=NOW)
    assert other.faults == ()
    assert converse(other)[0][2].startswith(b'{"message_id":')
    mock.reset()
    assert not mock.faults
    assert converse(mock) == honest


def test_all_faults_go_together() -> None:
    hiding = {"error-500", "error-520", "false-gzip"}
    server = MockServer(now=NOW, faults=FAULTS.keys() - hiding)
    assert set(server.faults) == FAULTS.keys() - hiding
    with client_of(server) as client:
        for _ in range(2):
            assert client.post("sms", json=BODY).status_code != 200
            for path in ("message/123456", "sms/5000001", "sms/1"):
                assert client.get(path).content != b""
                client.delete(path)


@pytest.mark.parametrize("name", FAULTS)
def test_names_and_descriptions_read_as_such(name: str) -> None:
    assert re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", name)
    assert re.fullmatch(r"[A-Za-z0-9].*[^.\s]", FAULTS[name])


def test_descriptions_are_told_apart() -> None:
    assert len(set(FAULTS.values())) == len(FAULTS)


def test_the_faults_of_the_constructor_outlive_a_reset() -> None:
    faulty = MockServer(now=NOW, faults=["html-body"])
    answers = converse(faulty)
    assert b"It works!" in answers[0][2]
    faulty.fault("created-as-201")
    assert set(faulty.faults) == {"created-as-201", "html-body"}
    faulty.reset()
    assert faulty.faults == ("html-body",)
    assert converse(faulty) == answers


def test_faults_add_up_in_whatever_order(mock: MockServer) -> None:
    names = ["created-as-201", "php-notice", "message-id-as-string", "number-left-out"]
    for name in [*reversed(names), "php-notice"]:
        mock.fault(name)
    answers = converse(mock)
    status, _, content = answers[0]
    assert status == 201
    assert b'{"message_id":"123456","sms_ids":{"+33612345678":' in content
    assert b"+33202020202" not in content
    assert content.count(b"Notice") == 1
    mock.reset()
    for name in names:
        mock.fault(name)
    assert converse(mock) == answers


def client_of(server: MockServer) -> httpx.Client:
    headers = {"Authorization": f"bearer {server.api_key}"}
    return httpx.Client(base_url=server.url, headers=headers, transport=server.transport)


@pytest.mark.parametrize(
    ("name", "numbers", "status"),
    [
        ("second-message-refused", ["+33612345678"], 200),
        ("fourth-number-refused", ["+33612345678", "+33612345679", "+33612345670"], 200),
        ("fourth-number-refused", ["+33612345678", "+33612345679", "+33612345670", "+33612345671"], 400),
        ("string-number-refused", ["+33612345678"], 200),
        ("string-number-refused", "+33612345678", 400),
        ("only-first-number-checked", ["0612345678", "+33612345678"], 400),
        ("only-first-number-checked", ["+33612345678", "0612345678"], 200),
        ("number-with-hyphens-accepted", "+33-612-345-678", 200),
        ("number-with-hyphens-accepted", "+33 612 345 678", 400),
        ("national-number-accepted", "0612345678", 200),
        ("national-number-accepted", "0404-040-404", 400),
    ],
)
def test_narrow_faults_are_narrow(name: str, numbers: object, status: int) -> None:
    with client_of(MockServer(now=NOW, faults=[name])) as client:
        assert client.post("sms", json=BODY | {"phone_numbers": numbers}).status_code == status


@pytest.mark.parametrize("name", ["past-date-refused", "emoji-as-500", "long-text-refused", "stop-required"])
def test_what_is_refused_anyway_is_refused_as_ever(name: str) -> None:
    body = BODY | {"message_text": "🎉" * 200, "delivery_date": "2000-01-01 00:00:00", "sender_id": "x"}
    with client_of(MockServer(now=NOW, faults=[name])) as client:
        assert client.post("sms", json=body).json()["errors"].keys() == {"sender_id"}
        assert client.post("sms", json=BODY, headers={"Authorization": "bearer wrong"}).status_code == 401


def test_what_a_fault_remembers_is_forgotten_with_a_reset() -> None:
    server = MockServer(now=NOW, faults=["reading-sends"])
    with client_of(server) as client:
        for _ in range(2):
            client.post("sms", json=BODY)
            assert [client.get("sms/5000001").json()["status"] for _ in range(3)] == [10, 13, 13]
            server.reset()


def test_a_fault_is_seen_over_http_too() -> None:
    with MockServer(faults=["error-520"]) as mock:
        assert httpx.get(f"{mock.url}/sms/1").status_code == 520


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("html_bodi", "there is no fault 'html_bodi': did you mean html-body?"),
        ("klingon", "there is no fault 'klingon': sms_scheduler_mock.FAULTS has them all"),
    ],
)
def test_an_unknown_name_is_refused(name: str, message: str, mock: MockServer, honest: list[Answer]) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        MockServer(faults=[name])
    with pytest.raises(ValueError, match=re.escape(message)):
        mock.fault(name)
    assert mock.faults == ()
    assert converse(mock) == honest


COMMAND = [sys.executable, "-m", "sms_scheduler_mock"]


def test_the_command_line_takes_faults_and_variants() -> None:
    options = ["--fault", "any-key-accepted", "--variant", "not-found-as-json", "--variant", "head-answered"]
    with subprocess.Popen([*COMMAND, *options], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            url = process.stdout.readline().split()[1]
            assert httpx.get(f"{url}/sms/1").json() == {"error": "Not Found"}
            assert httpx.head(f"{url}/sms/1", headers={"Authorization": "bearer mock-api-key"}).status_code == 404
        finally:
            process.kill()


@pytest.mark.parametrize(("kind", "name", "close"), [("fault", "html-bodi", "html-body"), ("variant", "gzi", "gzip")])
def test_the_command_line_refuses_an_unknown_name_in_one_line(kind: str, name: str, close: str) -> None:
    process = subprocess.run([*COMMAND, f"--{kind}", name], capture_output=True, text=True, timeout=20)
    assert (process.returncode, process.stdout) == (1, "")
    assert re.fullmatch(rf".*: there is no {kind} '{name}': did you mean {close}\?\n", process.stderr)
