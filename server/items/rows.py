"""Writing rows: columns, the server's own values, and the errors of Directus."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from server.auth.access import Accountability
from server.errors import (
    DirectusError,
    failed_validation,
    forbidden,
    forbidden_collection,
    forbidden_fields,
    invalid_foreign_key,
    nested_write,
    not_unique,
)
from server.items.events import Key
from server.items.keys import check_new_key, next_key
from server.project import INTEGERS, Action, Collection, Field
from server.query.conditions import one_of
from server.query.filters import Filter
from server.query.permission import Permission
from server.query.source import passes
from server.query.values import to_column, write_timestamp


def insert(
    connection: sa.Connection,
    collection: Collection,
    accountability: Accountability,
    data: Mapping[str, Any],
    now: datetime,
) -> Key:
    """Write a new row and return its key.

    Raises:
        DirectusError: a field is forbidden, or a value is invalid, missing or not unique.
    """
    permission = _permission(accountability, collection, "create")
    if "*" not in permission.fields:
        _check_fields(collection, permission, data)
    key_field = collection.key
    if key_field.special == "uuid" and data.get(key_field.name) == "":
        data = {name: value for name, value in data.items() if name != key_field.name}
    row: dict[str, Any] = {}
    faults: list[DirectusError] = []
    for field in collection.fields:
        if field.primary and data.get(field.name) is not None:
            check_new_key(collection, data[field.name])
        value = _new_value(collection, field, data, accountability, now)
        if value is None and (field.required or _is_given_key(field) or _nulls_key(field, data)):
            kind = "nnull" if field.name in data else "required"
            faults.append(failed_validation(field.name, kind))
        if value is None and field.primary and field.type in INTEGERS:
            value = next_key(collection)
        if not (value is None and field.primary):
            row[field.name] = value
    _raise_all(faults)
    statement = sa.insert(collection.table).values(row)
    try:
        result = connection.execute(statement)
    except IntegrityError as error:
        raise _conflict(collection, data, error) from error
    key = result.inserted_primary_key
    assert key is not None, "an inserted row has a key"
    return key[0]  # type: ignore[no-any-return]  # the value of the primary column


def update(
    connection: sa.Connection,
    collection: Collection,
    accountability: Accountability,
    keys: list[Key],
    data: Any,
    now: datetime,
) -> None:
    """Write ``data`` into the rows with these keys; a key in it is ignored.

    Raises:
        DirectusError: a row or field is unknown or forbidden, or a value is invalid or not unique.
    """
    permission = _permission(accountability, collection, "update")
    given = _properties(data)
    if not accountability.admin:
        _check_fields(collection, permission, given)
        names = ", ".join(f'"{name}"' for name in given if name != collection.key.name)
        _check_rows(
            connection,
            collection,
            [permission.rule, *map(permission.shows, given)],
            keys,
            f'You don\'t have permissions to perform "update" for the field(s) {names} '
            f'in collection "{collection.name}" or it does not exist.',
        )
    row = _changes(collection, given, accountability, now)
    if row:
        try:
            connection.execute(_chosen(collection, sa.update(collection.table), keys).values(row))
        except IntegrityError as error:
            raise _conflict(collection, given, error) from error


def remove(
    connection: sa.Connection,
    collection: Collection,
    accountability: Accountability,
    keys: list[Key],
) -> None:
    """Delete the rows with these keys.

    Raises:
        DirectusError: FORBIDDEN, if a row is unknown or forbidden; not for administrators.
    """
    permission = _permission(accountability, collection, "delete")
    if not accountability.admin:
        _check_rows(
            connection,
            collection,
            [permission.rule],
            keys,
            f'You don\'t have permission to perform "delete" for collection "{collection.name}" '
            "or it does not exist.",
        )
    try:
        connection.execute(_chosen(collection, sa.delete(collection.table), keys))
    except IntegrityError as error:
        raise _conflict(collection, {}, error) from error


def _chosen(collection: Collection, statement: Any, keys: list[Key]) -> Any:
    return statement.where(one_of(collection.table.c[collection.key.name], list(keys)))


def _permission(
    accountability: Accountability, collection: Collection, action: Action
) -> Permission:
    found = accountability.permission(collection.name, action)
    if found is None:
        raise forbidden_collection(collection.name)
    return found


def _is_given_key(field: Field) -> bool:
    """Return whether ``field`` is a key that nothing but the client makes."""
    return field.primary and field.type not in INTEGERS


def _nulls_key(field: Field, data: Mapping[str, Any]) -> bool:
    """Return whether ``field`` is a key that ``data`` says is null; a uuid is made in its place."""
    is_null = field.name in data and data[field.name] is None
    return field.primary and field.special != "uuid" and is_null


def _raise_all(faults: list[DirectusError]) -> None:
    if faults:
        faults[0].others = tuple(faults[1:])
        raise faults[0]


def _properties(data: Any) -> Mapping[str, Any]:
    """Return the properties of ``data`` as JavaScript has them; those of a text are its indices."""
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
    rules: Iterable[Filter | None],
    keys: list[Key],
    refusal: str,
) -> None:
    """Refuse, unless there is a row for each of ``keys``, and it passes all ``rules``."""
    count = sa.select(sa.func.count()).select_from(collection.table)
    for rule in dict.fromkeys(rules):
        if rule is not None:
            count = count.where(passes(rule, collection, collection.table))
    found = connection.execute(_chosen(collection, count, keys)).scalar_one()
    if not keys or found < len(set(keys)):
        raise forbidden(refusal)


def _changes(
    collection: Collection, data: Mapping[str, Any], accountability: Accountability, now: datetime
) -> dict[str, Any]:
    row: dict[str, Any] = {}
    faults: list[DirectusError] = []
    for field in collection.fields:
        if _nulls_key(field, data):
            faults.append(failed_validation(field.name, "nnull"))
        if field.special == "date-updated":
            row[field.name] = to_column(field, write_timestamp(now))
        elif field.special == "user-updated":
            row[field.name] = accountability.user
        elif field.name in data and not field.primary:
            row[field.name] = _column(collection, field, data[field.name])
            if row[field.name] is None and field.required:
                faults.append(failed_validation(field.name, "nnull"))
    _raise_all(faults)
    return row


def _new_value(
    collection: Collection,
    field: Field,
    data: Mapping[str, Any],
    accountability: Accountability,
    now: datetime,
) -> Any:
    if field.special == "user-created":
        return accountability.user
    value = _column(collection, field, data.get(field.name, field.default))
    if field.special == "date-created":
        # A value that is replaced must still be valid.
        return to_column(field, write_timestamp(now))
    return str(uuid4()) if field.special == "uuid" and value is None else value


def _column(collection: Collection, field: Field, value: Any) -> Any:
    other = collection.related(field.name)
    if other is not None and isinstance(value, dict | list):
        raise nested_write(field.name, other.name)
    return to_column(field, value)


def _conflict(
    collection: Collection, data: Mapping[str, Any], error: IntegrityError
) -> DirectusError:
    # SQLite says "FOREIGN KEY constraint failed", or "UNIQUE constraint failed: table.column".
    if str(error.orig).startswith("FOREIGN"):
        return invalid_foreign_key()
    name = str(error.orig).rpartition(".")[2]
    return not_unique(collection.name, name, data.get(name))
