"""The asyncio driver: the one door to the core.

Its duties are described in docs/driving-the-core.md: pass on what sockets report, do what the core
says, own the one timer, pair each request with its waiter, wake consumers, and call handlers.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from .callbacks import Callbacks
from .client import DirectusClient
from .connector import Connector
from .core.auth import Credentials
from .core.events import (
    Authenticated,
    Closed,
    CloseSocket,
    CredentialsNeeded,
    Errored,
    Event,
    FreshnessChanged,
    MessageReceived,
    Opened,
    OpenSocket,
    Readable,
    Replied,
    RequestFailed,
    SendText,
    StateChanged,
    Warned,
)
from .core.messages import SubscriptionMessage
from .core.protocol import Protocol
from .core.recovery import Recovery
from .core.states import State
from .core.subscription import SubscriptionProtocol
from .errors import (
    AuthenticationFailed,
    ConnectionFailed,
    DirectusError,
    NotConnected,
    UsageError,
)
from .inbox import Frames, Inbox
from .recorder import Recorder
from .transports.platform import transports
from .types import Freshness, Inspection, Query, Stats
from .waiter import Value, Waiter

log = logging.getLogger("directus")

WEB_SOCKET_EVENTS = ("open", "message", "close", "error")

_DIAGNOSED_WITHIN = 2.0  # seconds, after the time to connect is over

_AT_REST = (State.CLOSED, State.FAILED, State.NEEDS_SIGN_IN)
"""The states in which no connection is being made."""

_DECIDED = (State.OPEN, *_AT_REST)
"""The states in which the reason of an earlier attempt's failure says nothing any more."""


