"""Converting values between JSON and SQLite, by the type of the field. No I/O."""

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

from directus_realtime.core.codec import decode, encode

from server.config import MAX_ANSWER_SIZE
from server.errors import (
    answer_too_large,
    invalid_foreign_key,
    invalid_payload,
    unusable_value,
)
from server.parsing import parse
from server.project import Field, Type

_YEAR_OR_MONTH = re.compile(r"\d{4}(-\d\d)?")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_LARGEST = 2**63
_FORMATS: dict[Type, str] = {"date": "Date", "dateTime": "DateTime"}
_OVERHEAD = 10  # characters that a value takes in JSON besides its text

Row = TypeVar("Row", bound=Sequence[Any])


def write_timestamp(moment: datetime) -> str:
    """Return a moment in Directus' form: UTC, three decimals, Z."""
    text = moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")
    return f"{text}Z"


def read_timestamp(value: Any) -> datetime | None:
    """Return the moment of ISO text or milliseconds since 1970, or None. No zone means UTC."""
    try:
        if isinstance(value, str):
            if _YEAR_OR_MONTH.fullmatch(value):
                value = f"{value}-01-01"[:10]
            moment = datetime.fromisoformat(value)
            aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            return aware.astimezone(UTC)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        pass
    return None


def read_number(value: Any) -> int | float | None:
    """Return the number of a JSON scalar, or None; an int fits into SQLite's integer."""
    try:
        # Python's float also reads 1_000, unlike JSON and SQL.
        number = float(value.replace("_", "?")) if isinstance(value, str) else value
    except ValueError:
        return None
    if not isinstance(number, int | float) or not math.isfinite(number):
        return None
    number = int(number) if float(number).is_integer() else number
    return number if abs(number) < _LARGEST else float(number)


def write_text(value: Any) -> str:
    """Return a JSON value as a text column stores it in Directus."""
    if isinstance(value, str):
        # UTF-8 has no half of a surrogate pair.
        return _LONE_SURROGATE.sub("\ufffd", value)
    if isinstance(value, bool):
        return str(int(value))
    return encode(value)


def to_column(field: Field, value: Any) -> str | int | float | None:
    """Return the column's value for ``value``.

    Raises:
        DirectusError: the field's type has no such value. It is silent where Directus is.
    """
    if value is None or (value == "" and field.type == "boolean"):
        return None
    column = _converted(field.type, value)
    if column is None and field.references and not isinstance(value, dict | list):
        raise invalid_foreign_key()
    if column is None and value != "" and field.type in _FORMATS:
        raise invalid_payload(f'Invalid {_FORMATS[field.type]} format in field "{field.name}"')
    if column is None:
        raise unusable_value(field.name, value, field.type)
    return column


def _converted(kind: Type, value: Any) -> str | int | float | None:
    match kind:
        case "integer" | "bigInteger":
            number = read_number(value)
            return number if isinstance(number, int) else None
        case "float" | "decimal":
            return read_number(value)
        case "boolean":
            return _flag(value)
        case "timestamp" | "dateTime" | "date":
            return _moment(kind, value)
        case "uuid":
            return _uuid(value)
        case "json":
            return _json(value)
        case "csv" if isinstance(value, list):
            return ",".join("" if item is None else write_text(item) for item in value)
        case "hash":
            return _hash(write_text(value))
        case _:
            return write_text(value)


def from_column(field: Field, value: Any) -> Any:
    """Return the JSON value of a column's value."""
    if value is None:
        return None
    match field.type:
        case "boolean":
            return bool(value)
        case "json":
            return decode(value)
        case "float" | "decimal":
            return int(value) if value.is_integer() else value
        case "csv":
            return value.split(",") if value else []
        case _:
            return value


def within_bounds(rows: Iterable[Row]) -> Iterator[Row]:
    """Yield ``rows``, until they take more memory than one answer may.

    Raises:
        DirectusError: they do.
    """
    size = 0
    for row in rows:
        size += _OVERHEAD * len(row)
        size += sum(len(value) for value in row if isinstance(value, str))
        if size > MAX_ANSWER_SIZE:
            raise answer_too_large()
        yield row


def _moment(kind: Type, value: Any) -> str | None:
    """Return a moment as its column stores it; only a timestamp has a time zone."""
    moment = read_timestamp(value)
    if moment is None:
        return None
    if kind == "timestamp":
        return write_timestamp(moment)
    text = moment.replace(tzinfo=None).isoformat(timespec="seconds")
    return text if kind == "dateTime" else text[:10]


def _hash(text: str) -> str:
    from argon2 import PasswordHasher  # late: the import is slow, and few collections need it

    if not text or text.startswith("$argon2"):
        return text
    # In this thread alone, whose time is what a write has a limit of.
    return PasswordHasher(parallelism=1).hash(text)


def _flag(value: Any) -> int | None:
    words = {"true": 1, "false": 0, "1": 1, "0": 0, 1: 1, 0: 0}
    return words.get(value) if isinstance(value, str | int | float) else None


def _uuid(value: Any) -> str | None:
    try:
        return str(UUID(value)) if isinstance(value, str) and len(value) == 36 else None
    except ValueError:
        return None


def _json(value: Any) -> str:
    if isinstance(value, str):
        try:
            return encode(parse(value))
        except ValueError:
            pass
    return encode(value)
