"""Which operation of a document a request is to, by its path and method."""

import logging
import re
from collections.abc import Callable, Mapping, Sequence

from starlette.datastructures import Headers

from .api import Call, Reply
from ..document import Document
from ..backend.state import StateError

_log = logging.getLogger("sms_scheduler_mock")

# The names of the operations at a path by HTTP method, and the id in the path.
Place = tuple[Mapping[str, str], str]


class Service:
    """Finds what a request is to and has it answered.

    Args:
        document: What has the paths.
        answer: Answers calls.
        max_body: How many bytes of a body are read; more is answered 413.
    """

    def __init__(self, document: Document, answer: Callable[[Call], Reply], max_body: int) -> None:
        self._answer = answer
        self.max_body = max_body
        self._paths = [
            (re.compile(_pattern(document.base_path + path)), operations)
            for path, operations in document.operations.items()
        ]

    def find(self, path: str) -> Place | None:
        """What is at a path; None if nothing is there."""
        for pattern, operations in self._paths:
            if match := pattern.fullmatch(path):
                return operations, match[match.lastindex] if match.lastindex else ""
        return None

    def reply(self, place: Place, method: str, headers: Sequence[tuple[bytes, bytes]], content: bytes | None) -> Reply:
        """Answer a request to a place, whose headers have lower-case names; content of None is too much to read."""
        if content is None:
            return Reply(413, f"The request body has more than {self.max_body:,} bytes.")
        operations, identifier = place
        call = Call(operations, method, identifier, Headers(raw=list(headers)), content)
        try:
            return self._answer(call)
        except StateError as error:
            return Reply(500, str(error))
        except Exception as error:  # in a function of the user's, most likely, who sees it here and in the log
            _log.exception("The stand-in failed to answer %s", call.operation)
            return Reply(500, f"The stand-in failed: {type(error).__name__}: {error}")


def _pattern(path: str) -> str:
    """The pattern of a path with parameters such as {id}."""
    return "".join("([^/]+)" if part.startswith("{") else re.escape(part) for part in re.split(r"(\{[^}]*\})", path))
