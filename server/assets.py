"""The page and its runtime: which files, of which types, and how they are cached.

Every answer carries an ETag and is asked for again at each load, so edited Python is there at the
next reload and what has not changed costs a 304.
"""

import hashlib
import importlib.util
import io
import re
import zipfile
from collections.abc import Mapping
from functools import cache
from os import PathLike, stat_result
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import NotModifiedResponse, StaticFiles
from starlette.types import Scope

from app.directus.messages import encode
from server.config import Config, npm_runtime

# Written down here, since what the machine's own table says differs from machine to machine.
_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".map": "application/json",
    ".mjs": "text/javascript",
    ".py": "text/x-python",
    ".svg": "image/svg+xml",
    ".toml": "application/toml",
    ".wasm": "application/wasm",
    ".whl": "application/zip",
    ".zip": "application/zip",
}
_PAGE = frozenset({".css", ".js", ".py", ".svg"})
_PAGE_CACHING = "no-cache"
_RUNTIME_CACHING = "public, max-age=0, must-revalidate"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date that a zip can tell

_TABLE = re.compile(r"\s*\[\s*([^\[\]]+?)\s*\]\s*(?:#.*)?")
_SETTING = re.compile(r"""(\s*([\w-]+)\s*=\s*)("(?:[^"\\]|\\.)*"|'[^']*'|[^#]*?)(\s*(?:#.*)?)""")


class Files(StaticFiles):
    """A folder: its files of some types are served, and nothing whose name starts with a dot."""

    def __init__(self, folder: Path, *, suffixes: frozenset[str], caching: str) -> None:
        super().__init__(directory=folder, check_dir=False)
        self._suffixes = suffixes
        self._caching = caching

    async def check_config(self) -> None:
        """Leave it to each request whether the folder is there."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return the file at ``path``.

        Raises:
            HTTPException: 404, for what is not there or not to be served.
        """
        parts = Path(path).parts
        if Path(path).suffix not in self._suffixes or any(part[0] == "." for part in parts):
            raise HTTPException(404)
        return await super().get_response(path, scope)

    def file_response(
        self,
        full_path: str | PathLike[str],
        stat_result: stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        """Return the response for a file that is there."""
        response = _file(Path(full_path), self._caching, status_code, stat_result)
        request = Request(scope)
        unchanged = self.is_not_modified(response.headers, request.headers)
        return NotModifiedResponse(response.headers) if unchanged else response


def _file(
    path: Path, caching: str, status: int = 200, stat: stat_result | None = None
) -> FileResponse:
    kind = _TYPES[path.suffix]
    headers = {"Cache-Control": caching}
    return FileResponse(path, status, headers=headers, media_type=kind, stat_result=stat)


def routes(config: Config) -> list[BaseRoute]:
    """Return the routes of the page and of the runtime that it needs."""
    root = config.root

    def index(request: Request) -> Response:
        return _content(request, _read(root / "index.html"), ".html")

    def settings(request: Request) -> Response:
        text = _read(root / "pyscript.toml").decode()
        return _content(request, with_settings(text, config.page).encode(), ".toml")

    def icon(request: Request) -> Response:
        return _content(request, _read(root / "app" / "icon.svg"), ".svg")

    def http_package(request: Request) -> Response:
        return _content(request, zipped("pyodide_http"), ".zip", _RUNTIME_CACHING)

    folders = config.runtime or npm_runtime(root)
    every = frozenset(_TYPES)
    return [
        Route("/", index),
        Route("/index.html", index),
        Route("/pyscript.toml", settings),
        Route("/favicon.ico", icon),
        Mount("/app", Files(root / "app", suffixes=_PAGE, caching=_PAGE_CACHING)),
        Route("/runtime/pyodide_http.zip", http_package),
        *(
            Mount(f"/runtime/{name}", Files(folder, suffixes=every, caching=_RUNTIME_CACHING))
            for name, folder in folders.items()
        ),
    ]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise HTTPException(404) from None


def _content(request: Request, body: bytes, suffix: str, caching: str = _PAGE_CACHING) -> Response:
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"Cache-Control": caching, "ETag": tag}
    known = request.headers.get("if-none-match", "")
    if tag in (each.strip().removeprefix("W/") for each in known.split(",")):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=_TYPES[suffix], headers=headers)


def with_settings(text: str, settings: Mapping[str, str | bool | int | float]) -> str:
    """Return the text of a pyscript.toml with ``settings`` in its ``[directus]`` table.

    Only the values change: comments, order and everything else stay as they are.
    """
    left, table, end = dict(settings), "", None
    lines = text.splitlines()
    for at, line in enumerate(lines):
        if found := _TABLE.fullmatch(line):
            table = found[1]
        elif table == "directus" and (setting := _SETTING.fullmatch(line)):
            before, name, _, after = setting.groups()
            if name in left:
                lines[at] = f"{before}{encode(left.pop(name))}{after}"
        if table == "directus" and line.strip():
            end = at + 1
    added = [f"{name} = {encode(value)}" for name, value in left.items()]
    if end is None:
        lines += ["", "[directus]", *added] if added else []
    else:
        lines[end:end] = added
    return "\n".join(lines) + "\n"


@cache
def zipped(package: str) -> bytes:
    """Return the installed ``package`` as a zip, made without importing it; always the same bytes.

    Raises:
        HTTPException: 404, if it is not installed.
    """
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise HTTPException(404)
    folder = Path(spec.origin).parent
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*.py")):
            name = path.relative_to(folder.parent).as_posix()
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
