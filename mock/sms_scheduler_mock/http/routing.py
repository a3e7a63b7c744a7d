"""Which operation of a document a request is to, by its path and method."""

import logging
import re
from collections.abc import Mapping, Sequence

from starlette.datastructures import Headers

from ..backend.state import StateError
from ..document import Document
from .exchange import Answer, Encoded, Request, Response

_log = logging.getLogger("sms_scheduler_mock")

# The names of the operations at a path by HTTP method, and the id in the path.
Route = tuple[Mapping[str, str], str]


def nowhere(base_path: str) -> Response:
    """The answer to a request to a path where nothing is."""
    return Response(404, f"There is nothing here. The API is below {base_path}/, which belongs to the base URL.")


class Service:
    """Finds what a request is to and has it answered.

    Args:
        document: What has the paths.
        answer: Answers requests.
        max_body: How many bytes of a body are read; more is answered 413.
    """

    def __init__(self, document: Document, answer: Answer, max_body: int) -> None:
        self._answer = answer
        self.max_body = max_body
        self.nowhere = nowhere(document.base_path)
        self._paths = [
            (re.compile(_pattern(document.base_path + path)), operations)
            for path, operations in document.operations.items()
        ]

    def find(self, path: str) -> Route | None:
        """What is at a path; None if nothing is there."""
        for pattern, operations in self._paths:
            if match := pattern.fullmatch(path):
                return operations, match[match.lastindex] if match.lastindex else ""
        return None

    def answer(
        self,
        route: Route,
        method: str,
        headers: Sequence[tuple[bytes, bytes]],
        body: bytes | None,
        query: bytes = b"",
    ) -> Encoded:
        """Answer a request whose headers have lower-case names; a body of None is too much to read."""
        if body is None:
            return Response(413, f"The request body has more than {self.max_body:,} bytes.").encode()
        operations, identifier = route
        request = Request(
            operations, method, identifier, Headers(raw=list(headers)), body, query.decode("latin-1") if query else ""
        )
        try:
            return self._answer(request).encode()
        except StateError as error:
            return Response(500, str(error)).encode()
        except Exception as error:  # in a hook, most likely, whose author sees it here and in the log
            _log.exception("The mock server failed to answer %s", request.operation)
            return Response(500, f"The mock server failed: {type(error).__name__}: {error}").encode()


def _pattern(path: str) -> str:
    """The pattern of a path with parameters such as {id}."""
    return "".join("([^/]+)" if part.startswith("{") else re.escape(part) for part in re.split(r"(\{[^}]*\})", path))
