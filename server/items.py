"""Reading and writing items on a connection of the store's, in a thread of the store's.

The rules are those of Directus' items service, whether a request came by socket or by REST.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from server.access import Permission
from server.errors import (
    DirectusError,
    forbidden,
    invalid_payload,
    unusable_value,
)
from server.hub import Event, Key, Shown, View
from server.project import Collection, Project
from server.query import Limits, Query, Reading
from server.request import EVERYTHING, Outcome, Request
from server.rows import insert, remove, typed_key, update

_FIRST = Query(fields=(), limit=1)
_NO_SELECTOR = "Either 'ids', 'id' or 'query' is required for a DELETE request."


@dataclass(slots=True)
class Items:
    """The items of a project; ``now`` tells the time for fields that keep it."""

    project: Project
    now: Callable[[], datetime]
    limits: Limits = field(default_factory=Limits)
    max_batch: int | None = None

    def perform(self, connection: sa.Connection, request: Request) -> Outcome:
        """Do what ``request`` says, inside the connection's transaction.

        Raises:
            DirectusError: it cannot be done; nothing of it shall be kept.
        """
        if request.action == "read":
            return self._read(connection, request)
        if request.action == "create":
            return self._create(connection, request)
        if request.action == "update":
            return self._update(connection, request)
        return self._delete(connection, request)

    def show(self, connection: sa.Connection, view: View) -> Shown:
        """Return what a subscriber sees of an event.

        Raises:
            DirectusError: the subscription's query names what is not there.
        """
        collection = self.project.by_name[view.event.collection]
        assert view.permission is not None, "a view without permission is never read"
        reading = self._reading(collection, view.query, view.permission)
        meta = _counts(connection, reading)
        if view.event.action == "delete":
            return Shown(None, meta)
        keys = [typed_key(collection, key) for key in view.event.keys]
        if view.item is None:
            return Shown(_rows(connection, reading, keys), meta)
        return Shown(_one(connection, reading, typed_key(collection, view.item)), meta)

    def _reading(self, collection: Collection, query: Query, seen: Permission) -> Reading:
        return Reading(query, collection, seen, self.limits)

    def _read(self, connection: sa.Connection, request: Request) -> Outcome:
        reading = self._reading(request.collection, request.query, request.permission())
        if request.id:
            data = _one(connection, reading, typed_key(request.collection, request.id))
        elif request.ids is not None:
            data = _rows(connection, reading, self._keys(request, request.ids))
        elif request.collection.singleton:
            data = _single(connection, reading)
        else:
            data = _rows(connection, reading)
        return Outcome(data, _counts(connection, reading))

    def _create(self, connection: sa.Connection, request: Request) -> Outcome:
        many = isinstance(request.data, list)
        items = request.data if many else [request.data]
        self._check_batch(len(items))
        request.permission()
        keys: list[Key] = []
        for item in items:
            if many and item is None:
                raise unusable_value("data", item, "item")
            keys.append(self._insert(connection, request, item))
        events = [Event(request.collection.name, "create", (key,)) for key in keys]
        return self._read_back(connection, request, keys if many else keys[0], events)

    def _insert(self, connection: sa.Connection, request: Request, item: Any) -> Key:
        given = item if isinstance(item, dict) else {}
        return insert(connection, request.collection, request.rights, given, self.now())

    def _update(self, connection: sa.Connection, request: Request) -> Outcome:
        if not request.by_key and request.collection.singleton:
            return self._upsert(connection, request)
        if not request.by_key and isinstance(request.data, list):
            return self._update_batch(connection, request)
        if request.by_key and request.data is None:
            raise unusable_value("data", None, "item")
        request.permission()
        keys, raw = self._selected(connection, request)
        if not raw and request.ids is None:
            return Outcome([])
        self._check_batch(len(keys))
        update(connection, request.collection, request.rights, keys, request.data, self.now())
        events = [Event(request.collection.name, "update", raw)]
        return self._read_back(connection, request, keys[0] if request.id else keys, events)

    def _upsert(self, connection: sa.Connection, request: Request) -> Outcome:
        """Write the one row of a singleton, be it there or not."""
        collection = request.collection
        found = _rows(connection, self._reading(collection, _FIRST, Permission()))
        if found:
            update(connection, collection, request.rights, found, request.data, self.now())
        else:
            found = [self._insert(connection, request, request.data)]
            request = replace(request, action="create")
        events = [Event(collection.name, request.action, tuple(found))]
        return self._read_back(connection, request, found[0], events)

    def _update_batch(self, connection: sa.Connection, request: Request) -> Outcome:
        request.permission()
        self._check_batch(len(request.data))
        collection, key_name = request.collection, request.collection.key.name
        raw: list[Key] = []
        for item in request.data:
            key = item.get(key_name) if isinstance(item, dict) else None
            if not isinstance(key, str | int | float) or key == "":
                raise invalid_payload("Item in update misses primary key")
            keys = [typed_key(collection, key)]
            update(connection, collection, request.rights, keys, item, self.now())
            raw.append(key)
        events = [Event(collection.name, "update", (key,)) for key in raw]
        keys = [typed_key(collection, key) for key in raw]
        return self._read_back(connection, request, keys, events)

    def _delete(self, connection: sa.Connection, request: Request) -> Outcome:
        if not request.by_key and request.selector is None:
            raise DirectusError("INVALID_PAYLOAD", _NO_SELECTOR, status=400)
        request.permission()
        keys, raw = self._selected(connection, request)
        if not raw and request.ids is None:
            return Outcome([])
        self._check_batch(len(keys))
        remove(connection, request.collection, request.rights, keys)
        events = (Event(request.collection.name, "delete", raw),) if raw else ()
        return Outcome(raw[0] if request.id else list(raw), events=events)

    def _selected(
        self, connection: sa.Connection, request: Request
    ) -> tuple[list[Key], tuple[Key, ...]]:
        """Return the keys that a write is for: as the table has them, and as they were said."""
        if request.by_key:
            raw = (request.id,) if request.id else request.ids or ()
            return self._keys(request, raw), raw
        bare = replace(request.selector or EVERYTHING, fields=(), meta=())
        reading = self._reading(request.collection, bare, request.permission("read"))
        found = _rows(connection, reading)
        return found, tuple(found)

    def _keys(self, request: Request, raw: tuple[Key, ...]) -> list[Key]:
        return [typed_key(request.collection, key) for key in raw]

    def _check_batch(self, count: int) -> None:
        if self.max_batch is not None and count > self.max_batch:
            raise invalid_payload(f"Exceeded max batch mutation limit of {self.max_batch}")

    def _read_back(
        self, connection: sa.Connection, request: Request, keys: Any, events: list[Event]
    ) -> Outcome:
        """Return what was written as its author may see it; not seeing it undoes nothing."""
        try:
            reading = self._reading(request.collection, request.query, request.permission("read"))
            if not isinstance(keys, list):
                return Outcome(_one(connection, reading, keys), events=tuple(events))
            counts = _counts(connection, reading) if request.action == "update" else None
            return Outcome(_rows(connection, reading, keys), counts, tuple(events))
        except DirectusError as error:
            return Outcome(events=tuple(events), error=error)


def _rows(connection: sa.Connection, reading: Reading, keys: list[Key] | None = None) -> list[Any]:
    statement = reading.select(keys)
    return [] if keys == [] else reading.rows(connection.execute(statement))


def _one(connection: sa.Connection, reading: Reading, key: Key) -> Any:
    rows = _rows(connection, reading, [key])
    if not rows:
        raise forbidden()
    return rows[0]


def _single(connection: sa.Connection, reading: Reading) -> Any:
    """Return the row of a singleton; before it is written, only what it has by default."""
    rows = _rows(connection, replace(reading, query=replace(reading.query, limit=1)))
    if rows:
        return rows[0]
    asked, fields = reading.columns(), reading.collection.fields
    named = [field for field in fields if field.name in asked]
    return {f.name: f.default for f in named if f.primary or f.default is not None}


def _counts(connection: sa.Connection, reading: Reading) -> dict[str, int] | None:
    if not reading.query.meta:
        return None
    counts = reading.counts().items()
    return {name: connection.scalar(statement) or 0 for name, statement in counts}
