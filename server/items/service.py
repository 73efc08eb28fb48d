"""Reading and writing items, in a thread and on a connection of the store.

The rules are those of Directus' items service; they are the same for the socket and for REST.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from server.database.engine import check_time
from server.errors import (
    DirectusError,
    forbidden,
    invalid_payload,
    unusable_value,
)
from server.items.events import Event, Key, Payload, View
from server.items.keys import typed_key
from server.items.request import EVERYTHING, ItemsRequest, Outcome
from server.items.rows import insert, remove, update
from server.project import Collection, Project
from server.query.bound import BoundQuery, everything_of
from server.query.permission import Reading
from server.query.query import Limits, Query
from server.query.tree import touched

_FIRST = Query(fields=(), limit=1)
_NO_SELECTOR = "Either 'ids', 'id' or 'query' is required for a DELETE request."


@dataclass(slots=True)
class ItemsService:
    """The items of a project; ``now`` returns the time for fields that record it."""

    project: Project
    now: Callable[[], datetime]
    limits: Limits = field(default_factory=Limits)
    max_batch: int | None = None

    def perform(self, connection: sa.Connection, request: ItemsRequest) -> Outcome:
        """Perform ``request`` inside the connection's transaction.

        Raises:
            DirectusError: the request is refused; the caller rolls back.
        """
        if request.action == "read":
            return self._read(connection, request)
        if request.action == "create":
            return self._create(connection, request)
        if request.action == "update":
            return self._update(connection, request)
        return self._delete(connection, request)

    def read_view(self, connection: sa.Connection, view: View) -> Payload:
        """Return the rows and counts of a view.

        Raises:
            DirectusError: the subscription's query is refused.
        """
        collection = self.project.by_name[view.event.collection]
        assert view.reading is not None, "a view without permission is not read"
        bound = self._bind(collection, view.query, view.reading)
        meta = _counts(connection, bound)
        if view.event.action == "delete":
            return Payload(None, meta)
        keys = [typed_key(collection, key) for key in view.event.keys]
        if view.item is None:
            return Payload(_rows(connection, bound, keys), meta)
        return Payload(_one(connection, bound, typed_key(collection, view.item)), meta)

    def _bind(self, collection: Collection, query: Query, reading: Reading) -> BoundQuery:
        return BoundQuery(query, collection, reading, self.limits)

    def _bound(self, request: ItemsRequest, query: Query) -> BoundQuery:
        """Return ``query`` as the client of ``request`` may read."""
        request.permission("read")
        reading = request.accountability.reading(touched(query, request.collection))
        return self._bind(request.collection, query, reading)

    def _read(self, connection: sa.Connection, request: ItemsRequest) -> Outcome:
        bound = self._bound(request, request.query)
        if request.id:
            data = _one(connection, bound, typed_key(request.collection, request.id))
        elif request.ids is not None:
            data = _rows(connection, bound, self._keys(request, request.ids))
        elif request.collection.singleton and not request.listed:
            data = _single(connection, bound)
        else:
            data = _rows(connection, bound)
        return Outcome(data, _counts(connection, bound))

    def _create(self, connection: sa.Connection, request: ItemsRequest) -> Outcome:
        many = isinstance(request.data, list)
        items = request.data if many else [request.data]
        self._check_batch(len(items))
        request.permission()
        keys: list[Key] = []
        for item in items:
            check_time(connection)
            if many and item is None:
                raise unusable_value("data", item, "item")
            keys.append(self._insert(connection, request, item))
        events = [Event(request.collection.name, "create", (key,)) for key in keys]
        return self._read_back(connection, request, keys if many else keys[0], events)

    def _insert(self, connection: sa.Connection, request: ItemsRequest, item: Any) -> Key:
        given = item if isinstance(item, dict) else {}
        return insert(connection, request.collection, request.accountability, given, self.now())

    def _update(self, connection: sa.Connection, request: ItemsRequest) -> Outcome:
        is_upsert = not request.by_key and request.collection.singleton
        if request.data is None and (request.by_key or is_upsert):
            raise unusable_value("data", None, "item")
        if is_upsert:
            return self._upsert(connection, request)
        if not request.by_key and isinstance(request.data, list):
            return self._update_batch(connection, request)
        request.permission()
        keys, raw = self._selected(connection, request)
        if not raw and request.ids is None:
            return Outcome([])
        self._check_batch(len(keys))
        update(
            connection, request.collection, request.accountability, keys, request.data, self.now()
        )
        events = [Event(request.collection.name, "update", raw)]
        return self._read_back(connection, request, keys[0] if request.id else keys, events)

    def _upsert(self, connection: sa.Connection, request: ItemsRequest) -> Outcome:
        """Create or update the one row of a singleton."""
        collection = request.collection
        found = _rows(connection, self._bind(collection, _FIRST, everything_of(collection)))
        if found:
            update(connection, collection, request.accountability, found, request.data, self.now())
        else:
            found = [self._insert(connection, request, request.data)]
            request = replace(request, action="create")
        events = [Event(collection.name, request.action, tuple(found))]
        return self._read_back(connection, request, found[0], events)

    def _update_batch(self, connection: sa.Connection, request: ItemsRequest) -> Outcome:
        request.permission()
        self._check_batch(len(request.data))
        collection, key_name = request.collection, request.collection.key.name
        raw: list[Key] = []
        for item in request.data:
            check_time(connection)
            key = item.get(key_name) if isinstance(item, dict) else None
            if not isinstance(key, str | int | float) or key == "":
                raise invalid_payload("Item in update misses primary key")
            keys, data = [typed_key(collection, key)], {**item}
            del data[key_name]
            update(connection, collection, request.accountability, keys, data, self.now())
            raw.append(key)
        events = [Event(collection.name, "update", (key,)) for key in raw]
        keys = [typed_key(collection, key) for key in raw]
        return self._read_back(connection, request, keys, events)

    def _delete(self, connection: sa.Connection, request: ItemsRequest) -> Outcome:
        if not request.by_key and request.selector is None:
            raise DirectusError("INVALID_PAYLOAD", _NO_SELECTOR, status=400)
        request.permission()
        keys, raw = self._selected(connection, request)
        if not raw and request.ids is None:
            return Outcome([])
        self._check_batch(len(keys))
        remove(connection, request.collection, request.accountability, keys)
        events = (Event(request.collection.name, "delete", raw),) if raw else ()
        return Outcome(raw[0] if request.id else list(raw), events=events)

    def _selected(
        self, connection: sa.Connection, request: ItemsRequest
    ) -> tuple[list[Key], tuple[Key, ...]]:
        """Return the keys of the rows to write, as the column has them and as the client does."""
        if request.by_key:
            raw = (request.id,) if request.id else request.ids or ()
            return self._keys(request, raw), raw
        bare = replace(request.selector or EVERYTHING, fields=(), meta=())
        found = _rows(connection, self._bound(request, bare))
        return found, tuple(found)

    def _keys(self, request: ItemsRequest, raw: tuple[Key, ...]) -> list[Key]:
        return [typed_key(request.collection, key) for key in raw]

    def _check_batch(self, count: int) -> None:
        if self.max_batch is not None and count > self.max_batch:
            raise invalid_payload(f"Exceeded max batch mutation limit of {self.max_batch}")

    def _read_back(
        self, connection: sa.Connection, request: ItemsRequest, keys: Any, events: list[Event]
    ) -> Outcome:
        """Return the written rows as the client may read them; a refusal undoes nothing."""
        try:
            bound = self._bound(request, request.query)
            if not isinstance(keys, list):
                return Outcome(_one(connection, bound, keys), events=tuple(events))
            counts = _counts(connection, bound) if request.action == "update" else None
            return Outcome(_rows(connection, bound, keys), counts, tuple(events))
        except DirectusError as error:
            return Outcome(events=tuple(events), error=error)


def _rows(connection: sa.Connection, bound: BoundQuery, keys: list[Key] | None = None) -> list[Any]:
    statement = bound.select(keys)
    if keys == []:
        return []
    return bound.rows(connection.execute(statement, execution_options=bound.options))


def _one(connection: sa.Connection, bound: BoundQuery, key: Key) -> Any:
    rows = _rows(connection, bound, [key])
    if not rows or bound.query.limit == 0:
        raise forbidden()
    return rows[0]


def _single(connection: sa.Connection, bound: BoundQuery) -> Any:
    """Return the row of a singleton; before the first write, the default values."""
    rows = _rows(connection, replace(bound, query=replace(bound.query, limit=1)))
    if rows:
        return rows[0]
    asked, fields = bound.fields, bound.collection.fields
    named = [field for field in fields if field.name in asked]
    return {f.name: f.default for f in named if f.primary or f.default is not None}


def _counts(connection: sa.Connection, bound: BoundQuery) -> dict[str, int] | None:
    if not bound.query.meta:
        return None
    counts, options = bound.counts().items(), bound.options
    return {
        name: connection.scalar(statement, execution_options=options) or 0
        for name, statement in counts
    }
