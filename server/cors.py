"""Pages of other origins: CORS headers over HTTP, and the check of an upgrade's origin."""

from urllib.parse import SplitResult, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.config import Config

_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}
_ON_ALL = {"Access-Control-Allow-Credentials": "true"}
_ON_ANSWERS = {**_ON_ALL, "Access-Control-Expose-Headers": "Content-Range"}
_ON_PREFLIGHTS = {
    **_ON_ALL,
    "Access-Control-Allow-Methods": "GET,POST,PATCH,DELETE",
    "Access-Control-Allow-Headers": "Content-Type,Authorization",
    "Access-Control-Max-Age": "18000",
}


def may_connect(config: Config, origin: str | None, host: str) -> bool:
    """Return whether ``origin`` may open a socket to ``host``; None is a client without a page."""
    if not origin:
        return True
    page = _read(origin)
    if page is None:
        return False
    if is_of_host(origin, host) or _same(page, _read(config.public_url)):
        return True
    # An asterisk lets none in: no origin is written so.
    return config.cors_enabled and _listed(config.cors_origin, origin)


def is_of_host(origin: str, host: str) -> bool:
    """Return whether ``origin`` is on ``host``; its scheme is ignored."""
    page = _read(origin)
    return page is not None and page.netloc.lower() == host.lower()


def _listed(allowed: bool | str | tuple[str, ...], origin: str) -> bool:
    return origin in allowed if isinstance(allowed, tuple) else allowed in (True, origin)


def _read(origin: str) -> SplitResult | None:
    try:
        parts = urlsplit(origin)
    except ValueError:
        return None
    return parts if parts.scheme and parts.netloc else None


def _same(page: SplitResult, other: SplitResult | None) -> bool:
    return other is not None and _place(page) == _place(other)


def _place(parts: SplitResult) -> tuple[str, str | None, int | None]:
    try:
        port = parts.port
    except ValueError:
        port = None
    return parts.scheme, parts.hostname, port or _PORTS.get(parts.scheme)


class Cors:
    """Middleware that adds Directus' headers for other origins, and answers preflights."""

    def __init__(self, app: ASGIApp, config: Config) -> None:
        self._app = app
        self._allowed = config.cors_origin

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        own = self._headers(Headers(scope=scope).get("origin"))
        if scope["method"] == "OPTIONS":
            response = Response(status_code=204, headers={**own, **_ON_PREFLIGHTS})
            await response(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message.setdefault("headers", []))
                headers.update({**own, **_ON_ANSWERS})
            await send(message)

        await self._app(scope, receive, send_with_headers)

    def _headers(self, origin: str | None) -> dict[str, str]:
        if self._allowed == "*":
            return {"Access-Control-Allow-Origin": "*"}
        if isinstance(self._allowed, str):
            return {"Access-Control-Allow-Origin": self._allowed, "Vary": "Origin"}
        if origin is None or not _listed(self._allowed, origin):
            return {"Vary": "Origin"}
        return {"Access-Control-Allow-Origin": origin, "Vary": "Origin"}
