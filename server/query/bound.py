"""A query bound to a collection and to what may be read: its SQL, and the JSON of its rows. No I/O.

``read_query`` has checked the values, which Directus does at once. Here the names are checked.
Directus does that when it reads rows; for a subscription to one event, this is at each event.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from server.config import MAX_RELATED_SORT
from server.errors import invalid_query
from server.project import Collection
from server.query.conditions import matching, one_of
from server.query.filters import names_of
from server.query.functions import field_of, is_call, path_of, result_of
from server.query.permission import EVERYTHING, Permission, Reading
from server.query.query import DEFAULTS, LARGEST, Limits, Query
from server.query.source import Source, passes
from server.query.tree import Tree, check_names, tree_of
from server.query.values import from_column, within_bounds

_LARGEST_KEPT = 20  # names and conditions, with the fields on the way to each


@dataclass(frozen=True)
class BoundQuery:
    """A query of a collection, for somebody who may read what ``reading`` says."""

    query: Query
    collection: Collection
    reading: Reading
    limits: Limits = DEFAULTS

    def select(self, keys: Iterable[Any] | None = None) -> sa.Select[Any]:
        """Return the SELECT of the rows, or of the rows with ``keys`` if they are given.

        Raises:
            DirectusError: a name in the query is unknown or not readable.
        """
        self._check_names(by_key=keys is not None)
        source = Source.of(self.collection, self.reading)
        statement = sa.select(source.key, *_columns(self.fields, source))
        statement = statement.where(*self._conditions(source)).order_by(*self._order(source))
        limit = self.limits.default if self.query.limit is None else self.query.limit
        if keys is not None:
            keys = list(keys)
            statement = statement.where(one_of(source.key, keys))
            limit = self.query.limit or len(keys)
        return self._cut(statement.select_from(source.joined.tables), limit)

    def _cut(self, statement: sa.Select[Any], limit: int) -> sa.Select[Any]:
        offset = self.query.offset
        if self.query.page and limit > 0:
            offset = min(limit * (self.query.page - 1), LARGEST)
        statement = statement if limit == -1 else statement.limit(limit)
        return statement.offset(offset) if offset else statement

    @cached_property
    def fields(self) -> Tree:
        """The fields of each row in the order of the query; none for keys."""
        return tree_of(self.query, self.collection, self.reading)

    @cached_property
    def _permission(self) -> Permission:
        found = self.reading.of(self.collection.name)
        assert found is not None, "who may read nothing is refused before"
        return found

    def rows(self, found: Iterable[sa.Row[Any]]) -> list[Any]:
        """Return the rows as JSON values: objects, or keys.

        Raises:
            DirectusError: they are too large for one answer.
        """
        rows = within_bounds(found)
        if not self.fields:
            return [row[0] for row in rows]
        return [_object(self.fields, self.collection, iter(tuple(row)[1:])) for row in rows]

    def counts(self) -> dict[str, sa.Select[Any]]:
        """Return a statement for each count in ``meta``.

        Raises:
            DirectusError: a name in the query is unknown or not readable.
        """
        self._check_names()
        return {name: self._count(all_=name == "total_count") for name in self.query.meta}

    def _count(self, *, all_: bool) -> sa.Select[Any]:
        source = Source.of(self.collection, self.reading)
        conditions = self._seen() if all_ else self._conditions(source)
        count = sa.select(sa.func.count()).where(*conditions)
        return count.select_from(source.joined.tables)

    @property
    def options(self) -> dict[str, Any]:
        """The options with which its statements are executed.

        SQLAlchemy keeps the SQL of hundreds of statements, which takes a megabyte for a long one.
        """
        query = self.query
        length = len(query.fields or ()) + len(query.sort)
        length += sum(name.count(".") for name in (*(query.fields or ()), *query.sort))
        if query.filter:
            length += sum(1 + name.count(".") for name in names_of(query.filter))
        return {"compiled_cache": None} if length > _LARGEST_KEPT else {}

    def _check_names(self, *, by_key: bool = False) -> None:
        check_names(self.query, self.fields, self.collection, self.reading, by_key=by_key)

    def _seen(self) -> list[sa.ColumnElement[bool]]:
        rule = self._permission.rows(map(field_of, self.fields))
        return [passes(rule, self.collection, self.collection.table)] if rule else []

    def _conditions(self, source: Source) -> list[sa.ColumnElement[bool]]:
        conditions = self._seen()
        if self.query.filter:
            conditions.append(source.where(self.query.filter))
        if self.query.search:
            names = self._permission.visible(self.collection)
            searched = [source.value([name]) for name in names]
            conditions.append(matching(self.query.search, searched))
        return conditions

    @property
    def _usual_sort(self) -> tuple[str, ...]:
        """The field to sort by if the query names none and the key, which is usual, is hidden."""
        is_hidden = self.collection.key.name not in self._permission.visible(self.collection)
        return self._permission.fields[:1] if is_hidden else ()

    def _order(self, source: Source) -> list[sa.ColumnElement[Any]]:
        order = []
        for name in dict.fromkeys(self.query.sort or self._usual_sort):
            value, _ = source.value(path_of(name.removeprefix("-")))
            order.append(value.desc() if name.startswith("-") else value.asc())
        if source.joined and len(order) > MAX_RELATED_SORT:
            raise invalid_query(f'"sort" has more than {MAX_RELATED_SORT} names and related rows')
        # The key makes the order total, so that pages neither overlap nor leave gaps.
        return [*order, source.key.asc()]


def everything_of(collection: Collection) -> Reading:
    """Return that all of ``collection`` may be read."""
    return Reading(((collection.name, EVERYTHING),))


def _columns(tree: Tree, source: Source) -> Iterator[sa.ColumnElement[Any]]:
    """Yield the values of ``tree``; before those of a related row, its key.

    The key is all that there is of one whose fields may not be read.
    """
    for name, below in tree.items():
        if below is None:
            yield source.column(name)
        else:
            related = source.related(name, below)
            # As in Directus, a row whose key is asked for and may not be read is not found.
            key = related.collection.key.name
            yield related.column(key) if key in below else related.key
            yield from _columns(below, related)


def _object(tree: Tree, collection: Collection, values: Iterator[Any]) -> dict[str, Any]:
    """Return the object of a row, of which ``values`` are those of ``_columns``."""
    found: dict[str, Any] = {}
    for name, below in tree.items():
        if below is None:
            field = result_of(name) if is_call(name) else collection.by_name[name]
            found[field.name] = from_column(field, next(values))
        else:
            other = collection.related(name)
            assert other is not None, "a tree grows along relations"
            key = next(values)
            related = _object(below, other, values)
            found[name] = (related or key) if key is not None else None
    return found
