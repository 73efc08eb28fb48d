"""The rows of one query, kept up to date for all live views of it.

Directus tells nobody that a row has left a filter, promises no order of events, and cuts a view at
its limit. So events are only taken as the news that certain rows have changed. Those are then read
through the query's own filter, once for all that came meanwhile; where that is not sound, or
events may have been missed, the whole query is read.
"""

import asyncio
from collections.abc import Awaitable, Collection, Iterable
from typing import Any

from .changes import Changes, moved
from .core.events import StateChanged
from .errors import (
    ConnectionFailed,
    DirectusError,
    NotConnected,
    NotSent,
    OutboxFull,
    ReplyTimeout,
)
from .key_watch import Client, KeyWatch
from .keyed_query import KeyedQuery, found, without
from .pace import Pace
from .row_reader import RowReader
from .types import Freshness, Row

_AT_REST = ("closed", "failed", "needs sign-in")  # no connection is being made
_MOST_TOUCHED = 1000  # rows that wait to be read, before the whole query is


class SharedView:
    """Keeps the rows of a query up to date, from now until it is ended.

    Attributes:
        rows: the rows by their key, in the query's order; never changed, only replaced.
        observers: those who are told of changes.
        watch: tells which rows have changed.
        is_current: whether the rows were read since the connection was lost last.
        problem: why nothing more will come, or None.
        interruption: why nothing comes until the next connect, or None.
        failure: why there was no connection for the last read, or None.

    Args:
        client: the client.
        collection: the collection's name.
        keyed: the query.
        watch: the watch on the collection.
        pace: keeps the client's reads within Directus' limit.
    """

    def __init__(
        self, client: Client, collection: str, keyed: KeyedQuery, watch: KeyWatch, pace: Pace
    ) -> None:
        self.rows: dict[Any, Row] = {}
        self.observers: list[Changes] = []
        self.watch = watch
        self.is_current = False
        self.problem: Exception | None = None
        self.interruption: DirectusError | None = None
        self.failure: DirectusError | None = None
        self._client = client
        self._keyed = keyed
        self._reader = RowReader(client, collection, keyed, pace)
        self._pace = pace
        self._was_read = False
        self._needs_all = True
        self._touched: dict[Any, None] = {}  # keys of rows to read
        self._is_reading = False
        self._deleted: list[Any] = []  # keys, since the read under way began
        self._gone: list[Any] = []  # deleted keys that other rows may have named
        self._losses = 0  # of the connection
        self._silent_reads = 0  # in a row
        self._news = asyncio.Event()
        watch.listeners.append(self)
        self._task = asyncio.ensure_future(self._run())

    @property
    def error(self) -> Exception | None:
        """Why nothing comes, or None."""
        return self.problem or self.interruption

    @property
    def freshness(self) -> Freshness:
        """How true the rows are: ``live`` if nothing is known that has not been read."""
        if not self._was_read:
            return "loading"
        if self.error is not None:
            return "stale"
        is_read = not (self._needs_all or self._touched or self._gone or self._is_reading)
        watched = self.watch.freshness
        return watched if is_read or watched == "stale" else "catching up"

    def join(self, observer: Changes) -> None:
        """Tell ``observer`` of changes too; without a connection, try once more to read."""
        self.observers.append(observer)
        if not self.is_current:
            self.failure = None
            if not self._is_reading:
                self.doubt()

    def end(self) -> Awaitable[object]:
        """End the reads; return what waits for that."""
        self.watch.listeners.remove(self)
        self._task.cancel()
        return asyncio.gather(self._task, return_exceptions=True)

    # What may have changed the rows

    def touch(self, keys: Iterable[Any]) -> None:
        """Read these rows anew."""
        self._touched.update(dict.fromkeys(keys))
        if self._touched:
            self._news.set()
        if len(self._touched) > _MOST_TOUCHED:
            self.doubt()

    def delete(self, keys: list[Any]) -> None:
        """Take these rows out; Directus tells of those of all rows, filtered or not."""
        if self._is_reading:
            self._deleted += keys
        known = [key for each in keys if (key := found(each, self.rows)) is not None]
        if self._reader.is_whole or (known and not self._reader.reads_parts):
            self.doubt()
            return
        if known:
            self._take(without(self.rows, known), known, [], may_move=False)
        else:  # a UUID may come in capitals
            self.touch(low for key in keys if (low := str(key).lower()) in self.rows)
        self._gone += keys
        self._news.set()
        if len(self._gone) > _MOST_TOUCHED:
            self.doubt()

    def doubt(self) -> None:
        """Read the whole query."""
        self._needs_all = True
        self._touched.clear()
        self._gone = []
        self._news.set()

    def follow(self, change: StateChanged) -> None:
        """Follow the connection: read anew when it is back, and say that none is being made."""
        if change.state != "open":
            self.is_current = False
            self._losses += 1
        self.interruption = None
        if change.state in _AT_REST:
            self.interruption = change.error or ConnectionFailed(
                "The client was disconnected, and the live view is as it was then: call "
                "`await directus.connect()`, and go on."
            )
            self._wake()
        elif change.state == "open":
            self.doubt()

    def fail(self, error: Exception) -> None:
        """Record why nothing more will come."""
        self.problem = self.problem or error
        self._wake()

    def _wake(self) -> None:
        for observer in self.observers:
            observer.wake()

    def _take(
        self,
        rows: dict[Any, Row],
        left: Iterable[Any],
        changed: Collection[Any],
        *,
        may_move: bool = True,
    ) -> None:
        have_moved = moved(self.rows, rows, changed) if may_move else ()
        self.rows = rows
        for observer in self.observers:
            observer.take(rows, left, changed, have_moved)

    # The reads

    async def _run(self) -> None:
        try:
            await self.watch.ready()
            while True:
                await self._news.wait()
                self._news.clear()
                if self._gone:
                    gone, self._gone = self._gone, []
                    self.touch(self._keyed.naming(gone, self.rows))
                if self._needs_all or self._touched:
                    await self._pace.turn()
                    await self._read()
                self.watch.caught_up()
        except Exception as error:
            self.fail(error)

    async def _read(self) -> None:
        """Read what may have changed; only one read is under way."""
        received = self._client.stats()["received"]
        self._is_reading = True
        self._deleted = []
        try:
            if self._needs_all or not self._reader.reads_parts:
                await self._read_all()
            else:
                await self._read_part()
        except ReplyTimeout:
            # If nothing else came either, the connection is dead, and ends by itself.
            self._silent_reads += self._client.stats()["received"] > received
            if self._silent_reads > 1:
                raise
            self.doubt()
        except (ConnectionFailed, NotConnected, NotSent, OutboxFull) as error:
            self._needs_all = True  # as soon as the connection is open again
            if isinstance(error, NotConnected):
                self.interruption = error
            self.failure = error
        else:
            self._silent_reads = 0
            self.failure = None
        finally:
            self._is_reading = False
            self._wake()

    async def _read_all(self) -> None:
        losses = self._losses
        self._touched, self._needs_all = {}, False
        rows = await self._reader.read_all()
        rows = self._without_deleted(rows, rows)
        before = self.rows
        left = [key for key in before if key not in rows]
        self._take(rows, left, [key for key, row in rows.items() if before.get(key) != row])
        self._was_read = True
        self.is_current = losses == self._losses

    async def _read_part(self) -> None:
        keys, self._touched = list(self._touched), {}
        before = self.rows
        rows = await self._reader.read_part(before, keys)
        if rows is None:
            self.doubt()
            return
        rows = self._without_deleted(rows, set(keys))
        self.touch(self._reader.misplaced)
        left = [key for key in keys if key in before and key not in rows]
        changed = [key for key in keys if key in rows and before.get(key) != rows[key]]
        self._take(rows, left, changed)

    def _without_deleted(self, rows: dict[Any, Row], read: Collection[Any]) -> dict[Any, Row]:
        """Return the rows that were not deleted meanwhile; look again at those that were read."""
        deleted = [key for each in self._deleted if (key := found(each, rows)) is not None]
        self.touch(key for key in deleted if key in read)
        return without(rows, deleted) if deleted else rows
