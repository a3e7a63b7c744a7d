# Made by scripts/generate from openapi.yaml, SMS Scheduler 0.2.0: do not edit.
import attrs

from .._types import JsonObject, OneOrMany


@attrs.frozen(kw_only=True)
class CreatedMessage:
    """The ids of a new message and of its SMS.

    Attributes:
        message_id: The id of the message.
        sms_ids: The ids of the SMS, by phone number.
    """

    message_id: int
    sms_ids: JsonObject[OneOrMany[int]]

    __hash__ = None  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]  # it has lists or dicts
