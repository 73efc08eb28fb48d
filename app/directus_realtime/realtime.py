"""The realtime composable: the public client, over the driver."""

import logging
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Generic, Literal, Self, TypeVar, get_args, overload

from .checks import (
    check_address,
    check_collection,
    check_message,
    check_query,
    check_uid,
)
from .client import DirectusClient
from .core.events import Closed, Opened, StateChanged
from .core.messages import SubscriptionMessage as KeyedMessage
from .core.protocol import Protocol
from .core.recovery import Recovery
from .core.states import State as ConnectionState
from .core.subscription import SubscriptionProtocol
from .driver import WEB_SOCKET_EVENTS, Driver
from .errors import UsageError
from .items import Items
from .live import Live
from .shared_views import SharedViews
from .types import (
    UNSET,
    AuthMode,
    CreateMessage,
    DeleteMessage,
    EventName,
    Freshness,
    InitMessage,
    Inspection,
    Key,
    Query,
    Since,
    State,
    Stats,
    SubscriptionMessage,
    Unset,
    UpdateMessage,
)

log = logging.getLogger("directus")

AUTH_MODES = get_args(AuthMode)

Message = TypeVar("Message", bound=SubscriptionMessage, covariant=True)


class RealtimeClient(DirectusClient):
    """A client that is connected to Directus' Realtime service.

    Made by `realtime`, whose options are described there.
    """

    def __init__(
        self,
        client: DirectusClient,
        core: Protocol,
        *,
        url: str,
        auth_mode: AuthMode,
        timeout: float,
        queue_timeout: float | None,
    ) -> None:
        super().__init__(client.url, client)
        self._driver = Driver(core, self, url=url, auth_mode=auth_mode)
        self._timeout = timeout
        self._queue_timeout = queue_timeout
        self._views = SharedViews(self, self._connect_if_closed)

    # The connection

    @property
    def state(self) -> State:
        """What the connection is doing.

        ``closed``, ``connecting``, ``authenticating``, ``open``, ``reauthenticating``, ``waiting``,
        ``needs sign-in`` or ``failed``.
        """
        return self._driver.state.value

    async def connect(self, timeout: float | None = 10.0) -> None:
        """Connect and authenticate; return when messages can be sent.

        An attempt that fails for a temporary reason is repeated.

        Args:
            timeout: seconds after which to give up; None tries without limit.

        Raises:
            AuthenticationFailed: Directus refused the token.
            ConnectionFailed: there was no connection in time, or `disconnect` was called.
        """
        await self._driver.connect(timeout)

    def disconnect(self) -> None:
        """Close the connection. Subscriptions continue after the next `connect`."""
        self._driver.disconnect()

    @overload
    def on_web_socket(
        self, event: Literal["open"], callback: Callable[[Opened], object]
    ) -> Callable[[], None]: ...

    @overload
    def on_web_socket(
        self, event: Literal["message"], callback: Callable[[dict[str, Any]], object]
    ) -> Callable[[], None]: ...

    @overload
    def on_web_socket(
        self, event: Literal["close"], callback: Callable[[Closed], object]
    ) -> Callable[[], None]: ...

    @overload
    def on_web_socket(
        self, event: Literal["error"], callback: Callable[[Any], object]
    ) -> Callable[[], None]: ...

    def on_web_socket(self, event: str, callback: Callable[..., object]) -> Callable[[], None]:
        """Call ``callback`` at every ``open``, ``message``, ``close`` or ``error``.

        ``open`` comes when the connection is authenticated. A ``message`` is the JSON value;
        pings and errors of authentication are left out. An ``error`` is the transport's own: the
        browser's event, or the exception on CPython.

        Returns:
            A function that removes the callback.

        Raises:
            UsageError: there is no such event.
        """
        if event not in WEB_SOCKET_EVENTS:
            raise UsageError(f'There is no event "{event}": the events are {WEB_SOCKET_EVENTS}.')
        return self._driver.on(event, callback)

    def on_message(
        self, type: str, callback: Callable[[dict[str, Any]], object]
    ) -> Callable[[], None]:
        """Call ``callback`` at every message of a type, such as one that a hook extension sends.

        It is what ``on_web_socket("message", ...)`` has, of this type alone.

        Args:
            type: the message's ``type``.
            callback: called with the message.

        Returns:
            A function that removes the callback.
        """

        def call(message: dict[str, Any]) -> None:
            if message.get("type") == type:
                callback(message)

        return self._driver.on("message", call)

    def on_state(self, callback: Callable[[StateChanged], object]) -> Callable[[], None]:
        """Call ``callback`` at every change of the state; return a function that removes it.

        Why a connection could not be made is found out afterwards: then the state that there is
        comes again, with that error.
        """
        return self._driver.on("state", callback)

    @property
    def freshness(self) -> Freshness:
        """How complete the messages of the subscriptions are: that of the worst of them."""
        return self._driver.freshness

    def on_freshness(self, callback: Callable[[Freshness], object]) -> Callable[[], None]:
        """Call ``callback`` at every change of the freshness; return a function that removes it."""
        return self._driver.on("freshness", callback)

    def stats(self) -> Stats:
        """Return counts and times."""
        return self._driver.stats()

    # To see what it does

    def inspect(self) -> Inspection:
        """Return what the client does at this moment, as values of JSON.

        The first call begins to record frames, which later ones return: the last 100 of them,
        secrets masked. Before it nothing is recorded.
        """
        return self._driver.inspect()

    def cut(self) -> None:
        """Drop the socket as a fault of the network would, to see the client come back."""
        self._driver.cut()

    def offline(self) -> None:
        """Behave as without a network until `online` is called: every attempt fails.

        Only this client's connection is affected; what is sent over HTTP is not.
        """
        self._driver.set_offline(True)

    def online(self) -> None:
        """End what `offline` began, and connect again at once if a connection is wanted."""
        self._driver.set_offline(False)

    # Messages

    def send_message(self, message: dict[str, Any] | str) -> None:
        """Send ``message``, now or when the connection is back, and wait for no answer.

        Raises:
            UsageError: ``message`` is neither a dict nor a str, a value in it is no JSON value, or
                it is a text that is no Unicode.
            NotConnected: no connection is being made.
            OutboxFull: too much waits for the connection already.
        """
        check_message(message)
        self._driver.send(message)

    @overload
    async def subscribe(
        self,
        collection: str,
        *,
        event: Literal["create"],
        query: Query | None = None,
        uid: str | None = None,
        recover: str | Unset | None = UNSET,
        key: str = "id",
        since: Since = UNSET,
        buffer: int = 65_536,
        quiet: bool = False,
    ) -> "Subscription[InitMessage | CreateMessage]": ...

    @overload
    async def subscribe(
        self,
        collection: str,
        *,
        event: Literal["update"],
        query: Query | None = None,
        uid: str | None = None,
        recover: str | Unset | None = UNSET,
        key: str = "id",
        since: Since = UNSET,
        buffer: int = 65_536,
        quiet: bool = False,
    ) -> "Subscription[InitMessage | UpdateMessage]": ...

    @overload
    async def subscribe(
        self,
        collection: str,
        *,
        event: Literal["delete"],
        query: Query | None = None,
        uid: str | None = None,
        recover: str | Unset | None = UNSET,
        key: str = "id",
        since: Since = UNSET,
        buffer: int = 65_536,
        quiet: bool = False,
    ) -> "Subscription[InitMessage | DeleteMessage]": ...

    @overload
    async def subscribe(
        self,
        collection: str,
        *,
        event: EventName | None = None,
        query: Query | None = None,
        uid: str | None = None,
        recover: str | Unset | None = UNSET,
        key: str = "id",
        since: Since = UNSET,
        buffer: int = 65_536,
        quiet: bool = False,
    ) -> "Subscription[SubscriptionMessage]": ...

    async def subscribe(
        self,
        collection: str,
        *,
        event: EventName | None = None,
        query: Query | None = None,
        uid: str | None = None,
        recover: str | Unset | None = UNSET,
        key: str = "id",
        since: Since = UNSET,
        buffer: int = 65_536,
        quiet: bool = False,
    ) -> "Subscription[Any]":
        """Subscribe to the changes of a collection; connect first if there is no connection.

        Returns when Directus has answered, so that no change after it is missed.

        Args:
            collection: the collection's name.
            event: ``create``, ``update`` or ``delete``; None for all three.
            query: which rows and fields, in Directus' words.
            uid: the subscription's uid; by default a new one.
            recover: for ``create``, the ascending field by which nothing is lost over a
                reconnect; left out, it is ``key``. None for the plain subscription.
            key: the collection's primary key.
            since: where recovery begins: the rows that were just read, a value of ``recover``,
                or None for the beginning. Left out, it begins now.
            buffer: how many messages may wait to be read, besides up to 1,000 missed rows. An
                event that finds it full ends the subscription with SubscriptionOverflow.
            quiet: whether to keep its messages from the handlers of ``message``, and it from
                ``freshness``.

        Raises:
            UsageError: a subscription has this uid already, ``uid`` is no str, ``collection`` is
                no name, or ``query`` no query.
            ConnectionFailed: there was no connection, or the login has ended.
        """
        check_collection(collection)
        check_query(query)
        check_uid(uid)
        await self._connect_if_closed()
        if isinstance(recover, Unset):
            recover = key
        recovery = None
        if event == "create" and recover and not _aggregates(query or {}):
            recovery = Recovery(field=recover, key=key, query=query or {}, since=since)
        subscription = await self._driver.subscribe(
            collection,
            uid=uid,
            event=event,
            query=query,
            recovery=recovery,
            limit=buffer,
            queue_timeout=self._queue_timeout,
            quiet=quiet,
        )
        return Subscription(self._driver, subscription)

    def items(self, collection: str) -> Items:
        """Return an object that creates, reads, updates and deletes items over this connection."""
        return Items(collection, self._request)

    def live(self, collection: str, *, query: Query | None = None, key: str = "id") -> Live:
        """Return a view of the query's rows that is kept up to date; use it with ``async with``.

        Args:
            collection: the collection's name.
            query: which rows and fields, in Directus' words.
            key: the collection's primary key.

        Raises:
            UsageError: ``query`` is no query, or one that aggregates: its rows have no key.
        """
        return Live(self, collection, query or {}, key, self._views)

    async def _connect_if_closed(self) -> None:
        if self._driver.state in (ConnectionState.CLOSED, ConnectionState.FAILED):
            await self.connect()

    async def _request(
        self,
        message: dict[str, Any],
        *,
        what: str,
        repeatable: bool,
        quiet: bool = False,
        timeout: float | None = None,
    ) -> dict[str, Any]:
        """Send a request; its default timeout is the client's own."""
        return await self._driver.request(
            message,
            what=what,
            repeatable=repeatable,
            quiet=quiet,
            timeout=self._timeout if timeout is None else timeout,
            queue_timeout=self._queue_timeout,
        )


