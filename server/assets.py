"""The page and its runtime: which files, of which types, how they are packed and how cached.

Every answer carries an ETag. An address that says the version of what it names is kept for good;
any other is asked for again at each load, so edited Python is there at the next reload, and what
has not changed costs a 304. Large files have compressed twins, made at set-up; see tools.twins.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import TypeVar

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route

from server.config import Config, digest_of, state_of
from server.packed import zipped
from server.pages import PAGE_SUFFIXES, RUNTIME_SUFFIXES, Look, Site

# Written down here, since what the machine's own table says differs from machine to machine.
TYPES = {
    ".bin": "application/octet-stream",
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
# The best first: all of them are smaller than what they stand for, and the first unpacks fastest.
ENCODINGS = {"zstd": ".zst", "gzip": ".gz"}
_ASK_AGAIN = "no-cache"
_FOR_GOOD = "public, max-age=31536000, immutable"

Endpoint = Callable[[Request], Response]
Found = TypeVar("Found")


def routes(config: Config) -> list[BaseRoute]:
    """Return the routes of the page and of the runtime that it needs."""
    site = Site(config.root, config.page, config.runtime)

    def look() -> Look:
        return _found(site.look)

    def index(request: Request) -> Response:
        return _answer(request, _found(lambda: site.index(look())), ".html")

    def settings(request: Request) -> Response:
        now = look()
        return _answer(request, now.settings.encode(), ".toml", _asked(request) == now.page)

    def icon(request: Request) -> Response:
        return _file(request, config.root / "app" / "icon.svg", site)

    def page_file(request: Request) -> Response:
        return _file(request, _path(config.root / "app", request, PAGE_SUFFIXES), site)

    def runtime_file(request: Request) -> Response:
        folder = site.runtime.get(request.path_params["name"])
        if folder is None:
            raise HTTPException(404)
        return _file(request, _path(folder, request, RUNTIME_SUFFIXES), site)

    def http_package(request: Request) -> Response:
        lasts = _asked(request) == look().runtime
        return _answer(request, _found(_http_package), ".zip", lasts)

    files: list[BaseRoute] = [
        Route("/pyscript.toml", settings),
        Route("/app/{path:path}", page_file),
        Route("/runtime/pyodide_http.zip", http_package),
        Route("/runtime/{name}/{path:path}", runtime_file),
    ]
    return [
        Route("/", index),
        Route("/index.html", index),
        Route("/favicon.ico", icon),
        *files,
        Mount("/v-{version}", routes=files),
    ]


def _path(folder: Path, request: Request, suffixes: frozenset[str]) -> Path:
    """Return what the request names in ``folder``.

    Raises:
        HTTPException: 404, for what is not there or not to be served.
    """
    path = PurePosixPath(request.path_params["path"])
    # Windows takes two more characters for those of a path.
    hidden = any(part[0] in "./" or "\\" in part or ":" in part for part in path.parts)
    if hidden or path.suffix not in suffixes:
        raise HTTPException(404)
    return folder / path


def _http_package() -> bytes:
    return zipped("pyodide_http")


def _found(source: Callable[[], Found]) -> Found:
    """Return what ``source`` reads. Raises HTTPException: 404, if it is not there."""
    try:
        return source()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        raise HTTPException(404) from None


def _file(request: Request, path: Path, site: Site) -> Response:
    """Answer with a file, or with the best of its twins that the browser takes."""
    encoding, packed = _packed(path, _header(request, "accept-encoding"))
    digest = _found(lambda: digest_of(packed, state_of(packed)))
    body = _found(packed.read_bytes)
    # Compared after the file was read: what changes in between is not kept.
    lasts = site.is_named(_asked(request), path)
    return _answer(request, body, path.suffix, lasts, encoding, digest)


def _packed(path: Path, accepted: list[str]) -> tuple[str | None, Path]:
    wanted = {each.split(";")[0].strip() for each in accepted}
    for encoding, ending in ENCODINGS.items():
        twin = path.with_name(path.name + ending)
        if encoding in wanted and twin.exists():
            return encoding, twin
    return None, path


def _answer(
    request: Request,
    body: bytes,
    suffix: str,
    lasts: bool = False,
    encoding: str | None = None,
    digest: bytes | None = None,
) -> Response:
    """Answer with ``body``; ``digest`` is its digest, where that is known already."""
    tag = f'"{(digest or hashlib.sha256(body).digest())[:16].hex()}"'
    headers = {"Cache-Control": _FOR_GOOD if lasts else _ASK_AGAIN, "ETag": tag}
    headers["Vary"] = "Accept-Encoding"
    if tag in (each.removeprefix("W/") for each in _header(request, "if-none-match")):
        return Response(status_code=304, headers=headers)
    if encoding:
        headers["Content-Encoding"] = encoding
    return Response(body, media_type=TYPES[suffix], headers=headers)


def _asked(request: Request) -> str:
    """Return the version in the request's address; empty where it has none."""
    version = request.path_params.get("version")
    return f"v-{version}" if version else ""


def _header(request: Request, name: str) -> list[str]:
    return [each.strip() for each in request.headers.get(name, "").split(",")]
