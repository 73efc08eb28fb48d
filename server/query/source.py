"""Where a statement takes the values of a collection from, and of those it relates to. No I/O."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from server.config import MAX_RELATED
from server.errors import forbidden_fields, invalid_query
from server.project import Collection, Field
from server.query.conditions import compare
from server.query.filters import Filter, Group, names_of
from server.query.functions import expression, field_of, is_call, path_of, result_of
from server.query.permission import Reading


class Joined:
    """The tables of one statement: that of its rows, and each that they relate to, once."""

    def __init__(self, table: sa.FromClause) -> None:
        self.tables = table
        self._made: dict[tuple[sa.FromClause, str, Filter | None], sa.FromClause] = {}

    def __bool__(self) -> bool:
        """Return whether there are related rows."""
        return bool(self._made)

    def to(self, source: "Source", name: str, field: Field, rule: Filter | None) -> sa.FromClause:
        """Return the table that ``field`` relates to, of which the rows that pass ``rule`` count.

        Raises:
            DirectusError: there are too many.
        """
        key = (source.table, name, rule)
        if key not in self._made:
            if len(self._made) == MAX_RELATED:
                raise invalid_query(f"The query leads to more than {MAX_RELATED} related rows")
            other = source.collection.related(name)
            assert other is not None, "the field is a relation"
            assert field.relation is not None, "the field is a relation"
            table = other.table.alias()
            found = table.c[field.relation.partition(".")[2]] == source.stored(field)
            if rule is not None:
                found = sa.and_(found, passes(rule, other, table))
            self.tables = self.tables.outerjoin(table, found)
            self._made[key] = table
        return self._made[key]


@dataclass(frozen=True, slots=True)
class Source:
    """The rows of a collection in a statement, or for each row the one that it relates to.

    A related row that may not be read is as if it did not exist: whatever is asked of it, be it by
    a field, a filter or a sort, is null. So is a field that may be read in other rows only. With
    ``reading`` None everything may be read, as it is for the rule of a permission.
    """

    collection: Collection
    table: sa.FromClause
    reading: Reading | None
    joined: Joined

    @classmethod
    def of(cls, collection: Collection, reading: Reading | None = None) -> "Source":
        """Return the rows of ``collection``, for a statement of their own."""
        table = collection.table
        return cls(collection, table, reading, Joined(table))

    def related(self, name: str, asked: Iterable[str]) -> "Source":
        """Return the rows that the field ``name`` relates to, of which ``asked`` is to be read.

        Raises:
            DirectusError: the field is no relation, or there are too many related rows.
        """
        other, field = self.collection.related(name), self.collection.by_name.get(name)
        if other is None or field is None:
            raise invalid_query(f'"{name}" in collection "{self.collection.name}" is no relation')
        permission = self.reading.of(other.name) if self.reading else None
        rule = permission.rows(map(field_of, asked)) if permission else None
        table = self.joined.to(self, name, field, rule)
        return Source(other, table, self.reading, self.joined)

    @property
    def key(self) -> sa.ColumnElement[Any]:
        """The key; null if there is no related row."""
        return self.table.c[self.collection.key.name]

    def column(self, name: str) -> sa.ColumnElement[Any]:
        """Return the value of a field, or of a call of one.

        Raises:
            DirectusError: the function of the call is unknown.
        """
        field = self.collection.by_name[field_of(name)]
        stored = self.stored(field)
        return expression(field, name, stored) if is_call(name) else stored

    def value(self, path: Sequence[str]) -> tuple[sa.ColumnElement[Any], Field]:
        """Return the value that ``path`` leads to, and its field.

        Raises:
            DirectusError: it leads nowhere.
        """
        source, (*way, last) = self, path
        for at, name in enumerate(way):
            source = source.related(name, [path[at + 1]])
        if (name := field_of(last)) not in source.collection.by_name:
            raise forbidden_fields([name], source.collection.name, way)
        field = source.collection.by_name[name]
        return source.column(last), result_of(last) if is_call(last) else field

    def where(self, node: Filter) -> sa.ColumnElement[bool]:
        """Return ``node`` as SQL.

        Raises:
            DirectusError: a field or an operator is unknown.
        """
        if isinstance(node, Group):
            parts = [self.where(part) for part in node.parts]
            return sa.and_(*parts) if node.operator == "_and" else sa.or_(*parts)
        column, field = self.value(path_of(node.field))
        return compare(column, field, node.operator, node.value)

    def stored(self, field: Field) -> sa.ColumnElement[Any]:
        """Return the column of ``field``: null in the rows in which it may not be read."""
        column = self.table.c[field.name]
        permission = self.reading.of(self.collection.name) if self.reading else None
        rule = permission.shows(field.name) if permission and permission.cases else None
        return (
            column if rule is None else sa.case((passes(rule, self.collection, self.table), column))
        )


def passes(rule: Filter, collection: Collection, table: sa.FromClause) -> sa.ColumnElement[bool]:
    """Return the condition that a row of ``table``, one of ``collection``, passes ``rule``.

    Raises:
        DirectusError: a field or an operator is unknown.
    """
    if not any("." in name for name in names_of(rule)):
        return Source(collection, table, None, Joined(table)).where(rule)
    rows = collection.table.alias()
    source = Source(collection, rows, None, Joined(rows))
    condition = source.where(rule)
    same = source.key == table.c[collection.key.name]
    found = sa.select(1).select_from(source.joined.tables).where(same, condition)
    return found.correlate(table).exists()
