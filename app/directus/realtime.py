"""The realtime composable: asyncio's side of the core.

The driver's duties: it opens and closes sockets as the core says, passes on what they report,
writes what the core gives, owns the one timer, wakes who waits for a reply or for a message.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import Any, Self

from .client import DirectusClient
from .errors import AuthenticationFailed, ConnectionFailed, DirectusError, UsageError
from .events import (
    Closed,
    CloseSocket,
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
from .items import Items
from .protocol import Protocol, State
from .recovery import UNSET, Recovery, Since
from .subscription import Feed, SubscriptionMessage
from .transport import Transport, open_socket

log = logging.getLogger("directus")

WEB_SOCKET_EVENTS = ("open", "message", "close", "error")
AUTH_MODES = ("handshake", "strict", "public")


class RealtimeClient(DirectusClient):
    """A client that is connected to Directus' Realtime service.

    Made by :func:`realtime`, whose options are described there.
    """

    def __init__(
        self, client: DirectusClient, core: Protocol, *, url: str, auth_mode: str, timeout: float
    ) -> None:
        super().__init__(client.url, client.tokens)
        self._core = core
        self._socket_url = url
        self._auth_mode = auth_mode
        self._timeout = timeout
        self._transport: Transport | None = None
        self._opening: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_due = 0.0  # Pyodide's handles cannot say when they are due
        self._stepping = False
        self._inbox: deque[tuple[int, str]] = deque()
        self._yielding = False  # whether a consumer has its turn before the next frame
        self._handlers: dict[str, list[Callable[..., object]]] = {
            name: [] for name in (*WEB_SOCKET_EVENTS, "state")
        }
        self._replies: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._readers: dict[str, asyncio.Event] = {}
        self._last_error: DirectusError | None = None
        self._counts = {"sent": 0, "received": 0, "opened": 0}

    # The connection

    @property
    def state(self) -> str:
        """``closed``, ``connecting``, ``authenticating``, ``open``, ``waiting`` or ``failed``."""
        return self._core.state.value

    async def connect(self, timeout: float | None = 10.0) -> None:
        """Connect and authenticate; return when messages can be sent.

        An attempt that fails for a reason which may heal is repeated.

        Args:
            timeout: seconds after which to give up; None goes on trying.

        Raises:
            AuthenticationFailed: Directus refused the token.
            ConnectionFailed: there was no connection in time, or :meth:`disconnect` was called.
        """
        self._core.connect(self._now())
        self._step()
        settled: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def watch(change: StateChanged) -> None:
            if change.state in (State.OPEN, State.FAILED, State.CLOSED) and not settled.done():
                settled.set_result(None)

        if self._core.state is not State.OPEN:
            stop = self.on_state(watch)
            try:
                await asyncio.wait_for(settled, timeout)
            except TimeoutError:
                self.disconnect()
            finally:
                stop()
        if self._core.state is not State.OPEN:
            raise self._last_error or ConnectionFailed(
                "The client was disconnected before it had connected."
            )

    def disconnect(self) -> None:
        """Close the connection. Subscriptions wait, and go on after the next :meth:`connect`."""
        self._core.disconnect()
        self._step()

    def on_web_socket(self, event: str, callback: Callable[..., object]) -> Callable[[], None]:
        """Call ``callback`` at every ``open``, ``message``, ``close`` or ``error``.

        ``open`` comes when the connection is authenticated. A ``message`` is the JSON value;
        pings and the errors of authentication are not shown. What the other three are called
        with depends on the transport.

        Returns:
            A function that takes the callback away again.

        Raises:
            UsageError: there is no such event.
        """
        if event not in WEB_SOCKET_EVENTS:
            raise UsageError(f'There is no event "{event}": the events are {WEB_SOCKET_EVENTS}.')
        return self._add_handler(event, callback)

    def on_state(self, callback: Callable[[StateChanged], object]) -> Callable[[], None]:
        """Call ``callback`` at every change of the state; return what takes it away again."""
        return self._add_handler("state", callback)

    def stats(self) -> dict[str, int]:
        """Return counts: frames sent and received, reconnects, rows recovered, messages waiting."""
        return {
            "sent": self._counts["sent"],
            "received": self._counts["received"],
            "reconnects": max(0, self._counts["opened"] - 1),
            "recovered": self._core.recovered,
            "buffered": self._core.buffered,
        }

    # Messages

    def send_message(self, message: dict[str, Any] | str) -> None:
        """Send ``message`` and wait for no answer; without a connection it waits its turn.

        Raises:
            NotConnected: no connection is being made.
            OutboxFull: too much waits for the connection already.
        """
        self._core.send(message, self._now())
        self._step()

    async def subscribe(
        self,
        collection: str,
        *,
        event: str | None = None,
        query: dict[str, Any] | None = None,
        uid: str | None = None,
        recover: str | None = "id",
        key: str = "id",
        since: Since = UNSET,
        buffer: int = 65_536,
    ) -> "Subscription":
        """Subscribe to the changes of a collection; connect first if that was not done.

        Args:
            collection: the collection's name.
            event: ``create``, ``update`` or ``delete``; None for all three.
            query: which rows and fields, in Directus' words.
            uid: the subscription's uid; best left out.
            recover: for ``create``, the ascending field by which nothing is lost over a
                reconnect; None for the plain subscription.
            key: the collection's primary key.
            since: where recovery begins: the rows that were just read, a value of ``recover``,
                or None for the beginning. Left out, it begins now.
            buffer: how many messages may wait to be read.

        Raises:
            UsageError: a subscription has this uid already.
            ConnectionFailed: there was no connection.
        """
        if self._core.state in (State.CLOSED, State.FAILED):
            await self.connect()
        recovery = None
        if event == "create" and recover and not _aggregates(query or {}):
            recovery = Recovery(field=recover, key=key, query=query or {}, since=since)
        feed = Feed(
            self._core.next_uid() if uid is None else uid,
            collection,
            event=event,
            query=query,
            recovery=recovery,
            limit=buffer,
        )
        self._core.subscribe(feed, self._now())
        ready = self._readers[feed.uid] = asyncio.Event()
        self._step()
        return Subscription(self, feed, ready)

    def unsubscribe(self, feed: Feed) -> None:
        """End a subscription; :meth:`Subscription.unsubscribe` is the way to call it."""
        self._core.unsubscribe(feed)
        self._step()
        self._readers.pop(feed.uid, None)

    def items(self, collection: str) -> Items:
        """Return what can be done with the items of a collection over this connection."""
        return Items(collection, self.ask)

    async def ask(
        self,
        message: dict[str, Any],
        *,
        what: str,
        repeatable: bool,
        quiet: bool = False,
        timeout: float | None = None,
    ) -> dict[str, Any]:
        """Send a request and return its answer.

        Args:
            message: the request; it gets a uid.
            what: what to call it in an error.
            repeatable: whether it may be sent again if the connection falls.
            quiet: whether to keep the answer from the handlers of ``message``.
            timeout: seconds for the answer; None for the client's own.

        Raises:
            ServerError: Directus answered with an error.
            ReplyTimeout: no answer came in time.
            DeliveryUnknown: the connection fell before the answer came.
            UsageError: it was not taken; see there.
        """
        timeout = self._timeout if timeout is None else timeout
        reply: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        uid = self._core.request(
            message,
            what=what,
            repeatable=repeatable,
            quiet=quiet,
            timeout=timeout,
            now=self._now(),
        )
        self._replies[uid] = reply
        self._step()
        try:
            return await reply
        finally:
            self._replies.pop(uid, None)

    # What a socket reports

    def socket_opened(self, number: int, credentials: dict[str, str] | None) -> None:
        """Socket ``number`` is open; authenticate with ``credentials`` if there are any."""
        self._core.opened(number, credentials, self._now())
        self._step()

    def socket_received(self, number: int, text: str) -> None:
        """A text frame came on socket ``number``."""
        self._counts["received"] += 1
        self._inbox.append((number, text))
        if not self._yielding:
            self._take_frames()

    def socket_errored(self, number: int, detail: Any) -> None:
        """Socket ``number`` reported an error."""
        self._core.errored(number, detail)
        self._step()

    def socket_closed(self, number: int, code: int, reason: str) -> None:
        """Socket ``number`` is gone."""
        while self._inbox:
            self._take_frame()
        self._core.closed(number, code, reason, self._now())
        self._step()

    # The driver

    def _take_frames(self) -> None:
        """Take the frames that have come; after one for a consumer, it has its turn first.

        So what a consumer does with a message comes before what handlers do with the next one.
        """
        self._yielding = False
        while self._inbox and not self._yielding:
            self._take_frame()
        if self._yielding:
            asyncio.get_running_loop().call_soon(self._take_frames)

    def _take_frame(self) -> None:
        number, text = self._inbox.popleft()
        self._core.received(number, text, self._now())
        self._step()

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    def _add_handler(self, name: str, callback: Callable[..., object]) -> Callable[[], None]:
        handlers = self._handlers[name]
        handlers.append(callback)
        return lambda: handlers.remove(callback) if callback in handlers else None

    def _call(self, name: str, argument: Any) -> None:
        for handler in list(self._handlers[name]):
            try:
                handler(argument)
            except Exception:
                log.exception('A handler of "%s" failed.', name)

    def _step(self) -> None:
        """Handle what the core reports, then set the timer.

        A handler may call the client again: what comes of that is handled after it.
        """
        if self._stepping:
            return
        self._stepping = True
        try:
            while events := self._core.events():
                for event in events:
                    self._handle(event)
        finally:
            self._stepping = False
        self._arm()

    def _arm(self) -> None:
        """Set the timer; one that comes too early is left alone, and sets the next."""
        due = self._core.deadline()
        if due is None or (self._timer is not None and self._timer_due <= due):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_due = due
        delay = max(0.0, due - self._now())
        self._timer = asyncio.get_running_loop().call_later(delay, self._tick)

    def _tick(self) -> None:
        self._timer = None
        self._core.tick(self._now())
        self._step()

    def _handle(self, event: Event) -> None:
        match event:
            case SendText(_, text):
                self._counts["sent"] += 1
                if self._transport is not None:
                    self._transport.send(text)
            case MessageReceived(message):
                self._call("message", message)
            case FeedReady(uid):
                if uid in self._readers and not self._readers[uid].is_set():
                    self._readers[uid].set()
                    self._yielding = True
            case Replied(uid, message):
                if uid in self._replies and not self._replies[uid].done():
                    self._replies[uid].set_result(message)
            case RequestFailed(uid, error):
                if uid in self._replies and not self._replies[uid].done():
                    self._replies[uid].set_exception(error)
            case _:
                self._handle_connection(event)

    def _handle_connection(self, event: Event) -> None:
        match event:
            case OpenSocket(number):
                self._opening = asyncio.ensure_future(self._open(number))
            case CloseSocket():
                self._close_transport()
            case StateChanged(state, error):
                self._last_error = error or self._last_error
                self._counts["opened"] += state == State.OPEN
                self._call("state", event)
            case Opened():
                self._call("open", event)
            case Errored(detail):
                self._call("error", detail)
            case Closed():
                self._call("close", event)
            case Warned(text):
                log.warning(text)

    async def _open(self, number: int) -> None:
        try:
            token = None
            if self.tokens is not None and self._auth_mode != "public":
                token = await self.get_token()
                if not token:
                    raise AuthenticationFailed("There is no token to authenticate with.")
            url = self._socket_url
            if token and self._auth_mode == "strict":
                url += f"?access_token={token}"
            credentials = {"access_token": token} if token else None
            if self._auth_mode != "handshake":
                credentials = None
            self._transport = open_socket(url, _SocketListener(self, number, credentials))
        except DirectusError as error:
            self._core.refuse(error)
        self._step()

    def _close_transport(self) -> None:
        if self._opening is not None:
            self._opening.cancel()
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.close()


class _SocketListener:
    """Passes on what one socket reports, under its number."""

    def __init__(
        self, client: RealtimeClient, number: int, credentials: dict[str, str] | None
    ) -> None:
        self._client = client
        self._number = number
        self._credentials = credentials

    def opened(self) -> None:
        self._client.socket_opened(self._number, self._credentials)

    def received(self, text: str) -> None:
        self._client.socket_received(self._number, text)

    def errored(self, detail: Any) -> None:
        self._client.socket_errored(self._number, detail)

    def closed(self, code: int, reason: str) -> None:
        self._client.socket_closed(self._number, code, reason)


class Subscription:
    """The messages of one subscription: iterate over it with ``async for``.

    It outlives reconnects. An error answer of Directus' is raised where it is read; the
    iteration can be taken up again after one that came for a single event.

    Attributes:
        uid: its uid on the wire.
    """

    def __init__(self, client: RealtimeClient, feed: Feed, ready: asyncio.Event) -> None:
        self.uid = feed.uid
        self._client = client
        self._feed = feed
        self._ready = ready

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> SubscriptionMessage:
        while True:
            item = self._feed.pop()
            if isinstance(item, DirectusError):
                raise item
            if item is not None:
                return item
            if self._feed.ended:
                raise StopAsyncIteration
            self._ready.clear()
            await self._ready.wait()

    def unsubscribe(self) -> None:
        """End the subscription; what came so far can still be read."""
        self._client.unsubscribe(self._feed)


def realtime(
    *,
    auth_mode: str = "handshake",
    url: str | None = None,
    connect_timeout: float = 10.0,
    ping_after: float | None = 25.0,
    ping_timeout: float = 5.0,
    timeout: float = 10.0,
    retries: int | None = None,
    outbox: int = 1000,
) -> Callable[[DirectusClient], RealtimeClient]:
    """Return the composable that connects a client to Directus' Realtime service.

    Args:
        auth_mode: ``handshake``, ``strict`` or ``public``, as Directus' WEBSOCKETS_REST_AUTH.
        url: the socket's address; left out, it is the project's with ``/websocket`` after it.
        connect_timeout: seconds in which one attempt must be open and authenticated.
        ping_after: seconds of silence after which to ask whether Directus is there; None never.
        ping_timeout: seconds in which anything must come then.
        timeout: seconds in which Directus must answer a request.
        retries: attempts in a row before giving up; None never gives up.
        outbox: how many messages may wait for the connection.

    Raises:
        UsageError: there is no such ``auth_mode``.
    """
    if auth_mode not in AUTH_MODES:
        raise UsageError(f'There is no auth_mode "{auth_mode}": the modes are {AUTH_MODES}.')

    def compose(client: DirectusClient) -> RealtimeClient:
        core = Protocol(
            connect_timeout=connect_timeout,
            ping_after=ping_after,
            ping_timeout=ping_timeout,
            timeout=timeout,
            retries=retries,
            outbox=outbox,
        )
        address = url or _socket_url(client.url)
        return RealtimeClient(client, core, url=address, auth_mode=auth_mode, timeout=timeout)

    return compose


def _socket_url(url: str) -> str:
    scheme, _, rest = url.partition("://")
    if scheme in ("ws", "wss"):
        return url
    return f"{'wss' if scheme == 'https' else 'ws'}://{rest}/websocket"


def _aggregates(query: dict[str, Any]) -> bool:
    """Return whether the rows of ``query`` are no rows of the collection."""
    return bool(query.get("aggregate") or query.get("groupBy"))
