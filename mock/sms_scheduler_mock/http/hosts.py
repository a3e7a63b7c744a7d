"""The names of hosts: how to reach them, and who can."""

import re
from collections.abc import Collection
from fnmatch import fnmatchcase
from ipaddress import IPv4Address, IPv6Address, ip_address

from ..backend.checks import ArgumentError

# Of a host that means "every address of this machine", one by which to reach it.
_REACHABLE = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104
# What a Host header has: a name or an address, and perhaps a port.
_HOST = re.compile(r"(?:\[(?P<address>[0-9A-Fa-f:.]+(?:%[\w.-]+)?)\]|(?P<name>[\w.-]+))(?::[0-9]{1,5})?", re.ASCII)


def origin(host: str, port: int, scheme: str = "http") -> str:
    """The start of a URL that leads to a host where something listens; without a port if that is not known."""
    name = bracketed(_REACHABLE.get(host, host))
    return f"{scheme}://{name}:{port}" if port else f"{scheme}://{name}"


def is_loopback(host: str) -> bool:
    """Whether a host, such as that of a URL, can be reached from this machine alone."""
    name = host.lower()
    if (address := _address(name)) is not None:
        return address.is_loopback
    return name == "localhost" or name.endswith(".localhost")


def name_of(host: str) -> str | None:
    """The name in a Host header, without the port; None if it is no host."""
    match = _HOST.fullmatch(host)
    return (match["address"] or match["name"]).lower() if match else None


class Hosts:
    """The names that this server may go by, so that no page of another site reaches it by a name of its own.

    A name that all the world can look up may lead anywhere, and here too: it has a dot, and is no address.

    Args:
        allowed: More names, such as `host.docker.internal`, or `*.local` for all that end so.
    """

    def __init__(self, allowed: Collection[str]) -> None:
        for name in allowed:
            if not re.fullmatch(r"(\*\.)?[\w-]+(\.[\w-]+)*", name):
                example = "sms.example, or *.example for all below it"
                raise ArgumentError("allowed_hosts", f"has the name of a host, such as {example}, not {name!r}")
        self._allowed = [name.lower() for name in allowed]

    def allows(self, name: str | None) -> bool:
        """Whether a request may name the server so."""
        if not name:
            return False
        if _address(name) is not None or "." not in name.strip(".") or is_loopback(name):
            return True
        return any(fnmatchcase(name.lower(), allowed) for allowed in self._allowed)


def _address(name: str) -> IPv4Address | IPv6Address | None:
    """The address that a name is, if it is one; that of IPv4 in one of IPv6 as itself."""
    try:
        address = ip_address(name.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
