"""What this package raises, errors of the database aside."""


class CampaignError(Exception):
    """What was asked for cannot be done. The text says why, and what to do."""


class RecipientsError(CampaignError):
    """A recipient that cannot be read; nothing of its source was added. The text names the line."""


class AgainTooEarlyError(CampaignError):
    """A batch in doubt cannot be sent again yet, because a worker may still be sending it."""
