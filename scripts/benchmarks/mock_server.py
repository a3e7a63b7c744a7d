"""Measure the mock server against Prism, which answers from the examples of the same document.

Prism is installed by npm into a temporary folder. Both are asked by the same bare client over connections that are kept
alive, each pinned to one core where the system can do that.
"""

import contextlib
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path

import httpx
from sms_scheduler_mock import MockServer

from .work import Work, timed

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "openapi.yaml"
PRISM = "@stoplight/prism-cli@5.14.2"
KEY = "benchmark"
HEADERS = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
BODY = json.dumps(
    {
        "message_text": "Hello world",
        "delivery_date": "2099-12-25 12:45:59",
        "sender_id": 123,
        "phone_numbers": ["+33612345678", "+33202020202"],
    }
)
# Run in a fresh interpreter: prints how many bytes it held at most while it took so many messages.
MEMORY = """
import pathlib, re, sys
import httpx
from sms_scheduler_mock import MockServer
count, capacity, body = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3].encode()
server = MockServer(api_key={key!r}, capacity=capacity)
request = lambda: httpx.Request("POST", "http://mock/api/v1/sms", headers={headers!r}, content=body)
for _ in range(count):
    server.transport.handle_request(request()).read()
print(int(re.search(r"VmHWM:\\s+([0-9]+)", pathlib.Path("/proc/self/status").read_text())[1]) * 1024)
"""


@contextlib.contextmanager
def works(folder: Path) -> Generator[list[Work]]:
    """What is measured; the servers run meanwhile. Without npm there is no Prism, and nothing to compare with it."""
    prism = _prism(folder)
    with contextlib.ExitStack() as stack:
        ours = stack.enter_context(_running(_ours))
        found: list[Work] = []
        if prism:
            theirs = stack.enter_context(_running(prism))
            peers = {"ours": _Crowd(ours, "/api/v1"), "prism": _Crowd(theirs, "")}
            found += [
                Work("the mock server's first answer, from its start", "prism", 0.25, "ms", 9, {"ours": lambda: _first_answer(_ours), "prism": lambda: _first_answer(prism)}),
                Work("one create_sms at the mock server, 8 at a time", "prism", 0.33, "µs", 15, {name: peer.create for name, peer in peers.items()}),
                Work("one get_sms at the mock server, 8 at a time", "prism", 0.33, "µs", 15, {name: peer.get for name, peer in peers.items()}),
            ]  # fmt: skip
        else:
            print("npm is not on PATH: the mock server is not compared with Prism.", file=sys.stderr)
        yield [*found, *_in_process(ours)]


def _prism(folder: Path) -> Callable[[int], list[str]] | None:
    """The command that starts Prism on a port, once npm has installed it."""
    npm = shutil.which("npm")
    if not npm:
        return None
    install = [npm, "install", "--prefix", str(folder), "--no-audit", "--no-fund", "--loglevel=error", PRISM]
    subprocess.run(install, check=True, capture_output=True)
    binary = folder / "node_modules" / ".bin" / "prism"
    return lambda port: [str(binary), "mock", "--port", str(port), "--verboseLevel", "silent", str(DOCUMENT)]


def _ours(port: int) -> list[str]:
    return [sys.executable, "-m", "sms_scheduler_mock", "--port", str(port), "--api-key", KEY]


@contextlib.contextmanager
def _running(command: Callable[[int], list[str]]) -> Generator[int]:
    """Run a server on a free port, from its start until it answers; the result is the port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    with subprocess.Popen(command(port), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            if hasattr(os, "sched_setaffinity"):
                os.sched_setaffinity(process.pid, {max(os.sched_getaffinity(0))})
            _wait_for_answer(port)
            yield port
        finally:
            process.terminate()


def _wait_for_answer(port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection.request("GET", "/", headers=HEADERS)
            connection.getresponse().read()
            return
        time.sleep(0.005)
    raise TimeoutError(f"no server answers on port {port}")


def _first_answer(command: Callable[[int], list[str]]) -> float:
    started = time.perf_counter()
    with _running(command):
        return time.perf_counter() - started


class _Crowd:
    """Keeps requests under way over some connections, and does as little else as it can: the server never waits for it.

    It asks for some seconds before anything is measured, since Prism becomes faster for as long.
    """

    CONNECTIONS = 8

    def __init__(self, port: int, prefix: str) -> None:
        self._port = port
        self._create = _request("POST", f"{prefix}/sms", BODY)
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(self._create)
            ids = json.loads(_answer(connection))["sms_ids"]
        self._get = _request("GET", f"{prefix}/sms/{next(iter(ids.values()))[0]}")
        for _ in range(10):
            self.create()
            self.get()

    def create(self) -> float:
        return self._seconds(self._create)

    def get(self) -> float:
        return self._seconds(self._get)

    def _seconds(self, request: bytes, count: int = 100) -> float:
        """How long the server takes for each of many requests."""
        with contextlib.ExitStack() as stack:
            addresses = [("127.0.0.1", self._port)] * self.CONNECTIONS
            connections = [stack.enter_context(socket.create_connection(address)) for address in addresses]
            started = time.perf_counter()
            for connection in connections:
                connection.sendall(request)
            for turn in range(1, count + 1):
                for connection in connections:
                    _answer(connection)
                    if turn < count:
                        connection.sendall(request)
            return (time.perf_counter() - started) / (count * self.CONNECTIONS)


def _request(method: str, target: str, body: str = "") -> bytes:
    headers = {"Host": "127.0.0.1", **HEADERS, "Content-Length": str(len(body))}
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", body]).encode()


def _answer(connection: socket.socket) -> bytes:
    """The body of the next answer. Raises RuntimeError if it is no success."""
    received = _receive(connection)
    while b"\r\n\r\n" not in received:
        received += _receive(connection)
    head, _, body = received.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(f"a request was answered {received!r}")
    _, _, after = head.lower().partition(b"content-length:")
    length = int(after.partition(b"\r\n")[0])
    while len(body) < length:
        body += _receive(connection)
    return body


def _receive(connection: socket.socket) -> bytes:
    received = connection.recv(65536)
    if not received:
        raise ConnectionError("the server hung up")
    return received


def _in_process(port: int) -> list[Work]:
    """The same request by the transport in process and by httpx's own, without a client around them."""
    server = MockServer(api_key=KEY)
    by_http = httpx.HTTPTransport()

    def asking(transport: httpx.BaseTransport, url: str) -> Callable[[], float]:
        def ask() -> None:
            transport.handle_request(httpx.Request("POST", url, headers=HEADERS, content=BODY)).read()

        return timed(ask, 50)

    return [
        Work("one create_sms in process", "http", 0.33, "µs", 30, {"ours": asking(server.transport, "http://mock/api/v1/sms"), "http": asking(by_http, f"http://127.0.0.1:{port}/api/v1/sms")}),
        Work("memory of the mock server after 200,000 messages, capacity 20,000", "after 20,000", 1.10, "MB", 1, {"ours": lambda: _memory(200_000), "after 20,000": lambda: _memory(20_000)}),
    ]  # fmt: skip


def _memory(count: int) -> float:
    code = MEMORY.format(key=KEY, headers=HEADERS)
    command = [sys.executable, "-c", code, str(count), "20000", BODY]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
