"""A mock of the SMS Scheduler server, to develop and test against: see MockServer."""

import importlib
import signal
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .backend.messages import Message, Sms
    from .faults import Fault
    from .http.exchange import Request, Response
    from .server import MockServer

__all__ = ["Fault", "Message", "MockServer", "Request", "Response", "Sms"]

_MODULES = {
    "Fault": "sms_scheduler_mock.faults",
    "Message": "sms_scheduler_mock.backend.messages",
    "MockServer": "sms_scheduler_mock.server",
    "Request": "sms_scheduler_mock.http.exchange",
    "Response": "sms_scheduler_mock.http.exchange",
    "Sms": "sms_scheduler_mock.backend.messages",
}


# What the extra "mock" installs, as it is imported.
_EXTRA = {"anyio", "httptools", "jsonschema_rs", "offapi", "starlette", "uvicorn", "uvloop"}


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
    """What to do when the client is installed alone: the mock server travels with it, its dependencies do not."""
    name = (error.name or "").partition(".")[0]
    if name in sys.stdlib_module_names:
        file = getattr(sys.modules.get(name), "__file__", None)
        return f"{error}; {file} has the name of a module of Python, and stands before it on the path: rename it"
    if name not in _EXTRA:
        return str(error)
    return f'{error}; the mock server needs the extra "mock": pip install "sms-scheduler[mock]"'


if sys.argv[0] == "-m":  # so it is while `python -m sms_scheduler_mock` imports the package
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it without a traceback, until it runs
    try:
        importlib.import_module(".server", __name__)
    except ModuleNotFoundError as error:
        sys.exit(missing(error))
