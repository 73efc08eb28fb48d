"""Filters: from a client's JSON to a tree with valid values. No I/O.

Names and operators are checked against a collection when rows are read: see ``conditions``.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from server.config import LARGEST_EXACT
from server.errors import invalid_query
from server.parsing import parse
from server.query.values import write_timestamp

Scalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Compare:
    """A field compared with a value by an operator."""

    field: str
    operator: str
    value: Scalar | tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Filters of which all (``_and``) or one (``_or``) must be true."""

    operator: str
    parts: tuple["Filter", ...]


Filter = Compare | Group


@dataclass(frozen=True, slots=True)
class DynamicVariables:
    """The values of ``$CURRENT_USER`` and ``$NOW``."""

    user: str | None
    now: datetime


_LISTS = {"_in", "_nin", "_between", "_nbetween"}
FLAGS = {"_null", "_nnull", "_empty", "_nempty"}
"""The operators whose value is true or false."""

_NOW = re.compile(r"\$NOW(?:\(\s*([+-]?\d{1,6})\s*([a-z]+)\s*\))?")
_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}
_MONTHS = {"month": 1, "year": 12}
_MOST = 500  # conditions: SQLite nests what AND and OR join, to a depth of at most 1,000
_LONGEST = 1_000  # characters of a path


def read_filter(raw: Any, variables: DynamicVariables) -> Filter | None:
    """Return the filter of an object or of JSON text; None if all rows pass.

    Raises:
        DirectusError: INVALID_QUERY, for a wrong form or a wrong value.
    """
    if isinstance(raw, str):
        try:
            raw = parse(raw)
        except ValueError:
            raise invalid_query("Invalid JSON for filter object") from None
    if raw == []:
        return None
    if not isinstance(raw, dict):
        raise invalid_query("Invalid JSON for filter object")
    try:
        return _Reader(variables).all_of(raw, "")
    except RecursionError:
        raise invalid_query("Max relational depth exceeded") from None


class _Reader:
    """Reads one filter, and refuses it as soon as it is too large."""

    def __init__(self, variables: DynamicVariables) -> None:
        self._variables = variables
        self._conditions = 0

    def all_of(self, raw: Mapping[str, Any], path: str) -> Filter | None:
        parts = tuple(self._nodes(raw, path))
        return Group("_and", parts) if len(parts) > 1 else next(iter(parts), None)

    def _nodes(self, raw: Mapping[str, Any], path: str) -> Iterator[Filter]:
        for key, value in raw.items():
            if key in ("_and", "_or"):
                yield from self._groups(key, value, path)
            elif key in ("_some", "_none") and path:
                reason = "can only be used with top level relational alias field"
                raise invalid_query(f'"{key}" {reason}')
            elif key.startswith("_") and path:
                yield self._compare(path, key, value)
            elif value is None:
                raise invalid_query("Invalid filter object")
            elif isinstance(value, dict):
                yield from self._nodes(value, _below(path, key))
            else:
                yield self._compare(_below(path, key), "_eq", value)

    def _groups(self, key: str, value: Any, path: str) -> Iterator[Filter]:
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise invalid_query(f'"{key}" has to be an array of filters')
        parts = [self.all_of(item, path) for item in value]
        if some := tuple(part for part in parts if part is not None):
            yield Group(key, some)

    def _compare(self, path: str, operator: str, value: Any) -> Compare:
        self._conditions += 1 + path.count(".")
        if self._conditions > _MOST:
            many = f"The filter has {self._conditions} conditions or more"
            raise invalid_query(f"{many}, and {_MOST} are supported")
        return Compare(path, operator, _value(operator, value, self._variables))


def _below(path: str, key: str) -> str:
    if len(path) + len(key) > _LONGEST:
        raise invalid_query("Max relational depth exceeded")
    if "." in key.partition("(")[0]:
        raise invalid_query(f'"{key}" in a filter has to be nested, one object for each field')
    return f"{path}.{key}" if path else key


def _value(operator: str, value: Any, variables: DynamicVariables) -> Scalar | tuple[Scalar, ...]:
    if operator in _LISTS:
        values = _listed(value)
        if values == [] and (isinstance(value, list | dict) or operator not in ("_in", "_nin")):
            raise invalid_query(f'"{operator}" has to be an array of values')
        return tuple(_scalar(operator, item, variables) for item in values)
    value = _scalar(operator, value, variables) if operator not in FLAGS else _constant(value)
    if operator in FLAGS and value is not None and value != "" and not isinstance(value, bool):
        raise invalid_query(f'"{operator}" has to be a boolean')
    return value  # type: ignore[no-any-return]  # both branches above leave a scalar


def _listed(value: Any) -> list[Any]:
    """Return the values that stand for a list: each of it, those of a text, or one by itself."""
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        return list(value.values())
    if isinstance(value, str):
        return value.split(",") if value else []
    return [value]


def _constant(value: Any) -> Any:
    words = {"true": True, "false": False, "null": None, "NULL": None}
    return words.get(value, value) if isinstance(value, str) else value


def _scalar(operator: str, value: Any, variables: DynamicVariables) -> Scalar:
    value = _constant(value)
    if isinstance(value, str) and value.startswith("$"):
        value = _dynamic(value, variables)
    if isinstance(value, dict | list):
        raise invalid_query(
            f'The filter value for "{operator}" has to be a string, number, or boolean'
        )
    if isinstance(value, int | float) and value > LARGEST_EXACT and operator not in _LISTS:
        raise invalid_query(f'The filter value for "{operator}" is not a valid number')
    if value == "":
        raise invalid_query(
            f'You can\'t filter for an empty string in "{operator}". '
            'Use "_empty" or "_nempty" instead'
        )
    return value  # type: ignore[no-any-return]  # JSON that is no container is a scalar


def _dynamic(value: str, variables: DynamicVariables) -> Scalar:
    if value == "$CURRENT_USER":
        return variables.user
    if match := _NOW.fullmatch(value):
        return write_timestamp(_moved(variables.now, *match.groups()))
    if value.startswith(("$CURRENT_", "$NOW", "$FOLLOW")):
        raise invalid_query(f'"{value}" is not supported by this server')
    return value


def _moved(now: datetime, amount: str | None, unit: str | None) -> datetime:
    if amount is None or unit is None:
        return now
    name = unit.removesuffix("s")
    try:
        if name in _MONTHS:
            return _months_later(now, int(amount) * _MONTHS[name])
        return now + timedelta(seconds=int(amount) * _SECONDS[name])
    except (KeyError, OverflowError, ValueError):
        raise invalid_query(f'"$NOW({amount} {unit})" is no date') from None


def _months_later(now: datetime, months: int) -> datetime:
    year, month = divmod(now.year * 12 + now.month - 1 + months, 12)
    first = now.replace(year=year, month=month + 1, day=1)
    following = (first + timedelta(days=31)).replace(day=1)
    return first.replace(day=min(now.day, (following - timedelta(days=1)).day))


def names_of(node: Filter) -> Iterator[str]:
    """Yield the name that each condition compares; a name may come more than once."""
    if isinstance(node, Compare):
        yield node.field
    else:
        for part in node.parts:
            yield from names_of(part)
