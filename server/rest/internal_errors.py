"""Middleware that answers unexpected exceptions in Directus' shape."""

import logging

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.errors import internal_error
from server.rest.context import Json

log = logging.getLogger("server")


class InternalErrorMiddleware:
    """Logs an unexpected exception with its traceback and answers INTERNAL_SERVER_ERROR."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def observe(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, observe)
        except ClientDisconnect:
            return  # nobody waits for the answer
        except Exception:
            if started:
                raise  # the server logs it and cuts the response off
            log.exception("%s %r failed", scope["method"], scope["path"])
            error = internal_error()
            await Json(error.envelope(), status_code=error.status)(scope, receive, send)
