"""The account that requests are made for: its key, its senders, its credits, and the phone numbers refused to it."""

import secrets
from collections.abc import Collection, Mapping
from typing import Any

from .delivery import Recipients, picks


class Account:
    """What the account page of the vendor shows.

    Attributes:
        api_key: The key that clients must send.
        senders: The ids of the only senders that there are; None if there is any.
        credits: How many SMS can still be paid for; None if they are not counted. The ledger spends them.
        refused: The phone numbers that are not valid, whatever they look like.
    """

    def __init__(self, *, api_key: str, senders: Collection[int] | None, credits: int | None) -> None:  # noqa: A002
        if not (api_key.isascii() and api_key.isprintable() and api_key.split() == [api_key]):
            raise ValueError("an API key is made of visible ASCII characters")
        check_credits(credits)
        self._initial = api_key, None if senders is None else frozenset(senders), credits
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

    def errors(self, sender_id: int, phone_numbers: Collection[str]) -> dict[str, list[str]]:
        """Why a message by a sender to some numbers is not taken, by field."""
        errors: dict[str, list[str]] = {}
        if self.senders is not None and sender_id not in self.senders:
            errors["sender_id"] = [f"The following sender is invalid: {sender_id}"]
        bad = [number for number in phone_numbers if any(picks(refused, number) for refused in self.refused)]
        if bad:
            errors["phone_numbers"] = [f"The following phone number is invalid: {number}" for number in bad]
        return errors

    def settings(self) -> dict[str, object]:
        """What it holds, as JSON for `restore`; the key only if it is another than at the start."""
        return {
            "api_key": None if self.api_key == self._initial[0] else self.api_key,
            "senders": None if self.senders is None else sorted(self.senders),
            "refused": list(self.refused_numbers),
            "credits": self.credits,
        }

    def restore(self, settings: Mapping[str, Any]) -> None:
        """Go on from settings. Raises TypeError or ValueError if they are none."""
        api_key, senders = settings.get("api_key") or self._initial[0], settings.get("senders")
        refused: list[str] = settings.get("refused", [])
        "".join([api_key, *refused])  # texts, all of them
        check_credits(settings.get("credits"))
        self.senders = None if senders is None else frozenset(senders)
        self.api_key, self.credits = api_key, settings.get("credits")
        self.refused[:] = refused


def check_credits(credits: int | None) -> None:  # noqa: A002
    """Raise ValueError for credits that make no sense."""
    if credits is not None and credits < 0:
        raise ValueError(f"credits are 0 or more, or None for any number, not {credits}")


def new_key() -> str:
    """A key that was never used."""
    return f"mock-{secrets.token_hex(16)}"
