"""Our own Directus put together: store, rules, doors, endpoints. Thin glue."""

from datetime import UTC, datetime

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, WebSocketRoute
from starlette.websockets import WebSocket

from server.access import Access
from server.assets import routes as asset_routes
from server.authentication import Authentication
from server.config import Config
from server.cors import Cors
from server.dispatch import Dispatcher
from server.endpoints import Endpoints
from server.errors import route_not_found
from server.handlers import Handlers
from server.http import Callers, Json
from server.hub import Hub
from server.internal_errors import InternalErrorMiddleware
from server.items import Items
from server.limits import Window
from server.project import Project
from server.project_file import GUIDE, read_project
from server.pulse import Pulse
from server.query import Limits
from server.rest import Rest
from server.session import Rules
from server.store import Store
from server.throttle import Throttle
from server.upgrade import refuse
from server.websocket import Sockets, mute


def project_of(config: Config) -> Project:
    """Return what is to be served.

    Raises:
        ProjectError: the file that says so cannot be used.
    """
    return read_project(config.project or GUIDE, config.token)


def middleware(config: Config) -> list[Middleware]:
    """Return what every request passes first, the outermost first."""
    failures = Middleware(InternalErrorMiddleware)
    if config.directus is not None:
        return [failures]
    found = [Middleware(Cors, config=config)] if config.cors_enabled and config.cors_origin else []
    found.append(failures)
    if config.rate_limiter_enabled:
        found.append(Middleware(Throttle, config=config))
    return found


def assemble(app: Starlette, config: Config, store: Store) -> None:
    """Give ``app`` its routes, and ``app.state.sockets``: what holds the connections."""
    project, hub = store.project, Hub()
    access = Access(project, store.prepared.user_ids)
    authentication = Authentication(
        access,
        store,
        access_ttl=config.access_token_ttl,
        refresh_ttl=config.refresh_token_ttl,
        stall=config.login_stall_time,
    )
    limits = Limits(config.query_limit_default, config.query_limit_max)
    dispatcher = Dispatcher(store, hub, Items(project, _now, limits, config.max_batch_mutation))
    handlers = Handlers(project, hub, limits, _now, config.heartbeat_period is not None)
    sockets = Sockets(config, _rules(config, handlers, access), authentication, dispatcher)
    callers = Callers(authentication, access.public, limits, config.max_payload_size)
    app.state.sockets = sockets
    app.router.routes[:] = [
        *_socket_routes(config, sockets),
        *Endpoints(config, callers, authentication, access, store).routes(),
        *Rest(callers, project, dispatcher).routes(),
        *asset_routes(config),
    ]


def _rules(config: Config, handlers: Handlers, access: Access) -> Rules:
    def window() -> Window:
        return Window(config.rate_limiter_points, config.rate_limiter_duration)

    return Rules(
        handlers,
        Pulse(config.heartbeat_period),
        access.public,
        config.auth,
        config.auth_timeout,
        window if config.rate_limiter_enabled else None,
    )


def _socket_routes(config: Config, sockets: Sockets) -> list[BaseRoute]:
    if not config.websockets:
        return [WebSocketRoute("/{path:path}", _unknown)]
    ours = [WebSocketRoute(config.websockets_rest_path, sockets.serve)]
    return [
        *(ours if config.websockets_rest else []),
        WebSocketRoute("/graphql", sockets.graphql),
        WebSocketRoute("/{path:path}", mute),
    ]


def _now() -> datetime:
    return datetime.now(UTC)


async def _unknown(websocket: WebSocket) -> None:
    """Answer an upgrade as any request for a path that is none of ours."""
    await websocket.receive()
    error = route_not_found(websocket.url.path)
    await refuse(websocket, error.status, bytes(Json(error.envelope()).body))
