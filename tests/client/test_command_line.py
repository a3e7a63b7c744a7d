"""The command `sms-scheduler`, against the mock server or a server that fails."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import attrs
import pytest
from sms_scheduler.__main__ import main
from sms_scheduler_mock import MockServer

from .conftest import API_KEY
from .faulty_server import FaultyServer, Step, answer, close_after_reading, never_answer, succeed

HELP = Path(__file__).with_name("help")
SMS = ["--message-text", "Hello", "--sender-id", "1", "--phone-numbers", "+33612345678"]
CREATE = ["create-sms", *SMS, "--delivery-date", "2030-12-25 12:45:59"]
KEY, URL = "SMS_SCHEDULER_API_KEY", "SMS_SCHEDULER_BASE_URL"


@attrs.frozen
class Done:
    """How a command ended."""

    code: object
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Runs the command in this process, with an address and a key in the environment."""

    def run(*arguments: str, url: str = "http://127.0.0.1:9", key: str = API_KEY) -> Done:
        monkeypatch.setenv(KEY, key)
        monkeypatch.setenv(URL, url)
        monkeypatch.setattr(sys, "argv", ["", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capfd.readouterr()
        return Done(ended.value.code, captured.out, captured.err)

    return run


def result(run: Run, mock: MockServer, *arguments: str) -> Any:
    done = run(*arguments, url=mock.url, key=mock.api_key)
    assert (done.code, done.err) == (0, ""), done
    return json.loads(done.out)


def test_the_whole_life_of_sms(run: Run, mock: MockServer) -> None:
    created = result(run, mock, *CREATE, "--phone-numbers", "+33202020202", "--message-stop")
    assert mock.messages[0].stop is True
    assert list(created["sms_ids"]) == ["+33612345678", "+33202020202"]
    message, (first, second) = str(created["message_id"]), (str(ids[0]) for ids in created["sms_ids"].values())
    assert result(run, mock, "get-sms", first) == {"phone_number": "+33612345678", "status": 10}
    assert result(run, mock, "delete-sms", second) == {"success": True}
    assert str(result(run, mock, "get-message", message)[0]["id"]) == first
    mock.advance(days=3650)
    assert result(run, mock, "wait-for-sms", first, "--timeout", "5")["status"] == 13
    assert result(run, mock, "delete-message", message) == {"success": 0}


def test_a_table(run: Run, mock: MockServer) -> None:
    access = {"url": mock.url, "key": mock.api_key}
    created = run(*CREATE, "--phone-numbers", "+33202020202", "--format", "table", **access)
    ids = re.fullmatch(r'message_id  (\d+)\nsms_ids     \{"\+33612345678":\[(\d+)\],.*\}\n', created.out)
    assert ids, created
    report = run("get-message", ids[1], "--format", "table", **access)
    header, *rows = [line.split() for line in report.out.splitlines()]
    assert header == ["ID", "PHONE_NUMBER", "STATUS"]
    assert rows[0] == [ids[2], "+33612345678", "SCHEDULED"]
    assert rows[1][1:] == ["+33202020202", "SCHEDULED"]


@pytest.mark.parametrize("date", ["2030-12-25 12:45:59", "2030-12-25T12:45:59", "2030-12-25T11:45:59Z"])
def test_dates(run: Run, mock: MockServer, date: str) -> None:
    result(run, mock, "create-sms", *SMS, "--delivery-date", date, "--timezone", "Europe/Paris")
    assert str(mock.messages[0].delivery_date) == "2030-12-25 12:45:59"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["send"], "invalid choice: 'send'"),
        (["get-sms"], "the following arguments are required: ID"),
        *(
            (["get-sms", text], f"sms-scheduler get-sms: error: argument ID: expected INTEGER, not {text!r}")
            for text in ("x", "", "1.0", "1e3", "1_000", " 1", "0x10", "+1", "١٢", "1/../2", "1\n2")
        ),
        (["get-sms", "9" * 5000], f"not '{'9' * 60}...'"),
        (["get-sms", "1", "2"], "unrecognized arguments: 2"),
        (["wait-for-sms", "1", "--timeout=-1"], "error: --timeout must be a positive number of seconds"),
        (
            ["wait-for-sms", "1", "--timeout", "1", "--poll", "nan"],
            "error: --poll must be a positive number of seconds",
        ),
        (CREATE[:-2], "the following arguments are required: --delivery-date"),
        ([*CREATE, "--sender-id", "2"], "argument --sender-id: may be given once"),
        ([*CREATE, "--sender", "2"], "unrecognized arguments: --sender 2"),
        (
            ["create-sms", "--message-text", "\udcff", *CREATE[3:]],
            "--message-text: it is not in this locale's encoding",
        ),
        *(
            ([*CREATE[:-1], text], f"expected TIME, such as 2030-12-25 12:45:59, not {text!r}")
            for text in (
                "tomorrow",
                "",
                "25/12/2030 12:00",
                "2030-13-45 99:99:99",
                "1924992000",
                " 2030-12-25 12:45:59",
            )
        ),
        ([*CREATE, "--timezone", "Mars/Olympus"], "there is no time zone 'Mars/Olympus'"),
        ([*CREATE[:-1], "2030-12-25T12:45:59Z"], "a TIME with an offset needs --timezone"),
        ([*CREATE, "--deadline", "0"], "error: --deadline must be a positive number of seconds"),
        ([*CREATE, "--deadline", "soon"], "argument --deadline: expected NUMBER, not 'soon'"),
    ],
)
def test_wrong_use(run: Run, server: FaultyServer, arguments: list[str], said: str) -> None:
    done = run(*arguments, url=server.url)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert done.err.startswith("usage: sms-scheduler ")
    assert server.received == []


