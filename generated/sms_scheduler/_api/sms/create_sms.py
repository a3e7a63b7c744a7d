# Made by scripts/generate from openapi.yaml, SMS Scheduler 0.2.0: do not edit.
"""createSms: POST /sms"""

import datetime
from collections.abc import Sequence

from ..._codec import Errors, api_error, as_list, decode, decoder, encode, wire_datetime
from ..._types import Request, Response
from ...errors import BadRequestError, UnauthorizedError
from ...models import CreatedMessage, NewMessage, RequestErrors

_RESULT = decoder(CreatedMessage)
_ERRORS: Errors = {400: (BadRequestError, decoder(RequestErrors)), 401: (UnauthorizedError, None)}


def build_request(
    message_text: str,
    delivery_date: datetime.datetime | str,
    sender_id: int,
    phone_numbers: str | Sequence[str],
    message_stop: bool = False,
    timezone: datetime.tzinfo | None = None,
) -> Request:
    """Build the request; raises TypeError or ValueError for an argument that cannot be sent."""
    body = {
        "message_text": message_text,
        "delivery_date": wire_datetime(delivery_date, "%Y-%m-%d %H:%M:%S", timezone),
        "sender_id": sender_id,
        "phone_numbers": as_list(phone_numbers),
        "message_stop": message_stop,
    }
    return Request("createSms", "POST", "/sms", encode(body, NewMessage))


def read_response(response: Response) -> CreatedMessage:
    """Read the response; raises ApiError or InvalidResponseError for one that is no success."""
    if response.status_code == 200:
        return decode(response, _RESULT)
    raise api_error(response, _ERRORS)
