"""What nobody should send, and more clients than usual: documented answers, nothing lost, nothing on the terminal."""

import asyncio
import json
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import httpx
import pytest

Body = Callable[..., dict[str, Any]]

# Prints its URL, and in the end how many messages it holds, by text, and how much memory it took at most, in kB.
SERVER = """
import json, pathlib, re, sys
from datetime import datetime
from sms_scheduler_mock import MockServer
with MockServer(now=datetime(2030, 1, 1, 12)) as server:
    print(server.url, flush=True)
    sys.stdin.read()
    texts = [message.text for message in server.messages]
    # not ru_maxrss, which begins with what the parent held
    peak = re.search(r"VmHWM:\\s+([0-9]+)", pathlib.Path("/proc/self/status").read_text())
    print(json.dumps([texts, int(peak[1])]))
"""
KEY = {"Authorization": "bearer mock-api-key"}

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="measures memory as Linux tells it")


class Process:
    """A server in a process of its own."""

    def __init__(self, errors: IO[str]) -> None:
        self._errors = errors
        self._process = subprocess.Popen(
            [sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True
        )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()

    def stop(self) -> tuple[list[str], int, str]:
        """The texts that it accepted, the kilobytes that it took at most, and what it said on standard error."""
        output, _ = self._process.communicate(timeout=60)
        texts, memory = json.loads(output)
        self._errors.seek(0)
        return texts, memory, self._errors.read()

    def end(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.communicate()


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Process]:
    with (tmp_path / "errors.txt").open("w+") as errors:
        process = Process(errors)
        yield process
        process.end()


def test_a_body_of_50_mb_is_refused_and_not_held(process: Process) -> None:
    with httpx.Client(base_url=process.url, headers=KEY) as client:
        client.get("/sms/1")
        for content in (b"x" * 50_000_000, (b"x" * 1_000_000 for _ in range(50))):  # declared, and in chunks
            response = client.post("/sms", content=content)
            assert (response.status_code, "1,000,000 bytes" in response.text) == (413, True)
        assert client.get("/sms/1").status_code == 404  # over the same connection
    texts, memory, errors = process.stop()
    assert (texts, errors) == ([], "")
    assert memory < 120_000


def test_a_body_is_refused_while_it_is_read(process: Process) -> None:
    url = httpx.URL(process.url)
    head = f"POST {url.path}/sms HTTP/1.1\r\nHost: x\r\nAuthorization: {KEY['Authorization']}\r\n"
    for framing in (
        "Content-Length: 50000000\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n10c8e0\r\n" + "x" * 1_100_000,
    ):
        with socket.create_connection((url.host, url.port or 0), timeout=10) as connection:
            connection.sendall((head + framing).encode())  # and no more than that
            assert connection.recv(12) == b"HTTP/1.1 413"
    assert process.stop()[2] == ""


def test_the_limit_is_exact_by_either_way(server: object, client: httpx.Client, body: Body) -> None:
    from sms_scheduler_mock import MockServer

    for transport in (None, "in process"):
        with MockServer(max_body=1000) as small:
            way = small.transport if transport else None
            with httpx.Client(base_url=small.url, transport=way, headers=KEY) as asking:
                fields = json.dumps(body())
                assert asking.post("/sms", content=fields.ljust(1000)).status_code == 200
                assert asking.post("/sms", content=fields.ljust(1001)).status_code == 413
                chunks = iter([fields.encode(), b" " * 1000])
                assert asking.post("/sms", content=chunks).status_code == 413


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"null", b"[[", b'{"message_text": NaN}', b"\xff\xfe", b"\x00" * 100, b"[" * 100_000, b"1" * 100_000],
)
@pytest.mark.parametrize("kind", ["application/json", "text/html", "multipart/form-data", "", "application/x-\xff"])
def test_malformed_bodies_are_refused_as_documented(
    client: httpx.Client, content: bytes, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    response = client.post("/sms", content=content, headers=[(b"Content-Type", kind.encode("latin-1"))])
    assert response.status_code == 400
    assert all(isinstance(text, str) for texts in response.json()["errors"].values() for text in texts)
    assert caplog.messages == []


@pytest.mark.parametrize(
    "sent",
    [
        b"\r\n\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /api/v1/sms/1 HTTP/1.1\r\n\r\n",
        b"GET /api/v1/sms/1 HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"GET /api/v1/sms/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST /api/v1/sms HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
        b"GET /api/v1/sms/%ff%00 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /api/v1/sms/1 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
    ],
)
def test_what_is_no_http_leaves_no_traceback(process: Process, sent: bytes) -> None:
    url = httpx.URL(process.url)
    with socket.create_connection((url.host, url.port or 0), timeout=10) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        try:
            answer = connection.recv(12)
        except ConnectionResetError:
            answer = b""
        assert answer in {b"", b"HTTP/1.1 400", b"HTTP/1.1 401", b"HTTP/1.1 403", b"HTTP/1.1 404", b"HTTP/1.1 431"}
    with httpx.Client(base_url=process.url, headers=KEY) as client:
        assert client.get("/sms/1").status_code == 404
    assert "Traceback" not in process.stop()[2]


async def crowd(url: httpx.URL, body: dict[str, Any], clients: int, each: int) -> list[tuple[str, bytes]]:
    """So many clients at once, each with a connection of its own; what they sent and were answered."""
    here = asyncio.Barrier(clients)
    answers: list[tuple[str, bytes]] = []

    async def send(number: int) -> None:
        reader, writer = await asyncio.open_connection(url.host, url.port)
        await here.wait()  # until all are connected
        for count in range(each):
            text = f"{number}-{count}"
            content = json.dumps(body | {"message_text": text}).encode()
            head = f"POST {url.path}/sms HTTP/1.1\r\nHost: x\r\nAuthorization: bearer mock-api-key\r\n"
            writer.write(f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content)
            answer = await reader.readuntil(b"\r\n\r\n")
            length = next(line for line in answer.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            answers.append((text, answer[:12] + await reader.readexactly(int(length[15:]))))
        writer.close()

    await asyncio.gather(*(send(number) for number in range(clients)))
    return answers


def test_a_thousand_clients_at_once(process: Process, body: Body) -> None:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    clients = min(1000, (hard if hard != resource.RLIM_INFINITY else 4096) - 100)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, clients + 100), hard))
    try:
        answers = asyncio.run(crowd(httpx.URL(process.url), body(), clients, 3))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert {answer[:12] for _, answer in answers} == {b"HTTP/1.1 200"}
    created = [json.loads(answer[12:]) for _, answer in answers]
    assert len({answer["message_id"] for answer in created}) == len(answers) == clients * 3
    sms_ids = [sms_id for answer in created for ids in answer["sms_ids"].values() for sms_id in ids]
    assert len(set(sms_ids)) == len(sms_ids) == clients * 6
    texts, _, errors = process.stop()
    assert sorted(texts) == sorted(text for text, _ in answers)
    assert errors == ""
