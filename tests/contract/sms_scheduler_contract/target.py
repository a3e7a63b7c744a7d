"""The server that the contract tests judge."""

import argparse
import ipaddress
import os
from typing import Self
from urllib.parse import urlsplit

import attrs
import httpx


def add_api_key(parser: argparse.ArgumentParser) -> None:
    """Give a command the option that names the key of a server, which may also stand in the environment."""
    parser.add_argument(
        "--api-key",
        default=os.environ.get("SMS_SCHEDULER_API_KEY"),
        metavar="KEY",
        help="a key that the server accepts; default: the environment variable SMS_SCHEDULER_API_KEY",
    )


# The word before the key, which the vendor's pages write in two ways.
SCHEMES = ("bearer", "Bearer")


class NoTargetError(Exception):
    """There is no server to judge. The text says why, and what to do."""


@attrs.frozen
class Target:
    """A server to judge, and what may be sent to it.

    Attributes:
        url: The base URL of the API.
        api_key: A key that it accepts.
        sender_id: A sender of the key's account.
        phone_numbers: Numbers that messages may be created for.
        is_sender_named: Whether the sender is the tester's, who knows that the account has it.
        scheme: The word before the key, in the case that the server accepts.
    """

    url: str
    api_key: str = attrs.field(repr=False)
    sender_id: int = 123
    phone_numbers: tuple[str, ...] = ("+33612345678",)
    is_sender_named: bool = True
    scheme: str = "bearer"

    @property
    def headers(self) -> dict[str, str]:
        """The headers of a request with the key."""
        return {"Authorization": f"{self.scheme} {self.api_key}"}

    @property
    def is_loopback(self) -> bool:
        """Whether nothing that is sent can leave this machine: elsewhere a test may neither send nor delete."""
        host = urlsplit(self.url).hostname or ""
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return host == "localhost"

    def check(self) -> Self:
        """See that the API is there and accepts the key, by requests that cannot create anything.

        The result is the target with the first of SCHEMES that the server accepts.

        Raises:
            NoTargetError: It is not, or does not.
        """
        if not (self.api_key.isascii() and self.api_key.isprintable()):
            raise NoTargetError("the API key must be printable ASCII")
        candidates = [attrs.evolve(self, scheme=scheme) for scheme in SCHEMES]
        accepted = next((candidate for candidate in candidates if candidate._answers() != 401), None)
        if accepted is None:
            raise NoTargetError(f"{self.url} refuses the API key; pass one that it accepts")
        return accepted

    def _answers(self) -> int:
        """The status that an empty request for a message is answered with."""
        try:
            with httpx.stream("POST", f"{self.url}/sms", headers=self.headers, json={}, timeout=10) as response:
                status = response.status_code
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise NoTargetError(f"no server answers at {self.url}: {error}; start it, or mend --url") from None
        if status in {404, 405}:
            raise NoTargetError(f"{self.url} is not the API: there is no {self.url}/sms; does the path end in /api/v1?")
        return status
