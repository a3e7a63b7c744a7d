"""The API over HTTP: who may ask, what is answered."""

import json
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from starlette.datastructures import Headers
from starlette.responses import Response

from ..backend import text as _text
from ..document import Document
from ..backend.ledger import Ledger, NewMessage
from ..backend.delivery import Recipients, picks
from ..backend.validation import BadRequestError, read_new_message

DialectName = Literal["lists", "integers"]


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a server reads a point that the vendor's pages disagree on or leave open."""

    one_id_per_number: bool = False

    def sms_per_number(self, text: str) -> int:
        return 1 if self.one_id_per_number else _text.parts(text)

    def sms_ids(self, numbers: Mapping[int, str]) -> Mapping[str, object]:
        """What createSms answers for SMS, given as their phone numbers by id."""
        if self.one_id_per_number:
            return {number: sms_id for sms_id, number in numbers.items()}
        ids: dict[str, list[int]] = {}
        for sms_id, number in numbers.items():
            ids.setdefault(number, []).append(sms_id)
        return ids


DIALECTS: Mapping[DialectName, Dialect] = {
    "lists": Dialect(),
    "integers": Dialect(one_id_per_number=True),
}

# No id is longer: what is longer is not looked up, nor turned into a number.
_ID = re.compile("[1-9][0-9]{0,18}")


_JSON = b"application/json; charset=utf-8"  # as the vendor's page has it
_to_json = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode

HangUp = Literal["refuse", "reset"]


@dataclass(frozen=True, slots=True)
class Call:
    """A request to a path of the document, whose `operations` are named by HTTP method."""

    operations: Mapping[str, str]
    method: str
    id: str
    headers: Headers
    content: bytes

    @property
    def operation(self) -> str | None:
        """The name of the operation; None if the path has none for the method."""
        return self.operations.get(self.method)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. A body of None is an empty one, a string is plain text, all else but bytes is JSON.

    Bytes are sent as they are. A Content-Type in `headers` is the one sent, whatever the body; bytes have no other.
    It leaves after a `delay` in seconds; `hang_up` says how the connection ends instead.
    """

    status: int
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    delay: float = 0
    hang_up: HangUp | None = None

    def encode(self) -> tuple[list[tuple[bytes, bytes]], bytes]:
        """The headers and the content, as they are sent."""
        content, kind = _encode(self.body)
        headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in self.headers.items()]
        names = [name for name, _ in headers]
        if kind and b"content-type" not in names:
            headers.append((b"content-type", kind))
        if self.status >= 200 and self.status not in {204, 304} and b"content-length" not in names:
            headers.append((b"content-length", b"%d" % len(content)))
        return headers, content

    def response(self) -> Response:
        headers, content = self.encode()
        response = Response(content, self.status)
        response.raw_headers = headers
        return response


def _encode(body: object) -> tuple[bytes, bytes | None]:
    """The bytes of a body and their type."""
    if body is None:
        return b"", None
    if isinstance(body, bytes):
        return body, None
    if isinstance(body, str):
        return body.encode(), b"text/plain; charset=utf-8"
    return _to_json(body).encode(), _JSON


class Api:
    """Answers calls out of a ledger. `answer` is all of it, and knows no socket.

    Attributes:
        ledger: What it answers from.
        api_key: The one that it accepts.
        dialect: How it writes sms_ids.
        senders: The ids of the only senders that there are; None if there is any.
        refused: The phone numbers that are not valid, whatever they look like.
    """

    def __init__(self, document: Document, ledger: Ledger, *, api_key: str, dialect: Dialect) -> None:
        self.ledger = ledger
        self.api_key = api_key
        self.dialect = dialect
        self.senders: frozenset[int] | None = None
        self.refused: list[Recipients] = []
        self._new_message = document.request_schema("createSms")
        self._handlers: Mapping[str, Callable[[Call], Reply]] = {
            "createSms": self._create_sms,
            "getSms": self._get_sms,
            "deleteSms": self._delete_sms,
            "getMessage": self._get_message,
            "deleteMessage": self._delete_message,
        }

    def answer(self, call: Call) -> Reply:
        if not self.is_authorised(call.headers):
            return Reply(401, headers={"WWW-Authenticate": "Bearer"})
        if call.operation is None:
            return Reply(405, headers={"Allow": ", ".join(call.operations)})
        handler = self._handlers.get(call.operation)
        if handler is None:
            return Reply(501, f'The stand-in does not know how to do "{call.operation}" yet.')
        return handler(call)

    def is_authorised(self, headers: Headers) -> bool:
        """Whether a request with these headers carries the key."""
        given = [value for name, value in headers.raw if name == b"authorization"]
        if len(given) != 1:
            return False
        scheme, _, key = given[0].partition(b" ")
        is_key = secrets.compare_digest(key.strip(), self.api_key.encode())
        return scheme.lower() == b"bearer" and is_key

    def _create_sms(self, call: Call) -> Reply:
        try:
            asked = self.read(call.content)
        except BadRequestError as error:
            return Reply(400, {"errors": error.errors})
        return self.create(asked)

    def read(self, content: bytes) -> NewMessage:
        """Read what createSms is asked for. Raises BadRequestError with all that is wrong with it."""
        assert self._new_message is not None  # noqa: S101  # the document has the operation
        asked = read_new_message(content, self._new_message)
        if errors := self._errors(asked):
            raise BadRequestError(errors)
        return asked

    def _errors(self, asked: NewMessage) -> dict[str, list[str]]:
        """What is wrong with a request that is well formed: a sender or a number that the vendor does not take."""
        errors: dict[str, list[str]] = {}
        if self.senders is not None and asked.sender_id not in self.senders:
            errors["sender_id"] = [f"The following sender is invalid: {asked.sender_id}"]
        bad = [number for number in asked.phone_numbers if any(picks(refused, number) for refused in self.refused)]
        if bad:
            errors["phone_numbers"] = [f"The following phone number is invalid: {number}" for number in bad]
        return errors

    def create(self, asked: NewMessage, sms_per_number: int | None = None) -> Reply:
        """Create a message without a look at whether it makes sense; the text tells how many SMS, if nobody does."""
        record = self.ledger.create(asked, sms_per_number or self.dialect.sms_per_number(asked.text))
        return Reply(200, {"message_id": record.id, "sms_ids": self.dialect.sms_ids(record.numbers)})

    def _get_sms(self, call: Call) -> Reply:
        sms = self.ledger.report_sms(_read_id(call))
        if sms is None:
            return Reply(404)
        return Reply(200, {"phone_number": sms.phone_number, "status": sms.status})

    def _delete_sms(self, call: Call) -> Reply:
        deleted = self.ledger.delete_sms(_read_id(call))
        return Reply(404) if deleted is None else Reply(200, {"success": deleted})

    def _get_message(self, call: Call) -> Reply:
        report = self.ledger.report_message(_read_id(call))
        if report is None:
            return Reply(404)
        return Reply(
            200,
            [{"id": sms.id, "phone_number": sms.phone_number, "status": sms.status} for sms in report],
        )

    def _delete_message(self, call: Call) -> Reply:
        count = self.ledger.delete_message(_read_id(call))
        return Reply(404) if count is None else Reply(200, {"success": count})


def _read_id(call: Call) -> int:
    """The id in the path; 0, which nothing has, for what is no id."""
    return int(call.id) if _ID.fullmatch(call.id) else 0
