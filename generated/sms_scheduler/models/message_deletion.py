# Made by scripts/generate from openapi.yaml, SMS Scheduler 0.2.0: do not edit.
import attrs


@attrs.frozen(kw_only=True)
class MessageDeletion:
    """What became of the deletion of the SMS of a message.

    Attributes:
        success: The number of SMS deleted.
    """

    success: int
