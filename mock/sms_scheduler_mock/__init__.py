"""A stand-in for the SMS Scheduler server, to develop and test against: see MockServer."""

import sys

try:
    from ._faults import FAULTS
    from ._ledger import Message, Sms
    from ._server import MockServer
    from ._variants import VARIANTS
except ModuleNotFoundError as error:
    # The client is often installed alone: the stand-in travels with it, its dependencies do not.
    reason = f'{error}; the stand-in server needs the extra "mock": pip install "sms-scheduler[mock]"'
    if sys.argv[0] == "-m":  # so it is while `python -m sms_scheduler_mock` imports the package
        sys.exit(reason)
    raise ModuleNotFoundError(reason, name=error.name) from None

__all__ = ["FAULTS", "VARIANTS", "Message", "MockServer", "Sms"]
