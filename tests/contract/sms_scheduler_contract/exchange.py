"""The record of a request and its response."""

import json
from typing import Any, Self, cast

import attrs
import requests


@attrs.frozen
class Exchange:
    """A request and its response.

    Attributes:
        method: The request's method.
        path: Its path below the base URL.
        authorization: Its Authorization header.
        body: Its body.
        sent_type: Its Content-Type header.
        status: The response's status, None if there was no response.
        content_type: Its Content-Type header.
        response_body: Its body.
        location: Its Location header.
        at: When it was over, by the server's clock, in seconds since some moment.
        waited: For how many seconds the check let time pass before, by the server's clock.
        group: Those with the same number were sent at once; 0 if it was sent alone.
    """

    method: str
    path: str
    authorization: str | None = attrs.field(repr=False)
    body: bytes
    sent_type: str | None = None
    status: int | None = None
    content_type: str | None = None
    response_body: bytes = b""
    location: str = ""
    at: float = 0.0
    waited: float = 0.0
    group: int = 0

    @classmethod
    def of(cls, base_url: str, request: requests.PreparedRequest, response: requests.Response | None) -> Self:
        """Record a request, and its response if there is one."""
        path = (request.url or "").removeprefix(base_url)
        authorization = cast("str | None", request.headers.get("Authorization"))
        sent_type = cast("str | None", request.headers.get("Content-Type"))
        sent = cls(request.method or "", path, authorization, body_of(request), sent_type)
        if response is None:
            return sent
        content_type = response.headers.get("Content-Type")
        return attrs.evolve(
            sent,
            status=response.status_code,
            content_type=content_type,
            response_body=response.content,
            location=response.headers.get("Location", ""),
        )

    def json(self) -> Any:
        """The JSON of the response, None if it is not JSON."""
        try:
            return json.loads(self.response_body)
        except (ValueError, RecursionError):
            return None


def body_of(request: requests.PreparedRequest) -> bytes:
    """The body of a request, in bytes."""
    body = request.body or b""
    return body.encode() if isinstance(body, str) else cast("bytes", body)
