# Made by scripts/generate from openapi.yaml, SMS Scheduler 0.2.0: do not edit.
"""HTTP/1.1 by h11, and TLS by the standard library, of one connection: bytes in and bytes out, no I/O."""

import ssl
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from typing import Any

import attrs
import h11

from ._about import httpx
from ._policy import GivingUpError

_MOST_INTERIM = 20  # responses such as 100 Continue and 103 Early Hints, before the one that counts
_LARGEST_HEAD = 100 * 1024
_RECORD_HEAD = 5  # bytes: of a TLS record, the last two of which have its length
BEGINNING = "http11.send_request_headers.started"  # in the words of the HTTP library's trace extension


@attrs.frozen
class Body:
    """A whole body, in the shapes in which the HTTP library takes one."""

    content: bytes

    def __iter__(self) -> Iterator[bytes]:
        yield self.content

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self.content


@attrs.frozen
class Answer:
    """A response, with the names that the HTTP library reads."""

    status: int
    headers: Sequence[tuple[bytes, bytes]]
    stream: Body
    extensions: dict[str, Any]


class Tls:
    """The records of one TLS connection."""

    def __init__(self, context: ssl.SSLContext, host: str) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._object = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self._head, self._missing = b"", 0  # of the record that has come in part
        self.is_over = False

    @property
    def is_between_records(self) -> bool:
        """Whether all records that have begun to come are there whole, and more may follow."""
        return not (self._head or self._missing or self.is_over)

    def shake_hands(self, received: bytes | None) -> tuple[bytes, bool]:
        """Go on with the handshake: what to send, and whether it is done. Raises ssl.SSLError."""
        if received is not None:
            self._take(received)
        try:
            self._object.do_handshake()
        except ssl.SSLWantReadError:
            return self._outgoing.read(), False
        return self._outgoing.read(), True

    def encrypt(self, data: bytes) -> bytes:
        self._object.write(data)
        return self._outgoing.read()

    def decrypt(self, received: bytes) -> bytes | None:
        """Decrypt what has come: None for nothing yet, and no bytes at all for the end. Raises ReadError."""
        self._take(received)
        pieces: list[bytes] = []
        try:
            while piece := self._object.read(65_536):
                pieces.append(piece)
        except ssl.SSLWantReadError:
            return b"".join(pieces) or None
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):  # said or not: h11 tells whether something is missing
            pass
        except ssl.SSLError as error:
            if not pieces:
                raise httpx.ReadError(str(error)) from None
        self.is_over = True
        return b"".join(pieces)

    def _take(self, received: bytes) -> None:
        if received:
            self._incoming.write(received)
            self._follow(received)
        else:
            self._incoming.write_eof()

    def _follow(self, received: bytes) -> None:
        """Note where records end: OpenSSL does not tell of one that it has in part."""
        while received:
            if self._missing:
                count = min(self._missing, len(received))
                self._missing -= count
            else:
                count = _RECORD_HEAD - len(self._head)
                self._head += received[:count]
                if len(self._head) == _RECORD_HEAD:
                    self._missing, self._head = int.from_bytes(self._head[3:]), b""
            received = received[count:]


class Conversation:
    """The requests and responses of one connection, one after the other.

    Attributes:
        is_reusable: Whether another request may follow the response that was read last.
    """

    def __init__(self, largest_body: int, tls: Tls | None) -> None:
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_LARGEST_HEAD)
        self._largest_body = largest_body
        self._tls = tls
        self._asked: tuple[bytes, bytes, list[tuple[bytes, bytes]]] | None = None
        self.is_reusable = False

    def ask(
        self, method: bytes, target: bytes, headers: list[tuple[bytes, bytes]], body: Iterable[bytes]
    ) -> memoryview:
        """Begin with a request: what to send, in a form that no traceback with local variables shows."""
        self.is_reusable = False
        self._interim, self._received = 0, 0
        self._head: h11.Response | None = None
        self._body = bytearray()
        if self._asked != (method, target, headers):  # else it has been checked: most sends differ in their body alone
            self._asked = method, target, headers
            self._request = h11.Request(method=method, target=target, headers=headers)
        data = self._http.send(self._request) or b""
        for piece in body:
            data += self._http.send(h11.Data(data=piece)) or b""
        data += self._http.send(h11.EndOfMessage()) or b""
        return memoryview(self._tls.encrypt(data) if self._tls else data)

    def receive(self, received: bytes) -> Answer | None:
        """Take what has come, where no bytes at all mean that the server has closed the connection.

        Returns the response once it is there whole. Raises a TransportError for one that is none.
        """
        self._received += len(received)
        if self._received > 2 * self._largest_body + _LARGEST_HEAD:  # tiny chunks cost more than what they hold
            raise GivingUpError(too_large(self._largest_body))
        data = self._tls.decrypt(received) if self._tls else received
        if data is not None:
            self._http.receive_data(data)
        if data and self._tls and self._tls.is_over:
            self._http.receive_data(b"")
        return self._answer()

    def is_quiet(self, received: bytes) -> bool:
        """Whether what came while the connection was idle is part of TLS and neither data nor the end."""
        return self._tls is not None and self._tls.decrypt(received) is None and self._tls.is_between_records

    def _answer(self) -> Answer | None:
        while True:
            event = self._next_event()
            if event is h11.NEED_DATA:
                return None
            if isinstance(event, h11.InformationalResponse):
                self._interim += 1
                if self._interim > _MOST_INTERIM:
                    raise httpx.RemoteProtocolError(f"more than {_MOST_INTERIM} interim responses")
            elif isinstance(event, h11.Response):
                self._head = event
            elif isinstance(event, h11.Data):
                self._body += event.data
                if len(self._body) > self._largest_body:
                    raise GivingUpError(too_large(self._largest_body))
            elif self._head and isinstance(event, h11.EndOfMessage):
                return self._end(self._head)
            else:
                raise httpx.RemoteProtocolError("the server closed the connection without a response")

    def _next_event(self) -> object:
        try:
            return self._http.next_event()
        except h11.RemoteProtocolError as error:  # which itself carries along what was received
            problem, *_ = str(error).partition("bytearray(")
        if "ConnectionClosed" in problem:
            problem = "the server closed the connection without a response"
        raise httpx.RemoteProtocolError(problem)

    def _end(self, head: h11.Response) -> Answer:
        surplus, _ = self._http.trailing_data  # what follows is not the response to the next request
        is_done = self._http.our_state is h11.DONE and self._http.their_state is h11.DONE
        if is_done and not surplus and (self._tls is None or self._tls.is_between_records):
            self._http.start_next_cycle()
            self.is_reusable = True
        extensions = {"http_version": b"HTTP/" + head.http_version, "reason_phrase": head.reason}
        return Answer(head.status_code, head.headers.raw_items(), Body(bytes(self._body)), extensions)


def too_large(largest: int) -> str:
    """The words for a body beyond the limit."""
    return f"the response is larger than {largest:,} bytes; allow more by max_response_bytes"
