"""A request to the API and its response, as the handlers, the faults and their hooks see them."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from starlette.datastructures import Headers

HangUp = Literal["close", "reset", "tls"]

_JSON = b"application/json; charset=utf-8"  # as the vendor's page has it
to_json = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t -~\x80-\xff]*")
_FRAMING = {"content-length", "transfer-encoding"}
_WITHOUT_BODY = {204, 304}


class Damage(NamedTuple):
    """What happens to a response on its way.

    Attributes:
        kind: "slow": the body comes piece by piece. "half": the first half of the body comes, then the connection is closed.
            "length": its Content-Length is another than that of its body. "twice": it comes once more, which nobody asked for.
        value: For "slow" the seconds that the body takes, for "length" the bytes that are announced.
    """

    kind: Literal["slow", "half", "length", "twice"]
    value: float = 0


@dataclass(frozen=True, slots=True)
class Request:
    """A request to a path of the API. `dataclasses.replace` makes one that differs.

    Attributes:
        operations: The names (operationId) of what can be done at its path, by HTTP method: `{"GET": "getSms", ...}`.
        method: The HTTP method, such as "POST".
        id: The id in the path, as it stands there; "" if the path has none.
        headers: The headers; their names are found in any case.
        body: The bytes of the body.
        query: What follows the "?" in the target.
    """

    operations: Mapping[str, str]
    method: str
    id: str
    headers: Headers
    body: bytes
    query: str = ""

    @property
    def operation(self) -> str | None:
        """The name of the operation, such as "createSms"; None if the path has none for the method."""
        return self.operations.get(self.method)

    def json(self) -> Any:
        """The JSON of the body. Raises ValueError if it is not JSON."""
        return json.loads(self.body)


class Encoded(NamedTuple):
    """A response as it is sent."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    delay: float = 0
    hang_up: HangUp | None = None
    damage: Damage | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """What is answered. `dataclasses.replace` makes one that differs.

    Attributes:
        status: The status code, 200 to 599.
        body: None for an empty one, bytes as they are, a string for plain text, anything else for JSON.
        headers: The headers. A Content-Type here wins over that of the body; bytes have no other. The length is not here.
        delay: How many seconds it waits before it leaves.
        hang_up: How the connection ends instead: "close", "reset" or, by an error of TLS, "tls"; None if the response is sent.
        damage: What happens to it on its way, if anything.
    """

    status: int
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    delay: float = 0
    hang_up: HangUp | None = None
    damage: Damage | None = None

    def encode(self) -> Encoded:
        """As it is sent. Raises TypeError or ValueError if HTTP or JSON have no way to write it."""
        content, kind = _encode(self.body)
        if not 200 <= self.status <= 599:
            raise ValueError(f"a final status is 200 to 599, not {self.status}")
        headers = [_encode_header(name, value) for name, value in self.headers.items()]
        if kind and not any(name == b"content-type" for name, _ in headers):
            headers.append((b"content-type", kind))
        if self.status in _WITHOUT_BODY:
            if content:
                raise ValueError(f"an answer with status {self.status} has no body")
        else:
            headers.append((b"content-length", b"%d" % len(content)))
        return Encoded(self.status, headers, content, self.delay, self.hang_up, self.damage)


COMPRESSED = Response(
    415,
    "The mock server reads no compressed bodies: send it without a Content-Encoding.",
    {"Accept-Encoding": "identity"},
)


def damaged(response: Encoded) -> Encoded:
    """A response with the Content-Length and the body that its damage leaves of it."""
    match response.damage:
        case Damage("half"):
            # Of an empty body there is no half: it is announced, and does not come.
            announcing, body = len(response.body) or 1, response.body[: len(response.body) // 2]
        case Damage("length", value):
            announcing, body = int(value), response.body
        case _:
            return response
    headers = [(name, value) for name, value in response.headers if name != b"content-length"]
    return response._replace(headers=[*headers, (b"content-length", b"%d" % announcing)], body=body)


def announced(response: Encoded) -> int:
    """How long the body of a response is, as its headers say."""
    return int(next((value for name, value in response.headers if name == b"content-length"), b"0"))


# What answers requests.
Answer = Callable[[Request], Response]


def _encode(body: object) -> tuple[bytes, bytes | None]:
    """The bytes of a body and their type."""
    if body is None:
        return b"", None
    if isinstance(body, bytes):
        return body, None
    if isinstance(body, str):
        return body.encode(), b"text/plain; charset=utf-8"
    return to_json(body).encode(), _JSON


def _encode_header(name: str, value: str) -> tuple[bytes, bytes]:
    if not (_NAME.fullmatch(name) and _VALUE.fullmatch(value)):
        raise ValueError(f"{name!r}: {value!r} is no header")
    if name.lower() in _FRAMING:
        raise ValueError(f"the header {name} is written by the server, by the length of the body")
    return name.lower().encode("latin-1"), value.encode("latin-1")
