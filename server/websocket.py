"""Our WebSocket: admits connections, and drives a session for each. Thin glue."""

import asyncio
import logging
from collections import deque
from collections.abc import Iterable
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, urlsplit

from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect

from server.access import Access, Rights
from server.config import Config
from server.dispatch import Dispatcher
from server.effects import Authenticate, Close, Effect, Note, Send, Work
from server.session import Rules, Session

log = logging.getLogger("server")

_AT_ONCE = 64  # requests of one connection that are worked on side by side


class Sockets:
    """All open connections, and the way in."""

    def __init__(
        self, config: Config, rules: Rules, access: Access, dispatcher: Dispatcher
    ) -> None:
        self._config = config
        self._rules = rules
        self._access = access
        self._dispatcher = dispatcher
        self._connections: set[Connection] = set()

    async def serve(self, websocket: WebSocket) -> None:
        """Serve one connection, from its upgrade to its end."""
        await websocket.receive()  # the request to connect, which holds nothing
        if not _same_origin(websocket):
            await websocket.send_denial_response(Response(status_code=403))
            return
        token = _token(websocket)
        rights = self._access.rights(token) if token else None
        if rights is None and (token != "" or self._config.auth == "strict"):
            await websocket.send_denial_response(Response(status_code=401))
            return
        subprotocols = websocket.scope["subprotocols"]
        await websocket.accept(subprotocol=subprotocols[0] if subprotocols else None)
        await self._run(websocket, rights)

    async def _run(self, websocket: WebSocket, rights: Rights | None) -> None:
        now = asyncio.get_running_loop().time()
        self._rules.pulse.join(now)
        session = Session(self._rules, rights, now)
        room = self._config.send_queue
        connection = Connection(websocket, session, self._access, self._dispatcher, room)
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


class Connection:
    """One socket and its session: feeds it, does its work, owns its one timer."""

    def __init__(
        self,
        websocket: WebSocket,
        session: Session,
        access: Access,
        dispatcher: Dispatcher,
        room: int,
    ) -> None:
        self._websocket = websocket
        self._session = session
        self._access = access
        self._dispatcher = dispatcher
        self._room = room
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._outgoing: deque[str] = deque()
        self._wake = asyncio.Event()
        self._closing: tuple[int | None] | None = None
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()
        self.sent: asyncio.Task[None] = self._loop.create_task(self._send_until_closed())

    async def run(self) -> None:
        """Serve the connection until it is closed by either side."""
        self._arm()
        reading = self._loop.create_task(self._receive_until_closed())
        try:
            await asyncio.wait((reading, self.sent), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._session.close()
            self._arm()
            reading.cancel()
            self.finish(None)
            await asyncio.wait((reading, self.sent), timeout=1)
            self.sent.cancel()

    def send(self, text: str) -> None:
        """Queue ``text``; a client that does not read what it is sent is dropped."""
        if self._closing is not None:
            return
        self._room -= len(text)
        if self._room < 0:
            log.warning("dropped a connection that does not read what it is sent")
            self._outgoing.clear()
            self.sent.cancel()
            return
        self._outgoing.append(text)
        self._wake.set()

    def finish(self, code: int | None) -> None:
        """Close the connection once all that is queued is sent."""
        if self._closing is None:
            self._closing = (code,)
            self._wake.set()

    async def _receive_until_closed(self) -> None:
        while True:
            message = await self._websocket.receive()
            if message["type"] == "websocket.disconnect":
                return
            text = message.get("text")
            if text is None:
                # As Directus does: what is no UTF-8 will then be no JSON either.
                text = message["bytes"].decode("utf-8", "replace")
            self._receive(text)
            async with self._slots:
                pass  # waits for a free slot, and with it the client

    def _receive(self, text: str) -> None:
        try:
            self._do(self._session.receive(text))
        except Exception:
            log.exception("a frame got no answer")

    async def _send_until_closed(self) -> None:
        try:
            while True:
                while self._outgoing:
                    text = self._outgoing.popleft()
                    self._room += len(text)
                    await self._websocket.send_text(text)
                if self._closing is not None:
                    (code,) = self._closing
                    message = {"type": "websocket.close", "code": code, "reason": ""}
                    await self._websocket.send(message)
                    return
                self._wake.clear()
                await self._wake.wait()
        except (WebSocketDisconnect, RuntimeError):
            return  # the client is gone, or the other side of us has closed

    def _do(self, effects: Iterable[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Send):
                self.send(effect.text)
            elif isinstance(effect, Close):
                self.finish(None)
            elif isinstance(effect, Note):
                log.info("%s", effect.reason)
            else:
                task = self._loop.create_task(self._work(effect))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        self._arm()

    async def _work(self, work: Work) -> None:
        async with self._slots:
            try:
                await self._performed(work)
            except Exception:
                log.exception("a request got no answer")

    async def _performed(self, work: Work) -> None:
        if isinstance(work, Authenticate):
            rights = self._access.rights(work.credentials.get("access_token", ""))
            self._do(self._session.authenticated(work, rights, self._loop.time()))
            return

        await self._dispatcher.perform(
            work.request, lambda result: self._do(self._session.answer(work, result))
        )

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        deadline = self._session.deadline
        if deadline is not None:
            self._timer = self._loop.call_at(deadline, self._tick)

    def _tick(self) -> None:
        # Timers of asyncio may come a little early, by the clock's resolution.
        self._do(self._session.tick(max(self._loop.time(), self._session.deadline or 0)))


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


def _same_origin(websocket: WebSocket) -> bool:
    origin = websocket.headers.get("origin")
    if origin is None:
        return True
    return urlsplit(origin).netloc == websocket.headers.get("host")
