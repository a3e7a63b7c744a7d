"""Who must not get at the mock server: pages of other sites, the network, and whoever sends half of a request."""

import contextlib
import json
import os
import re
import socket
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from sms_scheduler_mock import MockServer
from sms_scheduler_mock.document import OPENAPI

Body = Callable[..., dict[str, Any]]


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"bearer {key}"}


# By a name that leads here


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("elsewhere.example", 403),
        ("127.0.0.1.elsewhere.example:80", 403),
        ("ELSEWHERE.example.", 403),
        ("[", 403),
        ("localhost/elsewhere.example", 403),
        ("a b", 403),
        ("<script>", 403),
        ("localhost:80:80", 403),
        ("user@localhost", 403),
        ("localhost", 404),
        ("sms.localhost:1", 404),
        ("sms", 404),
        ("192.0.2.1", 404),
        ("[::1]:80", 404),
        ("", 404),
    ],
)
def test_pages_of_other_sites_do_not_reach_the_api_while_everybody_knows_its_key(
    server: MockServer, client: httpx.Client, host: str, status: int
) -> None:
    for _ in range(2):
        assert client.get("/sms/1", headers={"Host": host}).status_code == status
    key = server.regenerate_key()
    assert client.get("/sms/1", headers={"Host": host, **bearer(key)}).status_code == 404
    server.reset()
    assert client.get("/sms/1", headers={"Host": host}).status_code == status


@pytest.mark.parametrize(
    "hosts",
    [["localhost/elsewhere.example"], ["a b"], ["<script>"], ["localhost:80:80"], ["localhost", "elsewhere.example"]],
)
def test_a_host_that_is_none_does_not_reach_the_admin_api(server: MockServer, hosts: list[str]) -> None:
    url = httpx.URL(server.url)
    head = "".join(f"Host: {host}\r\n" for host in hosts)
    with socket.create_connection((url.host, url.port or 0), timeout=10) as connection:
        connection.sendall(f"GET /_mock/clock HTTP/1.1\r\n{head}Connection: close\r\n\r\n".encode())
        assert b" 403 " in connection.makefile("rb").readline()


@pytest.mark.parametrize(
    ("host", "is_allowed"),
    [
        ("host.docker.internal:8025", True),
        ("printer.local", True),
        ("a.b.local", True),
        ("local", True),  # it has no dot
        ("printer.local.example", False),
        ("evillocal.example", False),
        ("docker.internal", False),
    ],
)
def test_more_names_are_allowed_by_an_option(host: str, is_allowed: bool) -> None:
    with MockServer(allowed_hosts=["host.docker.internal", "*.local"]) as server:
        for url in (f"{server.admin_url}/clock", f"{server.url}/sms/1"):
            status = httpx.get(url, headers={"Host": host, **bearer(server.api_key)}).status_code
            assert (status in {200, 404}) is is_allowed
            assert status != 403 or not is_allowed


