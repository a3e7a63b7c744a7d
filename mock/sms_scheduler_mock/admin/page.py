"""The page to look at: an inbox, and the reference of the API to try it out. No asset comes from another server."""

import importlib.util
import json
import os
from collections.abc import Sequence
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from ..document import Document
from .api import DOCUMENT, PREFIX

FOLDER = Path(__file__).with_name("page_files")
# Nothing from elsewhere, whatever a text says that was sent, and in no page of another site. Swagger UI has styles and
# icons of its own within its code.
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}
# What the page takes of Swagger UI, as the package that carries it names it.
_SWAGGER_UI = {"swagger_bundle.js": "text/javascript", "swagger_style.css": "text/css"}


def routes(document: Document) -> Sequence[BaseRoute]:
    """The page at the root, and what it needs below the prefix of the admin API."""

    def page(request: Request) -> Response:  # noqa: ARG001
        return FileResponse(FOLDER / "index.html", headers=_HEADERS)

    def openapi(request: Request) -> Response:
        return _json(document.served_at(request.scope.get("root_path", "") + document.base_path))

    def admin(request: Request) -> Response:
        return _json(Document(DOCUMENT).served_at(request.scope.get("root_path", "") + PREFIX))

    def swagger_ui(request: Request) -> Response:
        kind = _SWAGGER_UI.get(name := request.path_params["name"])
        return FileResponse(_swagger_ui() / name, media_type=kind) if kind else Response(status_code=404)

    return [
        Route("/", page),
        Route(f"{PREFIX}/openapi.json", openapi),
        Route(f"{PREFIX}/admin.json", admin),
        Mount(f"{PREFIX}/page", _Files(directory=FOLDER)),
        Route(f"{PREFIX}/swagger-ui/{{name}}", swagger_ui),
    ]


class _Files(StaticFiles):
    """Files, where a path that no file can have is that of no file; Starlette before 1.0 fails on it."""

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        return ("", None) if "\0" in path else super().lookup_path(path)


def _json(document: object) -> Response:
    return Response(json.dumps(document), media_type="application/json")


def _swagger_ui() -> Path:
    """The folder that has Swagger UI; the package is not imported, since it would read all that it has into memory."""
    spec = importlib.util.find_spec("offapi")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("No module named 'offapi'", name="offapi")
    return Path(spec.submodule_search_locations[0])
