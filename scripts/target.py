"""The server that the contract tests judge."""

import ipaddress
from urllib.parse import urlsplit

import attrs


@attrs.frozen
class Target:
    """A server to judge, and what may be sent to it.

    Attributes:
        url: The base URL of the API.
        api_key: A key that it accepts.
        sender_id: A sender of the key's account.
        phone_number: A number that messages may be created for.
    """

    url: str
    api_key: str = attrs.field(repr=False)
    sender_id: int = 123
    phone_number: str = "+33123456789"

    @property
    def headers(self) -> dict[str, str]:
        """The headers of a request with the key."""
        return {"Authorization": f"Bearer {self.api_key}"}

    @property
    def is_loopback(self) -> bool:
        """Whether nothing that is sent can leave this machine: elsewhere a test may neither send nor delete."""
        host = urlsplit(self.url).hostname or ""
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return host == "localhost"


class TargetPlugin:
    """Hands a target to the tests, as a pytest plugin."""

    def __init__(self, target: Target) -> None:
        self.target = target
