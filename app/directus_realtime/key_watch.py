"""The events of a collection's rows, for all live views of it: three subscriptions to the keys."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Protocol

from .core.events import StateChanged
from .errors import DirectusError, SubscriptionOverflow
from .items import Items
from .types import EventName, Freshness, Query, Stats

_EVENTS: tuple[EventName, ...] = ("create", "update", "delete")

_KEPT_CONNECTION = ("open", "reauthenticating")
"""The states in which subscriptions go on without an init."""

_MANY = 100
"""Rows in an event from which on it may have been cut, where Directus' QUERY_LIMIT_MAX is set."""

_REMEMBERED = 1000  # created keys
_OVERTAKES = 10.0  # seconds in which a row's create may come before the delete of an earlier one


class Subscribed(Protocol):
    """What a live view needs of a subscription."""

    def __aiter__(self) -> AsyncIterator[Any]:
        """Return what iterates over the messages."""

    def caught_up(self) -> None:
        """Record that what may have been missed was read."""

    def unsubscribe(self) -> None:
        """End the subscription."""


class Client(Protocol):
    """What a live view needs of a client."""

    def items(self, collection: str) -> Items:
        """Return what can be done with the items of a collection."""

    def stats(self) -> Stats:
        """Return counts, among them ``received``: how many frames have come."""

    def on_state(self, callback: Callable[[StateChanged], object]) -> Callable[[], None]:
        """Call ``callback`` at every change of the state; return what takes it away again."""

    def subscribe(
        self, collection: str, *, event: EventName, query: Query, recover: str | None
    ) -> Awaitable[Subscribed]:
        """Subscribe to the changes of a collection."""


class Listener(Protocol):
    """What is told of the events, as soon as the watch is ready."""

    @property
    def freshness(self) -> Freshness:
        """How true the rows are."""

    def touch(self, keys: list[Any]) -> None:
        """Record that rows were created or updated."""

    def delete(self, keys: list[Any]) -> None:
        """Record that rows were deleted; a number may come as a text."""

    def doubt(self) -> None:
        """Record that events may have been missed."""

    def follow(self, change: StateChanged) -> None:
        """Follow the connection."""

    def fail(self, error: Exception) -> None:
        """Record why no more events come."""


class KeyWatch:
    """Watches the keys of a collection, from now until it is ended.

    Attributes:
        listeners: those who are told.
        problem: why no more events come, or None.

    Args:
        client: the client.
        collection: the collection's name.
        key: its primary key.
    """

    def __init__(self, client: Client, collection: str, key: str) -> None:
        self.listeners: list[Listener] = []
        self.problem: Exception | None = None
        self._client = client
        self._collection = collection
        self._key = key
        self._state = "open"
        self._subscriptions: dict[EventName, Subscribed] = {}
        self._awaited: set[EventName] = set()  # events whose next init has not come
        self._created: dict[str, tuple[Any, float]] = {}  # the last keys, with when they came
        self._ready = asyncio.Event()
        self._unwatch = client.on_state(self._follow)
        self._tasks: list[asyncio.Task[None]] = []
        self._start(self._subscribe_to_all())

    async def ready(self) -> None:
        """Return when every event comes from now on.

        Raises:
            Exception: whatever went wrong in subscribing.
        """
        await self._ready.wait()
        if self.problem is not None:
            raise self.problem

    @property
    def freshness(self) -> Freshness:
        """Whether every event comes: ``live``, ``catching up`` before the last init, ``stale``."""
        if self.problem is not None or self._state != "open":
            return "stale"
        return "catching up" if self._awaited else "live"

    def caught_up(self) -> None:
        """Let the client be live again, once every view has read what may have been missed."""
        if all(listener.freshness == "live" for listener in self.listeners):
            for subscription in self._subscriptions.values():
                subscription.caught_up()

    def end(self) -> Awaitable[object]:
        """End the subscriptions; return what waits for the tasks that read them."""
        self._unwatch()
        for subscription in self._subscriptions.values():
            subscription.unsubscribe()
        for task in self._tasks:
            task.cancel()
        return asyncio.gather(*self._tasks, return_exceptions=True)

    def _start(self, work: Awaitable[None]) -> None:
        """Run ``work`` beside the others; what goes wrong in it goes to the listeners."""

        async def run() -> None:
            try:
                await work
            except Exception as error:
                self.problem = self.problem or error
                self._ready.set()
                for listener in list(self.listeners):
                    listener.fail(self.problem)

        self._tasks.append(asyncio.ensure_future(run()))

    async def _subscribe_to_all(self) -> None:
        for event in _EVENTS:
            await self._subscribe(event)
        self._ready.set()
        for event in _EVENTS:
            self._start(self._listen(event))

    async def _subscribe(self, event: EventName) -> None:
        self._subscriptions[event] = await self._client.subscribe(
            self._collection,
            event=event,
            query={"fields": [self._key], "limit": -1},
            recover=None,
        )

    async def _listen(self, event: EventName) -> None:
        """Tell the listeners of each message.

        A subscription may go on after an error; one that has ended is read no further. After an
        overflow there is a new one.
        """
        last: DirectusError | None = None
        is_first = True  # its init came before anybody has read
        while True:
            try:
                async for message in self._subscriptions[event]:
                    self._take(event, message, is_first)
                    is_first = False
            except SubscriptionOverflow:
                self._awaited.add(event)
                await self._subscribe(event)
                self._doubt()
                is_first = True
            except DirectusError as error:
                last = error
            else:
                raise last or DirectusError(
                    f'A subscription of the live view of "{self._collection}" has ended: open the '
                    "view again."
                )

    def _take(self, event: EventName, message: dict[str, Any], is_first: bool) -> None:
        if message["event"] == "init":
            self._awaited.discard(event)
            if not is_first:
                self._doubt()
            return
        data = message.get("data")
        keys = _keys_of(data, None if event == "delete" else self._key)
        if keys is None or (event != "delete" and len(keys) >= _MANY):
            self._doubt()
        elif event == "delete":
            self._delete(keys)
        else:
            if event == "create":
                self._remember(keys)
            for listener in self.listeners:
                listener.touch(keys)

    def _delete(self, keys: list[Any]) -> None:
        """Tell of deleted rows.

        Events come in no promised order: one that was created lately may have been created again
        after it was deleted, and is looked at.
        """
        known = [self._created[text] for key in keys if (text := str(key)) in self._created]
        since = asyncio.get_running_loop().time() - _OVERTAKES
        created = [key for key, came in known if came > since]
        for listener in self.listeners:
            listener.delete(keys)
            if created:
                listener.touch(created)

    def _remember(self, keys: list[Any]) -> None:
        now = asyncio.get_running_loop().time()
        self._created.update({str(key): (key, now) for key in keys})
        while len(self._created) > _REMEMBERED:
            del self._created[next(iter(self._created))]

    def _doubt(self) -> None:
        for listener in self.listeners:
            listener.doubt()

    def _follow(self, change: StateChanged) -> None:
        self._state = change.state
        if change.state not in _KEPT_CONNECTION:
            self._awaited = set(self._subscriptions)
        if self._ready.is_set():
            for listener in self.listeners:
                listener.follow(change)


def _keys_of(data: Any, key: str | None) -> list[Any] | None:
    """Return the keys of an event's rows, or those that it names itself; None if it has none."""
    if not isinstance(data, list):
        return None
    keys = [isinstance(row, dict) and row.get(key) for row in data] if key else data
    return keys if all(map(_is_key, keys)) else None


def _is_key(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)
