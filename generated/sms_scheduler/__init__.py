"""SMS Scheduler: Send SMS now or later, follow them and cancel them.

Creates SMS for one or many phone numbers, reports where each of them stands and deletes those not wanted
any more. Requests and responses are JSON in UTF-8. Every request carries the account's API key as a bearer
token.
"""

from .client import AsyncSmsScheduler, SmsScheduler
from .errors import (
    ApiError,
    BadRequestError,
    InvalidResponseError,
    NotFoundError,
    NotSentError,
    OutcomeUnknownError,
    SmsSchedulerError,
    TransportError,
    UnauthorizedError,
    UnexpectedStatusError,
)
from .models import CreatedMessage, MessageDeletion, MessageReportRow, SmsDeletion, SmsReport, SmsStatus
from .transport import __version__

__all__ = [
    "ApiError",
    "AsyncSmsScheduler",
    "BadRequestError",
    "CreatedMessage",
    "InvalidResponseError",
    "MessageDeletion",
    "MessageReportRow",
    "NotFoundError",
    "NotSentError",
    "OutcomeUnknownError",
    "SmsDeletion",
    "SmsReport",
    "SmsScheduler",
    "SmsSchedulerError",
    "SmsStatus",
    "TransportError",
    "UnauthorizedError",
    "UnexpectedStatusError",
    "__version__",
]
