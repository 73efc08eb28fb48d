"""Views, and clients, that take too long to read. They are not tried again for a while."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from server.config import MAX_CLIENT_VIEW_TIME, MAX_VIEW_TIME
from server.database.engine import is_interrupted, limit_time, too_slow, translated
from server.items.events import Event, View
from server.query.permission import Reading
from server.query.query import Query
from server.realtime.hub import Subscriber

_PAUSE = 60.0  # seconds
_MOST = 1_000  # views that are remembered
_COUNTED = 0.001  # seconds from which on a view counts for its clients


class SlowViews:
    """Limits the time of each view, and of all views of an event for one client.

    So a client does not hold up the others, neither with one view nor with many. The time of a view
    that several clients share is shared too. A client's first reading over the limit is forgiven,
    once a minute: a machine that stands still for a moment is no client's fault.
    """

    def __init__(self) -> None:
        self._until: dict[tuple[Query, Reading | None], float] = {}
        self._clients_until: WeakKeyDictionary[Subscriber, float] = WeakKeyDictionary()
        self._forgiven_until: WeakKeyDictionary[Subscriber, float] = WeakKeyDictionary()
        self._spent: dict[tuple[Event, Subscriber], float] = {}

    def start(self) -> None:
        """Begin with other events."""
        self._spent = {}

    @contextmanager
    def watch(
        self, connection: sa.Connection, view: View, clients: Sequence[Subscriber]
    ) -> Iterator[None]:
        """Read ``view``, which is for ``clients``, inside.

        Raises:
            DirectusError: it takes too long, or did so a short time ago; or SQLite refuses it.
        """
        if self._is_left_alone(view, clients):
            raise too_slow()
        limit_time(connection, MAX_VIEW_TIME)
        started = time.thread_time()
        try:
            yield
        except DBAPIError as error:
            if is_interrupted(error):
                if len(self._until) >= _MOST:
                    self._until.clear()
                self._until[view.query, view.reading] = time.monotonic() + _PAUSE
            raise translated(error) from error
        finally:
            self._count(view, clients, time.thread_time() - started)

    def _is_left_alone(self, view: View, clients: Sequence[Subscriber]) -> bool:
        now = time.monotonic()
        if self._until.get((view.query, view.reading), 0.0) > now:
            return True
        until = self._clients_until
        return bool(until) and all(until.get(client, 0.0) > now for client in clients)

    def _count(self, view: View, clients: Sequence[Subscriber], taken: float) -> None:
        if taken < _COUNTED:
            return
        now = time.monotonic()
        for client in clients:
            before = self._spent.get((view.event, client), 0.0)
            spent = before + taken / len(clients)
            if spent > MAX_CLIENT_VIEW_TIME and self._forgives(client, now):
                spent = before
            elif spent > MAX_CLIENT_VIEW_TIME:
                self._clients_until[client] = now + _PAUSE
            self._spent[view.event, client] = spent

    def _forgives(self, client: Subscriber, now: float) -> bool:
        if self._forgiven_until.get(client, 0.0) > now:
            return False
        self._forgiven_until[client] = now + _PAUSE
        return True
