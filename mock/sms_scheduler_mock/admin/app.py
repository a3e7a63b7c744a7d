"""The admin API and the page as an ASGI application; and who may use them."""

from functools import cached_property

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from ..document import Document
from ..http.app import path_of, refuse, serve
from ..http.exchange import Response
from ..http.guard import Guard
from ..http.hosts import is_loopback
from ..http.routing import Service
from . import page
from .api import DOCUMENT, LARGEST_STATE, PREFIX, Admin

_FOREIGN = (
    "Only pages of this server may ask this, and it must be named localhost, by its address or by a name without a dot, "
    "or by one that is allowed: --allow-host NAME."
)


class AdminApp:
    """Serves the admin API and the page, and leaves all else to another application.

    Args:
        document: That of the API, for the page.
        admin: Carries the operations out.
        guard: Tells who may ask.
        everybody: Whether it is for everybody, or only for who asks at an address of this machine alone.
        other: Answers all else.
    """

    def __init__(self, document: Document, admin: Admin, guard: Guard, other: ASGIApp, *, everybody: bool) -> None:
        self._admin = admin
        self._guard = guard
        self._other = other
        self._everybody = everybody
        self._pages = Starlette(routes=page.routes(document))

    @cached_property
    def _service(self) -> Service:
        """Has the operations answered. Their document is read when it is first needed, which for most servers is never."""
        document = Document(DOCUMENT)
        return Service(document, self._admin.answering(document), LARGEST_STATE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = path_of(scope) if scope["type"] == "http" else None
        is_ours = path is not None and (path in {"", "/"} or path.startswith(f"{PREFIX}/"))
        if path is None or not (is_ours and self._is_for(scope.get("server"))):
            return await self._other(scope, receive, send)
        if not path:  # all links of the page are below its folder
            return await refuse(Response(307, headers={"Location": f"{scope['path'].rpartition('/')[2]}/"}), send)
        if self._guard.is_foreign(Headers(raw=scope["headers"])):
            return await refuse(Response(403, _FOREIGN), send)
        route = self._service.find(path)
        if route is None:
            return await self._pages(scope, receive, send)
        return await serve(self._service, route, scope, receive, send)

    def _is_for(self, address: tuple[str, int | None] | None) -> bool:
        """Whether it is there for who asks at an address of this server: its host and port."""
        return self._everybody or (address is not None and is_loopback(address[0]))
