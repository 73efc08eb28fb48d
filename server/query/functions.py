"""The functions of dates in a query, as in ``year(date_created)``. No I/O."""

import re
from typing import Any

import sqlalchemy as sa

from server.errors import invalid_query
from server.project import Field, Type

_CALL = re.compile(r"(\w+)\((.*)\)")
_OF_DATES = {"year": "%Y", "month": "%m", "week": "%W", "day": "%d", "weekday": "%w"}
_OF_TIMES = {"hour": "%H", "minute": "%M", "second": "%S"}
_FORMATS: dict[Type, dict[str, str]] = {
    "timestamp": _OF_DATES | _OF_TIMES,
    "dateTime": _OF_DATES | _OF_TIMES,
    "date": _OF_DATES,
    "time": _OF_TIMES,
}


def path_of(name: str) -> list[str]:
    """Return the fields that a name in a query leads through; the last one may be a call."""
    way, bracket, rest = name.partition("(")
    *fields, last = way.split(".")
    return [*fields, f"{last}{bracket}{rest}"]


def shown_path(name: str) -> list[str]:
    """Return the same for a name in ``fields``: ``year(author.born)`` is ``author.year(born)``."""
    if call := _CALL.fullmatch(name):
        *way, last = call[2].split(".")
        return [*way, f"{call[1]}({last})"]
    return path_of(name)


def field_of(name: str) -> str:
    """Return the field that the last name of a path is, or calls a function of."""
    call = _CALL.fullmatch(name)
    return call[2] if call else name


def is_call(name: str) -> bool:
    """Return whether a name in a query calls a function."""
    return _CALL.fullmatch(name) is not None


def expression(field: Field, name: str, column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """Return the SQL of a call of ``field``, whose value is a number or null.

    Raises:
        DirectusError: the function is unknown, or the field has another type.
    """
    function, _, _ = name.partition("(")
    if function in ("count", "json") and field.type in ("json", "csv"):
        raise invalid_query(f'"{name}" is not supported by this server')
    if function not in _FORMATS.get(field.type, {}):
        raise invalid_query(f'Invalid function specified "{function}"')
    return sa.cast(sa.func.strftime(_FORMATS[field.type][function], column), sa.Integer)


def result_of(name: str) -> Field:
    """Return the field that a row has for a call: a number with a name of its own."""
    function, _, rest = name.partition("(")
    return Field(f"{rest[:-1]}_{function}", "integer")
