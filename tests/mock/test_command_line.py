"""python -m sms_scheduler_mock."""

import inspect
import json
import os
import re
import signal
import ssl
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import trustme
from sms_scheduler_mock import MockServer

COMMAND = [sys.executable, "-m", "sms_scheduler_mock"]


@contextmanager
def started(*arguments: str) -> Generator[tuple[subprocess.Popen[str], str]]:
    """The process and the URL that it printed."""
    with subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            url = re.fullmatch(r"url: +(https?://\S+)\n", process.stdout.readline())
            assert url
            yield process, url[1]
        finally:
            process.kill()


def test_serves_what_its_options_say() -> None:
    with started("--api-key", "sesame", "--sms-ids", "integers") as (process, url):
        assert process.stdout
        assert process.stdout.readline() == "api key: sesame\n"
        fields = {
            "message_text": "a" * 500,
            "delivery_date": "2000-01-01 00:00:00",
            "sender_id": 1,
            "phone_numbers": "+33123456789",
        }
        response = httpx.post(f"{url}/sms", json=fields, headers={"Authorization": "bearer sesame"})
        assert isinstance(response.json()["sms_ids"]["+33123456789"], int)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stops_cleanly(number: signal.Signals) -> None:
    with started() as (process, url), httpx.Client() as client:
        client.get(f"{url}/sms/1")  # its connection stays open
        process.send_signal(number)
        _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (0, "")


def test_serves_https_with_its_options(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(tmp_path / "both.pem")
    context = ssl.create_default_context()
    authority.configure_trust(context)
    options = ["--tls-cert", str(tmp_path / "both.pem"), "--path-prefix", "/sms", "--cors-origin", "http://localhost:1"]
    with started(*options, "--allow-host", "*.local", "--max-sms", "1", "--fault", "tls:times=1") as (_, url):
        assert url.startswith("https://127.0.0.1:")
        assert url.endswith("/sms/api/v1")
        headers = {"Authorization": "bearer mock-api-key", "Host": "printer.local", "Origin": "http://localhost:1"}
        with httpx.Client(verify=context, headers=headers) as client:
            with pytest.raises(httpx.ReadError, match="SSL"):
                client.get(f"{url}/sms/1")
            answer = client.get(f"{url}/sms/1")
            assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (404, "http://localhost:1")
            fields = {"message_text": "a" * 200, "delivery_date": "2000-01-01 00:00:00", "sender_id": 1}
            answer = client.post(f"{url}/sms", json=fields | {"phone_numbers": "+33123456789"})
            assert "makes 1 SMS at most" in answer.text


def test_where_others_can_reach_it_the_key_is_made_up_and_printed() -> None:
    with started("--host", "0.0.0.0") as (process, url):
        assert process.stdout
        key = process.stdout.readline().removeprefix("api key: ").strip()
        assert key.startswith("mock-")
        assert key != "mock-api-key"
        statuses = [
            httpx.get(f"{url}/sms/1", headers={"Authorization": f"bearer {given}"}).status_code
            for given in (key, "mock-api-key")
        ]
    assert statuses == [404, 401]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"NO_COLOR": "1", "COLUMNS": "100"}
    return subprocess.run(
        [*COMMAND, *arguments], env=environment, capture_output=True, text=True, timeout=20, check=False
    )


