"""The short way to an answer: most of the time of a request would go to the task and the events that ASGI has for it.

It is taken by what nearly every client sends nearly always, which is a request that arrives in one piece. All else, and
all that is not plain HTTP, is left to others.
"""

import re
from collections.abc import Callable

import httptools

from .http.api import Reply
from .http.routing import Service

# What has a meaning for the connection, or for how the body comes.
_SPECIAL = {b"connection", b"content-encoding", b"expect", b"te", b"trailer", b"transfer-encoding", b"upgrade"}

# A path without a query and without escapes.
_PLAIN_TARGET = re.compile(rb"/[A-Za-z0-9/_.~-]*")


class Shortcut:
    """Answers requests to a service out of their bytes, as long as `is_open` says so."""

    def __init__(self, service: Service, is_open: Callable[[], bool]) -> None:
        self._service = service
        self._is_open = is_open

    def reply(self, data: bytes) -> Reply | None:
        """The reply to what is one whole request; None, with nothing done, for all else."""
        if not (self._is_open() and data[:1].isalpha()):  # llhttp skips line breaks before a request
            return None
        request = _Request()
        parser = httptools.HttpRequestParser(request)
        try:
            parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            return None
        if not request.is_ordinary or parser.get_http_version() != "1.1":
            return None
        place = self._service.find(request.url.decode("ascii"))
        method = parser.get_method().decode("ascii")
        if method == "HEAD" or place is None:
            return None
        content = request.content if len(request.content) <= self._service.max_body else None
        return self._service.reply(place, method, request.headers, content)


class _Request:
    """What httptools finds."""

    def __init__(self) -> None:
        self.url = b""
        self.headers: list[tuple[bytes, bytes]] = []
        self.content = b""
        self._begun = self._complete = 0

    @property
    def is_ordinary(self) -> bool:
        """Whether it is one request, from its begin to its end, and what it says of itself is plain."""
        names = [name for name, value in self.headers if not (name == b"connection" and value.lower() == b"keep-alive")]
        is_plain = _SPECIAL.isdisjoint(names) and names.count(b"host") == 1 and _PLAIN_TARGET.fullmatch(self.url)
        return self._begun == self._complete == 1 and bool(is_plain)

    def on_message_begin(self) -> None:
        self._begun += 1

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_body(self, content: bytes) -> None:
        self.content += content

    def on_message_complete(self) -> None:
        self._complete += 1
