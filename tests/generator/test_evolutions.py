"""What the vendor may change reaches users by one command: the client is generated, imported, type-checked and called."""

import contextlib
import copy
import io
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import attrs
import pytest
from generator import cli as generate
from generator.source import parse

from .commands import DOCUMENT, PACKAGE, ROOT
from .evolutions import EVOLUTIONS, Call, Evolution

DATA: dict[str, Any] = parse(DOCUMENT.read_text(encoding="utf-8")).data
BY_NAME = {evolution.name: evolution for evolution in EVOLUTIONS}
ALL = Evolution("all-at-once", lambda document: [evolution.edit(document) for evolution in EVOLUTIONS[:-1]],
                [call for evolution in EVOLUTIONS if evolution.name not in {"ranges", "response-fields"}
                 for call in evolution.calls if "_sms(7)" not in call.code and "read_sms" not in call.code])  # fmt: skip

# A user's code, that type checkers read: each call by both clients.
IMPORTS = f"# pyright: reportUnusedImport=false\nimport datetime\nimport uuid\nfrom typing import cast\n\nfrom .{PACKAGE} import *\n"
SUCCESS = """
{define} call_{number}(client: {client}) -> bool:
    value = {wait}client.{code}
    return {holds}
"""
DONE = """
{define} call_{number}(client: {client}) -> bool:
    {wait}client.{code}
    return True
"""
FAILURE = """
{define} call_{number}(client: {client}) -> bool:
    try:
        {wait}client.{code}
    except {raises} as value:
        return {holds}
    return False
"""
# Serves what the calls need, makes them all, and prints what came of each.
RUNNER = """
import asyncio, http.server, importlib, json, sys, threading, traceback
CALLS = json.load(open("calls.json"))
asked, answer = [], [200, None]

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def handle_any(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked.append([self.command, self.path.removeprefix("/api"), headers, json.loads(body or "null")])
        content = b"" if answer[1] is None else json.dumps(answer[1]).encode()
        self.send_response(answer[0])
        self.send_header("Content-Type", "application/json")
        if answer[0] != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
    do_GET = do_POST = do_PUT = do_DELETE = handle_any
    def log_message(self, *arguments):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}/api"
results = {}
runner = asyncio.Runner()
for name, calls in CALLS.items():
    try:
        package = importlib.import_module(f"{name}.sms_scheduler")
        clients = {"sync_user": package.SmsScheduler("key", base_url=url, max_retries=0),
                   "async_user": package.AsyncSmsScheduler("key", base_url=url, max_retries=0)}
    except Exception:
        results[name] = [traceback.format_exc()]
        continue
    for user, client in clients.items():
        module = importlib.import_module(f"{name}.{user}")
        for number, call in enumerate(calls):
            asked.clear()
            answer[:] = call["status"], call["answer"]
            try:
                held = getattr(module, f"call_{number}")(client)
                held = runner.run(held) if user == "async_user" else held
            except Exception:
                held = traceback.format_exc()
            results.setdefault(name, []).append([user, number, held, list(asked)])
    clients["sync_user"].close()
    runner.run(clients["async_user"].aclose())
runner.close()
server.shutdown()
server.server_close()
print(json.dumps(results))
"""


@attrs.frozen
class World:
    """All evolved clients, each in a package of its own, and what came of generating, checking and calling them."""

    generated: Mapping[str, str]
    mypy: str
    pyright: str
    results: Mapping[str, list[Any]]


def _folder(evolution: Evolution) -> str:
    return evolution.name.replace("-", "_")


def _user(calls: list[Call], client: str, define: str, wait: str) -> str:
    parts = [IMPORTS]
    for number, call in enumerate(calls):
        template = FAILURE if call.raises else DONE if call.holds == "True" else SUCCESS
        fields = {"code": call.code, "holds": call.holds, "raises": call.raises}
        parts.append(template.format(number=number, client=client, define=define, wait=wait, **fields))
    return "\n".join(parts)


@pytest.fixture(scope="module")
def world(made_once: Callable[..., Path]) -> World:
    return World(**json.loads((made_once("evolutions", _make_world) / "world.json").read_text()))


def _make_world(root: Path) -> None:
    evolutions = [*EVOLUTIONS, ALL]
    generated = {evolution.name: _generate(evolution, root / _folder(evolution)) for evolution in evolutions}
    calls = {_folder(evolution): [attrs.asdict(call) for call in evolution.calls] for evolution in evolutions}
    (root / "calls.json").write_text(json.dumps(calls))
    (root / "pyrightconfig.json").write_text(
        json.dumps(
            {
                "include": ["."],
                "strict": ["."],
                "venvPath": str(ROOT),
                "venv": ".venv",
                "reportUnusedImport": False,
            }
        )
    )
    mypy = [sys.executable, "-m", "mypy", "--strict", "--explicit-package-bases", "--config-file=", "."]
    checks = [
        subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for command in (mypy, [sys.executable, "-m", "pyright", "-p", "."])
    ]
    run = [sys.executable, "-B", "-P", "-c", f"import sys; sys.path.insert(0, {str(root)!r})\n{RUNNER}"]
    done = subprocess.run(run, cwd=root, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    mypy_said, pyright_said = (check.communicate(timeout=300)[0] for check in checks)
    world = World(generated, mypy_said, pyright_said, json.loads(done.stdout))
    (root / "world.json").write_text(json.dumps(attrs.asdict(world)))


def _generate(evolution: Evolution, folder: Path) -> str:
    """Generate a client from the edited document beside its users; what was said on failure, else nothing."""
    folder.mkdir()
    document = copy.deepcopy(DATA)
    evolution.edit(document)
    (folder / "api.json").write_text(json.dumps(document))
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as errors:
        code = generate.main(["--document", str(folder / "api.json"), "--output", str(folder)])
    (folder / "sync_user.py").write_text(_user([*evolution.calls], "SmsScheduler", "def", ""))
    (folder / "async_user.py").write_text(_user([*evolution.calls], "AsyncSmsScheduler", "async def", "await "))
    return f"{code}: {errors.getvalue()}" if code else ""


@pytest.mark.parametrize("name", [*BY_NAME, ALL.name])
def test_it_is_generated_by_the_command_alone(world: World, name: str) -> None:
    assert world.generated[name] == ""


@pytest.mark.parametrize("name", [*BY_NAME, ALL.name])
def test_it_passes_strict_type_checkers_with_its_users(world: World, name: str) -> None:
    folder = name.replace("-", "_")
    for said in (world.mypy, world.pyright):
        assert "error" in said or "Success" in said, said  # the summary: it did run
        assert [line for line in said.splitlines() if f"{folder}/" in line] == []


@pytest.mark.parametrize("evolution", [*EVOLUTIONS, ALL], ids=lambda evolution: evolution.name)
def test_both_clients_call_it(world: World, evolution: Evolution) -> None:
    results = world.results[_folder(evolution)]
    assert len(results) == 2 * len(evolution.calls), results
    for user, number, held, asked in results:
        call = evolution.calls[number]
        assert held is True, (user, call.code, held)
        if call.path is None:
            assert asked == [], (user, call.code)
            continue
        ((method, path, headers, body),) = asked
        assert (method, path, body) == (call.method, call.path, call.body)
        assert {name: headers.get(name) for name in call.headers} == call.headers
