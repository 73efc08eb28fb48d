"""A collection as it is now: rows kept true by events, by reads and over every reconnect.

Directus tells nobody that a row has left a filter, promises no order of events, and cuts a view at
its limit. So events are only taken as the news that something has changed: the query is then read
anew, once for all that came meanwhile, and what is different is the change.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, NamedTuple, Protocol, Self

from .core.events import StateChanged
from .errors import (
    ConnectionFailed,
    DirectusError,
    NotConnected,
    NotSent,
    OutboxFull,
    ReplyTimeout,
    ServerError,
    UsageError,
)
from .items import Items
from .keyed_query import KeyedQuery
from .types import ChangeKind, EventName, Query, Row, Stats

_EVENTS: tuple[EventName, ...] = ("create", "update", "delete")

_AT_REST = ("closed", "failed", "needs sign-in")
"""The states of a client that makes no connection."""


class Subscribed(Protocol):
    """What a live view needs of a subscription."""

    def __aiter__(self) -> AsyncIterator[Any]:
        """Return what iterates over the messages."""

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


class Change(NamedTuple):
    """One row that is different.

    ``kind`` is ``enter``, ``update`` or ``leave``; ``row`` is as it is now, or was at last.
    """

    kind: ChangeKind
    key: Any
    row: Row


class Live:
    """The rows of a query, in its order; made by ``RealtimeClient.live``.

    Rows hold their key, whichever fields the query names. Use it with ``async with``; then read
    ``rows``, or iterate with ``async for`` over the changes since the last look. However slow the
    reader is, nothing piles up: a row that changed twice meanwhile is one change. A singleton is a
    view of one row, or of none before its first write.

    Directus sends no event for a row when one that it is related to changes. So a view of
    ``author.name`` shows an author's new name when a row of the view changes, or the connection
    comes back, and not before; where that is too late, open a view of the authors too.

    Args:
        client: the client.
        collection: the collection's name.
        query: which rows and fields, in Directus' words.
        key: the collection's primary key.

    Raises:
        UsageError: ``query`` is no query, or one that aggregates: its rows have no key.
    """

    def __init__(self, client: Client, collection: str, query: Query, key: str) -> None:
        self._keyed = KeyedQuery(collection, query, key)
        self._client = client
        self._collection = collection
        self._rows: dict[Any, Row] = {}
        self._told: dict[Any, Row] = {}
        self._is_entered = False
        self._problem: Exception | None = None  # why nothing more will come
        self._interruption: DirectusError | None = None  # why nothing comes until a reconnect
        self._silent_reads = 0  # in a row
        self._was_read = False
        self._stale = asyncio.Event()
        self._fresh = asyncio.Event()
        self._subscriptions: list[Subscribed] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._unwatch: Callable[[], None] = lambda: None

    @property
    def rows(self) -> list[Row]:
        """The rows as they are now, in the query's order."""
        return list(self._rows.values())

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, key: Any) -> bool:
        return key in self._rows

    def __getitem__(self, key: Any) -> Row:
        return self._rows[key]

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    async def __aenter__(self) -> Self:
        """Subscribe, and read the rows for the first time.

        Raises:
            UsageError: the rows have no field ``key``.
            ServerError: Directus refuses the rows or their events.
            ReplyTimeout: Directus does not answer the read, twice.
            ConnectionFailed: there is no connection, and none is being made.
            NotSent: there was no connection in time.
        """
        if self._is_entered:
            raise UsageError("This live view is in use already: make another with `live(...)`.")
        self._begin()
        try:
            await self._subscribe()
            await self._fresh.wait()
            if (error := self._problem or self._interruption) is not None:
                raise error
        except BaseException:
            await self.__aexit__()
            raise
        self._told = dict(self._rows)
        self._fresh.clear()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._is_entered = False
        self._fresh.set()  # for who still waits for a change
        self._unwatch()
        for subscription in self._subscriptions:
            subscription.unsubscribe()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Change:
        """Return the next change since the last one that was told.

        Raises:
            StopAsyncIteration: the view was left.
            ConnectionFailed: the client was disconnected, or gave up; after the next `connect` the
                iteration can be taken up again.
            DirectusError: the rows can no longer be read, or are no longer subscribed to.
        """
        while self._is_entered:
            change = self._next_change()
            if change is not None:
                return change
            if (error := self._problem or self._interruption) is not None:
                raise error
            self._fresh.clear()
            await self._fresh.wait()
        if not self._subscriptions:
            raise UsageError("A live view is read inside its block: `async with live as rows:`.")
        raise StopAsyncIteration

    def _begin(self) -> None:
        """Forget what an earlier block has left, in whichever event loop it was."""
        self._is_entered = True
        self._rows, self._told = {}, {}
        self._problem = self._interruption = None
        self._silent_reads, self._was_read = 0, False
        self._stale, self._fresh = asyncio.Event(), asyncio.Event()
        self._subscriptions, self._tasks = [], []

    async def _subscribe(self) -> None:
        for event in _EVENTS:
            subscription = await self._client.subscribe(
                self._collection,
                event=event,
                query={"fields": [self._keyed.key], "limit": -1},
                recover=None,
            )
            self._subscriptions.append(subscription)
        self._unwatch = self._client.on_state(self._follow)
        self._stale.set()
        self._start(self._keep_fresh)
        for subscription in self._subscriptions:
            self._start(self._watch, subscription)

    def _start(self, work: Callable[..., Awaitable[None]], *given: Any) -> None:
        """Run ``work`` beside the others; what goes wrong in it is raised in the view's user."""

        async def run() -> None:
            try:
                await work(*given)
            except Exception as error:
                self._problem = self._problem or error
                self._fresh.set()

        self._tasks.append(asyncio.ensure_future(run()))

    def _next_change(self) -> Change | None:
        for key, row in self._told.items():
            if key not in self._rows:
                del self._told[key]
                return Change("leave", key, row)
        for key, row in self._rows.items():
            if self._told.get(key) != row:
                kind: ChangeKind = "update" if key in self._told else "enter"
                self._told[key] = row
                return Change(kind, key, row)
        return None

    # What may have changed the rows

    async def _watch(self, subscription: Subscribed) -> None:
        """Note what may have changed the view: an event, or the init after a reconnect.

        A subscription may go on after an error; one that has ended is read no further.
        """
        last: DirectusError | None = None
        while True:
            try:
                async for message in subscription:
                    if message["event"] != "delete" or self._concerns(message.get("data")):
                        self._stale.set()
            except DirectusError as error:
                last = error
            else:
                raise last or DirectusError(
                    f'A subscription of the live view of "{self._collection}" has ended: open the '
                    "view again."
                )

    def _follow(self, change: StateChanged) -> None:
        """Follow the connection: read anew when it is back, and say that none is being made."""
        if change.state in _AT_REST:
            self._interrupt(
                change.error
                or ConnectionFailed(
                    "The client was disconnected, and the live view is as it was then: call "
                    "`await directus.connect()`, and go on."
                )
            )
        else:
            self._interruption = None
            if change.state == "open":
                self._stale.set()

    def _interrupt(self, error: DirectusError) -> None:
        self._interruption = error
        self._fresh.set()

    def _concerns(self, keys: Any) -> bool:
        """Return whether a delete may matter: Directus sends those of all rows, filtered or not."""
        if self._keyed.is_paged:
            return True
        known = {str(key) for key in self._rows}
        return not isinstance(keys, list) or any(str(key) in known for key in keys)

    # The read

    async def _keep_fresh(self) -> None:
        """Read the query whenever something may have changed, one read at a time."""
        while True:
            await self._stale.wait()
            self._stale.clear()
            received = self._client.stats()["received"]
            try:
                items = self._client.items(self._collection)
                answer = await items.read(self._keyed.query, quiet=True)
            except ReplyTimeout:
                # If nothing else came either, the connection is dead, and ends by itself.
                self._silent_reads += self._client.stats()["received"] > received
                if self._silent_reads > 1:
                    raise
                self._stale.set()
            except NotConnected as error:
                self._interrupt(error)
            except (ConnectionFailed, NotSent, OutboxFull):
                if not self._was_read:
                    raise
                # The view is read again when the connection is open again.
            except ServerError as error:
                raise self._keyed.refusal(error) from None
            else:
                self._silent_reads = 0
                self._was_read = True
                self._rows = self._keyed.rows(answer)
                self._fresh.set()