def test_a_taken_port_is_one_line() -> None:
    with MockServer() as server:
        port = str(httpx.URL(server.url).port)
        process = run("--port", port)
    assert process.returncode == 1
    assert process.stdout == ""
    assert re.fullmatch(rf".*: cannot listen on 127\.0\.0\.1:{port}: .+\n", process.stderr)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--port", "70000"], "--port is 0 to 65535, not 70000"),
        (
            ["--now", "2030-02-30 00:00:00"],
            "--now is a time without a zone, such as 2030-01-01 12:00:00, not '2030-02-30",
        ),
        (["--now", "2030-01-01 00:00:00+01:00"], "--now is a time without a zone"),
        (["--credits", "-1"], "--credits is 0 or more, not -1$"),
        (["--max-body", "-5"], "--max-body is 1 or more, not -5"),
        (["--request-timeout", "nan"], "--request-timeout is 1 or more, not nan"),
        (["--allow-host", "a b"], "--allow-host has the name of a host, such as sms.example"),
        (["--api-key", "two words"], "--api-key is made of visible ASCII"),
        (["--host", "192.0.2.1"], r"cannot listen on 192\.0\.2\.1:0"),
        (["--host", "no such host"], "cannot listen on no such host:0"),
        (["--state", "."], r"cannot open \.: Is a directory"),
        (["--state", "no folder/state.db"], "cannot open no folder/state.db: No such file or directory"),
        (["--state", "/dev/null/state.db"], "cannot open /dev/null/state.db: Not a directory"),
        (["--tls-cert", "no.pem"], r"cannot use no\.pem for TLS: No such file or directory"),
        (["--tls-key", "no.pem"], "--tls-cert is needed too"),
        (["--max-sms", "0"], "--max-sms is 1 or more"),
        (["--path-prefix", "sms"], "--path-prefix has letters, digits and .* after a slash"),
        (["--cors-origin", "localhost"], "--cors-origin is an origin such as http://localhost:5173"),
        (["--fault", "tls"], "a server with TLS: start it with .*--tls-cert"),
        (["--fault", "hook"], "the fault hook takes a function, which only Python can give"),
        (["--fault", '{"kind":"status","status":500,"bogus":1}'], "a fault has no bogus, only kind, times, operation"),
        (["--fault", '{"times": 1}'], "there is no fault '': there are latency, refuse"),
    ],
)
def test_a_wrong_option_is_one_line(arguments: list[str], words: str) -> None:
    process = run(*arguments)
    assert process.returncode == 1
    assert re.fullmatch(rf".*{words}.*\n", process.stderr)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--port", "x"],
        ["--sms-ids", "klingon"],
        ["--what"],
    ],
)
def test_an_option_that_does_not_exist_gets_the_usage(arguments: list[str]) -> None:
    process = run(*arguments)
    assert process.returncode == 2
    assert "usage: python -m sms_scheduler_mock" in process.stderr


def test_help_names_every_option() -> None:
    text = run("--help").stdout
    assert all(option in text for option in ("--host", "--port", "--api-key", "--sms-ids", "--no-admin"))


GUIDE = Path(__file__).resolve().parents[2] / "docs" / "mock.md"


def test_the_guide_has_every_option_and_no_other() -> None:
    section = GUIDE.read_text(encoding="utf-8").partition("\n## Options\n")[2].partition("\n## ")[0]
    cells = [row.split("|") for row in section.splitlines() if row.startswith("| `")]
    arguments, options, settings = (
        {name for row in cells for name in re.findall(r"`([\w-]+)`", row[column])} for column in (1, 2, 3)
    )
    assert arguments == inspect.signature(MockServer).parameters.keys()
    assert options == {*re.findall(r"--[\w-]+", run("--help").stdout)} - {"--help"}
    assert settings == {"sms_scheduler_now", "sms_scheduler_ticking", "sms_scheduler_sms_ids"}


def test_without_its_dependencies_it_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "starlette.py").write_text(
        "raise ModuleNotFoundError(\"No module named 'starlette'\", name='starlette')"
    )
    done = subprocess.run(
        [sys.executable, "-m", "sms_scheduler_mock"],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        'No module named \'starlette\'; the mock server needs the extra "mock": pip install "sms-scheduler[mock]"'
    ]


