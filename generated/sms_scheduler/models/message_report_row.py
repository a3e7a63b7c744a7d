# Made by scripts/generate from openapi.yaml, SMS Scheduler 0.2.0: do not edit.
import attrs

from .sms_status import SmsStatus


@attrs.frozen(kw_only=True)
class MessageReportRow:
    """Where the sending of one SMS of a message stands.

    Attributes:
        id: The unique id of the SMS.
        phone_number: The recipient's phone number.
        status: The sending status of an SMS.
    """

    id: int
    phone_number: str
    status: SmsStatus
