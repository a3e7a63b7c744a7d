# Made by scripts/generate from openapi.yaml, SMS Scheduler 0.2.0: do not edit.
from enum import IntEnum
from typing import Self


class SmsStatus(IntEnum):
    """The sending status of an SMS.

    A value that is not listed here becomes a member named `UNKNOWN_<value>` that equals the value.
    """

    SCHEDULED = 10
    PENDING = 11
    SENT = 12
    RECEIVED = 13
    CANCELLED_MISSING_CONTACT_OR_PHONE_NUMBER = 20
    CANCELLED_MISSING_TEXT_MESSAGE = 21
    CANCELLED_INVALID_TEXT_MESSAGE = 22
    CANCELLED_MISSING_SENDER = 23
    CANCELLED_INVALID_SENDER = 24
    CANCELLED_NOT_ENOUGH_CREDITS = 25
    CANCELLED_BLACKLISTED_CONTACT_OR_PHONE_NUMBER = 26
    CANCELLED_END_OF_VALIDITY_PERIOD = 27
    CANCELLED_UNAVAILABLE_COUNTRY = 28
    CANCELLED_ERROR = 29
    MISSED_INVALID_PHONE_NUMBER = 30
    MISSED_BLACKLISTED_PHONE_NUMBER_OR_BLOCKED_BY_PHONE_CARRIER = 31
    MISSED_END_OF_VALIDITY_PERIOD = 32
    MISSED_NETWORK_NOT_AVAILABLE_ON_SENDING_PHONE = 33
    MISSED_SENDING_FAILED = 38
    MISSED_ERROR = 39

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if type(value) is not int:
            return None
        member = int.__new__(cls, value)
        member._name_ = f"UNKNOWN_{value}"
        member._value_ = value
        return member

    @property
    def description(self) -> str:
        """What the API's document says of the value."""
        return _DESCRIPTIONS.get(self.value, f"Unknown ({self.value})")

    @property
    def is_final(self) -> bool:
        """Whether the value can no longer change; False for a value that is not listed here."""
        return self.value in _FINAL


_DESCRIPTIONS = {
    10: "Scheduled",
    11: "Pending",
    12: "Sent",
    13: "Received",
    20: "Cancelled - Missing contact or phone number",
    21: "Cancelled - Missing text message",
    22: "Cancelled - Invalid text message",
    23: "Cancelled - Missing sender",
    24: "Cancelled - Invalid sender",
    25: "Cancelled - Not enough credits",
    26: "Cancelled - Blacklisted contact or phone number",
    27: "Cancelled - End of validity period",
    28: "Cancelled - Unavailable country",
    29: "Cancelled - Error",
    30: "Missed - Invalid phone number",
    31: "Missed - Blacklisted phone number or blocked by phone carrier",
    32: "Missed - End of validity period",
    33: "Missed - Network not available on sending phone",
    38: "Missed - Sending failed (Unknown reason)",
    39: "Missed - Error",
}
_FINAL = frozenset([13, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 38, 39])
