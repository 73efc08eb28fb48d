"""A collection as it is now: rows kept true by events, by reads and over every reconnect."""

from collections.abc import Iterator
from typing import Any, Self

from .changes import Change, Changes
from .errors import UsageError
from .key_watch import Client
from .keyed_query import KeyedQuery
from .shared_view import SharedView
from .shared_views import SharedViews
from .types import Freshness, Query, Row


class Live:
    """The rows of a query, in its order; made by ``RealtimeClient.live``.

    Rows hold their key, whichever fields the query names. Use it with ``async with``; then read
    ``rows``, or iterate with ``async for`` over the changes since the last look. However slow the
    reader is, nothing piles up: a row that changed twice meanwhile is one change. A singleton is a
    view of one row, or of none before its first write.

    Views of one client share what they read: those of a collection its events, and those of equal
    queries their rows too. So copy a row before you change it.

    After an event only the rows that it names are read, and those that hold the key of a deleted
    one. The whole query is read after a reconnect, and after each event where rows depend on more
    than themselves: rows that are cut at a limit (100 without one), ``offset`` and ``page``,
    relations in any part of the query, and dynamic variables such as ``$NOW``. Once in a while it
    is read besides, since no event tells of a row that a policy hides from now on, or that a
    database changes by itself. If Directus has a QUERY_LIMIT_MAX, or a QUERY_LIMIT_DEFAULT below
    100, name a ``limit``; if a collection is sorted by hand, name its field in ``sort``, and add
    the key where rows may be equal by it, for whose order databases promise nothing.

    Directus sends no event for a row when one that it is related to changes. So a view of
    ``author.name`` shows an author's new name when a row of the view changes, or the connection
    comes back, and not before; where that is too late, open a view of the authors too.

    Args:
        client: the client.
        collection: the collection's name.
        query: which rows and fields, in Directus' words.
        key: the collection's primary key.
        views: what the views of the client share; None for a view that shares nothing.

    Raises:
        UsageError: ``query`` is no query, or one that aggregates: its rows have no key.
    """

    def __init__(
        self,
        client: Client,
        collection: str,
        query: Query,
        key: str,
        views: SharedViews | None = None,
    ) -> None:
        self._keyed = KeyedQuery(collection, query, key)
        self._collection = collection
        self._views = views or SharedViews(client)
        self._view: SharedView | None = None
        self._changes = Changes()
        self._is_entered = self._was_entered = False

    @property
    def rows(self) -> list[Row]:
        """The rows as they are now, in the query's order."""
        return list(self._changes.rows.values())

    @property
    def freshness(self) -> Freshness:
        """How true the rows are.

        ``live``: a read that began after the last connect has come, and no change is known that
        has not been read. ``loading`` before the view is entered, ``stale`` after it is left.
        """
        if self._view is None:
            return "stale" if self._was_entered else "loading"
        return self._view.freshness

    def __len__(self) -> int:
        return len(self._changes.rows)

    def __contains__(self, key: Any) -> bool:
        return key in self._changes.rows

    def __getitem__(self, key: Any) -> Row:
        return self._changes.rows[key]

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    async def __aenter__(self) -> Self:
        """Subscribe, and read the rows for the first time, unless an equal view has them.

        Raises:
            UsageError: the rows have no field ``key``.
            ServerError: Directus refuses the rows or their events.
            ReplyTimeout: Directus does not answer the read, twice.
            ConnectionFailed: there is no connection, and none is being made.
            NotSent: there was no connection in time.
        """
        if self._is_entered:
            raise UsageError("This live view is in use already: make another with `live(...)`.")
        self._is_entered, self._view = True, None
        self._changes = Changes()
        try:
            self._view = await self._views.join(self._collection, self._keyed, self._changes)
            await self._until_current(self._view)
        except BaseException:
            await self.__aexit__()
            raise
        self._was_entered = True
        self._changes.begin(self._view.rows)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._is_entered = False
        self._changes.wake()  # for who still waits for one
        view, self._view = self._view, None
        if view is not None:
            await self._views.leave(view, self._changes)

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
        while self._is_entered and self._view is not None:
            change = self._changes.next()
            if change is not None:
                return change
            if (error := self._view.error) is not None:
                raise error
            await self._changes.wait()
        if not self._was_entered:
            raise UsageError("A live view is read inside its block: `async with live as rows:`.")
        raise StopAsyncIteration

    async def _until_current(self, view: SharedView) -> None:
        """Return when the view has rows of this connection, or raise why it has none."""
        while True:
            if (error := view.error or view.failure) is not None:
                raise error
            if view.is_current:
                return
            await self._changes.wait()
