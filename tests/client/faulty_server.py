"""A server on a real socket that does as it is told, request by request: answer anything, break off anywhere."""

import json
import socket
import socketserver
import struct
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPMessage, parse_headers
from threading import Event, Lock, Semaphore, Thread
from types import TracebackType
from typing import Self

# What a client gets when nothing else is scripted, by method and the first part of the path.
SUCCESSES: dict[tuple[str, str], object] = {
    ("POST", "sms"): {"message_id": 123456, "sms_ids": {"+33612345678": [5000001]}},
    ("GET", "sms"): {"phone_number": "+33612345678", "status": 13},
    ("DELETE", "sms"): {"success": True},
    ("GET", "message"): [{"id": 5000001, "phone_number": "+33612345678", "status": 13}],
    ("DELETE", "message"): {"success": 3},
}


@dataclass
class Received:
    """A request that arrived whole, and the status that it was answered with, if it was."""

    method: str
    path: str
    headers: HTTPMessage
    content: bytes
    status: int | None = None

    @property
    def kind(self) -> tuple[str, str]:
        return self.method, self.path.split("/")[1]


class Connection(socketserver.BaseRequestHandler):
    """One connection: what a step of the script can do with it."""

    request: socket.socket

    def handle(self) -> None:
        assert isinstance(self.server, _Listener)
        self.faulty = faulty = self.server.faulty
        self.is_open = True
        self._file = self.request.makefile("rb")
        if step := faulty.take_first_step():
            step(self)
        while self.is_open and self.wait_for_a_byte():
            (faulty.take_step() or succeed)(self)
        self.close()

    def wait_for_a_byte(self) -> bool:
        try:
            return bool(self._file.peek(1))
        except OSError:
            return False

    def read(self, size: int) -> bytes:
        return self._file.read(size)

    def read_request(self) -> Received:
        """Read a request to its end, and put it on record."""
        method, path, _ = self._file.readline().decode("ascii").split()
        headers = parse_headers(self._file)
        content = self._file.read(int(headers.get("Content-Length", 0)))
        received = Received(method, path, headers, content)
        self.faulty.received.append(received)
        self.faulty.arrived.release()
        return received

    def send(self, data: bytes) -> None:
        self.request.sendall(data)

    def hold(self) -> None:
        """Keep the connection open and say nothing until the server stops."""
        self.faulty.stopped.wait()
        self.close()

    def close(self) -> None:
        if self.is_open:
            self.is_open = False
            self._file.close()
            self.request.close()
            self.faulty.closed.release()

    def reset(self) -> None:
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()


Step = Callable[[Connection], None]


