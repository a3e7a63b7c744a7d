"""The page to look at: an inbox, and the reference of the API to try it out. No asset comes from another server."""

import importlib.util
from collections.abc import Sequence
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from ._control import DOCUMENT, PREFIX
from ._document import Document

FOLDER = Path(__file__).with_name("page")
# Nothing from elsewhere, whatever a text says that was sent. Swagger UI has styles and icons of its own within its code.
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:",
    "Cache-Control": "no-cache",
}


def routes(document: Document) -> Sequence[BaseRoute]:
    """The page at the root, and what it needs below the prefix of the control interface."""

    def page(request: Request) -> Response:  # noqa: ARG001
        return FileResponse(FOLDER / "index.html", headers=_HEADERS)

    def openapi(request: Request) -> Response:
        return JSONResponse(document.served_at(request.scope.get("root_path", "") + document.base_path))

    def control(request: Request) -> Response:
        return JSONResponse(Document(DOCUMENT).served_at(request.scope.get("root_path", "") + PREFIX))

    return [
        Route("/", page),
        Route(f"{PREFIX}/openapi.json", openapi),
        Route(f"{PREFIX}/control.json", control),
        Mount(f"{PREFIX}/page", StaticFiles(directory=FOLDER)),
        Mount(f"{PREFIX}/swagger-ui", StaticFiles(directory=_swagger_ui())),
    ]


def _swagger_ui() -> str:
    """The folder that has Swagger UI; the package is not imported, since it would read all that it has into memory."""
    spec = importlib.util.find_spec("offapi")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("No module named 'offapi'", name="offapi")
    return spec.submodule_search_locations[0]
