# Made by scripts/generate from openapi.yaml, SMS Scheduler 0.2.0: do not edit.
"""What passes between the operations, which do no I/O, and the clients, which do nothing else."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar

import attrs

T = TypeVar("T")


class ListOfOneOrMany(list[T]):
    """A list that the server may also send as a single bare value."""


class DictOfJsonObject(dict[str, T]):
    """A JSON object with any keys; an empty list, which some servers send for it, is read as empty."""


# Users construct models with plain lists and dicts; msgspec, which reads the annotations, finds the classes above.
if TYPE_CHECKING:
    OneOrMany: TypeAlias = Sequence[T]
    JsonObject: TypeAlias = Mapping[str, T]
else:
    OneOrMany, JsonObject = ListOfOneOrMany, DictOfJsonObject


@attrs.frozen
class Request:
    """An HTTP request, without what all requests of a client share.

    Attributes:
        operation: The operation's id.
        path: The encoded path below the base URL.
        content: The body as JSON.
        query: The encoded query with its question mark.
        headers: Headers of its own.
        key: Whether it takes the API key: "required", "optional" (if there is one) or "none".
        content_type: That of the content.
        accept: That of the response.
    """

    operation: str
    method: str
    path: str
    content: bytes | None = attrs.field(default=None, repr=False)
    query: str = attrs.field(default="", repr=False)
    headers: Sequence[tuple[bytes, bytes]] = attrs.field(default=(), repr=False)
    key: str = "required"
    content_type: bytes = b"application/json; charset=utf-8"
    accept: bytes = b"application/json"


@attrs.frozen
class Response:
    """An HTTP response: the operation's id, the status, the headers by name in lower case and the whole body.

    `is_safe_to_retry` is what an error that is made of it says.
    """

    operation: str
    status_code: int
    headers: Mapping[str, str]
    content: bytes = attrs.field(default=b"", repr=False)
    is_safe_to_retry: bool = False


@attrs.frozen
class RawResponse(Generic[T]):
    """A response as it came, and what it was read as.

    Attributes:
        status_code: The HTTP status.
        headers: The headers, by name in lower case.
        content: The whole body.
        parsed: What the method returns without `with_raw_response`.
    """

    status_code: int
    headers: Mapping[str, str]
    content: bytes = attrs.field(repr=False)
    parsed: T
