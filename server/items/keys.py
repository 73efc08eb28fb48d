"""The keys of items: in the type of their column, and new ones."""

from typing import Any

import sqlalchemy as sa

from server.config import MAX_INTEGER_KEY
from server.errors import DirectusError, forbidden, invalid_payload
from server.items.events import Key
from server.project import INTEGERS, Collection
from server.query.values import read_number, to_column


def typed_key(collection: Collection, key: Any) -> Key:
    """Return a key in the type of its column.

    Raises:
        DirectusError: FORBIDDEN, for a key that no row can have.
    """
    if collection.key.type in INTEGERS:
        number = read_number(key)
        if not isinstance(number, int) or abs(number) > MAX_INTEGER_KEY:
            raise forbidden()
        return number
    try:
        value = to_column(collection.key, key)
    except DirectusError:
        raise forbidden() from None
    assert value is not None, "a key is never null"
    return value


def check_new_key(collection: Collection, key: Any) -> None:
    """Check a key for a new row.

    Raises:
        DirectusError: no row can have it, or JavaScript cannot name it.
    """
    number = read_number(key) if collection.key.type in INTEGERS else None
    if number is not None and abs(number) > MAX_INTEGER_KEY:
        name = collection.key.name
        raise invalid_payload(f'"{name}" has to be at most {MAX_INTEGER_KEY}, to be exact in JSON')
    typed_key(collection, key)


def next_key(collection: Collection) -> sa.ColumnElement[Any]:
    """Return null, for which SQLite takes the next key; the first free one if that is too large."""
    name, key = collection.name, collection.key.name  # letters, digits and _
    return sa.literal_column(
        f"""(CASE WHEN coalesce((SELECT seq FROM sqlite_sequence WHERE name = '{name}'), 0)
        BETWEEN 0 AND {MAX_INTEGER_KEY - 1} THEN NULL ELSE (
        SELECT used + 1 FROM (SELECT 0 AS used UNION ALL SELECT "{key}" FROM "{name}")
        WHERE used >= 0 AND NOT EXISTS (SELECT 1 FROM "{name}" WHERE "{key}" = used + 1)
        ORDER BY used LIMIT 1) END)"""
    )
