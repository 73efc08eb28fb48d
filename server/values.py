"""Values between JSON and SQLite: what a field's type accepts, keeps and gives back. No I/O."""

import math
import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from app.directus.messages import decode, encode
from server.errors import unusable_value
from server.project import Field

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_LARGEST = 2**63


def write_timestamp(moment: datetime) -> str:
    """Return a moment as Directus writes it: UTC, three decimals, Z."""
    text = moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")
    return f"{text}Z"


def read_timestamp(value: Any) -> datetime | None:
    """Return the moment that ISO text or milliseconds since 1970 name, or None. No zone is UTC."""
    try:
        if isinstance(value, str):
            moment = datetime.fromisoformat(value)
            aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            return aware.astimezone(UTC)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        pass
    return None


def read_number(value: Any) -> int | float | None:
    """Return the number that a JSON scalar stands for, or None; an int fits SQLite's."""
    try:
        # Python's float also reads 1_000, which no JSON and no SQL does.
        number = float(value.replace("_", "?")) if isinstance(value, str) else value
    except ValueError:
        return None
    if not isinstance(number, int | float) or not math.isfinite(number):
        return None
    number = int(number) if float(number).is_integer() else number
    return number if abs(number) < _LARGEST else float(number)


def write_text(value: Any) -> str:
    """Return what SQLite makes of a JSON value in a text column, as Directus hands it over."""
    if isinstance(value, str):
        # No UTF-8 can carry half a surrogate pair.
        return _LONE_SURROGATE.sub("\ufffd", value)
    if isinstance(value, bool):
        return str(int(value))
    return encode(value)


def to_column(field: Field, value: Any) -> str | int | float | None:
    """Return what is stored for ``value``.

    Raises:
        DirectusError: the field's type has no such value; silent on a socket, as Directus' is.
    """
    if value is None:
        return None
    column: str | int | float | None
    if field.type in ("integer", "float"):
        column = read_number(value)
        if field.type == "integer" and isinstance(column, float):
            column = None
    elif field.type == "boolean":
        column = _flag(value)
    elif field.type == "timestamp":
        moment = read_timestamp(value)
        column = None if moment is None else write_timestamp(moment)
    elif field.type == "uuid":
        column = _uuid(value)
    elif field.type == "json":
        column = _json(value)
    else:
        column = write_text(value)
    if column is None:
        raise unusable_value(field.name, value, field.type)
    return column


def from_column(field: Field, value: Any) -> Any:
    """Return the JSON value of what is stored."""
    if value is None:
        return None
    if field.type == "boolean":
        return bool(value)
    return decode(value) if field.type == "json" else value


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
            return encode(decode(value))
        except (ValueError, RecursionError):
            pass
    return encode(value)
