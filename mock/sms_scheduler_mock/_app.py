"""The API over HTTP: who may ask, what is answered."""

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from . import _text
from ._document import Document
from ._ledger import Ledger, Message, NewMessage
from ._request import BadRequestError, read_new_message

DialectName = Literal["lists", "integers"]


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a server reads a point that the vendor's pages disagree on or leave open."""

    one_id_per_number: bool = False

    def sms_per_number(self, text: str) -> int:
        return 1 if self.one_id_per_number else _text.parts(text)

    def sms_ids(self, message: Message) -> Mapping[str, object]:
        if self.one_id_per_number:
            return {sms.phone_number: sms.id for sms in message.sms}
        ids: dict[str, list[int]] = {}
        for sms in message.sms:
            ids.setdefault(sms.phone_number, []).append(sms.id)
        return ids


DIALECTS: Mapping[DialectName, Dialect] = {
    "lists": Dialect(),
    "integers": Dialect(one_id_per_number=True),
}

# No id is longer: what is longer is not looked up, nor turned into a number.
_ID = re.compile("[1-9][0-9]{0,18}")


class _PageJSONResponse(JSONResponse):
    media_type = "application/json; charset=utf-8"  # as the vendor's page has it


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
    """

    status: int
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    def response(self) -> Response:
        if self.body is None:
            return Response(status_code=self.status, headers=self.headers)
        if isinstance(self.body, bytes):
            return Response(self.body, self.status, self.headers)
        kind = PlainTextResponse if isinstance(self.body, str) else _PageJSONResponse
        return kind(self.body, self.status, self.headers)


class Api:
    """Answers calls out of a ledger. `answer` is all of it, and knows no socket.

    Attributes:
        ledger: What it answers from.
        api_key: The one that it accepts.
        dialect: How it writes sms_ids.
    """

    def __init__(self, document: Document, ledger: Ledger, *, api_key: str, dialect: Dialect) -> None:
        self.ledger = ledger
        self.api_key = api_key
        self.dialect = dialect
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
        given = headers.getlist("Authorization")
        if len(given) != 1:
            return False
        scheme, _, key = given[0].partition(" ")
        # Starlette reads header bytes as Latin-1; this gives them back.
        is_key = secrets.compare_digest(key.strip().encode("latin-1"), self.api_key.encode())
        return scheme.lower() == "bearer" and is_key

    def _create_sms(self, call: Call) -> Reply:
        try:
            asked = self.read(call.content)
        except BadRequestError as error:
            return Reply(400, {"errors": error.errors})
        return self.create(asked)

    def read(self, content: bytes) -> NewMessage:
        """Read what createSms is asked for. Raises BadRequestError with all that is wrong with it."""
        assert self._new_message is not None  # noqa: S101  # the document has the operation
        return read_new_message(content, self._new_message)

    def create(self, asked: NewMessage, sms_per_number: int | None = None) -> Reply:
        """Create a message without a look at whether it makes sense; the text tells how many SMS, if nobody does."""
        message = self.ledger.create(asked, sms_per_number or self.dialect.sms_per_number(asked.text))
        return Reply(200, {"message_id": message.id, "sms_ids": self.dialect.sms_ids(message)})

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


def create_app(document: Document, answer: Callable[[Call], Reply]) -> ASGIApp:
    """The ASGI application that serves the paths of a document."""
    routes = [
        Route(document.base_path + path, _Resource(answer, operations))
        for path, operations in document.operations.items()
    ]
    return Router(routes, redirect_slashes=False, default=Response(status_code=404))


class _Resource:
    """A path as an ASGI application: a Starlette route of its own would answer HEAD as well."""

    def __init__(self, answer: Callable[[Call], Reply], operations: Mapping[str, str]) -> None:
        self._answer = answer
        self._operations = operations

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            content = await request.body()
        except ClientDisconnect:
            return
        identifier = request.path_params.get("id", "")
        call = Call(self._operations, request.method, identifier, request.headers, content)
        await self._answer(call).response()(scope, receive, send)
