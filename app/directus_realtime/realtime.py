"""The realtime composable: the client's face, over the driver and the core."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Self

from .client import DirectusClient
from .core.events import StateChanged
from .core.protocol import Protocol
from .core.recovery import UNSET, Recovery, Since
from .core.states import State
from .core.subscription import Feed, SubscriptionMessage
from .driver import WEB_SOCKET_EVENTS, Driver
from .errors import ConnectionFailed, DirectusError, UsageError
from .items import Items
from .live import Live

log = logging.getLogger("directus")

AUTH_MODES = ("handshake", "strict", "public")


class RealtimeClient(DirectusClient):
    """A client that is connected to Directus' Realtime service.

    Made by :func:`realtime`, whose options are described there.
    """

    def __init__(
        self, client: DirectusClient, core: Protocol, *, url: str, auth_mode: str, timeout: float
    ) -> None:
        super().__init__(client.url, client)
        self._driver = Driver(core, self, url=url, auth_mode=auth_mode)
        self._core = core
        self._timeout = timeout

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
        self._core.connect(self._driver.now())
        self._driver.step()
        settled: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def watch(change: StateChanged) -> None:
            if change.state in (State.OPEN, State.FAILED, State.CLOSED) and not settled.done():
                settled.set_result(None)

        if self._core.state is not State.OPEN:
            stop = self.on_state(watch)
            try:
                await asyncio.wait_for(settled, timeout)
            except TimeoutError:
                await self._driver.explained()
                self.disconnect()
            finally:
                stop()
        if self._core.state is not State.OPEN:
            raise self._driver.last_error or ConnectionFailed(
                "The client was disconnected before it had connected."
            )

    def disconnect(self) -> None:
        """Close the connection. Subscriptions wait, and go on after the next :meth:`connect`."""
        self._core.disconnect()
        self._driver.step()

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
        return self._driver.on(event, callback)

    def on_state(self, callback: Callable[[StateChanged], object]) -> Callable[[], None]:
        """Call ``callback`` at every change of the state; return what takes it away again."""
        return self._driver.on("state", callback)

    def stats(self) -> dict[str, int]:
        """Return counts: frames sent and received, reconnects, rows recovered, messages waiting."""
        counts = self._driver.counts
        return {
            "sent": counts["sent"],
            "received": counts["received"],
            "reconnects": max(0, counts["opened"] - 1),
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
        self._core.send(message, self._driver.now())
        self._driver.step()

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

        Returns when Directus has answered, so that nothing that is done next is missed.

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
            buffer: how many messages may wait to be read, besides up to 1,000 missed rows. An
                event that finds it full ends the subscription with SubscriptionOverflow.

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
        self._core.subscribe(feed, self._driver.now())
        ready = self._driver.readers[feed.uid] = asyncio.Event()
        self._driver.step()

        def watch(change: StateChanged) -> None:
            if change.state == State.CLOSED:
                ready.set()

        stop = self.on_state(watch)
        try:
            await ready.wait()
        except asyncio.CancelledError:
            self.unsubscribe(feed)
            raise
        finally:
            stop()
        if self._core.state is State.CLOSED:
            self.unsubscribe(feed)
            raise ConnectionFailed("The client was disconnected before it had subscribed.")
        return Subscription(self, feed, ready)

    def unsubscribe(self, feed: Feed) -> None:
        """End a subscription; :meth:`Subscription.unsubscribe` is the way to call it."""
        self._core.unsubscribe(feed)
        self._driver.step()
        self._driver.readers.pop(feed.uid, None)

    def _resume(self, feed: Feed) -> None:
        """Let what was missed come, if it waited for a consumer that has now read a message."""
        if self._core.resume(feed, self._driver.now()):
            self._driver.step()

    def items(self, collection: str) -> Items:
        """Return what can be done with the items of a collection over this connection."""
        return Items(collection, self.ask)

    def live(
        self, collection: str, *, query: dict[str, Any] | None = None, key: str = "id"
    ) -> Live:
        """Return a view of the query's rows that is kept true; use it with ``async with``.

        Args:
            collection: the collection's name.
            query: which rows and fields, in Directus' words.
            key: the collection's primary key.
        """
        return Live(self, collection, query or {}, key)

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
            now=self._driver.now(),
        )
        self._driver.replies[uid] = reply
        self._driver.step()
        try:
            return await reply
        finally:
            self._driver.replies.pop(uid, None)


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
            if item is not None:
                self._client._resume(self._feed)
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
    debug: bool = False,
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
        debug: whether to log every frame (``>`` sent, ``<`` received) and state (``=``) to the
            logger ``directus``, secrets masked.

    Raises:
        UsageError: there is no such ``auth_mode``.
    """
    if auth_mode not in AUTH_MODES:
        raise UsageError(f'There is no auth_mode "{auth_mode}": the modes are {AUTH_MODES}.')

    if debug:
        _log_everything()

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


def _log_everything() -> None:
    """Let the package's logger speak, on stderr where the program has set up no logging."""
    log.setLevel(logging.DEBUG)
    if not log.hasHandlers():
        log.addHandler(logging.StreamHandler())


def _socket_url(url: str) -> str:
    scheme, _, rest = url.partition("://")
    if scheme in ("ws", "wss"):
        return url
    return f"{'wss' if scheme == 'https' else 'ws'}://{rest}/websocket"


def _aggregates(query: dict[str, Any]) -> bool:
    """Return whether the rows of ``query`` are no rows of the collection."""
    return bool(query.get("aggregate") or query.get("groupBy"))
