"""Who may come in: only requests under a known name, and no writes of other sites.

A page of any site can send requests here. A site whose name resolves to this machine would even
have the page's own origin; its requests name it as their ``Host``.
"""

import ipaddress
import logging
import re
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from server.config import Config
from server.cors import may_connect
from server.errors import DirectusError, forbidden
from server.rest.context import Json

log = logging.getLogger("server")

_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
_OWN_SITES = ("same-origin", "none")  # of Sec-Fetch-Site; none: the user's own doing
_MOST_LOGGED = 100  # names
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::\d*)?")


class HostMiddleware:
    """Refuses requests and upgrades under unknown names, and writes of other sites, with 403."""

    def __init__(self, app: ASGIApp, config: Config) -> None:
        self._app = app
        self._config = config
        self._names = {"localhost", *map(_plain, config.hosts), _name_in(config.public_url)}
        self._any_address = any(_is_unspecified(name) for name in self._names)
        self._logged: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or upgrade, or refuse it."""
        if scope["type"] in ("http", "websocket"):
            headers = Headers(scope=scope)
            error = self._host_error(headers.get("host", ""))
            if error is None and scope["type"] == "http":
                error = self._site_error(scope["method"], headers)
            if error is not None:
                await _refuse(error, scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _host_error(self, host: str) -> DirectusError | None:
        found = _HOST.fullmatch(host)
        name = _plain(found[1]) if found else ""
        if name and (name in self._names or self._is_allowed_address(name)):
            return None
        shown = host[:100]
        words = f'The Host "{shown}" is not allowed here: add it with --allow-host {name[:100]}'
        if shown not in self._logged and len(self._logged) < _MOST_LOGGED:
            self._logged.add(shown)
            log.warning("refused a request: the Host %r is not allowed (--allow-host)", shown)
        return forbidden(words)

    def _is_allowed_address(self, name: str) -> bool:
        # Where the server listens on all addresses of this machine, any address is one of them.
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return address.is_loopback or self._any_address

    def _site_error(self, method: str, headers: Headers) -> DirectusError | None:
        if method in _SAFE_METHODS:
            return None  # answers are for the pages that CORS lets read them
        origin, site = headers.get("origin"), headers.get("sec-fetch-site")
        if origin is None and site in (None, *_OWN_SITES):
            return None
        everyone = self._config.cors_enabled and self._config.cors_origin == "*"
        if origin and (everyone or may_connect(self._config, origin, headers.get("host", ""))):
            return None
        words = "A page of another site may not write here: let its origin in with --cors-origin"
        return forbidden(words)


async def _refuse(error: DirectusError, scope: Scope, receive: Receive, send: Send) -> None:
    answer = Json(error.envelope(), status_code=error.status)
    if scope["type"] == "http":
        await answer(scope, receive, send)
        return
    headers = [(b"Content-Type", b"application/json; charset=utf-8")]
    start = {"type": "websocket.http.response.start", "status": error.status, "headers": headers}
    await send(start)
    await send({"type": "websocket.http.response.body", "body": bytes(answer.body)})


def _name_in(address: str) -> str:
    """Return the name of the host in an address, without its port."""
    try:
        return _plain(urlsplit(address).hostname or "")
    except ValueError:
        return ""


def _plain(name: str) -> str:
    return name.lower().strip("[]").removesuffix(".")


def _is_unspecified(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_unspecified
    except ValueError:
        return False
