# Made by scripts/generate from openapi.yaml, SMS Scheduler 0.2.0: do not edit.
"""What passes between the operations, which do no I/O, and the clients, which do nothing else."""

from collections.abc import Mapping
from typing import TypeVar

import attrs

T = TypeVar("T")


class OneOrMany(list[T]):
    """A list that the server may also send as a single bare value."""


class JsonObject(dict[str, T]):
    """A JSON object with any keys; an empty list, which some servers send for it, is read as empty."""


@attrs.frozen
class Request:
    """An HTTP request: the operation's id, the method, the encoded path below the base URL and the body as JSON."""

    operation: str
    method: str
    path: str
    content: bytes | None = attrs.field(default=None, repr=False)


@attrs.frozen
class Response:
    """An HTTP response: the operation's id, the status, the headers by name in lower case and the whole body."""

    operation: str
    status_code: int
    headers: Mapping[str, str]
    content: bytes = attrs.field(default=b"", repr=False)
