import attrs


@attrs.frozen(kw_only=True)
class MessageDeletion:
    """What became of the deletion of the SMS of a message.

    Attributes:
        success: The number of SMS deleted.
    """

    success: int
