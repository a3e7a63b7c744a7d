# Made by scripts/generate from openapi.yaml, SMS Scheduler 0.2.0: do not edit.
"""The data that the API takes and gives."""

from .created_message import CreatedMessage as CreatedMessage
from .message_deletion import MessageDeletion as MessageDeletion
from .message_report_row import MessageReportRow as MessageReportRow
from .new_message import NewMessage as NewMessage
from .request_errors import RequestErrors as RequestErrors
from .sms_deletion import SmsDeletion as SmsDeletion
from .sms_report import SmsReport as SmsReport
from .sms_status import SmsStatus as SmsStatus
