"""How a contract check ends when it does not pass."""

from collections.abc import Sequence
from typing import NoReturn

from .exchange import Exchange


class CheckFailedError(AssertionError):
    """The server does not do what the page states.

    Attributes:
        expected: What the page states, for the case at hand.
        received: What the server did.
        exchanges: The requests and responses of the case.
    """

    def __init__(self, expected: str, received: str) -> None:
        super().__init__(f"expected: {expected}\nreceived: {received}")
        self.expected = expected
        self.received = received
        self.exchanges: Sequence[Exchange] = ()


class NotTestedError(Exception):
    """A check cannot be run on this server, or with the options given. The text says why."""


class CannotTestError(Exception):
    """The server cannot be tested, or not any further. The text says why, and what to do."""


def fail(expected: str, received: object) -> NoReturn:
    """Fail the check."""
    raise CheckFailedError(expected, str(received))


def expect(condition: bool, expected: str, received: object) -> None:
    """Fail the check unless the condition is true."""
    if not condition:
        fail(expected, received)
