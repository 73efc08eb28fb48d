"""The WebSocket endpoints: checks of an upgrade, and a connection with a session for each."""

import asyncio
from urllib.parse import parse_qs, unquote

from starlette.websockets import WebSocket
from uvicorn.protocols.utils import ClientDisconnected

from server.auth.authentication import Authentication, Identity
from server.config import MAX_UNAUTHENTICATED_SIZE, Config
from server.cors import may_connect
from server.errors import DirectusError
from server.realtime.dispatch import Dispatcher
from server.websocket.connection import Connection, expiry_of
from server.websocket.session import Session, SessionConfig
from server.websocket.upgrade import limit_frames, refuse

_UNANSWERED = 60.0  # seconds until an upgrade of an unknown path ends


class Sockets:
    """All open connections."""

    def __init__(
        self,
        config: Config,
        session_config: SessionConfig,
        authentication: Authentication,
        dispatcher: Dispatcher,
    ) -> None:
        self._config = config
        self._session_config = session_config
        self._authentication = authentication
        self._dispatcher = dispatcher
        self._connections: set[Connection] = set()

    async def serve(self, websocket: WebSocket) -> None:
        """Serve one connection: check its upgrade, and run it until its end."""
        await websocket.receive()  # the connect event, which has no content
        headers, limit = websocket.headers, self._config.websockets_rest_conn_limit
        full = limit is not None and sum(c.is_open for c in self._connections) >= limit
        if full or not may_connect(self._config, headers.get("origin"), headers.get("host", "")):
            await refuse(websocket, 403)
            return
        token = _token(websocket)
        try:
            identity = self._authentication.identify(token) if token else None
        except DirectusError:
            token = None
        if token is None or (token == "" and self._config.auth == "strict"):
            await refuse(websocket, 401)
            return
        limit_frames(websocket, MAX_UNAUTHENTICATED_SIZE)
        subprotocols = websocket.scope["subprotocols"]
        await websocket.accept(subprotocol=subprotocols[0] if subprotocols else None)
        await self._run(websocket, identity)

    async def graphql(self, websocket: WebSocket) -> None:
        """Refuse other origins at the socket of GraphQL; leave all others without an answer."""
        headers = websocket.headers
        if not may_connect(self._config, headers.get("origin"), headers.get("host", "")):
            await websocket.receive()
            await refuse(websocket, 403)
            return
        await leave_unanswered(websocket)

    async def _run(self, websocket: WebSocket, identity: Identity | None) -> None:
        loop = asyncio.get_running_loop()
        self._session_config.heartbeat.join(loop.time())
        accountability = identity.accountability if identity else None
        expires = expiry_of(identity)
        session = Session(self._session_config, accountability, loop.time(), expires)
        room = self._config.send_queue
        connection = Connection(websocket, session, self._authentication, self._dispatcher, room)
        self._connections.add(connection)
        self._dispatcher.senders[session] = connection.send_event
        try:
            await connection.run()
        finally:
            del self._dispatcher.senders[session]
            self._connections.discard(connection)
            self._session_config.heartbeat.leave()

    async def close(self) -> None:
        """Close every connection with 1001: the server is going away."""
        connections = list(self._connections)
        for connection in connections:
            connection.finish(1001)
        if connections:
            await asyncio.wait([c.sent for c in connections], timeout=1)


async def leave_unanswered(websocket: WebSocket) -> None:
    """Leave an upgrade of an unknown path without an answer, as Directus does, but not for ever."""
    try:
        async with asyncio.timeout(_UNANSWERED):
            while (await websocket.receive())["type"] != "websocket.disconnect":
                pass
    except TimeoutError:
        raise ClientDisconnected from None  # closes the connection, without an answer


def _token(websocket: WebSocket) -> str | None:
    """Return the token of the upgrade; empty if there is none, None if there is more than one."""
    given = parse_qs(websocket.url.query, keep_blank_values=True).get("access_token", [])
    if len(given) > 1:
        return None
    if given and given[0]:
        return given[0]
    return _cookie(websocket.headers.get("cookie", ""), "directus_session_token")


def _cookie(header: str, name: str) -> str:
    """Return the value of a cookie, or nothing."""
    for pair in header.split(";"):
        key, _, value = pair.strip().partition("=")
        if key == name:
            return unquote(value.strip('"'))
    return ""
