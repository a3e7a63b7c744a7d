"""The command as a tester runs it."""

import itertools
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context
from multiprocessing.context import BaseContext
from typing import Any

import pytest
from sms_scheduler_contract import __main__


@pytest.fixture
def start_contract() -> Callable[..., subprocess.Popen[str]]:
    """Start the command; nobody is there to answer a question."""

    def start(*arguments: str, **options: Any) -> subprocess.Popen[str]:
        usual: dict[str, Any] = {
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            "text": True,
            "env": {**os.environ, "COLUMNS": "200"},
        }
        command = [sys.executable, "-P", "-m", "sms_scheduler_contract", *arguments]
        return subprocess.Popen(command, **{**usual, **options})

    return start


def _command(arguments: Sequence[str], environment: dict[str, str], folder: str) -> None:
    """Run the command in a process that has imported it already."""
    os.environ.clear()
    os.environ.update(environment)
    for descriptor, (name, mode) in enumerate((("/dev/null", "r"), ("stdout", "w"), ("stderr", "w"))):
        stream = open(os.path.join(folder, name), mode)  # noqa: PTH118, PTH123, SIM115
        os.dup2(stream.fileno(), descriptor)
    sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w")  # noqa: SIM115
    sys.argv[1:] = arguments
    code = __main__.main()
    sys.stdout.flush()
    sys.stderr.flush()
    sys.exit(code)


@pytest.fixture(scope="session")
def forked() -> BaseContext:
    """Starts processes that have imported the command already, which takes most of the time of a short run."""
    context = get_context("forkserver")
    context.set_forkserver_preload(["sms_scheduler_contract.cli", __name__])
    return context


@pytest.fixture
def run_contract(
    start_contract: Callable[..., subprocess.Popen[str]], forked: Any, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the command to its end, in a fresh interpreter if it is given an environment or a folder."""

    def run(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        if options:
            with start_contract(*arguments, **options) as process:
                output, errors = process.communicate(timeout=300)
            return subprocess.CompletedProcess(arguments, process.returncode, output, errors)
        folder = tmp_path_factory.mktemp("run")
        process = forked.Process(target=_command, args=(arguments, {**os.environ, "COLUMNS": "200"}, str(folder)))
        process.start()
        process.join(300)
        assert process.exitcode is not None, "it does not end"
        output, errors = ((folder / name).read_text(errors="backslashreplace") for name in ("stdout", "stderr"))
        return subprocess.CompletedProcess(arguments, process.exitcode, output, errors)

    return run


class SmallServer:
    """An honest server as people write one in an hour: ids from 1, messages and SMS counted apart, what is deleted is gone.

    Attributes:
        url: Its base URL.
        api_key: Its key.
        requests: The method, path and body of each request.
        change: Gets the handler and what would be answered, a status and a body, and gives what is answered instead; None
            if it has answered by itself.
        sms: The SMS that are scheduled or sent, by id: its message, its number and its date.
    """

    def __init__(self) -> None:
        self.api_key = "the-small-Key-1"
        self.requests: list[tuple[str, str, bytes]] = []
        self.change: Callable[[BaseHTTPRequestHandler, int, bytes], tuple[int, bytes] | None] = (
            lambda handler, status, body: (status, body)
        )
        self.sms: dict[int, tuple[int, str, str]] = {}
        self._messages, self._sms = itertools.count(1), itertools.count(1)
        self._lock = threading.Lock()
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = 65_536  # head and body in one piece, for speed

            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                service.requests.append((self.command, self.path.removeprefix("/api/v1"), body))
                with service._lock:
                    status, content = service.answer(self.command, self.path, self.headers.get("Authorization"), body)
                changed = service.change(self, status, b"" if content is None else json.dumps(content).encode())
                if changed is not None:
                    self.send_response(changed[0])
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(changed[1])))
                    self.end_headers()
                    self.wfile.write(changed[1])

            do_POST = do_DELETE = do_PUT = do_PATCH = do_GET  # noqa: N815

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        class Quiet(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: object, client_address: object) -> None:
                """The suite hangs up on servers that do not end."""

        self.server = Quiet(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/api/v1"

    def answer(self, method: str, path: str, authorization: str | None, body: bytes) -> tuple[int, Any]:
        if (authorization or "").partition(" ")[::2] not in {("bearer", self.api_key), ("Bearer", self.api_key)}:
            return 401, None
        found = re.fullmatch("/api/v1/(?:(sms)|(sms|message)/([0-9]{1,50}))", path)
        creation, kind, digits = found.groups() if found else (None, None, None)
        if creation and method == "POST":
            return self.create(body)
        ids = [sms_id for sms_id, sms in self.sms.items() if int(digits or 0) == (sms_id if kind == "sms" else sms[0])]
        if not (kind and ids):
            return 404, None
        reports = [{"id": id_, "phone_number": self.sms[id_][1], "status": self.status(id_)} for id_ in ids]
        if method == "GET":
            return 200, {**reports[0]} if kind == "sms" else reports
        if method != "DELETE":
            return 405, None
        deleted = [id_ for id_ in ids if self.status(id_) == 10]
        for id_ in deleted:
            del self.sms[id_]
        return 200, {"success": bool(deleted) if kind == "sms" else len(deleted)}

    def status(self, sms_id: int) -> int:
        return 10 if self.sms[sms_id][2] > datetime.now().strftime("%Y-%m-%d %H:%M:%S") else 13

    def create(self, body: bytes) -> tuple[int, Any]:
        try:
            fields = json.loads(body)
        except (ValueError, RecursionError):
            fields = None
        fields = fields if isinstance(fields, dict) else {}
        date, numbers = fields.get("delivery_date"), fields.get("phone_numbers")
        numbers = [numbers] if isinstance(numbers, str) else numbers
        is_right = {
            "message_text": isinstance(fields.get("message_text"), str),
            "message_stop": isinstance(fields.get("message_stop", False), bool),
            "sender_id": type(fields.get("sender_id")) is int,
            "delivery_date": isinstance(date, str) and _is_date(date),
            "phone_numbers": isinstance(numbers, list)
            and bool(numbers)
            and all(isinstance(number, str) and re.fullmatch(r"\+[0-9]{6,15}", number) for number in numbers),
        }
        if not all(is_right.values()):
            return 400, {"errors": {name: ["is wrong"] for name, right in is_right.items() if not right}}
        message_id, by_number = next(self._messages), dict[str, list[int]]()
        assert isinstance(numbers, list)
        for number in numbers:
            sms_id = next(self._sms)
            self.sms[sms_id] = (message_id, number, str(date))
            by_number.setdefault(number, []).append(sms_id)
        return 200, {"message_id": message_id, "sms_ids": by_number}


def _is_date(text: str) -> bool:
    try:
        return text == datetime.strptime(text, "%Y-%m-%d %H:%M:%S").strftime("%Y-%m-%d %H:%M:%S")
    except ValueError:
        return False


@pytest.fixture
def small_server() -> Iterator[SmallServer]:
    """A fresh small server."""
    small = SmallServer()
    thread = threading.Thread(target=small.server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield small
    finally:
        small.server.shutdown()
        small.server.server_close()
