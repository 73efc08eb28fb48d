"""The application: routes, lifespan, and how it is run."""

import logging
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from server.access import Access
from server.assets import routes as asset_routes
from server.config import Config
from server.dispatch import Dispatcher
from server.errors import DirectusError, route_not_found
from server.handlers import Handlers
from server.hub import Hub
from server.items import Items
from server.project import guide
from server.query import Limits
from server.rest import Json, Rest
from server.session import Pulse, Rules
from server.store import Store, StoreError
from server.websocket import Sockets

__all__ = ["StoreError", "create_app", "create_server", "serve"]

_LARGEST_FRAME = 100 * 2**20  # bytes, as Directus' WebSocket library has it
_GRACE = 2  # seconds for what is under way when the server is told to end


def create_app(config: Config) -> Starlette:
    """Return the ASGI application: the page, REST, and the socket.

    Its lifespan opens the database, and makes the guide's project in it at the first start.
    """

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        project = guide(config.token)
        store = Store(config.database, project)
        try:
            _assemble(app, config, store)
            yield
        finally:
            store.close()

    handlers: Any = {DirectusError: _told, HTTPException: _not_found}
    app = Starlette(lifespan=lifespan, exception_handlers=handlers)
    app.router.redirect_slashes = False
    return app


def _assemble(app: Starlette, config: Config, store: Store) -> None:
    project, hub = store.project, Hub()
    access = Access(project, store.user_ids)
    limits = Limits(config.query_limit_default, config.query_limit_max)
    dispatcher = Dispatcher(store, hub, Items(project, _now, limits, config.max_batch_mutation))
    heartbeat = config.heartbeat_period
    handlers = Handlers(project, hub, limits, _now, heartbeat is not None)
    rules = Rules(handlers, Pulse(heartbeat), access.public, config.auth, config.auth_timeout)
    sockets = Sockets(config, rules, access, dispatcher)
    app.state.sockets = sockets
    app.router.routes[:] = [
        WebSocketRoute("/websocket", sockets.serve),
        WebSocketRoute("/{path:path}", _mute),
        *Rest(config, project, access, dispatcher, limits).routes(),
        *asset_routes(config),
    ]


def _now() -> datetime:
    return datetime.now(UTC)


async def _told(_request: Request, error: DirectusError) -> Response:
    return Json(error.envelope(), status_code=error.status)


async def _not_found(request: Request, _error: HTTPException) -> Response:
    # A method that a route has not got is no route either.
    error = route_not_found(request.url.path)
    return Json(error.envelope(), status_code=error.status)


async def _mute(websocket: WebSocket) -> None:
    """Leave an upgrade of a wrong path without any answer, as Directus does."""
    while (await websocket.receive())["type"] != "websocket.disconnect":
        pass


class _Server(uvicorn.Server):
    """Says when it listens, and says goodbye to sockets that are open when it ends."""

    def __init__(
        self, config: uvicorn.Config, app: Starlette, on_ready: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._app = app
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._app.state.sockets.close()
        await super().shutdown(sockets)


def create_server(config: Config, on_ready: Callable[[], None]) -> uvicorn.Server:
    """Return the server that ``serve`` runs; ``on_ready`` is called once it accepts connections."""
    app = create_app(config)
    options = uvicorn.Config(
        app,
        ws="websockets-sansio",
        ws_max_size=_LARGEST_FRAME,
        ws_per_message_deflate=False,
        ws_ping_interval=None,
        lifespan="on",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE,
    )
    logging.getLogger("uvicorn.error").addFilter(_is_news)
    return _Server(options, app, on_ready)


def _is_news(record: logging.LogRecord) -> bool:
    # uvicorn logs, as errors, an upgrade that we refused and a frame that is not UTF-8.
    return not record.getMessage().startswith(("ASGI callable returned", "Invalid UTF-8"))


def serve(config: Config, listener: socket.socket, on_ready: Callable[[], None]) -> None:
    """Serve on ``listener``, a bound socket, until Ctrl-C or SIGTERM.

    ``on_ready`` is called once connections are accepted.

    Raises:
        StoreError: the database cannot be opened; its text is one sentence with the cure.
    """
    # Opened once beforehand, so that what is wrong is told in a sentence and not in a traceback.
    Store(config.database, guide(config.token)).close()
    with suppress(KeyboardInterrupt):
        create_server(config, on_ready).run([listener])
