"""The fixtures that users get, in pytest runs of their own."""

import subprocess
import sys
from pathlib import Path

import pytest

USERS_TESTS = """
import httpx
import pytest

SMS = {"message_text": "Hello", "delivery_date": "2030-01-01 13:00:00", "sender_id": 1, "phone_numbers": "+33612345678"}


def headers(server):
    return {"Authorization": f"bearer {server.api_key}"}


def test_over_http(sms_scheduler_server):
    response = httpx.post(f"{sms_scheduler_server.url}/sms", json=SMS, headers=headers(sms_scheduler_server))
    assert response.status_code == 200
    (message,) = sms_scheduler_server.messages
    assert (message.text, message.phone_numbers) == ("Hello", ("+33612345678",))
    assert not sms_scheduler_server.sent_to("+33612345678")
    sms_scheduler_server.advance(hours=2)
    assert sms_scheduler_server.sent_to("+33612345678") == sms_scheduler_server.messages


def test_each_test_begins_anew(sms_scheduler_server):
    assert sms_scheduler_server.messages == []
    assert str(sms_scheduler_server.now) == "2030-01-01 12:00:00"


@pytest.mark.anyio
async def test_in_process(sms_scheduler_transport):
    server = sms_scheduler_transport.server
    async with httpx.AsyncClient(transport=sms_scheduler_transport, headers=headers(server)) as client:
        response = await client.post(f"{server.url}/sms", json=SMS)
    message_id = response.json()["message_id"]
    assert [message.id for message in server.messages] == [message_id]
    with httpx.Client(transport=sms_scheduler_transport, headers=headers(server)) as client:
        assert client.delete(f"{server.url}/message/{message_id}").json() == {"success": 1}
    assert server.messages[0].cancelled
"""
INI = "[pytest]\nsms_scheduler_now = 2030-01-01 12:00:00\nfilterwarnings = error\n"


def run(folder: Path, tests: str, ini: str = INI) -> str:
    (folder / "pytest.ini").write_text(ini)
    (folder / "test_users.py").write_text(tests)
    # the plugins of these two take longer to import than all the rest
    others = ["-p", "no:schemathesis", "-p", "no:hypothesispytest"]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *others, "-k", "not trio"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60).stdout


def test_users_tests_pass_sync_and_async(tmp_path: Path) -> None:
    assert "3 passed" in run(tmp_path, USERS_TESTS)


@pytest.mark.parametrize(
    ("ini", "words"),
    [
        ("sms_scheduler_now = tomorrow", "sms_scheduler_now is a time without a zone, such as 2030-01-01 12:00:00"),
        ("sms_scheduler_reset = sometimes", "sms_scheduler_reset is test, module or session, not 'sometimes'"),
        ("sms_scheduler_sms_ids = klingon", "sms_scheduler_sms_ids is lists or integers, not 'klingon'"),
        ("sms_scheduler_ticking = maybe", "sms_scheduler_ticking is true or false: invalid truth value 'maybe'"),
    ],
)
def test_an_option_that_makes_no_sense_is_said(tmp_path: Path, ini: str, words: str) -> None:
    output = run(tmp_path, "def test_it(sms_scheduler_server): pass\n", f"[pytest]\n{ini}\n")
    assert words in output
    assert "Traceback" not in output


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"sms_ids": "klingon"}, "these sms_scheduler_server_options: sms_ids is lists or integers, not 'klingon'"),
        ({"credits": -1}, "these sms_scheduler_server_options: credits is 0 or more, not -1"),
        ({"colour": "red"}, "got an unexpected keyword argument 'colour'"),
    ],
)
def test_a_fixture_of_options_that_make_no_sense_is_said(tmp_path: Path, options: object, words: str) -> None:
    fixture = f"import pytest\n@pytest.fixture(scope='session')\ndef sms_scheduler_server_options(): return {options}\n"
    output = run(tmp_path, f"{fixture}def test_it(sms_scheduler_server): pass\n", "[pytest]\n")
    assert words in output
    assert "Traceback" not in output


BREAKING = """
import httpx


def test_breaks_it(sms_scheduler_server):
    sms_scheduler_server.regenerate_key()
    sms_scheduler_server.close()


def test_the_next(sms_scheduler_server, where=[]):
    assert httpx.get(f"{sms_scheduler_server.admin_url}/clock").status_code == 200
    assert sms_scheduler_server.api_key == "mock-api-key"
"""


def test_a_test_that_closes_the_server_does_not_disturb_the_next(tmp_path: Path) -> None:
    assert "2 passed" in run(tmp_path, BREAKING)


KEEPING = """
import httpx

SMS = {"message_text": "Hello", "delivery_date": "2030-01-01 13:00:00", "sender_id": 1, "phone_numbers": "+33612345678"}


def send(server):
    httpx.post(f"{server.url}/sms", json=SMS, headers={"Authorization": f"bearer {server.api_key}"}).raise_for_status()
    return len(server.messages)


def test_first(sms_scheduler_server):
    assert send(sms_scheduler_server) == FIRST


def test_second(sms_scheduler_server):
    assert send(sms_scheduler_server) == SECOND
"""


@pytest.mark.parametrize(
    ("since", "counts"), [("test", (1, 1, 1, 1)), ("module", (1, 2, 1, 2)), ("session", (1, 2, 3, 4))]
)
def test_messages_are_kept_as_long_as_asked_for(tmp_path: Path, since: str, counts: tuple[int, ...]) -> None:
    for name, (first, second) in {"test_a.py": counts[:2], "test_users.py": counts[2:]}.items():
        (tmp_path / name).write_text(KEEPING.replace("FIRST", str(first)).replace("SECOND", str(second)))
    tests = (tmp_path / "test_users.py").read_text()
    assert "4 passed" in run(tmp_path, tests, f"{INI}sms_scheduler_reset = {since}\n")


def test_pytest_imports_nothing_of_it_before_a_test_asks() -> None:
    code = "import sms_scheduler_mock.pytest_plugin, sys; print(sorted({'starlette', 'uvicorn', 'httpx'} & {*sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_without_the_extra_only_the_test_that_asks_fails(tmp_path: Path) -> None:
    tests = (
        "import sys\nsys.modules['uvicorn'] = None\ndef test_it(sms_scheduler_server): pass\ndef test_other(): pass\n"
    )
    output = run(tmp_path, tests)
    assert 'pip install "sms-scheduler[mock]"' in output
    assert "1 passed, 1 error" in output
