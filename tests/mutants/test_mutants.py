"""The mutants: each breaks something of its own, and nothing once the server is reset."""

import re

import httpx
import pytest
from sms_scheduler_contract.mutants import CONFORMING, FAMILIES, MUTANTS
from sms_scheduler_contract.mutants.another_server import MUTANTS as OTHER_MUTANTS
from sms_scheduler_mock import MockServer

from .conversation import BODY, NOW, Answer, converse


@pytest.fixture(scope="module")
def shared() -> MockServer:
    return MockServer(now=NOW)


@pytest.fixture(scope="module")
def unchanged(shared: MockServer) -> list[Answer]:
    return converse(shared)


@pytest.fixture
def mock(shared: MockServer) -> MockServer:
    shared.reset()
    return shared


def mutated(*names: str) -> MockServer:
    server = MockServer(now=NOW)
    for name in names:
        {**MUTANTS, **CONFORMING}[name].apply(server)
    return server


@pytest.fixture(scope="module")
def names_by_answers(unchanged: list[Answer]) -> dict[str, str]:
    """The mutants that were met so far, by what they made of the answers."""
    return {repr(unchanged): "no mutant"}


def test_the_conversation_meets_every_kind_of_answer(unchanged: list[Answer]) -> None:
    assert {status for status, *_ in unchanged} == {200, 400, 401, 404, 405}


def test_no_name_is_given_twice() -> None:
    assert len(MUTANTS) == sum(len(family.MUTANTS) for family in FAMILIES)
    assert not MUTANTS.keys() & CONFORMING.keys()


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_shows_and_is_no_other_under_a_second_name(
    name: str, mock: MockServer, names_by_answers: dict[str, str]
) -> None:
    MUTANTS[name].apply(mock)
    assert names_by_answers.setdefault(repr(converse(mock)), name) == name


def test_a_mutant_shows_until_it_is_reset_and_in_its_own_server_alone(
    mock: MockServer, unchanged: list[Answer]
) -> None:
    MUTANTS["html-body"].apply(mock)
    assert converse(mock)[0][2].startswith(b"<!DOCTYPE html>")
    assert converse(MockServer(now=NOW)) == unchanged
    mock.reset()
    assert converse(mock) == unchanged


@pytest.mark.parametrize(
    "descriptions", [{name: mutant.description for name, mutant in MUTANTS.items()}, OTHER_MUTANTS]
)
def test_names_and_descriptions_read_as_such(descriptions: dict[str, str]) -> None:
    for name, description in descriptions.items():
        assert re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", name)
        assert re.fullmatch(r"[A-Za-z0-9].*[^.\s]", description)
    assert len(set(descriptions.values())) == len(descriptions)


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
def test_narrow_mutants_are_narrow(name: str, numbers: object, status: int) -> None:
    with client_of(mutated(name)) as client:
        assert client.post("sms", json=BODY | {"phone_numbers": numbers}).status_code == status


@pytest.mark.parametrize("name", ["past-date-refused", "emoji-as-500", "long-text-refused", "stop-required"])
def test_what_is_refused_anyway_is_refused_as_ever(name: str) -> None:
    body = BODY | {"message_text": "🎉" * 200, "delivery_date": "2000-01-01 00:00:00", "sender_id": "x"}
    with client_of(mutated(name)) as client:
        assert client.post("sms", json=body).json()["errors"].keys() == {"sender_id"}
        assert client.post("sms", json=BODY, headers={"Authorization": "bearer wrong"}).status_code == 401


def test_what_a_mutant_remembers_is_forgotten_when_it_is_applied_again() -> None:
    server = MockServer(now=NOW)
    with client_of(server) as client:
        for _ in range(2):
            MUTANTS["reading-sends"].apply(server)
            client.post("sms", json=BODY)
            assert [client.get("sms/5000001").json()["status"] for _ in range(3)] == [10, 13, 13]
            server.reset()