@pytest.mark.parametrize("module", ["http", "email"])
def test_a_file_with_the_name_of_a_module_of_python_is_named(tmp_path: Path, module: str) -> None:
    (tmp_path / f"{module}.py").write_text("")
    done = subprocess.run(COMMAND, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "extra" not in done.stderr
    assert f"{module}.py" in done.stderr.splitlines()[-1]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_ctrl_c_while_it_starts_leaves_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "starlette.py").write_text("import time\nprint('starting', flush=True)\ntime.sleep(30)\n")
    with subprocess.Popen(
        COMMAND,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "starting\n"
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (-signal.SIGINT, "")


def test_faults_come_as_they_are_asked_for() -> None:
    with started("--fault", "status:status=429,retry_after=7,times=1", "--fault", "status:status=503") as (_, url):
        first, second = (httpx.get(f"{url}/sms/1", headers={"Authorization": "bearer mock-api-key"}) for _ in range(2))
    assert (first.status_code, first.headers["Retry-After"], second.status_code) == (429, "7", 503)


def test_a_fault_may_be_json() -> None:
    fault = {"kind": "status", "status": 503, "headers": {"X-Reason": "a, b"}, "body": {"reason": "maintenance"}}
    with started("--fault", json.dumps(fault)) as (_, url):
        response = httpx.get(f"{url}/sms/1")
    assert (response.status_code, response.headers["X-Reason"]) == (503, "a, b")
    assert response.json() == {"reason": "maintenance"}


def test_a_reset_brings_its_faults_back() -> None:
    with started("--fault", "status:status=503,times=1") as (_, url):
        admin = f"{url.removesuffix('/api/v1')}/_mock"
        before = httpx.get(f"{admin}/faults").json()
        assert httpx.get(f"{url}/sms/1").status_code == 503
        assert httpx.get(f"{admin}/faults").json() == []
        httpx.post(f"{admin}/faults", json={"kind": "refuse"})
        httpx.post(f"{admin}/reset").raise_for_status()
        assert httpx.get(f"{admin}/faults").json() == before
        assert httpx.get(f"{url}/sms/1").status_code == 503


def test_it_names_the_page_and_is_administered_over_http() -> None:
    with started("--now", "2030-01-01 12:00:00", "--frozen") as (process, url):
        assert process.stdout
        assert process.stdout.readline().startswith("api key:")
        root = url.removesuffix("/api/v1")
        assert process.stdout.readline() == f"page:    {root}/\n"
        assert httpx.get(root).status_code == 200
        assert httpx.post(f"{root}/_mock/clock/advance", json={"hours": 1}).json() == {
            "now": "2030-01-01 13:00:00",
            "ticking": False,
        }


@pytest.mark.parametrize("arguments", [["--no-admin"], ["--host", "0.0.0.0"]], ids=str)
def test_without_the_admin_api_there_is_no_page(arguments: list[str]) -> None:
    with started(*arguments) as (process, url):
        assert process.stdout
        assert process.stdout.readline().startswith("api key:")
        assert process.stdout.readline() == "page:    off, and the admin API too; --admin turns them on\n"
        assert process.stdout.readline().startswith("Ctrl-C")
        root = url.removesuffix("/api/v1")
        for path in ("/", "/_mock/clock"):
            answer = httpx.get(f"{root}{path}")
            assert (answer.status_code, "--admin" in answer.text) == (404, True)


def test_a_fault_that_makes_no_sense_is_one_line() -> None:
    process = run("--fault", "earthquake")
    assert (process.returncode, process.stdout) == (1, "")
    assert re.fullmatch(r".*: there is no fault 'earthquake': .+\n", process.stderr)


def test_what_was_accepted_is_there_after_a_kill(tmp_path: Path) -> None:
    state, headers = str(tmp_path / "state.db"), {"Authorization": "bearer mock-api-key"}
    fields = {
        "message_text": "Hello",
        "delivery_date": "2099-01-01 00:00:00",
        "sender_id": 1,
        "phone_numbers": "+33123456789",
    }
    with started("--state", state) as (process, url):
        message_id = httpx.post(f"{url}/sms", json=fields, headers=headers).json()["message_id"]
        process.kill()
        process.wait()
    with started("--state", state, "--credits", "1") as (process, url):
        assert len(httpx.get(f"{url}/message/{message_id}", headers=headers).json()) == 1
        assert process.stdout
        lines = [process.stdout.readline() for _ in range(3)]
        assert lines[2] == f"state:   {state}, whose clock, account and delivery results win over the options\n"
