"""Middleware that limits the requests of each address, as RATE_LIMITER_ENABLED does."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

from starlette.types import ASGIApp, Receive, Scope, Send

from server.config import Config
from server.errors import DirectusError
from server.limiter import FixedWindowLimiter
from server.query.values import write_timestamp
from server.rest.context import Json

_API = ("/items/", "/auth/", "/users/", "/server/")
_MANY = 1_000  # addresses from which on expired limiters are removed


class RateLimitMiddleware:
    """Limits requests by address. Those for the page's files do not count."""

    def __init__(self, app: ASGIApp, config: Config, now: Callable[[], float] = time.time) -> None:
        self._app = app
        self._points = config.rate_limiter_points
        self._duration = config.rate_limiter_duration
        self._now = now
        self._limiters: dict[str, FixedWindowLimiter] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it."""
        if scope["type"] == "http" and scope["path"].startswith(_API):
            address = scope["client"][0] if scope["client"] else ""
            wait = self._limiter(address).consume(self._now())
            if wait is not None:
                await self._refusal(wait)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _limiter(self, address: str) -> FixedWindowLimiter:
        if len(self._limiters) > _MANY:
            now = self._now()
            self._limiters = {k: w for k, w in self._limiters.items() if not w.expired(now)}
        return self._limiters.setdefault(address, FixedWindowLimiter(self._points, self._duration))

    def _refusal(self, wait: float) -> Json:
        reset = datetime.fromtimestamp(self._now() + wait, UTC)
        error = DirectusError(
            "REQUESTS_EXCEEDED",
            f"Too many requests, retry after {_rounded(wait)}.",
            status=429,
            extensions={"limit": self._points, "reset": write_timestamp(reset)},
        )
        headers = {"Retry-After": str(round(wait))}
        return Json(error.envelope(), status_code=error.status, headers=headers)


def _rounded(seconds: float) -> str:
    if seconds < 1:
        return f"{round(seconds * 1000)}ms"
    return f"{round(seconds)}s" if seconds < 60 else f"{round(seconds / 60)}m"
