"""The page and its runtime over HTTP: which files, of which types, how encoded and how cached.

Every answer carries an ETag. An address that holds the version of what it names is immutable; any
other is revalidated at each load, so edited Python is there at the next reload, and what has not
changed costs a 304. Large files have precompressed ones beside them, once they are made; see
tools.precompressed.
"""

import hashlib
import logging
import os.path
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import TypeVar

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route

from web.archive import zip_folder, zip_package
from web.config import digest_of, state_of
from web.policy import EVERYWHERE, content_security_policy, holds_token
from web.site import PAGE_SUFFIXES, RUNTIME_SUFFIXES, SDK_ARCHIVE, PageError, Revision, Site

# Written down here, since the operating system's own table differs from machine to machine.
TYPES = {
    ".bin": "application/octet-stream",
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".mjs": "text/javascript",
    ".py": "text/x-python",
    ".svg": "image/svg+xml",
    ".toml": "application/toml",
    ".wasm": "application/wasm",
    ".zip": "application/zip",
}
# The best first: all of them are smaller than the file itself, and the first decodes fastest.
ENCODINGS = {"zstd": ".zst", "gzip": ".gz"}
_REVALIDATE = "no-cache"
_PRIVATE = "private, no-cache"
_IMMUTABLE = "public, max-age=31536000, immutable"

log = logging.getLogger("server")
Found = TypeVar("Found")


def routes(site: Site) -> list[BaseRoute]:
    """Return the routes of the page and of the runtime that it needs."""

    def revision() -> Revision:
        return _found(site.revision)

    def index(request: Request) -> Response:
        now = revision()
        answer = _answer(request, _found(lambda: site.index(now)), ".html")
        answer.headers["Content-Security-Policy"] = content_security_policy()
        return answer

    def settings(request: Request) -> Response:
        now = revision()
        is_immutable = _version_in(request) == now.page
        answer = _answer(request, now.settings.encode(), ".toml", is_immutable)
        if holds_token(now.settings):
            answer.headers["Cache-Control"] = _PRIVATE
        return answer

    def icon(request: Request) -> Response:
        return _file(request, site.root / "app" / "icon.svg", site)

    def page_file(request: Request) -> Response:
        return _file(request, _path(site.root / "app", request, PAGE_SUFFIXES), site)

    def runtime_file(request: Request) -> Response:
        folder = site.runtime.get(request.path_params["name"])
        if folder is None:
            raise HTTPException(404)
        return _file(request, _path(folder, request, RUNTIME_SUFFIXES), site)

    def http_package(request: Request) -> Response:
        is_immutable = _version_in(request) == revision().runtime
        package = _found(lambda: zip_package("pyodide_http"))
        return _answer(request, package, ".zip", is_immutable)

    def sdk(request: Request) -> Response:
        package = _found(lambda: zip_folder(site.root / "app" / "directus_realtime"))
        return _answer(request, package, ".zip")

    def own_file(request: Request) -> Response:
        return _file(request, site.folder / request.url.path[1:], site)

    files: list[BaseRoute] = [
        Route("/pyscript.toml", _told(settings)),
        Route("/app/{path:path}", _told(page_file)),
        Route("/runtime/pyodide_http.zip", _told(http_package)),
        Route("/runtime/{name}/{path:path}", _told(runtime_file)),
    ]
    return [
        Route("/", _told(index)),
        Route("/index.html", _told(index)),
        Route("/favicon.ico", _told(icon)),
        *([Route(f"/{SDK_ARCHIVE}", _told(sdk))] if site.is_example else []),
        *(Route(f"/{name}", _told(own_file)) for name in site.own_files()),
        *files,
        Mount("/v-{version}", routes=files),
    ]


def _told(answer: Callable[[Request], Response]) -> Callable[[Request], Response]:
    """Return ``answer`` with a sentence in place of the page that cannot be read."""

    def told(request: Request) -> Response:
        try:
            return answer(request)
        except PageError as error:
            log.warning("%s", error)
            return Response(f"{error}\n", 500, EVERYWHERE, media_type="text/plain")

    return told


def _path(folder: Path, request: Request, suffixes: frozenset[str]) -> Path:
    """Return what the request names in ``folder``.

    Raises:
        HTTPException: 404, for what is not there or not to be served.
    """
    path = PurePosixPath(request.path_params["path"])
    # Windows takes two more characters for those of a path.
    hidden = any(part[0] in "./" or set("\\:\0") & set(part) for part in path.parts)
    if hidden or path.suffix not in suffixes or not _is_inside(folder / path, folder):
        raise HTTPException(404)
    return folder / path


def _is_inside(path: Path, folder: Path) -> bool:
    """Tell whether ``path`` is in ``folder`` when links are followed."""
    try:
        return path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError):  # such as links in a circle
        return False


def _found(source: Callable[[], Found]) -> Found:
    """Return what ``source`` reads. Raises HTTPException: 404, if it is not there."""
    try:
        return source()
    except OSError:  # such as none of this name, or a name that is too long
        raise HTTPException(404) from None


def _file(request: Request, path: Path, site: Site) -> Response:
    """Answer with a file, or with the best precompressed one that the browser accepts."""
    encoding, sent = _encoded(path, _header(request, "accept-encoding"))
    digest = _found(lambda: digest_of(sent, state_of(sent)))
    body = _found(sent.read_bytes)
    # Compared after the file was read: what changes in between is not cached.
    is_immutable = site.is_version_of(_version_in(request), path)
    return _answer(request, body, path.suffix, is_immutable, encoding, digest)


def _encoded(path: Path, accepted: list[str]) -> tuple[str | None, Path]:
    wanted = {each.split(";")[0].strip() for each in accepted}
    for encoding, ending in ENCODINGS.items():
        precompressed = path.with_name(path.name + ending)
        if (
            encoding in wanted
            and os.path.exists(precompressed)
            and _is_inside(precompressed, path.parent)
        ):
            return encoding, precompressed
    return None, path


def _answer(
    request: Request,
    body: bytes,
    suffix: str,
    is_immutable: bool = False,
    encoding: str | None = None,
    digest: bytes | None = None,
) -> Response:
    """Answer with ``body``; ``digest`` is its digest, where that is known already."""
    tag = f'"{(digest or hashlib.sha256(body).digest())[:16].hex()}"'
    headers = {"Cache-Control": _IMMUTABLE if is_immutable else _REVALIDATE, "ETag": tag}
    headers |= {"Vary": "Accept-Encoding", **EVERYWHERE}
    if tag in (each.removeprefix("W/") for each in _header(request, "if-none-match")):
        return Response(status_code=304, headers=headers)
    if encoding:
        headers["Content-Encoding"] = encoding
    return Response(body, media_type=TYPES[suffix], headers=headers)


def _version_in(request: Request) -> str:
    """Return the version in the request's address; empty where it has none."""
    version = request.path_params.get("version")
    return f"v-{version}" if version else ""


def _header(request: Request, name: str) -> list[str]:
    return [each.strip() for each in request.headers.get(name, "").split(",")]
