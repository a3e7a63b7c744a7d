"""Send SMS to millions of recipients over many workers: none twice, none lost.

A `Campaign` lives in a database of yours, a SQLite file or PostgreSQL. Worker processes send it, any of which may be killed.
"""

from .campaign import AddReport, Campaign, Doubt, Plan, Report, Status
from .errors import AgainTooEarlyError, CampaignError, RecipientsError
from .recipients import Recipient, read_csv, read_json_lines, read_parquet, read_rows

__all__ = [
    "AddReport",
    "AgainTooEarlyError",
    "Campaign",
    "CampaignError",
    "Doubt",
    "Plan",
    "Recipient",
    "RecipientsError",
    "Report",
    "Status",
    "read_csv",
    "read_json_lines",
    "read_parquet",
    "read_rows",
]
