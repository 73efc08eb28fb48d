"""A query whose rows are told apart by their key."""

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
        is_paged: whether its rows move up when one before them is deleted.

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
        self.is_paged = bool(query.get("offset") or query.get("page"))
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


def _with_field(query: Query, name: str) -> Query:
    """Return a query that asks for this field too; the same one if it does."""
    fields = query.get("fields")
    if fields is None or fields == "":
        return query
    given = fields.split(",") if isinstance(fields, str) else list(fields)
    parts = [part.strip() for field in given if isinstance(field, str) for part in field.split(",")]
    return query if "*" in parts or name in parts else {**query, "fields": [*given, name]}
