"""The names of hosts: how to reach them, and who can."""

import ipaddress

# Of a host that means "every address of this machine", one by which to reach it.
_REACHABLE = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104


def origin(host: str, port: int) -> str:
    """The start of a URL that leads to a host where something listens; without a port if that is not known."""
    name = bracketed(_REACHABLE.get(host, host))
    return f"http://{name}:{port}" if port else f"http://{name}"


def is_loopback(host: str) -> bool:
    """Whether a host, such as that of a URL, can be reached from this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
