"""One open socket: the driver of its session, with its tasks and its timer."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Iterable

from starlette.websockets import WebSocket, WebSocketDisconnect

from server.auth.authentication import Authentication, Identity
from server.errors import DirectusError, internal_error
from server.frames import error_frame
from server.realtime.dispatch import Dispatcher
from server.websocket.effects import Authenticate, Close, Effect, Failure, Note, Send, Work
from server.websocket.session import Session

log = logging.getLogger("server")

_CONCURRENT = 64  # requests of one connection
_ONE_WRITE = 65_536  # characters


class Connection:
    """One socket and its session.

    ``room`` is the number of characters that may wait for a client that reads slowly.
    """

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
        self._slots = asyncio.Semaphore(_CONCURRENT)
        self._tasks: set[asyncio.Task[None]] = set()
        self.sent: asyncio.Task[None] = self._loop.create_task(self._send_until_closed())

    @property
    def is_open(self) -> bool:
        """Whether the handshake is over and the session is not closed."""
        return self._session.is_open

    async def run(self) -> None:
        """Serve the connection until either side closes it."""
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
        """Queue ``text``; drop the connection if too much is waiting for the client to read."""
        if self._closing is not None:
            return
        self._room -= len(text)
        if self._room < 0:
            log.warning("dropped a connection whose client does not read")
            self._outgoing.clear()
            self.sent.cancel()
            return
        self._outgoing.append(text)
        self._wake.set()

    def finish(self, code: int | None) -> None:
        """Close the connection after everything in the queue is sent."""
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
                # As Directus does: invalid UTF-8 then fails to parse as JSON.
                text = message["bytes"].decode("utf-8", "replace")
            self._receive(text)
            async with self._slots:
                pass  # read the next frame only when a request may start

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
            return  # the client is gone, or the reading side has closed

    def _next(self) -> list[str]:
        """Take the texts of the next write from the queue."""
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
            identity = await self._authentication.authenticate(work.credentials)
        except Exception as error:
            # As in Directus, any failure is a failed authentication for the client.
            reason = Note(f"authentication failed: {error}")
            cause = reason if isinstance(error, DirectusError) else Failure(error)
            return [cause, *self._session.authenticated(work, None, self._loop.time())]
        return self._session.authenticated(
            work,
            identity.accountability,
            self._loop.time(),
            expires=expiry_of(identity),
            refresh_token=identity.refresh_token,
        )

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        deadline = self._session.deadline
        if deadline is not None:
            self._timer = self._loop.call_at(deadline, self._tick)

    def _tick(self) -> None:
        # asyncio may call a timer early, by the resolution of its clock.
        try:
            effects = self._session.tick(max(self._loop.time(), self._session.deadline or 0))
        except Exception as error:
            self._session.close()
            effects = [Failure(error), Close()]
        self._do(effects)


def expiry_of(identity: Identity | None) -> float | None:
    """Return the time at which an identity expires, by the running loop's clock, or None."""
    if identity is None or identity.expires is None:
        return None
    return identity.expires - time.time() + asyncio.get_running_loop().time()
