"""The asyncio driver: what stands between the core, which does nothing, and the world.

Its duties: open and close sockets as the core says, pass on what they report, write what the core
gives, own the one timer, wake who waits for a reply or for a message, call the handlers.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import Any

from .client import DirectusClient
from .core.auth import Credentials
from .core.codec import Masked, quoted
from .core.events import (
    Authenticated,
    Closed,
    CloseSocket,
    CredentialsNeeded,
    Errored,
    Event,
    FeedReady,
    MessageReceived,
    Opened,
    OpenSocket,
    Replied,
    RequestFailed,
    SendText,
    StateChanged,
    Warned,
)
from .core.protocol import Protocol
from .core.states import State
from .diagnosis import explain
from .errors import AuthenticationFailed, ConnectionFailed, DirectusError
from .transports.base import Transport
from .transports.platform import fetch, open_socket, watch_network

log = logging.getLogger("directus")

WEB_SOCKET_EVENTS = ("open", "message", "close", "error")


class Driver:
    """Drives one core.

    Attributes:
        core: the core; after every call of it :meth:`step` is called.
        replies: who waits for an answer, by uid.
        readers: what wakes a subscription's consumer, by uid.
        last_error: why there is no connection, as far as is known.
        counts: frames sent and received, and times that the connection was open.

    Args:
        core: the core.
        client: whose address and tokens are used.
        url: the socket's address.
        auth_mode: ``handshake``, ``strict`` or ``public``.
    """

    def __init__(self, core: Protocol, client: DirectusClient, *, url: str, auth_mode: str) -> None:
        self.core = core
        self.replies: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self.readers: dict[str, asyncio.Event] = {}
        self.last_error: DirectusError | None = None
        self.counts = {"sent": 0, "received": 0, "opened": 0}
        self._client = client
        self._url = url
        self._auth_mode = auth_mode
        self._transport: Transport | None = None
        self._opening: asyncio.Task[None] | None = None
        self._renewing: asyncio.Task[None] | None = None
        self._explaining: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_due = 0.0  # Pyodide's handles cannot say when they are due
        self._unwatch: Callable[[], None] | None = None
        self._was_open = False
        self._stepping = False
        self._woken = False  # whether the last frame has woken a consumer
        self._waiting_turn = False  # whether the next frame is taken after that consumer's turn
        self._inbox: deque[tuple[int, str]] = deque()
        self._handlers: dict[str, list[Callable[..., object]]] = {
            name: [] for name in (*WEB_SOCKET_EVENTS, "state")
        }

    def now(self) -> float:
        """Return the time, in the loop's seconds."""
        return asyncio.get_running_loop().time()

    def on(self, name: str, callback: Callable[..., object]) -> Callable[[], None]:
        """Call ``callback`` at every event of a name; return what takes it away again."""
        handlers = self._handlers[name]
        handlers.append(callback)
        return lambda: handlers.remove(callback) if callback in handlers else None

    def step(self) -> None:
        """Handle what the core reports, then set the timer.

        A handler may call the client again: what comes of that is handled after it.
        """
        if self._stepping:
            return
        self._stepping = True
        try:
            while events := self.core.events():
                for event in events:
                    self._handle(event)
        finally:
            self._stepping = False
        self._arm()

    async def explained(self) -> None:
        """Wait until the reason of the last failure is known."""
        if self._explaining is not None:
            await asyncio.wait([self._explaining])

    # What the network and a socket report

    def network_may_be_back(self) -> None:
        """There may be a network again, or somebody looks."""
        self.core.wake(self.now())
        self.step()

    def network_is_gone(self) -> None:
        """There is no network."""
        self.core.offline(self.now())
        self.step()

    def socket_opened(self, number: int, credentials: dict[str, str] | None) -> None:
        """Socket ``number`` is open; authenticate with ``credentials`` if there are any."""
        self.core.opened(number, credentials, self.now())
        self.step()

    def socket_received(self, number: int, text: str) -> None:
        """A text frame came on socket ``number``."""
        self.counts["received"] += 1
        self._inbox.append((number, text))
        if not self._waiting_turn:
            self._take_frames()

    def socket_errored(self, number: int, detail: Any) -> None:
        """Socket ``number`` reported an error."""
        self.core.errored(number, detail)
        self.step()

    def socket_closed(self, number: int, code: int, reason: str) -> None:
        """Socket ``number`` is gone."""
        while self._inbox:
            self._take_frame()
        self.core.closed(number, code, reason, self.now())
        self.step()

    def _take_frames(self) -> None:
        """Take the frames that have come; after one for a consumer, it has its turn first.

        So what a consumer does with a message comes before what handlers do with the next one.
        """
        self._waiting_turn = False
        while self._inbox and not self._waiting_turn:
            self._woken = False
            self._take_frame()
            self._waiting_turn = self._woken
        if self._waiting_turn:
            asyncio.get_running_loop().call_soon(self._take_frames)

    def _take_frame(self) -> None:
        number, text = self._inbox.popleft()
        self.core.received(number, text, self.now())
        self.step()

    # The timer

    def _arm(self) -> None:
        """Set the timer; one that comes too early is left alone, and sets the next."""
        due = self.core.deadline()
        if due is None or (self._timer is not None and self._timer_due <= due):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_due = due
        delay = max(0.0, due - self.now())
        self._timer = asyncio.get_running_loop().call_later(delay, self._tick)

    def _tick(self) -> None:
        self._timer = None
        self.core.tick(self.now())
        self.step()

    # What the core reports

    def _handle(self, event: Event) -> None:
        match event:
            case SendText(_, text):
                self.counts["sent"] += 1
                if self._transport is not None:
                    self._transport.send(text)
            case MessageReceived(message):
                self._call("message", message)
            case FeedReady(uid):
                if uid in self.readers and not self.readers[uid].is_set():
                    self.readers[uid].set()
                    self._woken = True
            case Replied(uid, message):
                if uid in self.replies and not self.replies[uid].done():
                    self.replies[uid].set_result(message)
            case RequestFailed(uid, error):
                if uid in self.replies and not self.replies[uid].done():
                    self.replies[uid].set_exception(error)
            case _:
                self._handle_connection(event)

    def _handle_connection(self, event: Event) -> None:
        match event:
            case OpenSocket(number, refused):
                self._opening = asyncio.ensure_future(self._open(number, refused))
            case CredentialsNeeded(number, used):
                self._renewing = asyncio.ensure_future(self._renew(number, used))
            case Authenticated(answer) if self._client.tokens is not None:
                self._client.tokens.accepted(answer)
            case CloseSocket():
                self._close_transport()
            case StateChanged():
                self._change_state(event)
            case Opened():
                self.counts["opened"] += 1
                self._was_open = True
                self._call("open", event)
            case Errored(detail):
                self._call("error", detail)
            case Closed():
                self._call("close", event)
            case Warned(text):
                log.warning(text)

    def _call(self, name: str, argument: Any) -> None:
        for handler in list(self._handlers[name]):
            try:
                handler(argument)
            except Exception:
                log.exception('A handler of "%s" failed.', name)

    def _change_state(self, change: StateChanged) -> None:
        self._watch_while_wanted(change.state)
        self.last_error = change.error or self.last_error
        if change.state == State.WAITING:
            if not self._was_open:  # the reason is found out first, and told then
                change = change._replace(error=None)
                self._explaining = self._explaining or asyncio.ensure_future(self._explain())
            self._was_open = False
        self._call("state", change)

    def _watch_while_wanted(self, state: str) -> None:
        """Watch the network as long as a connection is wanted."""
        wanted = state not in (State.CLOSED, State.FAILED)
        if wanted and self._unwatch is None:
            self._unwatch = watch_network(self.network_may_be_back, self.network_is_gone)
        elif not wanted and self._unwatch is not None:
            self._unwatch()
            self._unwatch = None

    # The socket

    async def _open(self, number: int, refused: dict[str, str] | None) -> None:
        try:
            self._connect(number, await self._credentials(refused))
        except _NoAnswer as error:
            self.core.errored(number, error.__cause__)
            self.core.closed(number, 1006, "", self.now())
        except DirectusError as error:
            self.core.refuse(error)
        self.step()

    def _connect(self, number: int, credentials: Credentials | None) -> None:
        url, fields = self._url, None
        if credentials is not None:
            self.core.prepared(number, credentials)
            if self._auth_mode == "strict":
                url += f"?access_token={quoted(_access_token(credentials))}"
            else:
                fields = credentials.fields
        log.debug("= opening %s", Masked(url))
        self._transport = open_socket(url, _SocketListener(self, number, fields))

    async def _renew(self, number: int, used: dict[str, str]) -> None:
        """Get others than ``used`` for the open connection."""
        try:
            credentials = await self._credentials(used)
        except _NoAnswer:
            self.core.not_renewed(number, self.now())
        except DirectusError as error:
            self.core.refuse(error)
        else:
            if credentials is not None:
                self.core.renew(number, credentials)
        self.step()

    async def _credentials(self, refused: dict[str, str] | None) -> Credentials | None:
        """Return what to authenticate with; None where no authentication is wanted."""
        if self._client.tokens is None or self._auth_mode == "public":
            return None
        try:
            return await self._client.tokens.credentials(refused)
        except AuthenticationFailed:
            raise
        except ConnectionFailed as error:
            raise _NoAnswer from error

    def _close_transport(self) -> None:
        for task in (self._opening, self._renewing):
            if task is not None:
                task.cancel()
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.close()

    async def _explain(self) -> None:
        """Find out why the connection could not be made, and tell it."""
        try:
            token = await self._client.get_token()
        except DirectusError:
            token = None  # what is wrong with it is told where the connection is opened
        error = await explain(self._client.url, auth_mode=self._auth_mode, token=token, fetch=fetch)
        self._explaining = None
        if self.core.state in (State.OPEN, State.CLOSED, State.FAILED):
            return
        if isinstance(error, AuthenticationFailed):
            self.core.reject(error, self.now())
            self.step()
        else:
            self.last_error = error
            self._call("state", StateChanged(self.core.state, error))


class _NoAnswer(Exception):
    """Whoever gives tokens did not answer: a reason to try again later, and for nothing else."""


class _SocketListener:
    """Passes on what one socket reports, under its number."""

    def __init__(self, driver: Driver, number: int, credentials: dict[str, str] | None) -> None:
        self._driver = driver
        self._number = number
        self._credentials = credentials

    def opened(self) -> None:
        self._driver.socket_opened(self._number, self._credentials)

    def received(self, text: str) -> None:
        self._driver.socket_received(self._number, text)

    def errored(self, detail: Any) -> None:
        self._driver.socket_errored(self._number, detail)

    def closed(self, code: int, reason: str) -> None:
        self._driver.socket_closed(self._number, code, reason)


def _access_token(credentials: Credentials) -> str:
    token = credentials.fields.get("access_token")
    if token is None:
        raise AuthenticationFailed(
            "In the strict mode the token is part of the socket's address, and these credentials "
            "have none: use static_token or authentication, or the auth mode handshake."
        )
    return token
