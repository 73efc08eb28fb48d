"""Middleware that lets each address ask so often in so much time, as RATE_LIMITER_ENABLED does."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

from starlette.types import ASGIApp, Receive, Scope, Send

from server.config import Config
from server.errors import DirectusError
from server.http import Json
from server.limits import Window
from server.values import write_timestamp

_API = ("/items/", "/auth/", "/users/", "/server/")
_MANY = 1_000  # addresses that are remembered before those that are of no use are forgotten


class Throttle:
    """Counts the requests of an address; those for the page's files are not Directus'."""

    def __init__(self, app: ASGIApp, config: Config, now: Callable[[], float] = time.time) -> None:
        self._app = app
        self._points = config.rate_limiter_points
        self._duration = config.rate_limiter_duration
        self._now = now
        self._windows: dict[str, Window] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it."""
        if scope["type"] == "http" and scope["path"].startswith(_API):
            address = scope["client"][0] if scope["client"] else ""
            wait = self._window(address).spend(self._now())
            if wait is not None:
                await self._refusal(wait)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _window(self, address: str) -> Window:
        if len(self._windows) > _MANY:
            now = self._now()
            self._windows = {k: w for k, w in self._windows.items() if not w.closed(now)}
        return self._windows.setdefault(address, Window(self._points, self._duration))

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
