"""The conforming variants: each is another way to do what the vendor's page states."""

import re
from typing import Any

import httpx
import pytest
from sms_scheduler_contract.mutants import CONFORMING, MUTANTS
from sms_scheduler_mock import MockServer

from .conversation import BODY, NOW, Answer, converse

SCHEDULED, CANCELLED = 10, 29


@pytest.fixture(scope="module")
def unchanged() -> list[Answer]:
    return converse(MockServer(now=NOW))


@pytest.fixture(scope="module")
def names_by_answers(unchanged: list[Answer]) -> dict[str, str]:
    """The variants that were met so far, by what they made of the answers."""
    return {repr(unchanged): "no variant"}


@pytest.fixture(scope="module")
def shared() -> MockServer:
    return MockServer(now=NOW)


@pytest.mark.parametrize("name", CONFORMING)
def test_a_variant_shows_and_is_no_other_under_a_second_name(
    name: str, shared: MockServer, names_by_answers: dict[str, str]
) -> None:
    shared.reset()
    CONFORMING[name].apply(shared)
    assert names_by_answers.setdefault(repr(converse(shared)), name) == name


def test_a_reset_ends_all_variants(shared: MockServer, unchanged: list[Answer]) -> None:
    shared.reset()
    for variant in CONFORMING.values():
        variant.apply(shared)
    shared.reset()
    assert converse(shared) == unchanged


@pytest.mark.parametrize("name", CONFORMING)
def test_names_and_descriptions_read_as_such(name: str) -> None:
    assert re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", name)
    assert re.fullmatch(r"[A-Za-z0-9].*[^.\s]", CONFORMING[name].description)


# --- what some of them do


class Client:
    """Asks a server in process that is some variants or mutants."""

    def __init__(self, *names: str) -> None:
        self.server = MockServer(now=NOW)
        for name in names:
            {**CONFORMING, **MUTANTS}[name].apply(self.server)
        headers = {"Authorization": f"bearer {self.server.api_key}"}
        self.http = httpx.Client(base_url=self.server.url, headers=headers, transport=self.server.transport)

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """The JSON of a success; the status of any other answer."""
        response = self.http.request(method, path, json=body)
        return response.json() if response.status_code == 200 else response.status_code

    def create(self, **changes: object) -> Any:
        return self.ask("POST", "sms", BODY | changes)


@pytest.mark.parametrize(
    ("variant", "report", "rows", "again", "emptied", "none_left"),
    [
        (None, 404, [SCHEDULED], 404, 404, 404),
        ("deleted-reported-cancelled", CANCELLED, [CANCELLED, SCHEDULED], False, [CANCELLED] * 2, 0),
        ("deleted-reported-as-before", SCHEDULED, [SCHEDULED, SCHEDULED], False, [SCHEDULED] * 2, 0),
        ("deleted-row-stays", 404, [CANCELLED, SCHEDULED], 404, [CANCELLED] * 2, 0),
        ("deleted-row-goes", CANCELLED, [SCHEDULED], 404, 404, 404),
        ("deleted-row-stays-until-all-are", 404, [CANCELLED, SCHEDULED], 404, 404, 404),
        ("deleted-again-as-false", 404, [SCHEDULED], False, 404, 404),
        ("deleted-again-as-true", 404, [SCHEDULED], True, 404, 404),
        ("emptied-message-stays", 404, [SCHEDULED], 404, [], 0),
    ],
)
def test_what_becomes_of_what_is_deleted(
    *, variant: str | None, report: int, rows: list[int], again: object, emptied: object, none_left: int
) -> None:
    client = Client(*([variant] if variant else []))
    message_id = client.create()["message_id"]
    sms_id = client.server.messages[0].sms[0].id

    def statuses() -> object:
        found = client.ask("GET", f"message/{message_id}")
        return [row["status"] for row in found] if isinstance(found, list) else found

    def success(path: str) -> object:
        found = client.ask("DELETE", path)
        return found["success"] if isinstance(found, dict) else found

    assert success(f"sms/{sms_id}") is True
    found = client.ask("GET", f"sms/{sms_id}")
    assert (found if isinstance(found, int) else found["status"]) == report
    assert statuses() == rows
    assert success(f"sms/{sms_id}") == again
    assert success(f"message/{message_id}") == 1
    assert statuses() == emptied
    assert success(f"message/{message_id}") == none_left


@pytest.mark.parametrize("variant", ["ids-from-2-31", "ids-from-1", "ids-scattered"])
def test_ids_are_never_used_twice(variant: str) -> None:
    client = Client(variant)
    for _ in range(100):
        client.create(message_text="a" * 200)
    messages = client.server.messages
    assert len({message.id for message in messages}) == 100
    assert len({sms.id for message in messages for sms in message.sms}) == 400
    assert [row["id"] for row in client.ask("GET", f"message/{messages[-1].id}")] == [
        sms.id for sms in messages[-1].sms
    ]


