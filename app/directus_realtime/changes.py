"""What one reader of a live view has been told, and what is different since."""

import asyncio
from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from .types import ChangeKind, Row


class Change(NamedTuple):
    """One row that is different.

    ``kind`` is ``enter``, ``update`` or ``leave``; ``row`` is as it is now, or was at last. A row
    that has only moved in the order is an ``update`` too.
    """

    kind: ChangeKind
    key: Any
    row: Row


class Changes:
    """The changes that a reader has not been told yet, one for each row.

    Attributes:
        rows: the rows by their key, as they are now.
    """

    def __init__(self) -> None:
        self.rows: dict[Any, Row] = {}
        self._told: dict[Any, Row] = {}
        self._left: OrderedDict[Any, None] = OrderedDict()  # keys of rows that may have left
        self._changed: OrderedDict[Any, bool] = OrderedDict()  # those that may differ: if it moved
        self._woken = asyncio.Event()

    def begin(self, rows: dict[Any, Row]) -> None:
        """Take ``rows`` as told."""
        self.rows, self._told = rows, dict(rows)
        self._left.clear()
        self._changed.clear()

    def take(
        self,
        rows: dict[Any, Row],
        left: Iterable[Any],
        changed: Iterable[Any],
        moved: Collection[Any] = (),
    ) -> None:
        """Take the rows as they are now, and the keys of those that are different or have moved."""
        self.rows = rows
        for key in left:
            self._changed.pop(key, None)
            if key in self._told:  # who was not told that it came need not hear that it left
                self._left[key] = None
        for key in (*changed, *moved):
            self._left.pop(key, None)
            self._changed[key] = key in moved or self._changed.get(key, False)
        self.wake()

    def next(self) -> Change | None:
        """Return the next change, those that have left first; None if there is none."""
        while self._left:
            key, _ = self._left.popitem(last=False)
            if key in self._told and key not in self.rows:
                return Change("leave", key, self._told.pop(key))
        while self._changed:
            key, has_moved = self._changed.popitem(last=False)
            row = self.rows.get(key)
            if row is not None and (has_moved or self._told.get(key) != row):
                kind: ChangeKind = "update" if key in self._told else "enter"
                self._told[key] = row
                return Change(kind, key, row)
        return None

    def wake(self) -> None:
        """End the wait."""
        self._woken.set()

    async def wait(self) -> None:
        """Return after the next wake, or at once if there was one since the last wait."""
        await self._woken.wait()
        self._woken.clear()


def moved(
    before: Mapping[Any, Row], rows: Mapping[Any, Row], changed: Iterable[Any]
) -> Collection[Any]:
    """Return the keys of rows that have moved among those that have not changed."""
    if list(before) == list(rows):  # nearly always, and quick
        return ()
    aside = set(changed)
    old = [key for key in before if key in rows and key not in aside]
    new = [key for key in rows if key in before and key not in aside]
    if old == new:
        return ()
    return min(_displaced(old, new), _displaced(old[::-1], new[::-1]), key=len)


def _displaced(old: list[Any], new: list[Any]) -> set[Any]:
    """Return what to take out so that the rest of both lists has one order."""
    displaced: set[Any] = set()
    at = 0
    for key in new:
        while at < len(old) and old[at] in displaced:
            at += 1
        if at < len(old) and old[at] == key:
            at += 1
        else:
            displaced.add(key)
    return displaced
