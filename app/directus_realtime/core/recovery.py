"""How a subscription to created items loses none of them.

Directus keeps no history of events. It reads a subscription's ``init`` before it registers the
subscription, and dispatches events in no promised order; so what is created while a client is
away, or in that gap, reaches nobody. This module makes up for it with reads:

* Before the first subscribe the newest keys are read, or the caller passes the rows that it has
  read: these are the known rows. ``since`` may also be a bare value of the recover field.
* After every ``init``, the first one included, all rows from a margin before the newest known
  one on are read in ascending pages, and those that were delivered already are dropped.
* A row that the first catch-up finds may be so new that its event is still to come: it is held
  for a moment, and delivered as missed only if its event does not come, or the event of a later
  row comes first.
* Only the keys inside the margin are remembered. So memory is bounded, and exactly-once holds
  for commits that overtake each other by fewer rows than the margin. While pages are being read,
  no key beyond them is forgotten: live events may be far ahead of the pages, and the connection
  may be lost before the pages have reached them.

This module builds queries and decides which rows are new; the subscription sends and receives.

Rows come from a server that may be wrong, so each key and each value of the field is checked
before it is compared. A page that cannot be used raises ``UnusableRows``.
"""

from bisect import bisect_left, insort
from math import isfinite
from typing import Any

from ..errors import UsageError
from ..types import UNSET, Key, Query, Row, Since
from .codec import decode
from .messages import Failure

MARGIN = 1000
"""How many of the newest rows are remembered, and read again after every init."""

_MOST_KEYS = 65
"""How many margins of keys are remembered at most, while pages are read or values are shared."""

_SHRINK = 4  # the page size is divided by this after the connection was lost during a page


class UnusableRows(Exception):
    """Rows that recovery cannot use; the text says why."""


