# Made by scripts/generate from openapi.yaml, SMS Scheduler 0.2.0: do not edit.
import attrs

from .sms_status import SmsStatus


@attrs.frozen(kw_only=True)
class SmsReport:
    """Where the sending of one SMS stands.

    Attributes:
        phone_number: The recipient's phone number.
        status: The sending status of an SMS.
    """

    phone_number: str
    status: SmsStatus
