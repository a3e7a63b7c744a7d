"""The server under test: its address, its key, and what may be sent to it."""

import ipaddress
from urllib.parse import urlsplit

import attrs


@attrs.frozen
class Target:
    """The server under test, and what may be sent to it.

    Attributes:
        url: The base URL of the API.
        api_key: A key that the server accepts.
        sender_id: A sender of the key's account.
        phone_numbers: Numbers that messages may be created for.
        scheme: The word before the key.
        ca_file: The certificates that https is checked with; those that requests brings along if empty.
        proxy: The URL of a proxy; none if empty.
    """

    url: str
    api_key: str = attrs.field(repr=False)
    sender_id: int = 123
    phone_numbers: tuple[str, ...] = ("+33612345678",)
    scheme: str = "bearer"
    ca_file: str = ""
    proxy: str = ""

    @property
    def authorization(self) -> str:
        """The Authorization header with the key."""
        return f"{self.scheme} {self.api_key}"

    @property
    def is_loopback(self) -> bool:
        """Whether the server is on this machine. Elsewhere it may really send."""
        host = urlsplit(self.url).hostname or ""
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return host == "localhost"
