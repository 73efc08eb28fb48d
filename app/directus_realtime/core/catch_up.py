"""How one subscription reads the rows that it missed: pages, grace period, pause.

After every init the rows newer than the known ones are read page by page; the next page is read
when the consumer has read the rows of the last one. A row that the first catch-up finds may be so
new that its own event is still to come: it is held for a moment, and delivered as that event.
"""

from collections.abc import Sequence
from typing import Any

from ..types import Query, Row
from .messages import Failure, SubscriptionMessage
from .recovery import Recovery

GRACE = 0.5
"""Seconds for which a row that the first catch-up finds waits for its own event."""


Accepted = tuple[SubscriptionMessage, bool, Sequence[SubscriptionMessage]]
"""What handlers see of a message, and the consumer if it is new; whether it holds anything new; the
held rows that were created before it, and are delivered first."""


class CatchUp:
    """Reads no missed rows: the plain subscription, as in the JS SDK.

    Attributes:
        held_until: the time until which rows are held, or None if there are none.
        field: the field by which rows are read.
    """

    held_until: float | None = None
    field = ""

    def mark_query(self) -> Query | None:
        """Return the query for the newest rows, None where they need not be known."""
        return None

    def subscribe_query(self, query: Query | None) -> Query | None:
        """Return the query to subscribe with."""
        return query

    def begin(self) -> None:
        """Begin with the first page: an init comes next."""

    def connection_lost(self, was_reading: bool) -> None:
        """Ask for smaller pages, if the connection was lost in the middle of one."""

    def page_query(self) -> Query | None:
        """Return the query for the next page of missed rows, None where all were read."""
        return None

    def accept(self, message: dict[str, Any]) -> Accepted:
        """Process a received message."""
        return SubscriptionMessage(message), True, ()

    def release(self) -> list[SubscriptionMessage]:
        """Return the held rows: their events have not come, so they were missed."""
        return []


class RowCatchUp(CatchUp):
    """Reads the created rows that were missed.

    Args:
        uid: the subscription's.
        recovery: which rows are known.
    """

    def __init__(self, uid: str, recovery: Recovery) -> None:
        self.recovery = recovery
        self.field = recovery.field
        self._uid = uid
        self._held: dict[Any, SubscriptionMessage] = {}  # rows that wait for their event, by key
        self._is_done = False  # whether the last page was read since the last init
        self._was_done = False  # the same, on any connection

    def mark_query(self) -> Query | None:
        """Return the query for the newest rows, None where they are known."""
        return self.recovery.mark_query() if self.recovery.needs_mark else None

    def accept_mark(self, rows: list[Any]) -> None:
        """Record the newest rows: these are known.

        Raises:
            UnusableRows: the rows have no order.
        """
        self.recovery.accept_mark(rows)

    def subscribe_query(self, query: Query | None) -> Query | None:
        """Return the query, with the fields that recovery needs added."""
        if query is None or not query.get("fields"):
            return query
        return {**query, "fields": self.recovery.fields()}

    def begin(self) -> None:
        """Begin with the first page: an init comes next."""
        self._is_done = False
        self.recovery.begin_pages()

    def connection_lost(self, was_reading: bool) -> None:
        """Ask for smaller pages, if the connection was lost in the middle of one."""
        if was_reading:
            self.recovery.shrink()

    def page_query(self) -> Query | None:
        """Return the query for the next page of missed rows, None where all were read."""
        return None if self._is_done else self.recovery.page_query()

    def take_page(self, rows: list[Any], now: float) -> list[SubscriptionMessage]:
        """Process one page of rows; return those to deliver now.

        Raises:
            UnusableRows: the rows have no order, or the same rows come again and again.
        """
        for row in self.recovery.accept_page(rows):
            event = {"type": "subscription", "event": "create", "data": [], "uid": self._uid}
            message = self._message({**event, "recovered": True}, [row])
            message.is_missed = True
            self._held[row[self.recovery.key]] = message
        self.held_until = now + GRACE if self._held else None
        self._is_done = self.recovery.is_last(rows)
        missed = self.release() if self._was_done or not self._is_done else []
        self._was_done = self._was_done or self._is_done
        return missed

    def relax(self, error: Failure) -> bool:
        """Return whether a read that was refused with ``error`` is worth sending again."""
        return self.recovery.relax(error)

    def accept(self, message: dict[str, Any]) -> Accepted:
        """Process a received message; of a create event, only the rows that are new."""
        rows = message.get("data")
        if message.get("event") != "create" or not isinstance(rows, list):
            return SubscriptionMessage(message), True, ()
        accept, key, held = self.recovery.accept, self.recovery.key, self._held
        new = [row for row in rows if accept(row) or (held and row.get(key) in held)]
        overtaken = self._overtaken(new) if held else ()
        return self._message(message, new or rows), bool(new) or not rows, overtaken

    def release(self) -> list[SubscriptionMessage]:
        """Return the held rows: their events have not come, so they were missed."""
        held, self._held, self.held_until = self._held, {}, None
        return list(held.values())

    def _overtaken(self, rows: list[Row]) -> list[SubscriptionMessage]:
        """Take out the held ones of ``rows``; return those before them, or all if none is held."""
        found = [row.get(self.recovery.key) for row in rows]
        keys = [key for key in found if isinstance(key, int | float | str)]
        before = []
        for key in list(self._held) if keys else []:
            if key in keys:
                break
            before.append(self._held.pop(key))
        for key in keys:
            self._held.pop(key, None)
        if not self._held:
            self.held_until = None
        return before

    def _message(self, message: dict[str, Any], rows: list[dict[str, Any]]) -> SubscriptionMessage:
        key, strip = self.recovery.key, self.recovery.strip
        result = SubscriptionMessage(message)
        result.keys_of_data = tuple([row.get(key) for row in rows])
        result["data"] = [strip(row) for row in rows]
        return result