class Driver:
    """Drives one core.

    Attributes:
        last_error: why there is no connection, if that is known.

    Args:
        core: the core.
        client: whose address and tokens are used.
        url: the socket's address.
        auth_mode: ``handshake``, ``strict`` or ``public``.
    """

    def __init__(self, core: Protocol, client: DirectusClient, *, url: str, auth_mode: str) -> None:
        self.last_error: DirectusError | None = None
        self._core = core
        self._client = client
        self._connector = Connector(self, client, url=url, auth_mode=auth_mode)
        self._inbox = Inbox(self._take_frames)
        self._replies: dict[str, Waiter[dict[str, Any]]] = {}  # by uid
        self._readers: dict[int, list[Waiter[None]]] = {}  # by the subscription's number
        self._settled: deque[Waiter[Any]] = deque()  # to be resumed at the end of this step
        self._counts = {"sent": 0, "received": 0, "opened": 0}
        self._connecting: set[object] = set()  # who waits for the connection in `connect`
        self._diagnosing: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_due = 0.0  # Pyodide's handles cannot say when they are due
        self._unwatch_network: Callable[[], None] | None = None
        self._unwatch_tokens: Callable[[], None] | None = None
        self._stale_since: float | None = None  # seconds since 1970
        self._was_open = False
        self._recorder: Recorder | None = None  # none before somebody inspects the client
        self._is_offline = False  # because the program said so
        self._is_stepping = False
        self._is_resuming = False
        self._handlers = {name: Callbacks() for name in (*WEB_SOCKET_EVENTS, "state", "freshness")}

    # What the client wants

    @property
    def state(self) -> State:
        """What the connection is doing. It has ended with its event loop."""
        return State.CLOSED if self._has_ended else self._core.state

    @property
    def freshness(self) -> Freshness:
        """The worst freshness of the subscriptions."""
        return "stale" if self._has_ended else self._core.freshness

    @property
    def _has_ended(self) -> bool:
        """Whether the connection has ended with its event loop, unknown to the core."""
        is_closed = self._loop is not None and self._loop.is_closed()
        return is_closed and self._core.state not in _AT_REST

    def freshness_of(self, subscription: SubscriptionProtocol) -> Freshness:
        """Return the freshness of one subscription."""
        return "stale" if self._has_ended else subscription.freshness

    def stats(self) -> Stats:
        """Return counts and times; see RealtimeClient.stats."""
        return {
            "sent": self._counts["sent"],
            "received": self._counts["received"],
            "reconnects": max(0, self._counts["opened"] - 1),
            "recovered": self._core.recovered,
            "buffered": self._core.buffered,
            "pending": self._core.pending,
            "stale_since": self._stale_since,
            "round_trip": self._core.round_trip,
        }

    def inspect(self) -> Inspection:
        """Return what the client does; the first call begins to record frames."""
        self._recorder = self._recorder or Recorder()
        return {
            "state": self.state.value,
            "reason": None if self.last_error is None else str(self.last_error),
            "freshness": self.freshness,
            "stale_since": self._stale_since,
            "round_trip": self._core.round_trip,
            "subscriptions": self._core.subscriptions(),
            "requests": self._core.requests(self._now()),
            "frames": self._recorder.frames(),
        }

    def cut(self) -> None:
        """Drop the socket as a fault of the network would."""
        self._core.drop(ConnectionFailed("The connection was cut by `cut()`."), self._now())
        self.step()

    def set_offline(self, is_offline: bool) -> None:
        """Behave as without a network from now on, or no longer."""
        self._is_offline = is_offline
        if is_offline:
            self._core.drop(_offline_error(), self._now())
            self.step()
        else:
            self._wake()

    def on(self, name: str, callback: Callable[..., object]) -> Callable[[], None]:
        """Call ``callback`` at every event of a name; return a function that removes it."""
        return self._handlers[name].add(callback)

    async def connect(self, timeout: float | None) -> None:
        """Connect and authenticate within ``timeout`` seconds; None goes on trying.

        Raises:
            AuthenticationFailed: Directus refused the credentials.
            ConnectionFailed: there was no connection in time, or ``disconnect`` was called.
        """
        if self.state in _AT_REST:
            self.last_error = None  # of an earlier connection
        self._core.connect(self._now())
        self.step()
        who = object()
        self._connecting.add(who)
        try:
            async with asyncio.timeout(timeout):
                await self._until_open()
        except TimeoutError:
            await self._give_up_connecting(timeout)
        finally:
            self._connecting.discard(who)

    async def _until_open(self) -> None:
        """Return when the connection is open.

        Raises:
            DirectusError: none is being made any longer.
        """
        while self.state is not State.OPEN:  # which it may no longer be when this task continues
            if self.state in _AT_REST or await self._next_state(_DECIDED) in _AT_REST:
                raise self._no_connection_error()

    def _no_connection_error(self) -> DirectusError:
        return self.last_error or ConnectionFailed(
            "The client was disconnected before it had connected."
        )

    async def _give_up_connecting(self, timeout: float | None) -> None:
        """Find out why there is no connection yet, for a moment, and make none.

        Where another task still waits for one, the client goes on trying.

        Raises:
            DirectusError: there is still no connection.
        """
        if self.last_error is None and self._diagnosing is None:
            self._diagnosing = asyncio.ensure_future(self._diagnose())
        if self._diagnosing is not None:
            await asyncio.wait([self._diagnosing], timeout=_DIAGNOSED_WITHIN)
        if self.state is State.OPEN:
            return
        if self.state in _AT_REST:
            raise self._no_connection_error()
        late = f"There was no connection to {self._client.url} within {timeout:g} s"
        error = self.last_error or ConnectionFailed(
            f"{late}: see that Directus is running there, that the address is right, and that "
            "no firewall or proxy holds back what is sent there."
        )
        if len(self._connecting) == 1:
            self.last_error = error
            self.disconnect()
        raise error

    def disconnect(self) -> None:
        """Close the connection and stay closed."""
        self._core.disconnect(self._now())
        self.step()

    def send(self, message: dict[str, Any] | str) -> None:
        """Send ``message`` and wait for no answer."""
        self._core.send(message, self._now())
        self.step()

    async def request(
        self,
        message: dict[str, Any],
        *,
        what: str,
        repeatable: bool,
        quiet: bool,
        timeout: float | None,
        queue_timeout: float | None,
    ) -> dict[str, Any]:
        """Send a request and return its answer.

        Args:
            message: the request; it gets a uid.
            what: what to call it in an error.
            repeatable: whether it may be sent again if the connection is lost.
            quiet: whether to keep the answer from the handlers of ``message``.
            timeout: seconds for the answer after it was written, None for ever.
            queue_timeout: seconds for which it may wait for the connection, None for ever.

        Raises:
            ServerError: Directus answered with an error.
            ReplyTimeout: no answer came in time.
            NotSent: there was no connection in time.
            DeliveryUnknown: the connection was lost before the answer came.
            UsageError: it was not sent; the sentence says why.
        """
        now = self._now()
        uid = self._core.request(
            message,
            what=what,
            repeatable=repeatable,
            quiet=quiet,
            timeout=timeout,
            queue_timeout=queue_timeout,
            now=now,
        )
        reply: Waiter[dict[str, Any]] = Waiter(asyncio.get_running_loop())
        self._replies[uid] = reply
        self.step()
        try:
            return await reply
        except asyncio.CancelledError:
            self._core.forget(uid)
            raise
        finally:
            self._replies.pop(uid, None)

    async def subscribe(
        self,
        collection: str,
        *,
        uid: str | None,
        event: str | None,
        query: Query | None,
        recovery: Recovery | None,
        limit: int,
        queue_timeout: float | None,
        quiet: bool,
    ) -> SubscriptionProtocol:
        """Subscribe; return when Directus has answered, or an error came in its place.

        Raises:
            UsageError: a subscription has this uid already.
            ConnectionFailed: there is no connection and none is being made, or it was given up
                before Directus answered.
        """
        if self.state is State.NEEDS_SIGN_IN:
            raise self.last_error or NotConnected(needs_sign_in=True)
        subscription = self._core.subscribe(
            collection,
            uid=uid,
            event=event,
            query=query,
            recovery=recovery,
            limit=limit,
            queue_timeout=queue_timeout,
            quiet=quiet,
            now=self._now(),
        )
        reader = self._new_reader(subscription.number, asyncio.get_running_loop())
        stop = self._on_states(_AT_REST, lambda _: self._settle(reader, None))
        self.step()
        try:
            await reader
        except asyncio.CancelledError:
            self.unsubscribe(subscription)
            raise
        finally:
            stop()
            self._forget_reader(subscription.number, reader)
        if not subscription.buffered and not subscription.ended:
            self.unsubscribe(subscription)
            if self.state is not State.CLOSED and self.last_error is not None:
                raise self.last_error
            raise ConnectionFailed("The client was disconnected before it had subscribed.")
        return subscription

    async def receive(self, subscription: SubscriptionProtocol) -> SubscriptionMessage:
        """Return the next message of a subscription, as soon as there is one.

        Raises:
            StopAsyncIteration: the subscription has ended.
            DirectusError: an error came in its place.
        """
        while (item := subscription.pop()) is None:
            if subscription.ended:
                raise StopAsyncIteration
            loop = asyncio.get_running_loop()
            if loop is not self._loop:
                self._now()  # in another event loop the readers are others
            reader = self._new_reader(subscription.number, loop)
            try:
                await reader
            except asyncio.CancelledError:
                self._forget_reader(subscription.number, reader)
                raise
        if subscription.is_paused and self._core.resume(subscription, self._now()):
            self.step()
        if isinstance(item, DirectusError):
            raise item
        return item

    def unsubscribe(self, subscription: SubscriptionProtocol) -> None:
        """End a subscription; nothing happens if it has ended."""
        self._core.unsubscribe(subscription, self._now())
        self.step()

    def caught_up(self, subscription: SubscriptionProtocol) -> None:
        """Record that the program has read itself what may have been missed."""
        subscription.caught_up()
        self.step()

    # What sockets and credentials report

    def prepared(self, number: int, credentials: Credentials) -> None:
        """Report what the attempt of this number authenticates with."""
        self._core.prepared(number, credentials)

    def socket_opened(self, number: int, credentials: dict[str, str] | None) -> None:
        """Report that socket ``number`` is open, and what to authenticate with, if anything."""
        self._core.opened(number, credentials, self._now())
        self.step()

    def socket_received(self, number: int, texts: Sequence[str]) -> None:
        """Report text frames of socket ``number``, the oldest first."""
        self._counts["received"] += len(texts)
        self._inbox.put(number, texts)

    def socket_errored(self, number: int, detail: Any) -> None:
        """Report an error of socket ``number``."""
        self._core.errored(number, detail)
        self.step()

    def socket_closed(self, number: int, code: int, reason: str, unsent: int) -> None:
        """Report that socket ``number`` is closed; ``unsent`` of its frames were not sent."""
        sent = self._counts["sent"]
        self._inbox.flush()
        unsent += self._counts["sent"] - sent  # answers to those frames
        self._core.closed(number, code, reason, self._now(), unsent=unsent)
        self.step()

    def refreshed(self, number: int, credentials: Credentials) -> None:
        """Report new credentials for the open socket ``number``."""
        self._core.refresh(number, credentials)
        self.step()

    def refresh_failed(self, number: int) -> None:
        """Report that new credentials could not be requested."""
        self._core.refresh_failed(number, self._now())
        self.step()

    def refused(self, error: DirectusError) -> None:
        """Report an error that a retry does not cure."""
        self._core.refuse(error, self._now())
        self.step()

    def _take_frames(self, frames: Frames) -> None:
        now = self._now()
        while frames:
            number, text = frames.popleft()
            if self._recorder is not None:
                self._recorder.received(text)
            self._core.received(number, text, now)
            self._handle_all()
        self._arm()

    # Step and timer

    def step(self) -> None:
        """Handle what the core reports, then set the timer."""
        self._handle_all()
        if not self._is_stepping:
            self._arm()

    def _handle_all(self) -> None:
        """Handle what the core reports, then resume each task that waited for it, in turn."""
        self._handle_events()
        if self._is_resuming:  # a task that is resumed calls the client
            return
        self._is_resuming = True
        try:
            while self._settled:
                self._settled.popleft().resume()
                self._handle_events()
        finally:
            self._is_resuming = False

    def _handle_events(self) -> None:
        """Handle what the core reports.

        A handler may call the client: the events of that call are handled after this one.
        """
        if self._is_stepping:
            return
        self._is_stepping = True
        try:
            while events := self._core.events():
                for event in events:
                    # Each message brings these two; a match tries one pattern after the other.
                    if type(event) is MessageReceived:
                        self._call("message", event.message)
                    elif type(event) is Readable:
                        for reader in self._readers.pop(event.number, ()):
                            self._settle(reader, None)
                    else:
                        self._handle_safely(event)
        finally:
            self._is_stepping = False

    def _now(self) -> float:
        """Return the time of the running event loop; every call of the client asks for it."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            raise UsageError(
                "No event loop runs here: call this in a coroutine, as in `asyncio.run(main())`."
            ) from None
        if loop is not self._loop:
            self._change_loop(loop)
        return loop.time()

    def _change_loop(self, loop: asyncio.AbstractEventLoop) -> None:
        """Start clean in another event loop: the socket and the timer belong to the last one.

        Raises:
            UsageError: the client is connected in the last one, which is not closed.
        """
        if self._loop is not None:
            if self.state not in _AT_REST:
                raise UsageError(
                    "This client is connected in another event loop: call `disconnect()` there, or "
                    "make a client for each."
                )
            self._timer = self._diagnosing = None
            self._inbox = Inbox(self._take_frames)
            self._readers = {}  # what waited there cannot be resumed here
            self._replies.clear()
            self._settled.clear()
            self._connecting = set()
            self._connector.forget()
            self._core.disconnect(loop.time())
        self._loop = loop
        self.step()

    def _arm(self) -> None:
        """Set the timer; a timer that is due earlier is kept, and sets the next one."""
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
        self.step()

    # What the core reports

    def _handle_safely(self, event: Event) -> None:
        """Handle an event; a failure, as of a storage, does not stop those after it."""
        try:
            self._handle(event)
        except Exception:
            log.exception("%s could not be handled.", type(event).__name__)

    def _handle(self, event: Event) -> None:
        match event:
            case SendText(_, text):
                self._counts["sent"] += 1
                if self._recorder is not None:
                    self._recorder.sent(text)
                self._connector.send(text)
            case Replied(uid, message):
                if (reply := self._replies.get(uid)) is not None:
                    self._settle(reply, message)
            case RequestFailed(uid, error):
                if (reply := self._replies.get(uid)) is not None:
                    reply.fail(error)
                    self._settled.append(reply)
            case OpenSocket(number) if self._is_offline:
                self._core.closed(number, 1006, "", self._now())
            case OpenSocket(number, refused):
                self._connector.open(number, refused)
            case CredentialsNeeded(number, used):
                self._connector.refresh(number, used)
            case Authenticated(answer) if self._client.tokens is not None:
                self._client.tokens.accepted(answer)
            case CloseSocket():
                self._connector.close()
            case FreshnessChanged(freshness):
                self._change_freshness(freshness)
            case StateChanged():
                self._change_state(event)
            case Opened():
                self._counts["opened"] += 1
                self._was_open = True
                self._call("open", event)
            case Errored(detail):
                self._call("error", detail)
            case Closed():
                self._call("close", event)
            case Warned(text):
                log.warning(text)

    def _change_freshness(self, freshness: Freshness) -> None:
        if freshness == "live":
            self._stale_since = None
        elif self._stale_since is None:
            self._stale_since = time.time()
        self._call("freshness", freshness)

    def _new_reader(self, number: int, loop: asyncio.AbstractEventLoop) -> Waiter[None]:
        """Return what is settled when a subscription has something to read, or has ended."""
        reader: Waiter[None] = Waiter(loop)
        self._readers.setdefault(number, []).append(reader)
        return reader

    def _settle(self, waiter: Waiter[Value], value: Value) -> None:
        waiter.set(value)
        self._settled.append(waiter)

    def _forget_reader(self, number: int, reader: Waiter[None]) -> None:
        """Drop a reader whose wait was cancelled."""
        readers = self._readers.get(number)
        if readers is not None and reader in readers:
            readers.remove(reader)
            if not readers:
                del self._readers[number]

    def _call(self, name: str, argument: Any) -> None:
        for handler in self._handlers[name].all():
            try:
                handler(argument)
            except (Exception, asyncio.CancelledError):  # as of a task whose result it asks for
                log.exception('A handler of "%s" failed.', name)

    def _change_state(self, change: StateChanged) -> None:
        self._watch(change.state)
        if change.state in _DECIDED and self._diagnosing is not None:
            self._diagnosing.cancel()  # the next connection may have another token
            self._diagnosing = None
        if change.state != State.WAITING or self._was_open or self.last_error is None:
            self.last_error = change.error or self.last_error  # else the diagnosis knows better
        if change.state == State.WAITING:
            if not self._was_open:  # reported when the diagnosis has found the reason
                change = change._replace(error=None)
                self._diagnosing = self._diagnosing or asyncio.ensure_future(self._diagnose())
            self._was_open = False
        self._call("state", change)

    def _watch(self, state: str) -> None:
        """Watch the network while a connection is wanted, and tokens while a login is needed."""
        if (state not in _AT_REST) != (self._unwatch_network is not None):
            if self._unwatch_network is None:
                self._unwatch_network = transports().watch_network(self._wake, self._go_offline)
            else:
                self._unwatch_network()
                self._unwatch_network = None
        if self._unwatch_tokens is not None:
            self._unwatch_tokens()
            self._unwatch_tokens = None
        if state == State.NEEDS_SIGN_IN and self._client.tokens is not None:
            self._unwatch_tokens = self._client.tokens.on_sign_in(self._signed_in)

    def _wake(self) -> None:
        self._core.wake(self._now())
        self.step()

    def _go_offline(self) -> None:
        self._core.offline(self._now())
        self.step()

    def _signed_in(self) -> None:
        self._core.connect(self._now())
        self.step()

    async def _next_state(self, wanted: tuple[State, ...]) -> State:
        """Return the next state of ``wanted`` that is reached."""
        reached: Waiter[State] = Waiter(asyncio.get_running_loop())
        stop = self._on_states(wanted, lambda state: self._settle(reached, state))
        try:
            return await reached
        finally:
            stop()

    def _on_states(
        self, states: tuple[State, ...], callback: Callable[[State], None]
    ) -> Callable[[], None]:
        def watch(change: StateChanged) -> None:
            if change.state in states:
                callback(State(change.state))

        return self.on("state", watch)

    async def _diagnose(self) -> None:
        """Find out why the connection could not be made, and report it."""
        try:
            error = _offline_error() if self._is_offline else await self._connector.diagnose()
        finally:
            if self._diagnosing is asyncio.current_task():
                self._diagnosing = None
        if isinstance(error, AuthenticationFailed):
            self._core.reject(error, self._now())
            self.step()
        else:
            self.last_error = error
            self._call("state", StateChanged(self.state, error))


def _offline_error() -> ConnectionFailed:
    return ConnectionFailed("The client is offline by `offline()`: `online()` ends that.")
