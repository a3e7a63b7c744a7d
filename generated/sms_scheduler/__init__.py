# Made by scripts/generate from openapi.yaml, SMS Scheduler 0.2.0: do not edit.
"""SMS Scheduler: Send SMS now or later, follow them and cancel them."""

from ._about import __version__
from ._types import RawResponse
from .client import AsyncSmsScheduler, SmsScheduler
from .errors import (
    ApiError,
    BadRequestError,
    InvalidResponseError,
    NotFoundError,
    NotSentError,
    OutcomeUnknownError,
    RateLimitError,
    SmsSchedulerError,
    TransportError,
    UnauthorizedError,
    UnexpectedStatusError,
    WaitTimeoutError,
)
from .models import CreatedMessage, MessageDeletion, MessageReportRow, SmsDeletion, SmsReport, SmsStatus

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
    "RateLimitError",
    "RawResponse",
    "SmsDeletion",
    "SmsReport",
    "SmsScheduler",
    "SmsSchedulerError",
    "SmsStatus",
    "TransportError",
    "UnauthorizedError",
    "UnexpectedStatusError",
    "WaitTimeoutError",
    "__version__",
]