@pytest.mark.parametrize(
    ("access", "said"), [({"key": ""}, f"variable {KEY}"), ({"url": "ftp://example"}, f"{URL} must be like")]
)
def test_what_the_environment_has_to_say(run: Run, access: Mapping[str, str], said: str) -> None:
    done = run("get-sms", "1", **access)
    assert done.code == 2
    assert said in done.err


@pytest.mark.parametrize(
    ("arguments", "step", "code", "said"),
    [
        (CREATE, answer(400, {"errors": {"sender_id": ["No such \x9bsender"]}}), 3, r"sender_id: No such \x9bsender"),
        (CREATE, answer(401), 3, "401 Unauthorized"),
        (["get-sms", "1"], answer(404), 3, "404 Not Found"),
        (CREATE, answer(429, headers={"Retry-After": "90"}), 4, "asks to wait 90 seconds"),
        (["delete-sms", "1"], answer(500), 4, "safe to repeat"),
        (["get-sms", "1"], answer(408), 4, "safe to repeat"),
        (["get-sms", "1"], answer(200, []), 4, "invalid body"),
        (CREATE, answer(500), 5, "look before you repeat it"),
        (CREATE, answer(408), 5, "look before you repeat it"),
        (CREATE, answer(200, []), 5, "invalid body"),
        (CREATE, close_after_reading, 5, "may or may not have been carried out"),
    ],
)
def test_exit_codes(run: Run, server: FaultyServer, arguments: list[str], *, step: Step, code: int, said: str) -> None:
    server.script(step)
    done = run(*arguments, url=server.url)
    assert (done.code, done.out) == (code, ""), done
    assert said in done.err
    assert all(line.startswith("sms-scheduler: ") for line in done.err.splitlines())
    assert len(server.received) == 1


def test_not_sent(run: Run) -> None:
    done = run(*CREATE)
    assert done.code == 4
    assert "the request was not sent" in done.err


def test_waited_in_vain(run: Run, mock: MockServer) -> None:
    message = str(result(run, mock, *CREATE)["message_id"])
    done = run("wait-for-message", message, "--timeout", "0.001", url=mock.url, key=mock.api_key)
    assert (done.code, done.out) == (4, "")
    assert "still not final after 0.001 seconds" in done.err


