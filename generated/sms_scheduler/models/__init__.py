"""The data that the API takes and gives."""

from .created_message import CreatedMessage
from .message_deletion import MessageDeletion
from .message_report_row import MessageReportRow
from .new_message import NewMessage
from .request_errors import RequestErrors
from .sms_deletion import SmsDeletion
from .sms_report import SmsReport
from .sms_status import SmsStatus

__all__ = [
    "CreatedMessage",
    "MessageDeletion",
    "MessageReportRow",
    "NewMessage",
    "RequestErrors",
    "SmsDeletion",
    "SmsReport",
    "SmsStatus",
]
