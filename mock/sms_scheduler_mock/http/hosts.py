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
    name = host.lower()
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")


def is_public(name: str) -> bool:
    """Whether the name of a host may be one that anybody can look up: with a dot, and no address."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return "." in name.strip(".") and not is_loopback(name)
    return False


def bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