def test_what_a_terminal_would_obey_is_escaped(run: Run, server: FaultyServer) -> None:
    report = {"phone_number": "+1\x9b31m\u2028é", "status": 13}
    server.script(answer(200, json.dumps(report, ensure_ascii=False).encode()), answer(200, report))
    shown, table = (run("get-sms", "1", *more, url=server.url).out for more in ([], ["--format", "table"]))
    assert r'"+1\u009b31m\u2028é"' in shown
    assert json.loads(shown) == report
    assert r"+1\u009b31m\u2028é" in table


def test_the_result_is_what_the_server_sent(run: Run, server: FaultyServer) -> None:
    server.script(answer(200, b'{"phone_number":"+1","status":99,"more":1.10,"big":123456789012345678901}'))
    assert json.loads(run("get-sms", "1", url=server.url).out, parse_float=str) == {
        "phone_number": "+1", "status": 99, "more": "1.10", "big": 123456789012345678901,
    }  # fmt: skip


# Without sending


def test_a_dry_run_shows_the_request_without_the_key(run: Run, server: FaultyServer) -> None:
    done = run(*CREATE, "--dry-run", url=server.url)
    assert (done.code, done.err) == (0, "")
    head, body = done.out.split("\n\n")
    assert head.startswith(f"POST {server.url}/sms\n")
    assert "\nAuthorization: Bearer ***\n" in head
    assert json.loads(body)["phone_numbers"] == "+33612345678"
    assert API_KEY not in done.out
    assert (server.received, server.connections) == ([], 0)


def test_a_dry_run_needs_no_key_and_checks_all_else(run: Run) -> None:
    assert "/sms/1\n" in run("get-sms", "1", "--dry-run", key="").out
    assert run("get-sms", "x", "--dry-run", key="").code == 2


def test_a_key_in_clear_text_is_warned_of(run: Run) -> None:
    done = run("get-sms", "1", "--dry-run", url="http://api.example/v1")
    assert done.err.startswith("sms-scheduler: warning: The API key is sent to api.example in clear text.")