def test_scattered_ids_do_not_ascend() -> None:
    client = Client("ids-scattered")
    ids = [client.create()["message_id"] for _ in range(10)]
    assert ids != sorted(ids)


@pytest.mark.parametrize(
    ("variant", "changes", "numbers"),
    [
        ("number-twice-as-two", {"phone_numbers": ["+33612345678"] * 2}, ["+33612345678"] * 2),
        ("bad-numbers-skipped", {"phone_numbers": ["+33612345678", "0404-040-404"]}, ["+33612345678"]),
        ("no-numbers-accepted", {"phone_numbers": []}, []),
        ("long-text-as-one-sms", {"phone_numbers": "+33612345678", "message_text": "a" * 500}, ["+33612345678"]),
        ("iso-dates-accepted", {"phone_numbers": [], "delivery_date": "2030-01-02T00:00:00"}, 400),
        ("number-twice-refused", {"phone_numbers": ["+33612345678"] * 2}, 400),
        ("text-limit", {"message_text": "x" * 1001}, 400),
        ("numbers-limit", {"phone_numbers": [f"+33612345{i:03}" for i in range(101)]}, 400),
        ("one-sender", {"sender_id": 124}, 400),
    ],
)
def test_who_gets_sms(variant: str, changes: dict[str, object], numbers: object) -> None:
    client = Client(variant)
    created = client.create(**changes)
    if isinstance(created, int):
        assert (created, client.server.messages) == (numbers, [])
        return
    assert [sms.phone_number for sms in client.server.messages[0].sms] == numbers
    assert [row["phone_number"] for row in client.ask("GET", f"message/{created['message_id']}")] == numbers
    ids = [sms_id for sms_ids in dict(created["sms_ids"]).values() for sms_id in sms_ids]
    assert ids == [sms.id for sms in client.server.messages[0].sms]


@pytest.mark.parametrize(
    ("variant", "given", "read"),
    [
        ("iso-dates-accepted", "2030-02-01T10:00:00Z", "2030-02-01 10:00:00"),
        ("dates-rolled-over", "2030-02-30 10:00:00", "2030-03-02 10:00:00"),
        ("dates-rolled-over", "2031-04-31 23:59:59", "2031-05-01 23:59:59"),
        ("dates-rolled-over", "2030-13-31 10:00:00", None),
        ("dates-rolled-over", "2030-02-30 24:00:00", None),
    ],
)
def test_dates_are_read_otherwise(variant: str, given: str, read: str | None) -> None:
    client = Client(variant)
    client.create(delivery_date=given)
    assert [str(message.delivery_date) for message in client.server.messages] == ([read] if read else [])


def test_every_tenth_request_is_too_many() -> None:
    client = Client("rate-limit")
    assert [client.ask("GET", "sms/1") for _ in range(20)] == ([404] * 9 + [429]) * 2


def test_compressed_replies_say_the_same() -> None:
    client = Client("gzip")
    response = client.http.post("sms", json=BODY)
    assert response.headers["Content-Encoding"] == "gzip"
    assert response.json()["message_id"] == 123456
    plain = client.http.post("sms", json=BODY, headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers
    assert plain.json()["message_id"] == 123457


@pytest.mark.parametrize(
    ("variant", "scheme"), [("lower-case-bearer-only", "bearer"), ("upper-case-bearer-only", "Bearer")]
)
def test_the_scheme_in_one_case_only(variant: str, scheme: str) -> None:
    client = Client(variant)
    for given in ("bearer", "Bearer"):
        response = client.http.get("sms/1", headers={"Authorization": f"{given} {client.server.api_key}"})
        assert response.status_code == (404 if given == scheme else 401)


def test_head_over_http() -> None:
    with MockServer(now=NOW) as server:
        CONFORMING["head-answered"].apply(server)
        headers = {"Authorization": f"bearer {server.api_key}"}
        with httpx.Client(base_url=server.url, headers=headers) as client:
            client.post("sms", json=BODY)
            assert (client.head("sms/5000001").status_code, client.head("sms/1").status_code) == (200, 404)
            assert (client.head("sms/5000001").content, client.head("sms").status_code) == (b"", 405)
            assert client.get("sms/5000001").json()["status"] == SCHEDULED


def test_a_mutant_goes_around_a_variant() -> None:
    client = Client("in-an-envelope", "created-as-201", "extra-fields")
    response = client.http.post("sms", json=BODY)
    assert response.status_code == 201
    assert response.json()["data"]["links"] == []


def test_the_bytes_of_a_mutant_are_written_as_the_variant_has_it() -> None:
    client = Client("gzip", "json-like-php", "message-id-as-string")
    response = client.http.post("sms", json=BODY)
    assert response.headers["Content-Encoding"] == "gzip"
    assert response.text.startswith('{\n    "message_id": "123456",')
