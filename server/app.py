"""The ASGI application, and the server that runs it."""

import logging
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import (
    AsyncExitStack,
    ExitStack,
    asynccontextmanager,
    closing,
    nullcontext,
    suppress,
)
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, WebSocketRoute

from server.assembly import assemble, middleware, project_of
from server.config import MAX_FRAME_SIZE, RELAYED_FRAME_SIZE, Config
from server.database.store import Store, StoreError
from server.errors import DirectusError, route_not_found
from server.log_limit import limit_log
from server.project_file import ProjectError
from server.rest.context import Json
from server.websocket.http_protocol import HttpProtocol, RelayedHttpProtocol
from server.websocket.sockets import leave_unanswered
from server.websocket.upgrade import UpgradeProtocol

__all__ = ["ProjectError", "StoreError", "create_app", "create_server", "open_store", "serve"]

_ACCEPTED = 8  # connections in one step: those that are refused are closed before the next
_GRACE = 2  # seconds for open requests at shutdown


def create_app(
    config: Config, pages: Sequence[BaseRoute] = (), opened: Store | None = None
) -> Starlette:
    """Return the ASGI application: REST and the socket, embedded or relayed, and ``pages``.

    Its lifespan opens the database and, at the first start, makes the project in it. Where the
    caller has ``opened`` the database, the caller closes it too.
    """

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        if config.directus is not None:
            parts = _relayed(app, config, pages)
        else:
            parts = _embedded(app, config, pages, opened)
        async with parts:
            yield

    handlers: Any = {DirectusError: _error_response, HTTPException: _not_found}
    app = Starlette(lifespan=lifespan, exception_handlers=handlers, middleware=middleware(config))
    app.router.redirect_slashes = False
    return app


@asynccontextmanager
async def _embedded(
    app: Starlette, config: Config, pages: Sequence[BaseRoute], opened: Store | None
) -> AsyncIterator[None]:
    with nullcontext(opened) if opened else closing(open_store(config)) as store:
        assemble(app, config, store)
        app.router.routes += pages
        yield


@asynccontextmanager
async def _relayed(
    app: Starlette, config: Config, pages: Sequence[BaseRoute]
) -> AsyncIterator[None]:
    from server.relay import Relay  # late: its HTTP client is slow to import

    async with AsyncExitStack() as stack:
        app.state.sockets = None
        app.router.routes[:] = [WebSocketRoute("/{path:path}", leave_unanswered), *pages]
        if config.directus:
            relay = await stack.enter_async_context(Relay(config.directus, config))
            app.router.routes[:0] = relay.socket_routes()
            app.router.routes += relay.http_routes()
        yield


async def _error_response(_request: Request, error: DirectusError) -> Response:
    return Json(error.envelope(), status_code=error.status)


async def _not_found(request: Request, _error: HTTPException) -> Response:
    # Directus has no 405: an unknown method is an unknown route.
    error = route_not_found(request.url.path)
    return Json(error.envelope(), status_code=error.status)


class _Server(uvicorn.Server):
    """Calls ``on_ready`` when it listens, and closes open sockets when it ends."""

    def __init__(
        self, config: uvicorn.Config, app: Starlette, on_ready: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._app = app
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        for listener in sockets or ():
            # Connections inherit it. asyncio sets it only on sockets that name TCP, which these
            # listeners do not; without it, each small write waits for the client's delayed ACK.
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await super().startup(sockets)
        for listener in sockets or ():
            # asyncio has set it to _ACCEPTED, which is too few to wait in the system.
            listener.listen(socket.SOMAXCONN)
        self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._app.state.sockets is not None:
            await self._app.state.sockets.close()
        await super().shutdown(sockets)


def create_server(
    config: Config,
    on_ready: Callable[[], None],
    pages: Sequence[BaseRoute] = (),
    opened: Store | None = None,
) -> uvicorn.Server:
    """Return the server that ``serve`` runs; it calls ``on_ready`` when it accepts connections."""
    app = create_app(config, pages, opened)
    options = uvicorn.Config(
        app,
        ws=UpgradeProtocol,
        http=HttpProtocol if config.directus is None else RelayedHttpProtocol,
        ws_max_size=MAX_FRAME_SIZE if config.directus is None else RELAYED_FRAME_SIZE,
        ws_per_message_deflate=False,
        ws_ping_interval=None,
        lifespan="on",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        backlog=_ACCEPTED,
        proxy_headers=False,  # anyone can claim to be a proxy
        timeout_graceful_shutdown=_GRACE,
    )
    logging.getLogger("uvicorn.error").addFilter(_is_error)
    limit_log()
    return _Server(options, app, on_ready)


def _is_error(record: logging.LogRecord) -> bool:
    # uvicorn logs a refused upgrade and a frame that is not UTF-8 as errors; they are not.
    return not record.getMessage().startswith(("ASGI callable returned", "Invalid UTF-8"))


def open_store(config: Config) -> Store:
    """Open the database and, at the first start, make the project in it.

    Raises:
        ProjectError: the project's file cannot be used.
        StoreError: the database cannot be opened. Both texts name the cure in one sentence.
    """
    return Store(config.database, project_of(config))


def serve(
    config: Config,
    listener: socket.socket,
    on_ready: Callable[[], None],
    pages: Sequence[BaseRoute] = (),
) -> None:
    """Serve on ``listener``, a bound socket, until Ctrl-C or SIGTERM.

    It calls ``on_ready`` when it accepts connections; ``pages`` are more routes to serve.

    Raises:
        ProjectError: the project's file cannot be used.
        StoreError: the database cannot be opened. Both texts name the cure in one sentence.
    """
    with suppress(KeyboardInterrupt), ExitStack() as stack:
        opened = None
        if config.directus is None:
            # Before the server starts, which would log its errors as tracebacks.
            opened = stack.enter_context(closing(open_store(config)))
        create_server(config, on_ready, pages, opened).run([listener])
