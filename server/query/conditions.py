"""Filters as SQL: each operator on each type, as in Directus on SQLite. No I/O."""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from directus_realtime.core.codec import encode

from server.errors import DirectusError, invalid_query
from server.project import MOMENTS, NUMBERS, Field, Type
from server.query.filters import FLAGS, Scalar
from server.query.values import read_number, to_column, write_text

_WORDS = ("contains", "starts_with", "ends_with")
_LIKES = {f"_{sense}{word}" for word in _WORDS for sense in ("", "n", "i", "ni")} - {"_nicontains"}
_EQUAL = {"_eq", "_neq", "_null", "_nnull"}
_TEXT = _EQUAL | _LIKES | {"_in", "_nin", "_empty", "_nempty"}
_ORDERED = _EQUAL | {"_in", "_nin", "_between", "_nbetween"} | {"_lt", "_lte", "_gt", "_gte"}
_OPERATORS: dict[Type, set[str]] = {
    **dict.fromkeys((*NUMBERS, *MOMENTS), _ORDERED),
    "string": _TEXT,
    "text": _TEXT,
    "csv": _TEXT,
    "uuid": _EQUAL | {"_in", "_nin"},
    "boolean": _EQUAL,
    "json": {"_null", "_nnull"},
    "hash": {"_null", "_nnull", "_empty", "_nempty"},
}


def compare(
    column: sa.ColumnElement[Any], field: Field, operator: str, value: Scalar | tuple[Scalar, ...]
) -> sa.ColumnElement[bool]:
    """Return the condition that ``column``, with values of ``field``, compares so with ``value``.

    Raises:
        DirectusError: the field's type has no such operator.
    """
    if operator not in _OPERATORS[field.type]:
        raise invalid_query(
            f'"{field.type}" field type does not contain the "{operator}" filter operator'
        )
    return _sql(column, field, operator, value)


def matching(
    search: str, columns: Iterable[tuple[sa.ColumnElement[Any], Field]]
) -> sa.ColumnElement[bool]:
    """Return the condition that one of ``columns``, each with its field, contains ``search``."""
    text, number = search.lower(), read_number(search)
    if str(number) != search:
        number = None  # as in Directus, 5.0 and 1e1 are no numbers to look for
    found: list[sa.ColumnElement[bool]] = []
    for column, field in columns:
        if field.type in ("string", "text"):
            found.append(column.like(f"%{text}%"))
        elif (field.type in NUMBERS and number is not None) or field.type == "uuid":
            found.append(column == (text if field.type == "uuid" else number))
    return sa.or_(sa.false(), *found)


def _sql(
    column: sa.ColumnElement[Any], field: Field, operator: str, value: Scalar | tuple[Scalar, ...]
) -> sa.ColumnElement[bool]:
    if operator in FLAGS:
        return _flag(column, operator, value)
    if isinstance(value, tuple):
        return _list(column, operator, [_operand(field, item) for item in value])
    if operator in _LIKES:
        return _like(column, operator, write_text(value))
    if operator in ("_eq", "_neq"):
        bound = _bound(field, value)
        return column != bound if operator == "_neq" else column == bound
    symbol = {"_lt": "<", "_lte": "<=", "_gt": ">", "_gte": ">="}[operator]
    return column.bool_op(symbol)(_operand(field, value))


def _flag(column: sa.ColumnElement[Any], operator: str, value: Any) -> sa.ColumnElement[bool]:
    empty = operator.endswith("empty")
    wants_nothing = (operator in ("_null", "_empty")) == (value is not False)
    if wants_nothing:
        return sa.or_(column.is_(None), column == "") if empty else column.is_(None)
    return sa.and_(column.is_not(None), column != "") if empty else column.is_not(None)


def _list(
    column: sa.ColumnElement[Any], operator: str, values: list[Any]
) -> sa.ColumnElement[bool]:
    if operator in ("_in", "_nin"):
        found = one_of(column, values)
        return found if operator == "_in" else sa.not_(found)
    if len(values) != 2:
        raise invalid_query(f'"{operator}" has to be an array of two values')
    inside = column.between(*values)
    return inside if operator == "_between" else sa.not_(inside)


def one_of(column: sa.ColumnElement[Any], values: list[Any]) -> sa.ColumnElement[bool]:
    """Return the condition that ``column`` has one of ``values``, with one bound parameter."""
    each = sa.func.json_each(encode(values)).table_valued("value")
    return column.in_(sa.select(each.c.value))


def _like(column: sa.ColumnElement[Any], operator: str, text: str) -> sa.ColumnElement[bool]:
    # SQLite's LIKE ignores the case of ASCII letters, so the operators with an i need no more;
    # like Directus, we leave the wildcards in the text alone.
    word = next(word for word in _WORDS if operator.endswith(word))
    pattern = {"contains": f"%{text}%", "starts_with": f"{text}%", "ends_with": f"%{text}"}[word]
    negated = operator.startswith("_n")
    return column.not_like(pattern) if negated else column.like(pattern)


def _operand(field: Field, value: Scalar) -> Scalar:
    """Return what values of ``field`` are compared with: of numbers, null is 0 as in JavaScript."""
    return 0 if value is None and field.type in NUMBERS else _bound(field, value)


def _bound(field: Field, value: Scalar) -> Scalar:
    if value is None:
        return None
    if field.type in (*NUMBERS, "boolean"):
        number = read_number(value)
        if number is None:
            raise invalid_query("Invalid numeric value")
        return number
    if field.type in MOMENTS:
        try:
            return to_column(field, value)
        except DirectusError:
            raise invalid_query(f'"{field.name}" has to be compared with a date') from None
    return write_text(value)
