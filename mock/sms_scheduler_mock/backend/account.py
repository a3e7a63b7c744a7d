"""The account that requests are made for: its key, its senders, its credits, and the phone numbers refused to it."""

import secrets
from collections.abc import Collection, Mapping
from typing import Any

from . import checks
from .checks import ArgumentError, Recipients
from .messages import NewMessage
from .validation import Errors


class Account:
    """What the account page of the vendor shows.

    Args:
        api_key: The first key; None to make one up.

    Attributes:
        api_key: The key that clients must send.
        senders: The ids of the only senders that there are; None if there is any.
        credits: How many SMS can still be paid for; None if they are not counted. The ledger spends them.
        refused: The phone numbers that are not valid, whatever they look like.
    """

    def __init__(self, *, api_key: str | None, senders: Collection[int] | None, credits: int | None) -> None:  # noqa: A002
        checks.at_least(0, credits=credits)
        # One that was made up is kept with the settings: whoever starts the server again could not give it.
        self._has_given_key = api_key is not None
        first_key = _checked(new_key() if api_key is None else api_key)
        self._initial = first_key, None if senders is None else frozenset(senders), credits
        self.refused: list[Recipients] = []
        self.reset()

    def reset(self) -> None:
        """Go back to how it began."""
        self.api_key, self.senders, self.credits = self._initial
        self.refused.clear()

    @property
    def refused_numbers(self) -> tuple[str, ...]:
        """The phone numbers among `refused`, which also has functions."""
        return tuple(recipients for recipients in self.refused if isinstance(recipients, str))

    def check(self, asked: NewMessage, errors: Errors) -> None:
        """Add why a message is not taken to the errors."""
        if self.senders is not None and asked.sender_id not in self.senders:
            errors.add("sender_id", f"The following sender is invalid: {asked.sender_id}")
        if self.refused:
            known = frozenset(self.refused_numbers)
            rules = [recipients for recipients in self.refused if callable(recipients)]
            for number in asked.phone_numbers:
                if number in known or any(rule(number) for rule in rules):
                    errors.add("phone_numbers", f"The following phone number is invalid: {number}")

    def settings(self) -> dict[str, object]:
        """What it holds, as JSON for `restore`; the key only if it is another than was given."""
        is_given = self._has_given_key and self.api_key == self._initial[0]
        return {
            "api_key": None if is_given else self.api_key,
            "senders": None if self.senders is None else sorted(self.senders),
            "refused": list(self.refused_numbers),
            "credits": self.credits,
        }

    def restore(self, settings: Mapping[str, Any]) -> None:
        """Go on from settings. Raises AttributeError or ArgumentError if they are none."""
        api_key, senders = settings.get("api_key") or self._initial[0], settings.get("senders")
        refused, credits_left = settings.get("refused", []), settings.get("credits")
        checks.check_type("senders", senders, Collection[int] | None)
        checks.check_type("refused", refused, Collection[str])
        checks.check_type("credits", credits_left, int | None)
        checks.at_least(0, credits=credits_left)
        self.api_key = _checked(api_key)
        self.senders = None if senders is None else frozenset(senders)
        self.credits = credits_left
        self.refused[:] = refused


def _checked(api_key: str) -> str:
    """A key. Raises ArgumentError if no header can carry it."""
    checks.check_type("api_key", api_key, str)
    if not (api_key.isascii() and api_key.isprintable() and api_key.split() == [api_key]):
        raise ArgumentError("api_key", "is made of visible ASCII characters")
    return api_key


def new_key() -> str:
    """A key that was never used."""
    return f"mock-{secrets.token_hex(16)}"
