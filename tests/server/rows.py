"""Five rows of every type, and how to look for them."""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from server.access import Permission
from server.filters import Context
from server.project import Collection, Field
from server.query import Limits, Reading, read_query

ROWS = Collection(
    "rows",
    (
        Field("id", "integer", primary=True),
        Field("at", "timestamp"),
        Field("text", "text"),
        Field("user", "string"),
        Field("size", "float"),
        Field("done", "boolean"),
        Field("tags", "json"),
        Field("code", "uuid"),
    ),
)


CODE = "6ac491a9-4955-486d-ab20-d21902c259fe"


TEXTS = ("Alpha", "beta", "", None, "100% _x_")


USERS = ("Ben", "Rijk", None, "ben", "2")


NOW = Context("user-1", datetime(2026, 1, 31, 12, tzinfo=UTC))


ALL = [1, 2, 3, 4, 5]


EVERYTHING = Permission()


DEFAULTS = Limits()


def found(
    connection: sa.Connection,
    raw: dict[str, Any],
    keys: list[int] | None = None,
    *,
    seen: Permission = EVERYTHING,
    limits: Limits = DEFAULTS,
) -> list[Any]:
    reading = Reading(read_query(raw, NOW, limits), ROWS, seen, limits)
    return reading.rows(connection.execute(reading.select(keys)))


def keys(connection: sa.Connection, raw: dict[str, Any], **options: Any) -> list[Any]:
    return found(connection, {**raw, "fields": []}, **options)
