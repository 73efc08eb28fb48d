"""Reads the rows of a query: all of them, or those that may have changed."""

import asyncio
from operator import itemgetter
from typing import Any

from .errors import ServerError
from .key_watch import Client
from .keyed_query import KeyedQuery
from .pace import Pace
from .partial_query import differs, partial_query
from .types import Query, Row

_REFRESH = 60.0  # seconds after which all rows are read again, if many were read in part


class RowReader:
    """Reads for one view, one read at a time.

    Attributes:
        is_whole: whether rows depend on more than themselves, and are only read all together.
        reads_parts: whether the rows that were read last can be kept up to date by reading some
            of them: no rows were left out, and none depends on anything but itself.
        misplaced: the keys that differed between the last list of all keys and the rows, or that
            were listed by other values than the rows have: what changed between the two reads.

    Args:
        client: the client.
        collection: the collection's name.
        keyed: the query.
        pace: keeps the client's reads within Directus' limit.
    """

    def __init__(self, client: Client, collection: str, keyed: KeyedQuery, pace: Pace) -> None:
        self.reads_parts = False
        self.misplaced: set[Any] = set()
        self._client = client
        self._collection = collection
        self._keyed = keyed
        self._partial = partial_query(keyed.query, keyed.key)
        self.is_whole = self._partial is None
        self._pace = pace
        self._stands_by_key = False  # whether the rows stand in the order of their keys
        self._read_at = 0.0  # when all rows were read last
        self._count = 0  # how many rows were read in part since

    async def read_all(self) -> dict[Any, Row]:
        """Return all rows, in their order.

        Raises:
            UsageError: the rows have no key.
            DirectusError: they cannot be read.
        """
        try:
            answer = await self._ask(self._keyed.query)
        except ServerError as error:
            raise self._keyed.refusal(error) from None
        rows = self._keyed.rows(answer)
        self.misplaced = set()
        self._read_at, self._count = asyncio.get_running_loop().time(), 0
        if self._partial is not None:
            is_singleton = isinstance(answer, dict)
            self.reads_parts = not is_singleton and not self._partial.may_cut(len(rows))
            self._stands_by_key = self._partial.follows_keys(rows)
        return rows

    async def read_part(self, before: dict[Any, Row], keys: list[Any]) -> dict[Any, Row] | None:
        """Return the rows after a change of those with ``keys``, in their order.

        What has no row any more has left the view.

        Args:
            before: the rows as they were.
            keys: the keys of the rows that may have changed, left or entered.

        Returns:
            None if the whole query has to be read.

        Raises:
            DirectusError: the rows cannot be read.
        """
        partial = self._partial
        if partial is None or not partial.can_read(keys) or self._is_refresh_due(len(before)):
            return None
        self._count += len(keys)
        try:
            found = self._keyed.rows(await self._ask(partial.of(keys)))
            rows = {**before, **found}
            for key in keys:
                if key not in found:
                    rows.pop(key, None)
            if not found.keys() <= set(keys) or partial.may_cut(len(rows)):
                return None
            if self._may_move(before, found):
                return await self._in_order(rows)
        except ServerError:
            return None  # what Directus refuses of the whole query is raised
        self.misplaced = set()
        return rows

    def _is_refresh_due(self, count: int) -> bool:
        """Return whether to read all ``count`` rows again, at the price of as many read in part.

        No event tells of a row that a policy hides from now on, or of what a database changes by
        itself.
        """
        age = asyncio.get_running_loop().time() - self._read_at
        return age > _REFRESH and self._count >= count

    def _may_move(self, before: dict[Any, Row], found: dict[Any, Row]) -> bool:
        """Return whether rows that were read may change the order."""
        assert self._partial is not None, "it is read as a whole"
        if found.keys() - before.keys() or found.keys() & self.misplaced:
            return True
        if not self._partial.is_sorted:
            return not self._stands_by_key
        return any(self._partial.may_move(before[key], row) for key, row in found.items())

    async def _in_order(self, rows: dict[Any, Row]) -> dict[Any, Row] | None:
        """Return rows in the query's order; None if Directus lists others again and again.

        Only numbers are sorted here: how a database sorts texts and nulls is its own affair.
        """
        assert self._partial is not None, "it is read as a whole"
        if self._stands_by_key and all(isinstance(key, int) for key in rows):
            is_descending = self._partial.direction < 0
            return dict(sorted(rows.items(), key=itemgetter(0), reverse=is_descending))
        await self._pace.turn()
        listed = self._keyed.rows(await self._ask(self._partial.in_order))
        moved = {key for key in listed.keys() & rows.keys() if differs(listed[key], rows[key])}
        before, self.misplaced = self.misplaced, moved | (listed.keys() ^ rows.keys())
        if before & self.misplaced:
            return None
        return {**{key: rows[key] for key in listed if key in rows}, **rows}

    async def _ask(self, query: Query) -> Any:
        return await self._client.items(self._collection).read(query, quiet=True)
