"""A stand-in for the SMS Scheduler server, to develop and test against: see MockServer."""

try:
    from ._ledger import Message, Sms
    from ._server import MockServer
except ModuleNotFoundError as error:
    # The client is often installed alone: the stand-in travels with it, its dependencies do not.
    raise ModuleNotFoundError(
        f'{error}; the stand-in server needs the extra "mock": pip install "sms-scheduler[mock]"',
        name=error.name,
    ) from error

__all__ = ["Message", "MockServer", "Sms"]
