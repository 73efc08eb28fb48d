"""How a subscription to created items loses none of them.

Directus keeps no history of events. It reads a subscription's ``init`` before it registers the
subscription, and dispatches events in no promised order; so what is created while a client is
away, or in that gap, reaches nobody. This module makes up for it with reads:

* Before the first subscribe the newest keys are read, or the caller passes what it has read:
  the rows that are known. ``since`` may also be a bare value of the recover field.
* After every ``init``, the first one included, all rows past the known ones less a margin are
  read in pages, ascending, and those that were delivered already are dropped.
* A row that the first of these catchings up finds may be so new that its event is still to come:
  it waits for that a moment, and is delivered as missed only if none comes, or a later row's
  event before its own.
* The keys inside the margin are all that is remembered. So memory is bounded, and exactly-once
  holds for commits that overtake each other by fewer rows than the margin. Only while pages are
  being read nothing beyond them is forgotten: what comes live may be far ahead of them, and the
  connection may fall before they have got there.

Pure: it builds queries and judges rows; the protocol sends and receives.
"""

from bisect import bisect_left, insort
from typing import Any

from .codec import decode

MARGIN = 1000
"""How many of the newest rows are remembered, and read again after every init."""

_LIMIT_REFUSED = "INVALID_QUERY"


class _Unset:
    """The type of :data:`UNSET`."""

    def __repr__(self) -> str:
        return "UNSET"


UNSET = _Unset()
"""Says that no ``since`` was passed. None is a value of its own: from the very beginning."""

Since = Any
"""A value of the recover field, rows that were just read, None for the beginning, or UNSET."""


