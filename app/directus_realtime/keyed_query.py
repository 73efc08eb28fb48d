"""A query whose rows are told apart by their key, and what a delete does to them."""

import re
from collections.abc import Iterable, Iterator, Mapping, Set
from typing import Any

from .checks import check_collection, check_query
from .core.codec import decode, encode
from .errors import DirectusError, ServerError, UsageError, no_rows_error
from .types import Query, Row


class KeyedQuery:
    """A query that asks for the key besides its own fields, and what comes of it.

    Attributes:
        key: the collection's primary key.
        query: the query to send.

    Args:
        collection: the collection's name.
        query: which rows and fields, in Directus' words.
        key: the collection's primary key.

    Raises:
        UsageError: ``collection`` is no name, ``query`` no query, or its rows have no key.
    """

    def __init__(self, collection: str, query: Query, key: str) -> None:
        check_collection(collection)
        check_query(query)
        if query.get("aggregate") or query.get("groupBy"):
            raise UsageError(
                "A live view tells its rows apart by their key, and those of an aggregate have "
                "none: subscribe to the collection, and read the aggregate anew after each event."
            )
        self.key = key
        copy = decode(encode(query))  # what its caller does with it later changes nothing
        self.query = _with_field(copy, key)
        self._collection = collection
        self._added_key = self.query is not copy

    def rows(self, answer: Any) -> dict[Any, Row]:
        """Return the rows of an answer by their key.

        A singleton's answer is one row, or defaults without a key before its first write.

        Raises:
            UsageError: a row has no key.
            DirectusError: the answer holds no rows.
        """
        rows = answer
        if isinstance(answer, dict):
            rows = [] if answer.get(self.key, "") is None else [answer]
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise no_rows_error(self._collection)
        if not all(isinstance(row.get(self.key), str | int | float) for row in rows):
            raise self._no_key_error()
        return {row[self.key]: row for row in rows}

    def naming(self, keys: Iterable[Any], rows: Mapping[Any, Row]) -> Iterator[Any]:
        """Yield the keys of rows that hold one of ``keys`` in another field, as replies do.

        Where that field is a relation the database clears it, or deletes the row too, when the row
        with that key is deleted, and Directus sends no event for it.
        """
        named = {each for key in keys for each in (key, _number(key)) if each is not None}
        for key, row in rows.items():
            # There may be many rows, and few hold one: the quick look takes in too many.
            if _may_hold(row, named) and any(
                type(value) in (int, str) and value in named
                for name, value in row.items()
                if name != self.key
            ):
                yield key

    def refusal(self, error: ServerError) -> DirectusError:
        """Return what to raise for a refused read: its cause may be the key that is asked for."""
        is_of_key = error.code == "FORBIDDEN" and f'"{self.key}"' in error.message
        return self._no_key_error() if is_of_key and self._added_key else error

    def _no_key_error(self) -> UsageError:
        return UsageError(
            f'A live view tells rows apart by their key, and those of "{self._collection}" come '
            f'without "{self.key}": name the primary key, as in `live(..., key="code")`, and see '
            "that the policy lets it be read."
        )


def found(key: Any, rows: Mapping[Any, Row]) -> Any | None:
    """Return the key under which a deleted row is found: a number may come as a text."""
    key = key if key in rows else _number(key)
    return key if key in rows else None


def without(rows: Mapping[Any, Row], keys: Iterable[Any]) -> dict[Any, Row]:
    """Return the rows but those with ``keys``."""
    gone = set(keys)
    return {key: row for key, row in rows.items() if key not in gone}


def _may_hold(row: Row, named: Set[Any]) -> bool:
    try:
        return not named.isdisjoint(row.values())
    except TypeError:  # a list or an object in JSON has no hash
        return True


def _number(key: Any) -> int | None:
    """Return the number that a text is, if any."""
    is_number = isinstance(key, str) and re.fullmatch(r"-?[0-9]{1,18}", key)
    return int(key) if is_number else None


def _with_field(query: Query, name: str) -> Query:
    """Return a query that asks for this field too; the same one if it does."""
    fields = query.get("fields")
    if fields is None or fields == "":
        return query
    given = fields.split(",") if isinstance(fields, str) else list(fields)
    parts = [part.strip() for field in given if isinstance(field, str) for part in field.split(",")]
    return query if "*" in parts or name in parts else {**query, "fields": [*given, name]}
