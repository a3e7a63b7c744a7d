import attrs


@attrs.frozen(kw_only=True)
class NewMessage:
    """A text to send, when, in whose name and to whom.

    Attributes:
        message_text: The content of the message.
        delivery_date: When the message is sent, as `YYYY-MM-DD HH:MM:SS` (a format read from the page's
            example; the page names none, and no time zone). If that is now or in the past, the SMS are sent
            right away.
        sender_id: The id of the sender, as listed on the "Senders" page of SMS Scheduler once logged in.
        phone_numbers: Where the message is sent: one phone number as a string, or many as a list, each with its
            country prefix and without spaces or hyphens, such as `+33123456789`.
        message_stop: Whether a STOP mention is added to the end of the message.
    """

    message_text: str
    delivery_date: str
    sender_id: int
    phone_numbers: str | list[str]
    message_stop: bool = False
