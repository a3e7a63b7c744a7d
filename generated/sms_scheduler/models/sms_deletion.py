# Made by scripts/generate from openapi.yaml, SMS Scheduler 0.2.0: do not edit.
import attrs


@attrs.frozen(kw_only=True)
class SmsDeletion:
    """What became of the deletion of one SMS.

    Attributes:
        success: True if the SMS has been deleted.
    """

    success: bool
