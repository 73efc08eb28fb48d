"""Queries: from a client's JSON to a ``Query``, and from there to SQL. No I/O.

``read_query`` checks the values, which Directus does at once. ``BoundQuery`` checks the names
against a collection and a permission. Directus does that when it reads rows; for a subscription to
one event, this is at each event.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from server.config import MAX_QUERY_NAMES
from server.errors import forbidden_fields, invalid_query
from server.project import Collection
from server.query.conditions import matching, one_of, where
from server.query.filters import DynamicVariables, Filter, fields_of, read_filter
from server.query.functions import expression, field_of, is_call, result_of
from server.query.permission import Permission
from server.query.values import from_column, read_number, within_bounds, write_text

META = ("total_count", "filter_count")
_REFUSED = ("aggregate", "groupBy", "deep", "alias", "version", "versionRaw", "export")
_DEEPEST = 10
_LARGEST = 2**63 - 1
_LARGEST_KEPT = 20  # names and conditions


@dataclass(frozen=True, slots=True)
class Limits:
    """The number of rows of a read: ``default`` without a limit, and at most ``most``."""

    default: int = 100
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """A query with valid values. ``fields`` is None for all, empty for keys instead of rows."""

    fields: tuple[str, ...] | None = None
    filter: Filter | None = None
    search: str = ""
    sort: tuple[str, ...] = ()
    limit: int | None = None
    offset: int = 0
    page: int = 0
    meta: tuple[str, ...] = ()


def read_query(raw: Mapping[str, Any], variables: DynamicVariables, limits: Limits) -> Query:
    """Return the query of a client, from JSON or from a query string.

    Raises:
        DirectusError: INVALID_QUERY; silent where Directus sends no reply.
    """
    given_filter = raw.get("filter")
    query = Query(
        fields=_fields(raw.get("fields")),
        filter=read_filter(given_filter, variables) if given_filter else None,
        search=_search(raw.get("search")),
        sort=tuple(_names("sort", raw.get("sort"))),
        limit=_limit(raw.get("limit"), limits),
        offset=_count("offset", raw.get("offset"), 0) or 0,
        page=_count("page", raw.get("page"), 0) or 0,
        meta=_meta(raw.get("meta")),
    )
    for name in _REFUSED:
        if raw.get(name):
            raise invalid_query(f'"{name}" is not supported by this server')
    return query


@lru_cache
def shared(query: Query) -> Query:
    """Return one object for equal queries, so that comparing ids is enough.

    It is for those of subscriptions: the last ones are kept, and these are not large.
    """
    return query


def _fields(raw: Any) -> tuple[str, ...] | None:
    if not raw and not isinstance(raw, list):
        return None
    if not isinstance(raw, str | list):
        raise invalid_query('"fields" must be a string or array')
    names = _names("fields", raw)
    if any(name.count(".") >= _DEEPEST for name in names):
        raise invalid_query("Max relational depth exceeded")
    return tuple(dict.fromkeys(names))


def _names(what: str, raw: Any) -> list[str]:
    items = raw if isinstance(raw, list) else [raw] if isinstance(raw, str) else []
    if not all(isinstance(item, str) for item in items):
        raise invalid_query(f'"{what}" holds something that is no string', silent=True)
    if sum(item.count(",") + 1 for item in items) > MAX_QUERY_NAMES:
        raise invalid_query(f'"{what}" has more than {MAX_QUERY_NAMES:,} names')
    names = [name.strip() for item in items for name in item.split(",")]
    return [name for name in names if name]


def _search(raw: Any) -> str:
    return "" if raw is None else write_text(raw).strip()


def _limit(raw: Any, limits: Limits) -> int | None:
    # In JavaScript the number of an empty text is 0.
    limit = 0 if raw == "" else _count("limit", raw, -1)
    if limits.most is not None:
        if limit is not None and limit > limits.most:
            raise invalid_query(f'"limit" must be less than or equal to {limits.most}')
        return limits.most if limit == -1 else limit
    return limit


def _count(name: str, raw: Any, least: int) -> int | None:
    if raw is None or raw == "":
        return None
    number = read_number(raw) if not isinstance(raw, bool) else None
    if number is None:
        raise invalid_query(f'"{name}" must be a number')
    if number != int(number):
        raise invalid_query(f'"{name}" must be an integer')
    if number < least:
        raise invalid_query(f'"{name}" must be greater than or equal to {least}')
    return min(int(number), _LARGEST)


def _meta(raw: Any) -> tuple[str, ...]:
    if not raw:
        return ()
    if not isinstance(raw, str | list):
        raise invalid_query('"meta" is neither a string nor an array', silent=True)
    names = _names("meta", raw)
    if "*" in names:
        return META
    for at, name in enumerate(names):
        if name not in META:
            raise invalid_query(f'"meta[{at}]" must be one of [{", ".join(META)}]')
    return tuple(names)


@dataclass(frozen=True, slots=True)
class BoundQuery:
    """A query bound to a collection and a permission: its SQL, and the JSON of its rows."""

    query: Query
    collection: Collection
    permission: Permission
    limits: Limits = Limits()

    def select(self, keys: Iterable[Any] | None = None) -> sa.Select[Any]:
        """Return the SELECT of the rows, or of the rows with ``keys`` if they are given.

        Raises:
            DirectusError: a name in the query is unknown or not readable.
        """
        self._check_names()
        table, key = self.collection.table, self.collection.key.name
        statement = sa.select(table.c[key], *(self._column(name) for name in self.columns()))
        statement = statement.where(*self._conditions()).order_by(*self._order())
        limit = self.limits.default if self.query.limit is None else self.query.limit
        if keys is not None:
            keys = list(keys)
            statement = statement.where(one_of(table.c[key], keys))
            limit = self.query.limit or len(keys)
        return self._cut(statement, limit)

    def _cut(self, statement: sa.Select[Any], limit: int) -> sa.Select[Any]:
        offset = self.query.offset
        if self.query.page and limit > 0:
            offset = min(limit * (self.query.page - 1), _LARGEST)
        statement = statement if limit == -1 else statement.limit(limit)
        return statement.offset(offset) if offset else statement

    def columns(self) -> list[str]:
        """Return the fields of each row in the order of the query; none for keys."""
        names: dict[str, None] = {}
        for name in self.query.fields if self.query.fields is not None else ("*",):
            if name == "*" or name.startswith("*."):
                names.update(dict.fromkeys(self.permission.visible(self.collection)))
            elif "." not in name:
                names[name] = None
        return list(names)

    def _column(self, name: str) -> sa.ColumnElement[Any]:
        return expression(self.collection, name) if is_call(name) else self.collection.table.c[name]

    def rows(self, found: Iterable[sa.Row[Any]]) -> list[Any]:
        """Return the rows as JSON values: objects, or keys.

        Raises:
            DirectusError: they are too large for one answer.
        """
        known = self.collection.by_name
        fields = [result_of(n) if is_call(n) else known[n] for n in self.columns()]
        rows = within_bounds(found)
        if not fields:
            return [row[0] for row in rows]
        return [
            {
                field.name: from_column(field, value)
                for field, value in zip(fields, tuple(row)[1:], strict=True)
            }
            for row in rows
        ]

    def counts(self) -> dict[str, sa.Select[Any]]:
        """Return a statement for each count in ``meta``.

        Raises:
            DirectusError: a name in the query is unknown or not readable.
        """
        self._check_names()
        count = sa.select(sa.func.count()).select_from(self.collection.table)
        seen = count.where(*self._seen())
        return {
            name: seen if name == "total_count" else count.where(*self._conditions())
            for name in self.query.meta
        }

    @property
    def options(self) -> dict[str, Any]:
        """The options with which its statements are executed.

        SQLAlchemy keeps the SQL of hundreds of statements, which takes a megabyte for a long one.
        """
        query = self.query
        length = len(query.fields or ()) + len(query.sort)
        length += sum(1 for _ in fields_of(query.filter)) if query.filter else 0
        return {"compiled_cache": None} if length > _LARGEST_KEPT else {}

    def _check_names(self) -> None:
        query = self.query
        fields = [name for name in query.fields or () if name.partition(".")[0] != "*"]
        used = [field_of(name) for name in fields]
        used += fields_of(query.filter) if query.filter else ()
        used += [field_of(name.removeprefix("-")) for name in query.sort]
        visible = set(self.permission.visible(self.collection))
        if unknown := [name for name in dict.fromkeys(used) if name not in visible]:
            raise forbidden_fields(unknown, self.collection.name)
        for name in query.sort:
            if "." in name:
                raise invalid_query(f'Relations are not supported by this server: "{name}"')

    def _seen(self) -> list[sa.ColumnElement[bool]]:
        rule = self.permission.rule
        return [where(rule, self.collection)] if rule else []

    def _conditions(self) -> list[sa.ColumnElement[bool]]:
        conditions = self._seen()
        if self.query.filter:
            conditions.append(where(self.query.filter, self.collection))
        if self.query.search:
            names = self.permission.visible(self.collection)
            conditions.append(matching(self.query.search, self.collection, names))
        return conditions

    def _order(self) -> list[sa.ColumnElement[Any]]:
        table, key = self.collection.table, self.collection.key.name
        order = [
            self._column(name[1:]).desc() if name.startswith("-") else self._column(name).asc()
            for name in self.query.sort
        ]
        # The key makes the order total, so that pages neither overlap nor leave gaps.
        return [*order, table.c[key].asc()]
