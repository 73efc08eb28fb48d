"""One open socket: feeds its session, does its work, owns its one timer. Thin glue."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Iterable

from starlette.websockets import WebSocket, WebSocketDisconnect

from server.authentication import Admission, Authentication
from server.dispatch import Dispatcher
from server.effects import Authenticate, Close, Effect, Failure, Note, Send, Work
from server.errors import DirectusError, internal_error
from server.frames import error_frame
from server.session import Session

log = logging.getLogger("server")

_AT_ONCE = 64  # requests of one connection that are worked on side by side
_ONE_WRITE = 65_536  # characters


class Connection:
    """One socket and its session: feeds it, does its work, owns its one timer."""

    def __init__(
        self,
        websocket: WebSocket,
        session: Session,
        authentication: Authentication,
        dispatcher: Dispatcher,
        room: int,
    ) -> None:
        self._websocket = websocket
        self._session = session
        self._authentication = authentication
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

    @property
    def admitted(self) -> bool:
        """Whether its client is past the handshake."""
        return self._session.admitted

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
            effects = self._session.receive(text, self._loop.time())
        except Exception as error:
            effects = [Failure(error), Send(error_frame("server", internal_error()))]
        self._do(effects)

    async def _send_until_closed(self) -> None:
        try:
            while True:
                while self._outgoing:
                    await self._websocket.send({"type": "websocket.send", "texts": self._next()})
                if self._closing is not None:
                    (code,) = self._closing
                    message = {"type": "websocket.close", "code": code, "reason": ""}
                    await self._websocket.send(message)
                    return
                self._wake.clear()
                await self._wake.wait()
        except (WebSocketDisconnect, RuntimeError):
            return  # the client is gone, or the other side of us has closed

    def _next(self) -> list[str]:
        """Take as many texts as go well into one write."""
        texts: list[str] = []
        size = 0
        while self._outgoing and size < _ONE_WRITE:
            texts.append(self._outgoing.popleft())
            size += len(texts[-1])
        self._room += size
        return texts

    def _do(self, effects: Iterable[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Send):
                self.send(effect.text)
            elif isinstance(effect, Close):
                self.finish(None)
            elif isinstance(effect, Note):
                log.info("%s", effect.reason)
            elif isinstance(effect, Failure):
                log.error("a request failed", exc_info=effect.error)
            else:
                task = self._loop.create_task(self._work(effect))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        self._arm()

    async def _work(self, work: Work) -> None:
        async with self._slots:
            if isinstance(work, Authenticate):
                self._do(await self._authenticated(work))
            else:
                await self._dispatcher.perform(
                    work.request, lambda result: self._do(self._session.answer(work, result))
                )

    async def _authenticated(self, work: Authenticate) -> list[Effect]:
        try:
            admission = await self._authentication.admit(work.credentials)
        except Exception as error:
            # As with Directus, the client hears of any failure that its authentication failed.
            reason = Note(f"a client is not let in: {error}")
            cause = reason if isinstance(error, DirectusError) else Failure(error)
            return [cause, *self._session.authenticated(work, None, self._loop.time())]
        return self._session.authenticated(
            work,
            admission.rights,
            self._loop.time(),
            expires=expiry_of(admission),
            refresh_token=admission.refresh_token,
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
        try:
            effects = self._session.tick(max(self._loop.time(), self._session.deadline or 0))
        except Exception as error:
            self._session.close()
            effects = [Failure(error), Close()]
        self._do(effects)


def expiry_of(admission: Admission | None) -> float | None:
    """Return when an admission expires, in seconds of the running loop's clock, or None."""
    if admission is None or admission.expires is None:
        return None
    return admission.expires - time.time() + asyncio.get_running_loop().time()
