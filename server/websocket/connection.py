"""One open socket: the driver of its session, with its tasks and its timer."""

import asyncio
import itertools
import logging
import time
from collections.abc import Iterable

from starlette.websockets import WebSocket, WebSocketDisconnect

from server.auth.authentication import Authentication, Identity
from server.config import MAX_FRAME_SIZE
from server.errors import DirectusError, internal_error
from server.frames import error_frame
from server.realtime.dispatch import Dispatcher
from server.websocket.effects import (
    Authenticate,
    Close,
    Effect,
    Failure,
    Note,
    Perform,
    Send,
    StartSubscription,
    Work,
)
from server.websocket.outgoing import Outgoing
from server.websocket.session import Session
from server.websocket.upgrade import limit_frames

log = logging.getLogger("server")

_CONCURRENT = 64  # requests of one connection
_CONCURRENT_LARGE = 4  # of those, the ones whose replies may be larger than the request
_FLUSH = 10.0  # seconds for a client to read what is left at the end
_AT_ONCE = 16  # frames that are handled before other clients have their turn


class Connection:
    """One socket and its session.

    ``room`` is the number of characters of events that may wait for a client that reads slowly.
    Replies to its own requests wait too, and it gets no further ones while there are so many.
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
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._outgoing = Outgoing(room)
        self._closing: tuple[int | None] | None = None
        self._slots = asyncio.Semaphore(_CONCURRENT)
        self._large = asyncio.Semaphore(_CONCURRENT_LARGE)
        self._authenticating = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self.sent: asyncio.Task[None] = self._loop.create_task(self._send_until_closed())

    @property
    def is_open(self) -> bool:
        """Whether the handshake is over and the session is not closed."""
        return self._session.is_open

    async def run(self) -> None:
        """Serve the connection until either side closes it."""
        self._do([])
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

    def send_event(self, text: str) -> None:
        """Queue ``text``; drop the connection if too much is waiting for the client to read."""
        if self._closing is None and not self._outgoing.put_event(text):
            log.warning("dropped a connection whose client does not read")
            self._outgoing.clear()
            self.sent.cancel()

    def finish(self, code: int | None) -> None:
        """Close the connection after everything in the queue is sent."""
        if self._closing is None:
            self._closing = (code,)
            self._outgoing.changed.set()
            late = self._loop.call_later(_FLUSH, self.sent.cancel)
            self.sent.add_done_callback(lambda _: late.cancel())

    async def _receive_until_closed(self) -> None:
        for number in itertools.count():
            if number % _AT_ONCE == 0:
                await asyncio.sleep(0)  # give way: what has arrived already is not waited for
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
                while texts := self._outgoing.next():
                    await self._websocket.send({"type": "websocket.send", "texts": texts})
                    self._outgoing.sent()
                if self._closing is not None:
                    (code,) = self._closing
                    message = {"type": "websocket.close", "code": code, "reason": ""}
                    await self._websocket.send(message)
                    return
                await self._outgoing.wait()
        except (WebSocketDisconnect, RuntimeError):
            return  # the client is gone, or the reading side has closed

    def _do(self, effects: Iterable[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Send):
                if self._closing is None:
                    self._outgoing.put_reply(effect.text)
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
        if self._session.accountability.user is not None:
            limit_frames(self._websocket, MAX_FRAME_SIZE)
        self._arm()

    async def _work(self, work: Work) -> None:
        async with self._slots:
            if isinstance(work, Authenticate):
                # One at a time: others wait for passwords to be checked, too.
                async with self._authenticating:
                    self._do(await self._authenticated(work))
            elif work.request.action == "create" and not isinstance(work.request.data, list):
                await self._perform(work)
            else:
                async with self._large:
                    await self._perform(work)

    async def _perform(self, work: Perform | StartSubscription) -> None:
        await self._outgoing.room_for_replies()
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
