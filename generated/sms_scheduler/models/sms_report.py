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
