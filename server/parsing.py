"""Reading JSON that a client sends, within limits. No I/O.

The server reads such JSON nowhere else: frames, bodies, filters and values of JSON fields.
"""

import re
from math import isfinite
from typing import Any

from directus_realtime.core.codec import decode

from server.config import MAX_JSON_DEPTH, MAX_JSON_VALUES
from server.errors import invalid_payload

_EXACT = 2**53
_STRING = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)


def parse(text: str) -> Any:
    """Return the value of ``text`` as JavaScript has it: numbers are doubles, no ``__proto__``.

    Raises:
        ValueError: the text is not JSON.
        DirectusError: INVALID_PAYLOAD; it has too many values, or is nested too deep.
    """
    # The bound is checked first: Python is not interrupted while it decodes.
    if _has_too_many(text):
        raise invalid_payload(f"The JSON has more than {MAX_JSON_VALUES:,} values")
    try:
        return _as_javascript(decode(text), MAX_JSON_DEPTH)
    except OverflowError as error:
        raise ValueError(str(error)) from error


def _has_too_many(text: str) -> bool:
    # Counting is fast, removing the strings is not: it is done only where the count is too high,
    # and where there are not too many of them. Each has a quotation mark that no \ precedes.
    if text.count('"') - text.count('\\"') > 4 * MAX_JSON_VALUES:
        return True
    return _values(text) > MAX_JSON_VALUES and _values(_STRING.sub("", text)) > MAX_JSON_VALUES


def _values(text: str) -> int:
    """Return the most values that ``text`` can have; what is inside strings counts too."""
    return 1 + text.count(",") + text.count("]") + text.count("}")


def _as_javascript(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return value
    if isinstance(value, dict | list):
        if depth == 0:
            raise invalid_payload(f"The JSON is nested deeper than {MAX_JSON_DEPTH} levels")
        if isinstance(value, list):
            return [_as_javascript(item, depth - 1) for item in value]
        return {k: _as_javascript(v, depth - 1) for k, v in value.items() if k != "__proto__"}
    if isinstance(value, int) and abs(value) > _EXACT:
        value = float(value)
    if isinstance(value, float):
        if not isfinite(value):
            raise ValueError(f"expected a finite number, got {value}")
        if value.is_integer():
            return int(value)
    return value
