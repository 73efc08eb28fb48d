"""The functions of dates in a query, as in ``year(date_created)``. No I/O."""

import re
from typing import Any

import sqlalchemy as sa

from server.errors import invalid_query
from server.project import Collection, Field, Type

_CALL = re.compile(r"(\w+)\((.*)\)")
_OF_DATES = {"year": "%Y", "month": "%m", "week": "%W", "day": "%d", "weekday": "%w"}
_OF_TIMES = {"hour": "%H", "minute": "%M", "second": "%S"}
_FORMATS: dict[Type, dict[str, str]] = {
    "timestamp": _OF_DATES | _OF_TIMES,
    "dateTime": _OF_DATES | _OF_TIMES,
    "date": _OF_DATES,
    "time": _OF_TIMES,
}


def field_of(name: str) -> str:
    """Return the field of a name in a query: the root of a path, or the argument of a call."""
    call = _CALL.fullmatch(name)
    return (call[2] if call else name).partition(".")[0]


def is_call(name: str) -> bool:
    """Return whether a name in a query calls a function."""
    return _CALL.fullmatch(name) is not None


def expression(collection: Collection, name: str) -> sa.ColumnElement[Any]:
    """Return the SQL of a call, whose value is a number or null.

    Raises:
        DirectusError: the function is unknown, or the field has another type.
    """
    function, _, _ = name.partition("(")
    field = collection.by_name[field_of(name)]
    if function in ("count", "json"):
        raise invalid_query(f'"{name}" is not supported by this server')
    if function not in _FORMATS.get(field.type, {}):
        raise invalid_query(f'Invalid function specified "{function}"')
    text = sa.func.strftime(_FORMATS[field.type][function], collection.table.c[field.name])
    return sa.cast(text, sa.Integer)


def result_of(name: str) -> Field:
    """Return the field that a row has for a call: a number with a name of its own."""
    function, _, rest = name.partition("(")
    return Field(f"{rest[:-1]}_{function}", "integer")
