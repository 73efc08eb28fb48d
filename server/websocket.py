"""Our WebSocket: admits connections, and has a session for each. Thin glue."""

import asyncio
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.websockets import WebSocket

from server.authentication import Admission, Authentication
from server.config import Config
from server.connection import Connection, expiry_of
from server.cors import may_connect
from server.dispatch import Dispatcher
from server.errors import DirectusError
from server.session import Rules, Session
from server.upgrade import refuse


class Sockets:
    """All open connections, and the way in."""

    def __init__(
        self,
        config: Config,
        rules: Rules,
        authentication: Authentication,
        dispatcher: Dispatcher,
    ) -> None:
        self._config = config
        self._rules = rules
        self._authentication = authentication
        self._dispatcher = dispatcher
        self._connections: set[Connection] = set()

    async def serve(self, websocket: WebSocket) -> None:
        """Serve one connection, from its upgrade to its end."""
        await websocket.receive()  # the request to connect, which holds nothing
        headers, limit = websocket.headers, self._config.websockets_rest_conn_limit
        full = limit is not None and sum(c.admitted for c in self._connections) >= limit
        if full or not may_connect(self._config, headers.get("origin"), headers.get("host", "")):
            await refuse(websocket, 403)
            return
        token = _token(websocket)
        try:
            admission = self._authentication.identify(token) if token else None
        except DirectusError:
            token = None
        if token is None or (token == "" and self._config.auth == "strict"):
            await refuse(websocket, 401)
            return
        subprotocols = websocket.scope["subprotocols"]
        await websocket.accept(subprotocol=subprotocols[0] if subprotocols else None)
        await self._run(websocket, admission)

    async def graphql(self, websocket: WebSocket) -> None:
        """Refuse pages of others at the socket of GraphQL, and leave all else without an answer."""
        headers = websocket.headers
        if not may_connect(self._config, headers.get("origin"), headers.get("host", "")):
            await websocket.receive()
            await refuse(websocket, 403)
            return
        await mute(websocket)

    async def _run(self, websocket: WebSocket, admission: Admission | None) -> None:
        loop = asyncio.get_running_loop()
        self._rules.pulse.join(loop.time())
        rights = admission.rights if admission else None
        expires = expiry_of(admission)
        session = Session(self._rules, rights, loop.time(), expires)
        room = self._config.send_queue
        connection = Connection(websocket, session, self._authentication, self._dispatcher, room)
        self._connections.add(connection)
        self._dispatcher.outlets[session] = connection.send
        try:
            await connection.run()
        finally:
            del self._dispatcher.outlets[session]
            self._connections.discard(connection)
            self._rules.pulse.leave()

    async def close(self) -> None:
        """Say goodbye to every client: the server is going away."""
        connections = list(self._connections)
        for connection in connections:
            connection.finish(1001)
        if connections:
            await asyncio.wait([c.sent for c in connections], timeout=1)


async def mute(websocket: WebSocket) -> None:
    """Leave an upgrade of a wrong path without any answer, as Directus does."""
    while (await websocket.receive())["type"] != "websocket.disconnect":
        pass


def _token(websocket: WebSocket) -> str | None:
    """Return the token of the upgrade; empty for none, None for one that cannot be."""
    given = parse_qs(websocket.url.query, keep_blank_values=True).get("access_token", [])
    if len(given) > 1:
        return None
    if given and given[0]:
        return given[0]
    try:
        cookie = SimpleCookie(websocket.headers.get("cookie", "")).get("directus_session_token")
    except CookieError:
        cookie = None
    return cookie.value if cookie else ""
