"""Five rows of every type, and how to look for them."""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from server.project import Collection, Field
from server.query.bound import BoundQuery
from server.query.filters import DynamicVariables
from server.query.permission import EVERYTHING, Permission, Reading
from server.query.query import Limits, read_query

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


NOW = DynamicVariables("user-1", datetime(2026, 1, 31, 12, tzinfo=UTC))


ALL = [1, 2, 3, 4, 5]


DEFAULTS = Limits()


def found(
    connection: sa.Connection,
    raw: dict[str, Any],
    keys: list[int] | None = None,
    *,
    seen: Permission = EVERYTHING,
    limits: Limits = DEFAULTS,
) -> list[Any]:
    reading = Reading(((ROWS.name, seen),))
    bound = BoundQuery(read_query(raw, NOW, limits), ROWS, reading, limits)
    return bound.rows(connection.execute(bound.select(keys)))


def keys(connection: sa.Connection, raw: dict[str, Any], **options: Any) -> list[Any]:
    return found(connection, {**raw, "fields": []}, **options)
