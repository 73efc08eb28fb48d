"""What a TOML file may say and JSON cannot, in which all that is served is written."""

from collections.abc import Iterator
from datetime import date, time
from math import isfinite
from typing import Any


def not_json(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Yield the place of each value that JSON does not have, and what was expected there."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from not_json(item, f"{place}.{key}" if place else key)
    elif isinstance(value, list):
        for at, item in enumerate(value):
            yield from not_json(item, f"{place}[{at}]")
    elif isinstance(value, date | time):
        yield place, f'expected a text in quotes, as in "{value}", got {value}'
    elif isinstance(value, float) and not isfinite(value):
        yield place, f"expected a number, got {value}"
