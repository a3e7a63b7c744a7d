import attrs


@attrs.frozen(kw_only=True)
class SmsDeletion:
    """What became of the deletion of one SMS.

    Attributes:
        success: True if the SMS has been deleted.
    """

    success: bool
