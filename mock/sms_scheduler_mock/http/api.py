"""The operations of the API: who may ask, and what is answered out of the ledger."""

import re
import secrets
from collections.abc import Mapping
from typing import Literal

from starlette.datastructures import Headers

from ..backend import text as _text
from ..backend.account import Account
from ..backend.ledger import Ledger
from ..backend.messages import NewMessage
from ..backend.validation import BadRequestError, Errors, read_new_message
from ..document import Document
from .exchange import COMPRESSED, Answer, Request, Response

SmsIds = Literal["lists", "integers"]
SMS_IDS: tuple[SmsIds, ...] = ("lists", "integers")

# No id is longer: what is longer is not looked up, nor turned into a number.
_ID = re.compile("[1-9][0-9]{0,18}")


class Api:
    """Answers requests out of a ledger.

    Args:
        document: Has the schema of a new message.
        ledger: What it answers from.
        account: Who may ask, and for what.
        sms_ids: How `sms_ids` reads, which the vendor's pages disagree on: "lists" of ids by phone number, or "integers",
            one id and one SMS for each.
        max_sms: How many SMS one message makes at most.
        max_errors: How many errors of one field are told.
    """

    def __init__(
        self,
        document: Document,
        ledger: Ledger,
        account: Account,
        *,
        sms_ids: SmsIds,
        max_sms: int,
        max_errors: int,
    ) -> None:
        self._ledger = ledger
        self._account = account
        self._has_lists = sms_ids == "lists"
        self._max_sms = max_sms
        self._max_errors = max_errors
        self._new_message = document.request_schema("createSms")
        self._handlers: Mapping[str, Answer] = {
            "createSms": self._create_sms,
            "getSms": self._get_sms,
            "deleteSms": self._delete_sms,
            "getMessage": self._get_message,
            "deleteMessage": self._delete_message,
        }

    def answer(self, request: Request) -> Response:
        """What is answered to a request, by the operation that it is of."""
        if not self.is_authorised(request.headers):
            return Response(401, headers={"WWW-Authenticate": "Bearer"})
        if request.operation is None:
            return Response(405, headers={"Allow": ", ".join(request.operations)})
        handler = self._handlers.get(request.operation)
        if handler is None:
            return Response(501, f'The mock server does not know how to do "{request.operation}" yet.')
        return handler(request)

    def is_authorised(self, headers: Headers) -> bool:
        """Whether a request with these headers carries the key."""
        given = [value for name, value in headers.raw if name == b"authorization"]
        if len(given) != 1:
            return False
        scheme, _, key = given[0].partition(b" ")
        is_key = secrets.compare_digest(key.strip(), self._account.api_key.encode())
        return scheme.lower() == b"bearer" and is_key

    def read(self, body: bytes) -> NewMessage:
        """Read what createSms is asked for. Raises BadRequestError with all that is wrong with it."""
        assert self._new_message is not None  # noqa: S101  # the document has the operation
        errors = Errors(self._max_errors)
        asked = read_new_message(body, self._new_message, errors)
        self._account.check(asked, errors)
        errors.check()
        return asked

    def create(self, asked: NewMessage, sms_per_number: int | None = None) -> Response:
        """Create a message without a look at whether it makes sense; the text tells how many SMS, if nobody does."""
        count = sms_per_number or (_text.parts(asked.text) if self._has_lists else 1)
        if (all_of_them := count * len(asked.phone_numbers)) > self._max_sms:
            limit = f"A message makes {self._max_sms:,} SMS at most here, and this one {all_of_them:,}"
            return Response(400, {"errors": {"phone_numbers": [limit]}})
        record = self._ledger.create(asked, count)
        return Response(200, {"message_id": record.id, "sms_ids": self.sms_ids(record.numbers)})

    def sms_ids(self, numbers: Mapping[int, str]) -> Mapping[str, object]:
        """What createSms answers for SMS, given as their phone numbers by id."""
        if not self._has_lists:
            return {number: sms_id for sms_id, number in numbers.items()}
        ids: dict[str, list[int]] = {}
        for sms_id, number in numbers.items():
            ids.setdefault(number, []).append(sms_id)
        return ids

    def _create_sms(self, request: Request) -> Response:
        try:
            asked = self.read(request.body)
        except BadRequestError as error:
            if request.headers.get("Content-Encoding", "identity") != "identity":
                return COMPRESSED
            return Response(400, {"errors": error.errors})
        return self.create(asked)

    def _get_sms(self, request: Request) -> Response:
        sms = self._ledger.report_sms(_read_id(request))
        if sms is None:
            return Response(404)
        return Response(200, {"phone_number": sms.phone_number, "status": sms.status})

    def _delete_sms(self, request: Request) -> Response:
        deleted = self._ledger.delete_sms(_read_id(request))
        return Response(404) if deleted is None else Response(200, {"success": deleted})

    def _get_message(self, request: Request) -> Response:
        report = self._ledger.report_message(_read_id(request))
        if report is None:
            return Response(404)
        return Response(
            200,
            [{"id": sms.id, "phone_number": sms.phone_number, "status": sms.status} for sms in report],
        )

    def _delete_message(self, request: Request) -> Response:
        count = self._ledger.delete_message(_read_id(request))
        return Response(404) if count is None else Response(200, {"success": count})


def _read_id(request: Request) -> int:
    """The id in the path; 0, which nothing has, for what is no id."""
    return int(request.id) if _ID.fullmatch(request.id) else 0
