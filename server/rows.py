"""Writing rows: values into columns, with the server's own values and Directus' refusals."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from server.access import Permission, Rights
from server.conditions import one_of, where
from server.errors import (
    DirectusError,
    failed_validation,
    forbidden,
    forbidden_collection,
    forbidden_fields,
    not_unique,
)
from server.project import Action, Collection, Field
from server.values import read_number, to_column, write_timestamp

Key = str | int | float


def typed_key(collection: Collection, key: Any) -> Key:
    """Return a key as the table has it.

    Raises:
        DirectusError: FORBIDDEN, for a key that no row can have.
    """
    if collection.key.type == "integer":
        number = read_number(key)
        if not isinstance(number, int):
            raise forbidden()
        return number
    try:
        value = to_column(collection.key, key)
    except DirectusError:
        raise forbidden() from None
    assert value is not None, "a key is never null"
    return value


def insert(
    connection: sa.Connection,
    collection: Collection,
    permission: Permission,
    data: Mapping[str, Any],
    now: datetime,
) -> Key:
    """Write a new row and return its key.

    Raises:
        DirectusError: a field is not allowed, a value is impossible, missing or taken.
    """
    if "*" not in permission.fields:
        _check_fields(collection, permission, data)
    row: dict[str, Any] = {}
    for field in collection.fields:
        # A value that the server replaces must still be one of the field's.
        value = to_column(field, data.get(field.name))
        own = _own_value(field, "create", now)
        value = own if own is not None and (value is None or field.type == "timestamp") else value
        if value is None and field.required:
            raise failed_validation(field.name, "nnull" if field.name in data else "required")
        if not (value is None and field.primary):
            row[field.name] = value
    statement = sa.insert(collection.table).values(row)
    try:
        result = connection.execute(statement)
    except IntegrityError as error:
        raise _conflict(collection, data, error) from error
    key = result.inserted_primary_key
    assert key is not None, "an inserted row has a key"
    return key[0]  # type: ignore[no-any-return]  # what the row has in its primary column


def update(
    connection: sa.Connection,
    collection: Collection,
    rights: Rights,
    keys: list[Key],
    data: Any,
    now: datetime,
) -> None:
    """Write ``data`` into the rows with these keys; a key in it is ignored.

    Raises:
        DirectusError: a row or field is not there or not allowed, a value is impossible or taken.
    """
    permission = _permission(rights, collection, "update")
    given = _properties(data)
    if not rights.admin:
        _check_fields(collection, permission, given)
        names = ", ".join(f'"{name}"' for name in given)
        _check_rows(
            connection,
            collection,
            permission,
            keys,
            f'You don\'t have permissions to perform "update" for the field(s) {names} '
            f'in collection "{collection.name}" or it does not exist.',
        )
    row = _changes(collection, given, now)
    if row:
        try:
            connection.execute(_chosen(collection, sa.update(collection.table), keys).values(row))
        except IntegrityError as error:
            raise _conflict(collection, given, error) from error


def remove(
    connection: sa.Connection, collection: Collection, rights: Rights, keys: list[Key]
) -> None:
    """Delete the rows with these keys.

    Raises:
        DirectusError: FORBIDDEN, if one is not there or not allowed; administrators are not asked.
    """
    permission = _permission(rights, collection, "delete")
    if not rights.admin:
        _check_rows(
            connection,
            collection,
            permission,
            keys,
            f'You don\'t have permission to perform "delete" for collection "{collection.name}" '
            "or it does not exist.",
        )
    connection.execute(_chosen(collection, sa.delete(collection.table), keys))


def _chosen(collection: Collection, statement: Any, keys: list[Key]) -> Any:
    return statement.where(one_of(collection.table.c[collection.key.name], list(keys)))


def _permission(rights: Rights, collection: Collection, action: Action) -> Permission:
    found = rights.permission(collection.name, action)
    if found is None:
        raise forbidden_collection(collection.name)
    return found


def _properties(data: Any) -> Mapping[str, Any]:
    """Return what JavaScript takes for the properties of ``data``: a text has its places."""
    if isinstance(data, str | list):
        return {str(at): item for at, item in enumerate(data)}
    return data if isinstance(data, dict) else {}


def _check_fields(collection: Collection, permission: Permission, data: Mapping[str, Any]) -> None:
    visible = permission.visible(collection)
    if unknown := [name for name in data if name not in visible]:
        raise forbidden_fields(unknown, collection.name)


def _check_rows(
    connection: sa.Connection,
    collection: Collection,
    permission: Permission,
    keys: list[Key],
    refusal: str,
) -> None:
    count = sa.select(sa.func.count()).select_from(collection.table)
    if permission.rule:
        count = count.where(where(permission.rule, collection))
    found = connection.execute(_chosen(collection, count, keys)).scalar_one()
    if not keys or found < len(set(keys)):
        raise forbidden(refusal)


def _changes(collection: Collection, data: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for field in collection.fields:
        own = _own_value(field, "update", now)
        if own is not None:
            row[field.name] = own
        elif field.name in data and not field.primary:
            row[field.name] = to_column(field, data[field.name])
            if row[field.name] is None and field.required:
                raise failed_validation(field.name, "nnull")
    return row


def _own_value(field: Field, action: Action, now: datetime) -> str | None:
    if (field.special, action) in (("date-created", "create"), ("date-updated", "update")):
        return write_timestamp(now)
    return str(uuid4()) if (field.special, action) == ("uuid", "create") else None


def _conflict(
    collection: Collection, data: Mapping[str, Any], error: IntegrityError
) -> DirectusError:
    # SQLite says "UNIQUE constraint failed: table.column".
    name = str(error.orig).rpartition(".")[2]
    return not_unique(collection.name, name, data.get(name))