class _Listener(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 256
    faulty: "FaultyServer"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is not an error of the test."""


class FaultyServer:
    """Takes the next step of the script for each request, and answers with success when there is none left.

    Attributes:
        received: Every request that arrived whole.
        connections: How many connections were accepted.
        arrived: Released once for each request that arrived whole.
        closed: Released once for each connection that the server has closed.
    """

    def __init__(self, *script: Step) -> None:
        self.received: list[Received] = []
        self.connections = 0
        self.arrived = Semaphore(0)
        self.closed = Semaphore(0)
        self.stopped = Event()
        self._script = deque(script)
        self._lock = Lock()
        self._port = 0
        self._listener: _Listener | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def calls(self) -> list[str]:
        """The requests that arrived whole, as `METHOD /path`."""
        return [f"{received.method} {received.path}" for received in self.received]

    def script(self, *steps: Step) -> None:
        """Replace what is left of the script."""
        self._script = deque(steps)
        self.before_attempt()

    def take_first_step(self) -> Step | None:
        """Count a new connection; the step to take before anything is received, if the script says so."""
        with self._lock:
            self.connections += 1
            return self._script.popleft() if self._script and self._script[0] is hang_up else None

    def take_step(self) -> Step | None:
        with self._lock:
            return self._script.popleft() if self._script else None

    def before_attempt(self) -> None:
        """Refuse the next connection if the script says so. To be called before each attempt of a client."""
        if self._script and self._script[0] is refuse:
            self._script.popleft()
            self._stop_listening()
        else:
            self._listen()

    def _listen(self) -> None:
        if self._listener is None:
            self._listener = _Listener(("127.0.0.1", self._port), Connection)
            self._listener.faulty = self
            self._port = self._listener.server_address[1]
            Thread(target=self._listener.serve_forever, args=(0.005,), daemon=True).start()

    def _stop_listening(self) -> None:
        if self._listener is not None:
            self._listener.block_on_close = False
            self._listener.shutdown()
            self._listener.server_close()
            self._listener = None

    def __enter__(self) -> Self:
        self._listen()
        self.before_attempt()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stopped.set()
        self._stop_listening()


def response(status: int, content: bytes = b"", headers: Mapping[str, str] | None = None) -> bytes:
    """An HTTP response as it goes over the wire."""
    fields = {"Content-Type": "application/json; charset=utf-8", "Content-Length": str(len(content)), **(headers or {})}
    if status in {204, 304}:
        del fields["Content-Length"]
    lines = [f"HTTP/1.1 {status} Whatever", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + content


# The steps of a script.


def answer(status: int = 200, content: object = b"", headers: Mapping[str, str] | None = None) -> Step:
    """Answer with a status and a body: bytes as they are, all else as JSON."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()

    def step(connection: Connection) -> None:
        connection.read_request().status = status
        connection.send(response(status, body, headers))

    return step


def succeed(connection: Connection) -> None:
    received = connection.read_request()
    received.status = 200
    body = json.dumps(SUCCESSES[received.kind]).encode()
    connection.send(response(200, body))


def succeed_and_close(connection: Connection) -> None:
    """Succeed, and close the connection that the client may think it can use again."""
    succeed(connection)
    connection.close()


def say(data: bytes) -> Step:
    """Read the request, send some bytes and close."""

    def step(connection: Connection) -> None:
        connection.read_request()
        connection.send(data)
        connection.close()

    return step


def refuse(connection: Connection) -> None:
    """Do not listen; see `FaultyServer.before_attempt`."""
    raise AssertionError("a refused connection was accepted")


def hang_up(connection: Connection) -> None:
    """Close the connection as soon as it is made; whether the client sees that before it has sent is left to chance."""
    connection.close()


def close_unread(connection: Connection) -> None:
    connection.close()


def reset_unread(connection: Connection) -> None:
    connection.reset()


def reset_halfway(connection: Connection) -> None:
    connection.read(20)
    connection.reset()


def close_after_reading(connection: Connection) -> None:
    connection.read_request()
    connection.close()


def reset_after_reading(connection: Connection) -> None:
    connection.read_request()
    connection.reset()


def never_answer(connection: Connection) -> None:
    connection.read_request()
    connection.hold()


def stop_halfway(connection: Connection) -> None:
    """Send half of an answer and then nothing more."""
    connection.read_request()
    connection.send(TRUNCATED_BODY)
    connection.hold()


TRUNCATED_BODY = response(200, b'{"success": true, "message_id": 1', {"Content-Length": "1000"})

# Broken connections: the request may have arrived, and no answer comes. None of them makes a client wait.
BREAKS: dict[str, Step] = {
    "closed before the request is read": close_unread,
    "reset before the request is read": reset_unread,
    "reset while the request is read": reset_halfway,
    "closed after the request is read": close_after_reading,
    "reset after the request is read": reset_after_reading,
    "closed within the headers": say(b"HTTP/1.1 200 OK\r\nContent-Type: applica"),
    "closed within the body": say(TRUNCATED_BODY),
    "closed within a chunk": say(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n20\r\n{"succ'),
    "not HTTP": say(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"),
}

# The client waits in vain.
SILENCES: dict[str, Step] = {"no answer": never_answer, "half an answer": stop_halfway}