class Subscription(Generic[Message]):
    """The messages of one subscription: iterate over it with ``async for``.

    Annotate it with the messages that it may bring, as in ``Subscription[SubscriptionMessage]``.

    It continues after a reconnect. If Directus refuses the first subscribe, or the connection is
    given up, the iteration raises the error. An error for a single event is logged and goes to
    the handlers of ``message``; the iteration goes on.

    Attributes:
        uid: its uid on the wire.
    """

    def __init__(self, driver: Driver, subscription: SubscriptionProtocol) -> None:
        self.uid = subscription.uid
        self._driver = driver
        self._subscription = subscription

    @property
    def freshness(self) -> Freshness:
        """How complete its messages are."""
        return self._driver.freshness_of(self._subscription)

    def __aiter__(self) -> Self:
        return self

    def __anext__(self) -> Coroutine[Any, Any, Message]:
        return self._driver.receive(self._subscription)  # type: ignore[return-value]

    def caught_up(self) -> None:
        """Record that you have read what a plain subscription may have missed: it is live again.

        Call it after a read that began after the last ``init``. With recovery it is not needed.
        """
        self._driver.caught_up(self._subscription)

    def unsubscribe(self) -> None:
        """End the subscription; messages that came before can still be read."""
        self._driver.unsubscribe(self._subscription)


