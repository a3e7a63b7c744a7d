"""Send SMS to millions of recipients over many workers: none twice, none lost.

A `Campaign` lives in a database of yours, a SQLite file or PostgreSQL. Worker processes send it, any of which may be killed.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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


def __getattr__(name: str) -> Any:
    """Import what is asked for, and no earlier: the command says in one line what is not installed."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        modules = [importlib.import_module(f".{module}", __name__) for module in ("errors", "recipients", "campaign")]
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(missing(error), name=error.name) from None
    return next(vars(module)[name] for module in modules if name in vars(module))


def missing(error: ModuleNotFoundError) -> str:
    """What to do when the client is installed alone: campaigns travel with it, their dependencies do not."""
    return f'{error}; campaigns need the extra "campaign": pip install "sms-scheduler[campaign]"'