class Recovery:
    """What one subscription knows of its collection.

    Args:
        field: an ascending field of the collection.
        key: its primary key.
        query: the subscriber's query; its fields and filter hold for the reads too.
        since: where to begin; see the module's text.
        margin: how many of the newest rows are remembered, and how many are read at a time.

    Raises:
        UsageError: the query's filter is a text and no JSON, or ``since`` has another type.
    """

    def __init__(
        self,
        *,
        field: str,
        key: str,
        query: Query,
        since: Since,
        margin: int = MARGIN,
    ) -> None:
        self.field = field
        self.key = key
        self.needs_mark = since is UNSET
        self._query = query
        self._filter = _parsed(query.get("filter"))
        self._added = _missing_fields(query.get("fields"), (key, field))
        self._window: list[tuple[Any, Any, Key, Any]] = []  # ascending: order, order, key, value
        self._known: set[Key] = set()
        self._after: Any = None  # rows up to and including this value are not read again
        self._position: Any = None  # the last value that the pages have reached
        self._floor: Any = None  # pages begin after this value
        self._read_there: list[Key] = []  # the keys of the rows of that value
        self._margin = margin
        self._slack = margin // 8  # keys that are forgotten together
        self._limit = margin  # of the next page
        self._has_limit = True  # whether Directus accepts our limit
        self._settled = False  # whether all pages have been read since the last init
        if not self.needs_mark:
            _check_since(since)
            self._begin(since)

    @property
    def remembered(self) -> int:
        """How many keys are remembered."""
        return len(self._window)

    @property
    def mark(self) -> Any:
        """The highest value of the field among the known rows, None where there is none."""
        return self._window[-1][3] if self._window else self._after

    def fields(self) -> Any:
        """Return the fields to subscribe with: the subscriber's and those that recovery needs."""
        fields = self._query.get("fields")
        if not fields or not self._added:
            return fields
        if isinstance(fields, str):
            return ",".join([fields, *self._added])
        return [*fields, *self._added]

    def strip(self, row: Row) -> Row:
        """Return ``row`` without the fields that only recovery asked for."""
        if not self._added:
            return row
        stripped = row.copy()
        for name in self._added:
            stripped.pop(name, None)
        return stripped

    def mark_query(self) -> Query:
        """Return the query whose rows are those that exist before the first subscribe."""
        fields = [self.key] if self.field == self.key else [self.key, self.field]
        every = self._every_row()
        return self._limited({"fields": fields, "filter": every, "sort": ["-" + self.field]})

    def accept_mark(self, rows: list[Any]) -> None:
        """Record the answer to ``mark_query``: these rows are known, and older ones are not missed.

        Raises:
            UnusableRows: the rows have no order.
        """
        for row in rows:
            self._pair_of(row)
        self._begin(rows)
        self.needs_mark = False
        if self._has_limit and len(rows) < self._limit:
            self._after = None  # it was the whole collection: any other row is a new one

    def relax(self, error: Failure) -> bool:
        """Send no limit from now on, if ``error`` means that ours was too high.

        Returns whether to send the same read again.
        """
        code, message = error
        is_worth_it = code == "INVALID_QUERY" and '"limit"' in message and self._has_limit
        self._has_limit = self._has_limit and not is_worth_it
        return is_worth_it

    def shrink(self) -> None:
        """Ask for smaller pages: the connection was lost while one was being read."""
        self._limit = max(1, self._limit // _SHRINK)

    def begin_pages(self) -> None:
        """Begin to catch up: the next page is the first one, and no key is forgotten."""
        self._position = None
        self._floor = self._after
        self._read_there = []
        self._settled = False

    def page_query(self) -> Query:
        """Return the query of the next page of rows that may not have been delivered."""
        query = {
            name: self._query[name]
            for name in ("search", "deep", "alias")
            if self._query.get(name) is not None
        }
        fields = self.fields()
        if fields is not None:
            query["fields"] = fields
        ours = self._next_rows()
        query["filter"] = {"_and": [self._filter, ours]} if self._filter else ours
        sort = [self.field] if self.field == self.key else [self.field, self.key]
        return self._limited({**query, "sort": sort})

    def is_last(self, rows: list[Any]) -> bool:
        """Return whether no page comes after this one."""
        return len(rows) < self._limit if self._has_limit else not rows

    def accept_page(self, rows: list[Any]) -> list[Row]:
        """Process a page of rows; return those that were not delivered yet.

        Raises:
            UnusableRows: the rows have no order, or the same rows come again and again.
        """
        pairs = [self._pair_of(row) for row in rows]
        if pairs:
            self._advance(pairs)
        new = [row for row in rows if self._remember(row)]
        self._settled = self.is_last(rows)
        if self._settled:
            self._limit = self._margin
        self._trim()
        return new

    def accept(self, row: Row) -> bool:
        """Remember ``row``; return whether it is new."""
        is_new = self._remember_newest(row) or self._remember(row)
        if len(self._window) > self._margin + self._slack:
            self._trim()
        return is_new

    def _remember_newest(self, row: Row) -> bool:
        """Remember a row that is past all that are remembered, as most are; return whether it is.

        This is what ``_remember`` does, for the one case that has to be quick.
        """
        window, key = self._window, row.get(self.key)
        if type(key) is not int or self.field != self.key or not window:
            return False
        newest = window[-1][3]
        if type(newest) is not int or key <= newest:
            return False
        rank = (0, key, "")  # its order
        window.append((rank, rank, key, key))
        self._known.add(key)
        return True

    def _remember(self, row: Row) -> bool:
        key = _comparable(row.get(self.key))
        value = key if self.field == self.key else _comparable(row.get(self.field))
        if key is None or value is None:
            return True
        if key in self._known:
            return False
        rank = order(value)
        if self._after is not None and rank <= order(self._after):
            return not self._was_paged(value)
        self._insert((rank, rank if value is key else order(key), key, value))
        self._known.add(key)
        return True

    def _insert(self, entry: tuple[Any, Any, Key, Any]) -> None:
        """Insert an entry at its place, which is nearly always the end."""
        window = self._window
        if not window or window[-1][0] < entry[0]:
            window.append(entry)
        else:
            insort(window, entry, key=lambda each: each[:2])

    def _was_paged(self, value: Any) -> bool:
        """Return whether the pages since the last init have brought the rows of ``value``.

        A row below them is old, and its event is new all the same: it was inserted late.
        """
        if self._position is None or order(value) > order(self._position):
            return False
        return self._floor is None or order(value) > order(self._floor)

    def _pair_of(self, row: Any) -> tuple[Any, Key]:
        """Return a row's value and key."""
        if not isinstance(row, dict):
            raise UnusableRows(f"a row is no object, but of the type {type(row).__name__}.")
        for name in (self.field, self.key):
            if _comparable(row.get(name)) is None:
                raise UnusableRows(f'a row has no "{name}" that can be ordered.')
        return row[self.field], row[self.key]

    def _begin(self, since: Since) -> None:
        if not isinstance(since, list):
            self._after = since
            return
        for row in since:
            self._remember(row)
        if self._window:
            self._after = self._window[0][3]
            self._trim()
        else:
            self.needs_mark = bool(since)  # the rows lack the field, and say nothing

    def _advance(self, pairs: list[tuple[Any, Key]]) -> None:
        """Record the value that the pages have reached."""
        last = max(pairs, key=lambda pair: order(pair[0]))[0]
        there = [key for value, key in pairs if order(value) == order(last)]
        if self._position is not None and order(last) <= order(self._position):
            there = [key for key in there if key not in self._read_there]
            if self.field == self.key or not there or order(last) < order(self._position):
                raise UnusableRows("the same rows come again and again.")
            self._read_there += there
        else:
            self._position, self._read_there = last, there
        if len(self._read_there) > _MOST_KEYS * self._margin:
            raise UnusableRows(f'too many rows share one "{self.field}".')

    def _trim(self) -> None:
        """Forget what is older than the margin, as far as the pages have got.

        Rows that share a value are forgotten together, and those of the newest value are kept:
        another row of that value may still come.
        """
        while (excess := len(self._window) - self._margin) > 0:
            value = self._window[excess - 1][0]  # all of the excess at once, or else the oldest
            if not self._may_forget(value) and not self._may_forget(value := self._window[0][0]):
                break
            end = self._end_of(value)
            self._after = self._window[end - 1][3]
            self._forget(end)
        # Beyond this a row may come twice; none is lost.
        excess = len(self._window) - _MOST_KEYS * self._margin
        if excess > 0:
            self._forget(excess)

    def _may_forget(self, value: Any) -> bool:
        """Return whether the rows of a value are read, and not the newest; it is a sort key."""
        return bool(value != self._window[-1][0]) and self._is_read(value)

    def _end_of(self, value: Any) -> int:
        """Return how many rows are not newer than a value; ``value`` is its sort key."""
        return bisect_left(self._window, True, key=lambda entry: entry[0] > value)

    def _is_read(self, value: Any) -> bool:
        """Return whether the pages are past the rows of a value; ``value`` is its sort key."""
        if self._settled:
            return True
        if self._position is None:
            return False
        reached = order(self._position)
        return bool(value < reached or (value == reached and self.field == self.key))

    def _forget(self, count: int) -> None:
        for entry in self._window[:count]:
            self._known.discard(entry[2])
        del self._window[:count]

    def _next_rows(self) -> Query:
        """Return the filter for rows past what is settled and past the pages already read."""
        if self._position is None:
            return self._every_row() if self._after is None else {self.field: {"_gt": self._after}}
        if self.field == self.key:
            return {self.field: {"_gt": self._position}}
        # Rows may share a value: those of this value that were read are left out by key, which
        # works for keys that have no order, such as UUIDs.
        return {
            "_and": [
                {self.field: {"_gte": self._position}},
                {self.key: {"_nin": list(self._read_there)}},
            ]
        }

    def _every_row(self) -> Query:
        """Return the filter for all rows that have the field.

        Directus refuses the form for a key if it does not order such keys, as strings or UUIDs:
        then that is known at once, and not when there are more rows than a page holds. Another
        field may be a date, with which PostgreSQL compares no number.
        """
        has_field = {self.field: {"_nnull": True}}
        return (
            {"_or": [{self.field: {"_gt": 0}}, has_field]} if self.field == self.key else has_field
        )

    def _limited(self, query: Query) -> Query:
        return {**query, "limit": self._limit} if self._has_limit else query


def order(value: Any) -> Any:
    """Return the sort key of ``value``: numbers, and strings of digits, sort as numbers."""
    if not isinstance(value, str):
        return (0, value, "")
    is_number = value.isdecimal() and len(value) <= _MOST_DIGITS
    return (0, int(value), "") if is_number else (1, 0, value)


_MOST_DIGITS = 4000  # Python converts no longer text to a number


def _comparable(value: Any) -> Any:
    """Return ``value`` if it can be ordered: a finite number or a text; else None."""
    if type(value) is int or type(value) is str:
        return value
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    return None if isinstance(value, float) and not isfinite(value) else value


def _check_since(since: Since) -> None:
    if isinstance(since, list):
        is_usable = all(isinstance(row, dict) for row in since)
    else:
        is_usable = since is None or _comparable(since) is not None
    if not is_usable:
        raise UsageError(
            "`since` is a list of rows, a number or text, or None for the beginning, and this is "
            f"none of them: {type(since).__name__}. Pass the rows that were read last."
        )


def _parsed(filter_: Any) -> Any:
    if not isinstance(filter_, str):
        return filter_
    try:
        return decode(filter_)
    except ValueError:
        raise UsageError(
            f"A filter is a dict, or JSON text, and this is neither: {filter_[:40]!r}."
        ) from None


def _missing_fields(fields: Any, needed: tuple[str, ...]) -> list[str]:
    """Return which of ``needed`` the subscriber's fields do not cover, each once."""
    if not fields:
        return []
    given = [fields] if isinstance(fields, str) else fields
    names = {name.strip() for each in given if isinstance(each, str) for name in each.split(",")}
    if any(name.split(".")[0] == "*" for name in names):
        return []
    return [name for name in dict.fromkeys(needed) if name not in names]