@pytest.mark.parametrize(
    ("name", "arguments"), [("main", []), ("create-sms", ["create-sms"]), ("wait-for-sms", ["wait-for-sms"])]
)
def test_help(run: Run, name: str, arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The expected pages are to be read in review: write them anew with `python -m sms_scheduler ... --help`."""
    monkeypatch.setenv("COLUMNS", "40")  # one layout, whatever the terminal
    done = run(*arguments, "--help")
    assert (done.code, done.err) == (0, "")
    assert done.out.split() == (HELP / f"{name}.txt").read_text("utf-8").split()  # Python 3.13 has another layout
    assert max(map(len, done.out.splitlines())) < 80


# As a process


def environment(url: str, key: str = API_KEY) -> dict[str, str]:
    return {**os.environ, KEY: key, URL: url}


def test_the_installed_command_is_the_module(server: FaultyServer) -> None:
    command = shutil.which("sms-scheduler", path=str(Path(sys.executable).parent))
    assert command
    for start in ([command], [sys.executable, "-P", "-W", "error", "-m", "sms_scheduler"]):
        done = subprocess.run([*start, "get-sms", "1"], env=environment(server.url), capture_output=True, timeout=60)
        assert (done.returncode, done.stderr) == (0, b"")
        assert json.loads(done.stdout)["status"] == 13


NOT_WRITTEN = "sms-scheduler: the server answered, but the result could not be written: "


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is full")
@pytest.mark.parametrize(
    ("where", "arguments", "code", "err"),
    [
        ("| true", ["get-sms", "1"], 5, f"{NOT_WRITTEN}[Errno 32] Broken pipe\n"),
        (">/dev/full", CREATE, 5, f"{NOT_WRITTEN}[Errno 28] No space left on device\n"),
        (">&-", CREATE, 5, f"{NOT_WRITTEN}it is closed\n"),
        (">&-", ["get-sms", "404"], 3, "sms-scheduler: getSms: 404 Not Found\n"),
        ("2>/dev/full", ["get-sms", "404"], 3, ""),
        ("2>&-", ["get-sms", "404"], 3, ""),
        ("2>&- >&-", ["get-sms", "404"], 3, ""),
        ("2>&-", ["get-sms", "x"], 2, ""),
        (">/dev/full", ["get-sms", "1", "--dry-run"], 4, "sms-scheduler: the request could not be written: [Errno 28] No space left on device\n"),
    ],
)  # fmt: skip
def test_an_output_that_takes_nothing(
    server: FaultyServer, tmp_path: Path, *, where: str, arguments: list[str], code: int, err: str
) -> None:
    server.script(answer(404) if "404" in arguments else succeed)
    command = shlex.join([sys.executable, "-P", "-m", "sms_scheduler", *arguments])
    # the reader of a pipe is gone before anything is written; the code is that of the command
    script = f"(sleep 0.3; {command}; echo $? >&3) {where}" if "|" in where else f"{command} {where}; echo $? >&3"
    done = subprocess.run(
        ["sh", "-c", f"({script}) 3>code"],
        cwd=tmp_path,
        env=environment(server.url),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (int((tmp_path / "code").read_text()), done.stdout, done.stderr) == (code, "", err)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")
def test_interrupted(server: FaultyServer) -> None:
    server.script(never_answer, succeed)
    command = [sys.executable, "-P", "-m", "sms_scheduler", *CREATE]
    with subprocess.Popen(command, env=environment(server.url), stderr=subprocess.PIPE, text=True) as process:
        assert server.arrived.acquire(timeout=60)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "sms-scheduler: interrupted; the request may have been carried out\n")


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")
def test_interrupted_while_nobody_reads(server: FaultyServer) -> None:
    rows = [{"id": number, "phone_number": "+33612345678", "status": 13} for number in range(10_000)]
    server.script(answer(200, rows))
    command = [sys.executable, "-P", "-m", "sms_scheduler", "get-message", "1"]
    with subprocess.Popen(
        command, env=environment(server.url), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.read(1) == "["  # it writes, and the pipe is too small for all of it
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "sms-scheduler: interrupted; the request may have been carried out\n")


def test_importing_the_client_imports_nothing_of_it() -> None:
    program = "import sys, sms_scheduler; print([n for n in sys.modules if n == 'argparse' or 'command_line' in n])"
    done = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True, timeout=60)
    assert done.stdout == "[]\n", done


# The guide

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "command-line.md"
EXAMPLES: dict[str, str] = dict(
    re.findall(r"^```sh\n# (\S+)\n(.*?)^```$", GUIDE.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
)


def shell(example: str, url: str, key: str = API_KEY) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    access = {**environment(url, key), "PATH": path}
    return subprocess.run(
        ["sh", "-eu", "-c", EXAMPLES[example]], env=access, capture_output=True, text=True, timeout=60
    )


@pytest.mark.skipif(shutil.which("sh") is None, reason="the examples are for a POSIX shell")
def test_the_guide_sends(mock: MockServer) -> None:
    done = shell("send.sh", mock.url, mock.api_key)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("SCHEDULED") == 2
    assert done.stdout.endswith('{\n  "success": 2\n}\n')


@pytest.mark.skipif(shutil.which("sh") is None, reason="the examples are for a POSIX shell")
def test_the_guide_repeats_only_what_is_safe(server: FaultyServer) -> None:
    too_many = answer(429, headers={"Retry-After": "90"})
    server.script(too_many, too_many, succeed, too_many, close_after_reading)
    ended = [shell("careful.sh", server.url).stdout.splitlines()[-1] for _ in range(2)]
    assert ended == ["ended with 0", "ended with 5"]
    assert len(server.received) == 5
