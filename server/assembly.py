"""The embedded server, assembled from its parts."""

from datetime import UTC, datetime

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, WebSocketRoute
from starlette.websockets import WebSocket

from server.auth.access import Access
from server.auth.authentication import Authentication
from server.config import Config
from server.cors import Cors
from server.database.store import Store
from server.errors import route_not_found
from server.hosts import HostMiddleware
from server.items.service import ItemsService
from server.limiter import FixedWindowLimiter
from server.project import Project
from server.project_file import GUIDE, read_project
from server.query.query import Limits
from server.realtime.dispatch import Dispatcher
from server.realtime.hub import Hub
from server.rest.context import Json, RequestContext
from server.rest.endpoints import Endpoints
from server.rest.internal_errors import InternalErrorMiddleware
from server.rest.items import ItemsEndpoints
from server.rest.rate_limit import RateLimitMiddleware
from server.rest.users import UsersEndpoints
from server.websocket.handlers import Handlers
from server.websocket.heartbeat import Heartbeat
from server.websocket.session import SessionConfig
from server.websocket.sockets import Sockets, leave_unanswered
from server.websocket.upgrade import refuse


def project_of(config: Config) -> Project:
    """Return the project to serve.

    Raises:
        ProjectError: its file cannot be used.
    """
    return read_project(config.project or GUIDE, config.token)


def middleware(config: Config) -> list[Middleware]:
    """Return the middleware, the outermost first."""
    has_cors = config.cors_enabled and config.cors_origin
    found = [Middleware(Cors, config=config)] if has_cors else []
    found += [Middleware(InternalErrorMiddleware), Middleware(HostMiddleware, config=config)]
    if config.rate_limiter_enabled and config.directus is None:
        found.append(Middleware(RateLimitMiddleware, config=config))
    return found


def assemble(app: Starlette, config: Config, store: Store) -> None:
    """Set the routes of ``app`` and its ``app.state.sockets``, which holds the connections."""
    project, hub = store.project, Hub()
    access = Access(project, store.prepared.user_ids)
    authentication = Authentication(
        access,
        store,
        access_ttl=config.access_token_ttl,
        refresh_ttl=config.refresh_token_ttl,
        stall=config.login_stall_time,
    )
    limits = Limits(config.query_limit_default, config.query_limit_max, config.max_relational_depth)
    dispatcher = Dispatcher(
        store, hub, ItemsService(project, _now, limits, config.max_batch_mutation)
    )
    handlers = Handlers(project, hub, limits, _now, config.heartbeat_period is not None)
    sockets = Sockets(config, _session_config(config, handlers, access), authentication, dispatcher)
    context = RequestContext(authentication, access.public, limits, config.max_payload_size)
    items = ItemsEndpoints(context, project, dispatcher)
    app.state.sockets = sockets
    app.router.routes[:] = [
        *_socket_routes(config, sockets),
        *Endpoints(config, context, authentication, store).routes(),
        *items.routes(),
        *UsersEndpoints(context, items).routes(),
    ]


def _session_config(config: Config, handlers: Handlers, access: Access) -> SessionConfig:
    def limiter() -> FixedWindowLimiter:
        return FixedWindowLimiter(config.rate_limiter_points, config.rate_limiter_duration)

    return SessionConfig(
        handlers,
        Heartbeat(config.heartbeat_period),
        access.public,
        config.auth,
        config.auth_timeout,
        limiter if config.rate_limiter_enabled else None,
    )


def _socket_routes(config: Config, sockets: Sockets) -> list[BaseRoute]:
    if not config.websockets:
        return [WebSocketRoute("/{path:path}", _unknown)]
    ours = [WebSocketRoute(config.websockets_rest_path, sockets.serve)]
    return [
        *(ours if config.websockets_rest else []),
        WebSocketRoute("/graphql", sockets.graphql),
        WebSocketRoute("/{path:path}", leave_unanswered),
    ]


def _now() -> datetime:
    return datetime.now(UTC)


async def _unknown(websocket: WebSocket) -> None:
    """Answer an upgrade as any request for an unknown path."""
    await websocket.receive()
    error = route_not_found(websocket.url.path)
    await refuse(websocket, error.status, bytes(Json(error.envelope()).body))
