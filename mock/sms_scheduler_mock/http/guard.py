"""Who may ask the server: pages of other sites may not, by somebody's browser."""

from collections.abc import Collection, Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp

from ..backend.account import Account
from ..backend.checks import ArgumentError
from .hosts import Hosts, name_of

# Known to everybody, so it keeps nobody out.
DEFAULT_KEY = "mock-api-key"

_MOST_KNOWN = 100


class Guard:
    """Tells strangers by the name that they call the server by, and by the origin of their page.

    A page of another site has another origin. Or its own name leads here: then it is one that all the world can look up.

    Args:
        hosts: The names that the server may go by.
        origins: Those of pages that may ask; "*" for all.
        account: Has the key.
    """

    def __init__(self, hosts: Hosts, origins: Collection[str], account: Account) -> None:
        for origin in origins:
            parts = urlsplit(origin)
            if origin not in {"*", f"{parts.scheme}://{parts.netloc}"}:
                raise ArgumentError(
                    "cors_origins", f"is an origin such as http://localhost:5173, or * for all, not {origin!r}"
                )
        self._hosts = hosts
        self._origins = tuple(origins)
        self._account = account
        self._known: set[bytes] = set()

    def around(self, app: ASGIApp) -> ASGIApp:
        """The application, which tells browsers whose pages may ask it."""
        if not self._origins:
            return app
        from starlette.middleware.cors import CORSMiddleware  # noqa: PLC0415  # most servers need none

        exposed = ["Link", "Retry-After", "X-Total-Count"]
        return CORSMiddleware(
            app, allow_origins=self._origins, allow_methods=["*"], allow_headers=["*"], expose_headers=exposed
        )

    def is_stranger(self, headers: Sequence[tuple[bytes, bytes]]) -> bool:
        """Whether a request to the API with these headers may be one of a stranger, who knows the key."""
        if self._account.api_key != DEFAULT_KEY:
            return False
        host = b""
        for name, value in headers:
            if name == b"host":
                host = value
                break
        if host in self._known:
            return False
        # A request without the header is of no browser.
        if host and not self._hosts.allows(name_of(host.decode("latin-1"))):
            return True
        if len(self._known) < _MOST_KNOWN:
            self._known.add(host)
        return False

    def is_foreign(self, headers: Headers) -> bool:
        """Whether a request with these headers must not administer anything."""
        hosts, origin = headers.getlist("Host"), headers.get("Origin")
        if len(hosts) != 1 or not self._hosts.allows(name_of(hosts[0])):
            return True
        return not (origin is None or self._is_ours(origin, hosts[0]))

    def _is_ours(self, origin: str, host: str) -> bool:
        if origin in self._origins:
            return True
        try:
            return urlsplit(origin).netloc == host
        except ValueError:
            return False
