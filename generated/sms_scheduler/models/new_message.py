# Made by scripts/generate from openapi.yaml, SMS Scheduler 0.2.0: do not edit.
import attrs


@attrs.frozen(kw_only=True)
class NewMessage:
    """A text to send, when, in whose name and to whom."""

    message_text: str
    delivery_date: str
    sender_id: int
    phone_numbers: str | list[str]
    message_stop: bool = False
