"""The faults: each breaks something of its own, none is on unless it was asked for."""

import re
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

import httpx
import pytest
from sms_scheduler_mock import FAULTS, MockServer

MakeServer = Callable[..., MockServer]

NOW = datetime(2030, 1, 1, 12)
BODY: dict[str, Any] = {
    "message_text": "Hello",
    "delivery_date": "2030-01-02 00:00:00",
    "sender_id": 1,
    "phone_numbers": ["+33612345678", "+33202020202"],
}
INVALID_NUMBER = BODY | {"phone_numbers": "0404-040-404"}
NO_SENDER = {name: value for name, value in BODY.items() if name != "sender_id"}

Answer = tuple[int, str | None, bytes]


def ask(server: MockServer) -> list[Answer]:
    """What a new server answers to the same questions every time; its ids are known beforehand."""
    with httpx.Client(base_url=server.url, transport=server.transport) as client:
        right, wrong = ({"Authorization": f"bearer {key}"} for key in (server.api_key, "wrong"))

        def request(method: str, path: str, headers: dict[str, str] = right, **options: Any) -> Answer:
            response = client.request(method, path, headers=headers, **options)
            return response.status_code, response.headers.get("Content-Type"), response.content

        return [
            request("POST", "sms", json=BODY),
            request("GET", "sms/5000001"),
            request("GET", "message/123456"),
            request("DELETE", "sms/5000001"),
            request("GET", "message/123456"),
            request("DELETE", "message/123456"),
            request("GET", "message/123456"),
            request("POST", "sms", json=INVALID_NUMBER),
            request("POST", "sms", json=NO_SENDER),
            request("POST", "sms", json=BODY),  # its ids tell how many messages there were before
            request("DELETE", "message/123457", wrong),
            request("GET", "message/123457"),
            request("POST", "sms", json=BODY | {"delivery_date": "2000-01-01 00:00:00"}),
            request("DELETE", "message/123458"),  # too late
        ]


@pytest.fixture(scope="module", params=["lists", "integers"])
def make_server(request: pytest.FixtureRequest) -> MakeServer:
    return partial(MockServer, now=NOW, dialect=request.param)


@pytest.fixture(scope="module")
def honest(make_server: MakeServer) -> list[Answer]:
    return ask(make_server())


@pytest.fixture
def mock(make_server: MakeServer) -> MockServer:
    return make_server()


def test_the_scenario_meets_every_kind_of_answer(honest: list[Answer]) -> None:
    assert [status for status, *_ in honest] == [200] * 6 + [404, 400, 400, 200, 401, 200, 200, 200]


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_shows_until_it_is_reset_and_in_its_own_server_alone(
    name: str, mock: MockServer, make_server: MakeServer, honest: list[Answer]
) -> None:
    mock.fault(name)
    assert mock.faults == (name,)
    assert ask(mock) != honest
    assert ask(make_server()) == honest
    mock.reset()
    assert not mock.faults
    assert ask(mock) == honest


def test_no_fault_is_another_under_a_second_name(mock: MockServer) -> None:
    names: dict[str, str] = {}
    for name in FAULTS:
        mock.reset()
        mock.fault(name)
        assert names.setdefault(repr(ask(mock)), name) == name


def test_all_faults_go_together(mock: MockServer, honest: list[Answer]) -> None:
    for name in FAULTS.keys() - {"error-500", "error-520"}:  # these would hide the others
        mock.fault(name)
    for answer, honest_answer in zip(ask(mock), honest, strict=True):
        assert answer != honest_answer


def test_the_faults_of_the_constructor_outlive_a_reset(make_server: MakeServer, honest: list[Answer]) -> None:
    faulty = make_server(faults=["html-body"])
    answers = ask(faulty)
    assert answers != honest
    faulty.fault("created-as-201")
    assert set(faulty.faults) == {"created-as-201", "html-body"}
    faulty.reset()
    assert faulty.faults == ("html-body",)
    assert ask(faulty) == answers


def test_faults_add_up_in_whatever_order(mock: MockServer, make_server: MakeServer) -> None:
    names = ["created-as-201", "php-notice", "message-id-as-string", "number-left-out"]
    for name in [*reversed(names), "php-notice"]:
        mock.fault(name)
    answers = ask(mock)
    status, _, content = answers[0]
    assert status == 201
    assert b'{"message_id":"123456","sms_ids":{"+33612345678":' in content
    assert b"+33202020202" not in content
    assert content.count(b"Notice") == 1
    assert ask(make_server(faults=names)) == answers


def test_a_fault_is_seen_over_http_too() -> None:
    with MockServer(faults=["error-520"]) as mock:
        assert httpx.get(f"{mock.url}/sms/1").status_code == 520


@pytest.mark.parametrize("name", FAULTS)
def test_names_and_descriptions_read_as_such(name: str) -> None:
    assert re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", name)
    assert re.fullmatch(r"[A-Za-z0-9].*[^.\s]", FAULTS[name])


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
    assert ask(mock) == honest


COMMAND = [sys.executable, "-m", "sms_scheduler_mock"]


def test_the_command_line_takes_faults() -> None:
    options = ["--fault", "any-key-accepted", "--fault", "not-found-as-200"]
    with subprocess.Popen([*COMMAND, *options], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            url = process.stdout.readline().split()[1]
            assert httpx.get(f"{url}/sms/1").status_code == 200
        finally:
            process.kill()


def test_the_command_line_refuses_an_unknown_fault_in_one_line() -> None:
    process = subprocess.run([*COMMAND, "--fault", "html-bodi"], capture_output=True, text=True, timeout=20)
    assert (process.returncode, process.stdout) == (1, "")
    assert re.fullmatch(r".*: there is no fault 'html-bodi': did you mean html-body\?\n", process.stderr)
