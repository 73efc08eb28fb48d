"""A collection as it is now: rows kept true by events, by reads and over every reconnect.

Directus tells nobody that a row has left a filter, promises no order of events, and cuts a view at
its limit. So events are only taken as the news that something has changed: the query is then read
anew, once for all that came meanwhile, and what is different is the change.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, NamedTuple, Protocol, Self

from .core.events import StateChanged
from .errors import DirectusError, ReplyTimeout
from .items import Items
from .types import ChangeKind, EventName, Query, Row

_EVENTS: tuple[EventName, ...] = ("create", "update", "delete")


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
    reader is, nothing piles up: a row that changed twice meanwhile is one change.

    Args:
        client: the client.
        collection: the collection's name.
        query: which rows and fields, in Directus' words.
        key: the collection's primary key.
    """

    def __init__(self, client: Client, collection: str, query: Query, key: str) -> None:
        self._client = client
        self._collection = collection
        self._query = query
        self._key = key
        self._rows: dict[Any, Row] = {}
        self._told: dict[Any, Row] = {}
        self._problem: DirectusError | None = None
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
        for event in _EVENTS:
            subscription = await self._client.subscribe(
                self._collection,
                event=event,
                query={"fields": [self._key], "limit": -1},
                recover=None,
            )
            self._subscriptions.append(subscription)
        self._unwatch = self._client.on_state(self._look_again)
        self._stale.set()
        self._tasks = [asyncio.ensure_future(self._watch(s)) for s in self._subscriptions]
        self._tasks.append(asyncio.ensure_future(self._keep_fresh()))
        await self._fresh.wait()
        if self._problem is not None:
            await self.__aexit__()
            raise self._problem
        self._told = dict(self._rows)
        self._fresh.clear()
        return self

    async def __aexit__(self, *_: object) -> None:
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
            DirectusError: the rows can no longer be read.
        """
        while True:
            change = self._next_change()
            if change is not None:
                return change
            if self._problem is not None:
                raise self._problem
            self._fresh.clear()
            await self._fresh.wait()

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

    async def _watch(self, subscription: Subscribed) -> None:
        """Take note of what may have changed the view: an event, or the init after a reconnect."""
        try:
            async for message in subscription:
                if message["event"] != "delete" or self._concerns(message.get("data")):
                    self._stale.set()
        except DirectusError as error:
            self._give_up(error)

    def _look_again(self, change: StateChanged) -> None:
        """Take that something was missed: events, while the connection or the token was gone."""
        if change.state == "open":
            self._stale.set()

    def _concerns(self, keys: Any) -> bool:
        """Return whether a delete may matter: Directus sends those of all rows, filtered or not."""
        if self._query.get("offset") or self._query.get("page"):
            return True
        known = {str(key) for key in self._rows}
        return not isinstance(keys, list) or any(str(key) in known for key in keys)

    async def _keep_fresh(self) -> None:
        """Read the query whenever something may have changed, one read at a time."""
        query = self._with_key()
        items = self._client.items(self._collection)
        while True:
            await self._stale.wait()
            self._stale.clear()
            try:
                rows = await items.read(query, quiet=True)
            except ReplyTimeout:
                self._stale.set()
                continue
            except DirectusError as error:
                self._give_up(error)
                return
            self._rows = {row[self._key]: row for row in rows}
            self._fresh.set()

    def _with_key(self) -> Query:
        fields = self._query.get("fields")
        names = fields.split(",") if isinstance(fields, str) else fields
        if not names or "*" in names or self._key in names:
            return self._query
        return {**self._query, "fields": [*names, self._key]}

    def _give_up(self, error: DirectusError) -> None:
        self._problem = error
        self._fresh.set()
