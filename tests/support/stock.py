"""Stock PyScript pages with the SDK: none of this project's page, and no snapshot.

What serves them is not their Directus: that has to let their origin in.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from server.background import Background
from tests.support.background import server_for
from tests.support.embedded import ROOT
from web.archive import zip_folder, zip_package
from web.config import runtime_folders

STARTED_WITHIN = 60_000
"""Milliseconds for Python to start in such a page, on a busy machine."""
# Each file of its own would cost a request.
_CONFIG = {
    "interpreter": "/runtime/pyodide/pyodide.mjs",
    "files": {"/directus_realtime.zip": "./*", "/pyodide_http.zip": "./*"},
}
ISOLATION = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
}


@contextmanager
def stock_page(code: str, *, attributes: str = "", isolated: bool = False) -> Iterator[str]:
    """Serve a page with one Python script; give its address.

    Args:
        code: the script.
        attributes: more of its tag, such as ``worker``.
        isolated: whether the page is cross-origin isolated.
    """
    headers = ISOLATION if isolated else {}
    html = (
        '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">'
        '<script type="module" src="/runtime/pyscript/core.js"></script>'
        f'<script type="py" {attributes} src="main.py" config="pyscript.json"></script>'
    )

    def page(_: Request) -> Response:
        return HTMLResponse(html, headers=headers)

    def config(_: Request) -> Response:
        return JSONResponse(_CONFIG, headers=headers)

    def script(_: Request) -> Response:
        return PlainTextResponse(code, headers=headers)

    def sdk(_: Request) -> Response:
        content = zip_folder(ROOT / "app" / "directus_realtime")
        return Response(content, media_type="application/zip", headers=headers)

    def http_package(_: Request) -> Response:
        return Response(zip_package("pyodide_http"), media_type="application/zip", headers=headers)

    routes = [
        Route("/", page),
        Route("/pyscript.json", config),
        Route("/main.py", script),
        Route("/pyodide_http.zip", http_package),
        Route("/directus_realtime.zip", sdk),
        *_runtime(headers),
    ]
    with Background(server_for(Starlette(routes=routes))) as server:
        yield f"{server.url}/"


@contextmanager
def served_folder(folder: Path, *, isolated: bool = False) -> Iterator[str]:
    """Serve a folder of one's own beside ``/runtime``, where PyScript and Pyodide are.

    Gives the origin. With ``isolated`` its pages are cross-origin isolated.
    """
    headers = ISOLATION if isolated else {}
    routes = [*_runtime(headers), Mount("/", _Files(folder, headers, html=True))]
    with Background(server_for(Starlette(routes=routes))) as server:
        yield server.url


def _runtime(headers: dict[str, str]) -> list[Mount]:
    found = runtime_folders(ROOT).items()
    return [Mount(f"/runtime/{name}", _Files(at, headers)) for name, at in found]


class _Files(StaticFiles):
    """The files of a folder, each with headers."""

    def __init__(self, folder: Path, headers: dict[str, str], *, html: bool = False) -> None:
        super().__init__(directory=folder, follow_symlink=True, html=html)
        self._headers = headers

    def file_response(self, *args: object, **options: object) -> Response:
        response = super().file_response(*args, **options)  # type: ignore[arg-type]
        response.headers.update(self._headers)
        return response
