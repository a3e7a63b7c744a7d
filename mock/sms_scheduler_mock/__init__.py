"""A stand-in for the SMS Scheduler server, to develop and test against: see MockServer."""

import importlib
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sms_scheduler_contract.mutants.faults import FAULTS
    from .backend.ledger import Message, Sms
    from .server import MockServer
    from .faults import Trouble
    from sms_scheduler_contract.mutants.variants import VARIANTS

__all__ = ["FAULTS", "VARIANTS", "Message", "MockServer", "Sms", "Trouble"]

_MODULES = {
    "FAULTS": "sms_scheduler_contract.mutants.faults",
    "VARIANTS": "sms_scheduler_contract.mutants.variants",
    "Message": "sms_scheduler_mock.backend.ledger",
    "MockServer": "sms_scheduler_mock.server",
    "Sms": "sms_scheduler_mock.backend.ledger",
    "Trouble": "sms_scheduler_mock.faults",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for, and no earlier: pytest imports this package for its plugin, whoever uses it."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        module = importlib.import_module(_MODULES[name])
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(missing(error), name=error.name) from None
    value = globals()[name] = getattr(module, name)
    return value


def missing(error: ModuleNotFoundError) -> str:
    """What to do when the client is installed alone: the stand-in travels with it, its dependencies do not."""
    return f'{error}; the stand-in server needs the extra "mock": pip install "sms-scheduler[mock]"'


if sys.argv[0] == "-m":  # so it is while `python -m sms_scheduler_mock` imports the package
    try:
        importlib.import_module(".server", __name__)
    except ModuleNotFoundError as error:
        sys.exit(missing(error))
