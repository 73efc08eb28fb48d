"""Whether the rows of a query can be read in part, and the queries that do it.

Each answer errs on the safe side: what is not known to be sound is read as a whole.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any

from .core.codec import decode
from .types import Query, Row

_PLAIN = ("fields", "filter", "search", "sort", "limit")
"""What a query may hold besides empty values."""

_DEFAULT_LIMIT = 100  # rows of a query without a limit: Directus' QUERY_LIMIT_DEFAULT
_MOST_KEYS = 1000  # keys of one read

_NAME = re.compile(r"\w+|(?:year|month|week|day|weekday|hour|minute|second)\(\w+\)")
"""A field of the collection itself, or a function of one; ``count(...)`` is one of a relation."""

_WORDS = ("", "true", "false", "null", "NULL")
"""Texts that Directus takes for other values in a filter."""


class PartialQuery:
    """The queries that keep the rows of another one up to date.

    Attributes:
        in_order: returns the keys of all rows, in their order, and what of each row's own fields
            they are sorted by.
        direction: 1 or -1 where rows come in the ascending or descending order of their keys,
            else 0.
        is_sorted: whether the query names its order. Without one Directus sorts by the key, or
            by the field by which the collection is sorted by hand.

    Args:
        query: the query, which names the key among its fields.
        key: the collection's primary key.
        filter: its filter as an object; empty for none.
        sort: the names that it sorts by.
        limit: how many rows come at most; -1 for all.
    """

    def __init__(
        self, query: Query, key: str, *, filter: dict[str, Any], sort: list[str], limit: int
    ) -> None:
        self.is_sorted = bool(sort)
        first = sort[0] if sort else key
        self.direction = {key: 1, f"-{key}": -1}.get(first, 0)
        self._query = query
        self._key = key
        self._filter = filter
        self._sort_fields = [re.sub(r"^-|\w+\(|\)", "", name) for name in sort]
        shown = _names(query.get("fields")) or ["*"]
        known = [name for name in self._sort_fields if name in shown or "*" in shown]
        self.in_order: Query = {**query, "fields": list(dict.fromkeys([key, *known]))}
        self._limit = limit

    def may_cut(self, count: int) -> bool:
        """Return whether Directus may have left out rows, if ``count`` rows came."""
        return self._limit != -1 and count >= self._limit

    def can_read(self, keys: Collection[Any]) -> bool:
        """Return whether the rows with these keys can be asked for."""
        return len(keys) <= _MOST_KEYS and all(map(_is_plain_key, keys))

    def of(self, keys: list[Any]) -> Query:
        """Return the query of those rows that have one of ``keys``.

        Its limit is their number: where Directus allows no such limit, it says so.
        """
        with_keys = {self._key: {"_in": keys}}
        both = {"_and": [self._filter, with_keys]} if self._filter else with_keys
        return {**self._query, "filter": both, "limit": len(keys)}

    def may_move(self, before: Row, after: Row) -> bool:
        """Return whether a row that has changed may stand elsewhere in the order now."""
        return any(
            name not in before or name not in after or before[name] != after[name]
            for name in self._sort_fields
        )

    def follows_keys(self, rows: Mapping[Any, Row]) -> bool:
        """Return whether rows stand in the order of their keys, and are expected to."""
        keys = list(rows)
        if not self.direction or len(set(map(type, keys))) > 1:
            return False
        return keys == sorted(keys, reverse=self.direction < 0)


def differs(row: Row, other: Row) -> bool:
    """Return whether two rows differ in a field that both have."""
    return any(row[name] != other[name] for name in row.keys() & other.keys())


def partial_query(query: Query, key: str) -> PartialQuery | None:
    """Return the queries that read the rows of ``query`` in part, or None if that is not sound.

    It is not where rows depend on each other (offset, page), on other collections (a relation), or
    on the time or the user (a dynamic variable).

    Args:
        query: a query that names the key among its fields.
        key: the collection's primary key.
    """
    if any(value and name not in _PLAIN for name, value in query.items()):
        return None
    fields, sort = _names(query.get("fields")), _names(query.get("sort"))
    rules, limit = _object(query.get("filter")), _limit(query.get("limit"))
    if fields is None or sort is None or rules is None or limit is None:
        return None
    names = [name for name in fields if name != "*"] + [name.removeprefix("-") for name in sort]
    if not all(map(_NAME.fullmatch, names)) or not _is_plain_filter(rules):
        return None
    return PartialQuery(query, key, filter=rules, sort=sort, limit=limit)


def _names(value: Any) -> list[str] | None:
    """Return the names of a list or of a text; None if they have another form."""
    items = [value] if isinstance(value, str) else value or []
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        return None
    return [name for item in items for part in item.split(",") if (name := part.strip())]


def _object(value: Any) -> dict[str, Any] | None:
    """Return a filter as an object, empty for none; None if it is none."""
    if isinstance(value, str) and value:
        try:
            value = decode(value)
        except ValueError:
            return None
    return value if isinstance(value, dict) else {} if not value else None


def _limit(value: Any) -> int | None:
    """Return the highest number of rows, -1 for all; None if it cannot be read."""
    if isinstance(value, str) and re.fullmatch(r"-1|[0-9]{1,9}", value):
        return int(value)
    if value is None:
        return _DEFAULT_LIMIT
    is_count = isinstance(value, int) and not isinstance(value, bool) and value >= -1
    return value if is_count else None


def _is_plain_key(key: Any) -> bool:
    if isinstance(key, str):
        return key not in _WORDS and not key.startswith("$")
    return isinstance(key, int) and not isinstance(key, bool)


def _is_plain_filter(rules: Any) -> bool:
    """Return whether a filter compares fields of the collection itself with constants."""
    return isinstance(rules, dict) and all(
        _all_of(value, _is_plain_filter)
        if name in ("_and", "_or")
        else bool(_NAME.fullmatch(name)) and _is_plain_rule(value)
        for name, value in rules.items()
    )


def _is_plain_rule(rule: Any) -> bool:
    """Return whether a field is compared with constants, and is no relation."""
    if not isinstance(rule, dict):
        return _is_constant(rule)
    return all(
        _all_of(value, _is_plain_rule)
        if operator in ("_and", "_or")
        else operator.startswith("_") and operator not in ("_some", "_none") and _is_constant(value)
        for operator, value in rule.items()
    )


def _all_of(items: Any, is_plain: Any) -> bool:
    return isinstance(items, list) and all(map(is_plain, items))


def _is_constant(value: Any) -> bool:
    """Return whether a value holds no dynamic variable, such as ``$NOW``."""
    if isinstance(value, str):
        return not any(part.strip().startswith("$") for part in value.split(","))
    if isinstance(value, dict):
        value = list(value.values())
    return not isinstance(value, list) or all(map(_is_constant, value))