def keys_of(message: Mapping[str, Any]) -> tuple[Key, ...]:
    """Return the primary keys of the rows in a subscription's message.

    They need not be among the fields of the query. The tuple is empty if the subscription has no
    recovery: then only a query that names the key returns it.
    """
    return message.keys_of_data if isinstance(message, KeyedMessage) else ()


def realtime(
    *,
    auth_mode: AuthMode = "handshake",
    url: str | None = None,
    connect_timeout: float = 10.0,
    ping_after: float | None = 25.0,
    ping_timeout: float = 5.0,
    timeout: float = 10.0,
    queue_timeout: float | None = 10.0,
    retries: int | None = None,
    outbox: int = 1000,
    debug: bool = False,
) -> Callable[[DirectusClient], RealtimeClient]:
    """Return the composable that connects a client to Directus' Realtime service.

    Args:
        auth_mode: ``handshake``, ``strict`` or ``public``, as Directus' WEBSOCKETS_REST_AUTH.
        url: the socket's address; left out, it is the project's with ``/websocket`` after it.
        connect_timeout: seconds in which one attempt must be open and authenticated.
        ping_after: seconds of silence before a ping is sent; None sends none.
        ping_timeout: seconds in which a frame must come after that ping.
        timeout: seconds in which Directus must answer a request after it was written.
        queue_timeout: seconds for which a request may wait for the connection; None for ever.
        retries: attempts in a row before giving up; None never gives up.
        outbox: how many messages may wait for the connection.
        debug: whether to log every frame (``>`` sent, ``<`` received) and state (``=``) to the
            logger ``directus``, secrets masked.

    Raises:
        UsageError: there is no such ``auth_mode``, or ``url`` is no address.
    """
    if auth_mode not in AUTH_MODES:
        raise UsageError(f'There is no auth_mode "{auth_mode}": the modes are {AUTH_MODES}.')

    if debug:
        _log_everything()

    if url is not None:
        check_address(url.partition("?")[0])

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
        return RealtimeClient(
            client,
            core,
            url=address,
            auth_mode=auth_mode,
            timeout=timeout,
            queue_timeout=queue_timeout,
        )

    return compose


def _log_everything() -> None:
    """Log every frame, to stderr if the program has set up no logging."""
    log.setLevel(logging.DEBUG)
    if not log.hasHandlers():
        log.addHandler(logging.StreamHandler())


def _socket_url(url: str) -> str:
    scheme, _, rest = url.partition("://")
    if scheme in ("ws", "wss"):
        return url
    return f"{'wss' if scheme == 'https' else 'ws'}://{rest}/websocket"


def _aggregates(query: Query) -> bool:
    """Return whether ``query`` returns aggregates, and not rows of the collection."""
    return bool(query.get("aggregate") or query.get("groupBy"))
