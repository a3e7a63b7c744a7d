"""A stand-in for the SMS Scheduler server, to develop and test against: see MockServer."""

import importlib
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._faults import FAULTS
    from ._ledger import Message, Sms
    from ._server import MockServer
    from ._troubles import Trouble
    from ._variants import VARIANTS

__all__ = ["FAULTS", "VARIANTS", "Message", "MockServer", "Sms", "Trouble"]

_MODULES = {
    "FAULTS": "_faults",
    "VARIANTS": "_variants",
    "Message": "_ledger",
    "MockServer": "_server",
    "Sms": "_ledger",
    "Trouble": "_troubles",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for, and no earlier: pytest imports this package for its plugin, whoever uses it."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        module = importlib.import_module(f".{_MODULES[name]}", __name__)
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(missing(error), name=error.name) from None
    value = globals()[name] = getattr(module, name)
    return value


def missing(error: ModuleNotFoundError) -> str:
    """What to do when the client is installed alone: the stand-in travels with it, its dependencies do not."""
    return f'{error}; the stand-in server needs the extra "mock": pip install "sms-scheduler[mock]"'


if sys.argv[0] == "-m":  # so it is while `python -m sms_scheduler_mock` imports the package
    try:
        importlib.import_module("._server", __name__)
    except ModuleNotFoundError as error:
        sys.exit(missing(error))
