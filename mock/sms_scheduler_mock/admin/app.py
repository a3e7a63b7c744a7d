"""The admin API and the page as an ASGI application; and who may use them."""

from functools import cached_property
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from ..document import Document
from ..http.app import path_of, refuse, serve
from ..http.exchange import Response
from ..http.hosts import is_loopback, is_public
from ..http.routing import Service
from . import page
from .api import DOCUMENT, PREFIX, Admin

_LARGEST_STATE = 100_000_000
_FOREIGN = (
    "Only pages of this server may ask this, and it must be named localhost, by its address or by a name without a dot."
)


class AdminApp:
    """Serves the admin API and the page, and answers 404 to all else.

    Args:
        document: That of the API, for the page.
        admin: Carries the operations out.
        everybody: Whether it is for everybody, or only for who asks at an address of this machine alone.
    """

    def __init__(self, document: Document, admin: Admin, *, everybody: bool) -> None:
        self._admin = admin
        self._everybody = everybody
        self._pages = Starlette(routes=page.routes(document))

    @cached_property
    def _service(self) -> Service:
        """Has the operations answered. Their document is read when it is first needed, which for most servers is never."""
        document = Document(DOCUMENT)
        return Service(document, self._admin.answering(document), _LARGEST_STATE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":  # answered as an application does that has nothing to do with it
            return await self._pages(scope, receive, send)
        path = path_of(scope)
        is_below = path == "/" or path.startswith(f"{PREFIX}/")
        if not (is_below and self._is_for(scope.get("server"))):
            return await refuse(Response(404), send)
        if is_foreign(Headers(raw=scope["headers"])):
            return await refuse(Response(403, _FOREIGN), send)
        route = self._service.find(path)
        if route is None:
            return await self._pages(scope, receive, send)
        return await serve(self._service, route, scope, receive, send)

    def _is_for(self, address: tuple[str, int | None] | None) -> bool:
        """Whether it is there for who asks at an address of this server: its host and port."""
        return self._everybody or (address is not None and is_loopback(address[0]))


def is_foreign(headers: Headers) -> bool:
    """Whether a page of another site asks, by somebody's browser: such pages must not administer anything.

    Such a page has another origin. Or its own name leads here: then it is one that all the world can look up, which
    has a dot, and is no address.
    """
    host, site = headers.get("Host", ""), headers.get("Origin")
    try:
        is_of_another = site is not None and urlsplit(site).netloc != host
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:  # neither is a host
        return True
    return is_of_another or not name or is_public(name)