class Recovery:
    """What one subscription knows of its collection.

    Args:
        field: an ascending field of the collection.
        key: its primary key.
        query: the subscriber's query; its fields and filter hold for the reads too.
        since: where to begin; see the module's text.
        margin: how many of the newest rows are remembered, and how many are read at a time.
    """

    def __init__(
        self,
        *,
        field: str,
        key: str,
        query: dict[str, Any],
        since: Since,
        margin: int = MARGIN,
    ) -> None:
        self.field = field
        self.key = key
        self.needs_mark = since is UNSET
        self._query = query
        self._added = _missing_fields(query.get("fields"), (key, field))
        self._window: list[tuple[Any, Any, Any]] = []  # ascending: (order, key, value)
        self._known: set[Any] = set()
        self._after: Any = None  # rows up to and with this value are not read again
        self._paging: list[tuple[Any, Any]] = []
        self._margin = margin
        self._limit: int | None = margin
        self._settled = False  # whether all pages have been read since the last init
        if not self.needs_mark:
            self._begin(since)

    @property
    def remembered(self) -> int:
        """How many keys are remembered: no more than the margin, but while pages are read."""
        return len(self._window)

    def fields(self) -> Any:
        """Return the fields to subscribe with: the subscriber's and those that recovery needs."""
        fields = self._query.get("fields")
        if not fields or not self._added:
            return fields
        if isinstance(fields, str):
            return ",".join([fields, *self._added])
        return [*fields, *self._added]

    def strip(self, row: dict[str, Any]) -> dict[str, Any]:
        """Return ``row`` without the fields that only recovery asked for."""
        return {name: value for name, value in row.items() if name not in self._added}

    def mark_query(self) -> dict[str, Any]:
        """Return the query whose rows are those that exist before the first subscribe."""
        fields = [self.key] if self.field == self.key else [self.key, self.field]
        return _limited({"fields": fields, "sort": ["-" + self.field]}, self._limit)

    def accept_mark(self, rows: list[dict[str, Any]]) -> None:
        """Take the answer to :meth:`mark_query`: these rows are known, and no older one counts."""
        self._begin(rows)
        self.needs_mark = False
        if self._limit is not None and len(rows) < self._limit:
            self._after = None  # it was the whole collection: any other row is a new one

    def relax(self, code: str) -> bool:
        """Ask for no limit of our own from now on, if ``code`` may mean that it was too high.

        Returns whether the same read is worth sending again.
        """
        worth_it = code == _LIMIT_REFUSED and self._limit is not None
        self._limit = None if worth_it else self._limit
        return worth_it

    def begin_pages(self) -> None:
        """Begin to catch up: the next page is the first one, and nothing is forgotten."""
        self._paging = []
        self._settled = False

    def page_query(self) -> dict[str, Any]:
        """Return the query of the next page of rows that may not have been delivered."""
        query = {
            name: self._query[name]
            for name in ("search", "deep", "alias")
            if self._query.get(name) is not None
        }
        fields = self.fields()
        if fields is not None:
            query["fields"] = fields
        theirs = _parsed(self._query.get("filter"))
        ours = self._position()
        query["filter"] = {"_and": [theirs, ours]} if theirs else ours
        sort = [self.field] if self.field == self.key else [self.field, self.key]
        return _limited({**query, "sort": sort}, self._limit)

    def is_last(self, rows: list[dict[str, Any]]) -> bool:
        """Return whether no page comes after this one."""
        return not rows if self._limit is None else len(rows) < self._limit

    def accept_page(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Take a page of rows; return those that were not delivered yet."""
        self._paging += [(row[self.field], row[self.key]) for row in rows]
        last = self._paging[-1][0] if self._paging else None
        if self.field == self.key:
            del self._paging[:-1]
        else:
            self._paging = [pair for pair in self._paging if pair[0] == last]
        new = [row for row in rows if self.accept(row)]
        self._settled = self.is_last(rows)
        self._trim()
        return new

    def accept(self, row: dict[str, Any]) -> bool:
        """Remember ``row``; return whether it is new."""
        key = row.get(self.key)
        if key in self._known:
            return False
        value = row.get(self.field)
        if key is None or value is None:
            return True
        if self._after is not None and order(value) <= order(self._after):
            return True
        insort(self._window, (order(value), order(key), (value, key)))
        self._known.add(key)
        self._trim()
        return True

    def _begin(self, since: Since) -> None:
        if not isinstance(since, list):
            self._after = since
            return
        for row in since:
            self.accept(row)
        if since:
            self._after = self._window[0][2][0] if self._window else None

    def _trim(self) -> None:
        """Forget what is older than the margin, as far as the pages have got."""
        while len(self._window) > self._margin:
            oldest = self._window[0][0]
            if not self._settled and (not self._paging or oldest > order(self._paging[-1][0])):
                return
            self._after = self._window[0][2][0]
            end = bisect_left(self._window, True, key=lambda entry: entry[0] > oldest)
            for entry in self._window[:end]:
                self._known.discard(entry[2][1])
            del self._window[:end]

    def _position(self) -> dict[str, Any]:
        """Return the filter for rows past what is settled and past the pages already read."""
        if not self._paging:
            return {self.field: {"_nnull": True} if self._after is None else {"_gt": self._after}}
        value = self._paging[-1][0]
        if self.field == self.key:
            return {self.field: {"_gt": value}}
        # Rows may share a value: those of this value that were read are left out by key, which
        # works for keys that have no order, such as UUIDs.
        read = [key for _, key in self._paging]
        return {"_and": [{self.field: {"_gte": value}}, {self.key: {"_nin": read}}]}


def order(value: Any) -> Any:
    """Return what ``value`` is compared by: numbers, and strings of digits, as numbers."""
    if isinstance(value, str):
        return (0, int(value), "") if value.isdecimal() else (1, 0, value)
    return (0, value, "")


def _limited(query: dict[str, Any], limit: int | None) -> dict[str, Any]:
    return query if limit is None else {**query, "limit": limit}


def _parsed(filter_: Any) -> Any:
    return decode(filter_) if isinstance(filter_, str) else filter_


def _missing_fields(fields: Any, needed: tuple[str, ...]) -> list[str]:
    """Return which of ``needed`` the subscriber's fields do not cover, each once."""
    if not fields:
        return []
    names = fields.split(",") if isinstance(fields, str) else fields
    if "*" in names:
        return []
    return [name for name in dict.fromkeys(needed) if name not in names]