@pytest.mark.parametrize("name", ["http://x", "*", "", "a b", "*.", "x:80"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="has the name of a host"):
        MockServer(allowed_hosts=[name])


# Where others can reach it


def test_the_key_is_made_up_where_others_can_reach_the_server() -> None:
    keys = {MockServer(host=host).api_key for host in ("0.0.0.0", "::", "", "192.0.2.1")}
    assert len(keys) == 4
    assert "mock-api-key" not in keys
    assert {MockServer(host=host).api_key for host in ("127.0.0.1", "localhost", "::1")} == {"mock-api-key"}
    assert MockServer(host="0.0.0.0", api_key="given").api_key == "given"


def test_a_key_that_was_made_up_stays_the_same(tmp_path: Path) -> None:
    with MockServer(host="0.0.0.0", state=tmp_path / "state.db") as server:
        key = server.api_key
        server.regenerate_key()
        server.reset()
        assert server.api_key == key
    assert MockServer(host="0.0.0.0", state=tmp_path / "state.db").api_key == key


# By half of a request


HALF = [
    b"",
    b"GET /api/v1/s",
    b"GET /api/v1/sms/1 HTTP/1.1\r\nHost: x\r\nX-",
    b"POST /api/v1/sms HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{",
    b"POST /api/v1/sms HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
    b"GET /api/v1/sms/1 HTTP/1.1\r\nHost: x\r\n\r\nGET /",
]


def test_half_of_a_request_is_let_go_after_a_time() -> None:
    with MockServer(request_timeout=1) as server, contextlib.ExitStack() as stack:
        address = ("127.0.0.1", httpx.URL(server.url).port or 0)
        connections = [stack.enter_context(socket.create_connection(address, timeout=10)) for _ in HALF]
        started = time.monotonic()
        for connection, sent in zip(connections, HALF, strict=True):
            connection.sendall(sent)
        for connection in connections:
            with contextlib.suppress(ConnectionResetError):
                while connection.recv(1000):
                    pass
            assert 0.9 < time.monotonic() - started < 5


def test_a_whole_request_is_not() -> None:
    with MockServer(request_timeout=1) as server, httpx.Client(headers=bearer(server.api_key)) as client:
        client.get(f"{server.url}/sms/1")
        server.fault("latency", seconds=2.5, times=1)
        assert client.get(f"{server.url}/sms/1").status_code == 404  # over the same connection


SERVER = """
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))
from sms_scheduler_mock import MockServer
with MockServer(request_timeout=1) as server:
    print(server.url, flush=True)
    sys.stdin.read()
"""


def status_within(seconds: float, url: str) -> int:
    """What is answered, once the server takes connections again."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return httpx.get(url).status_code
        except httpx.TransportError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


@pytest.mark.skipif(sys.platform != "linux", reason="limits the files of a process as Linux does")
def test_many_half_requests_do_not_lock_everybody_out_for_long() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SERVER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        url = httpx.URL(process.stdout.readline().strip())
        with contextlib.ExitStack() as stack:
            for _ in range(150):  # more than it may have
                connection = stack.enter_context(socket.create_connection((url.host, url.port or 0)))
                with contextlib.suppress(OSError):
                    connection.sendall(b"POST /api/v1/sms HTTP/1.1\r\n")
            assert status_within(10, f"{url}/sms/1") == 401
        process.communicate(timeout=20)


# By a document, or a state


class _Asked(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.asked = True  # type: ignore[attr-defined]
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # as the base class has it
        pass


def test_a_document_makes_the_server_fetch_nothing(tmp_path: Path) -> None:
    elsewhere = HTTPServer(("127.0.0.1", 0), _Asked)
    elsewhere.asked = False  # type: ignore[attr-defined]
    threading.Thread(target=elsewhere.serve_forever, daemon=True).start()
    secret = tmp_path / "secret.json"
    secret.write_text('{"type": "string"}')
    try:
        for address in (f"http://127.0.0.1:{elsewhere.server_port}/schema.json", secret.as_uri()):
            document = json.loads(OPENAPI.read_text(encoding="utf-8"))
            document["components"]["schemas"]["NewMessage"]["properties"]["message_text"] = {"$ref": address}
            path = tmp_path / "openapi.json"
            path.write_text(json.dumps(document))
            with pytest.raises(ValueError, match=r"openapi\.json has a schema .* nothing is fetched"):
                MockServer(document=path)
        assert not elsewhere.asked  # type: ignore[attr-defined]
    finally:
        elsewhere.shutdown()
        elsewhere.server_close()


@pytest.fixture
def saved(tmp_path: Path, body: Body) -> Path:
    """A state with a message in it."""
    server = MockServer(now=datetime(2030, 1, 1, 12))
    with httpx.Client(transport=server.transport, headers=bearer(server.api_key)) as client:
        client.post("http://mock/api/v1/sms", json=body()).raise_for_status()
    server.save(tmp_path / "saved.db")
    return tmp_path / "saved.db"


DEEP = "[" * 100_000 + "]" * 100_000


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE VIEW spy AS SELECT * FROM message",
        "CREATE TRIGGER spy AFTER INSERT ON message BEGIN DELETE FROM sms; END",
        "CREATE TABLE other (id)",
        "DROP INDEX sms_of_message",
        "ALTER TABLE sms RENAME TO real_sms; CREATE VIEW sms AS SELECT * FROM real_sms",
        "ALTER TABLE message ADD COLUMN more",
        "UPDATE sms SET id = 'one' WHERE ordinal = 0",
        "UPDATE message SET text = x'ff00'",
        "UPDATE message SET stop = 'yes'",
        "UPDATE message SET delivery_date = 'tomorrow'",
        "UPDATE message SET sender_id = 'x'",
        "UPDATE sms SET message = 77",
        f"INSERT OR REPLACE INTO setting VALUES ('senders', '{DEEP}')",
        "INSERT OR REPLACE INTO setting VALUES ('accepted', '\"xy\"')",
        "INSERT OR REPLACE INTO setting VALUES ('accepted', '[1.5, 2]')",
        "INSERT OR REPLACE INTO setting VALUES ('accepted', '[1]')",
        "INSERT OR REPLACE INTO setting VALUES ('delivery_results', '[]')",
        "INSERT OR REPLACE INTO setting VALUES ('clock', '{\"ticking\": true}')",
        "INSERT OR REPLACE INTO setting VALUES ('clock', '[1]')",
        "INSERT OR REPLACE INTO setting VALUES ('senders', '[\"a\"]')",
        "INSERT OR REPLACE INTO setting VALUES ('senders', '[true]')",
        "INSERT OR REPLACE INTO setting VALUES ('refused', '\"+33612345678\"')",
        "INSERT OR REPLACE INTO setting VALUES ('credits', '1.5')",
        "INSERT OR REPLACE INTO setting VALUES ('api_key', '\"two\\nlines\"')",
        "INSERT OR REPLACE INTO setting VALUES ('delivery_results', '{\"+33612345678\": \"RECEIVED\"}')",
        "UPDATE setting SET value = json_set(value, '$.ticking', 'yes') WHERE name = 'clock'",
        "UPDATE setting SET value = json_set(value, '$.set_at', 'now') WHERE name = 'clock'",
        "UPDATE setting SET value = json_set(value, '$.moment', '2030-01-01T00:00:00+01:00') WHERE name = 'clock'",
    ],
    ids=lambda statement: statement[:70],
)
def test_a_state_is_checked_before_it_is_used(saved: Path, statement: str) -> None:
    with sqlite3.connect(saved) as connection:
        connection.executescript(statement)
    connection.close()
    server = MockServer(now=datetime(2030, 1, 1, 12))
    for use in (lambda: server.load(saved), lambda: MockServer(state=saved)):
        with pytest.raises(ValueError, match=r"is damaged|cannot make sense of") as caught:
            use()
        assert "\n" not in str(caught.value)
        assert not re.search("unpack|object|indices|attribute|literal|'moment'", str(caught.value))  # words of Python
        assert str(saved) in str(caught.value)
        assert len(str(caught.value)) < 500
    assert server.messages == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_nobody_else_can_read_a_state(tmp_path: Path, body: Body) -> None:
    before = os.umask(0)
    try:
        with MockServer(state=tmp_path / "state.db") as server:
            httpx.post(f"{server.url}/sms", json=body(), headers=bearer(server.api_key)).raise_for_status()
            server.save(tmp_path / "saved.db")
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    finally:
        os.umask(before)
    assert "state.db-wal" in modes
    assert set(modes.values()) == {0o600}
