"""JSON as Directus reads and writes it, and the masking of secrets in the log.

The embedded server uses ``encode`` and ``decode`` too, so that both ends agree on the form of a
frame.
"""

import json
import re
from typing import Any

LONE_SURROGATE = re.compile("[\ud800-\udfff]")
"""Half of a surrogate pair: Python's texts may hold one; UTF-8, and so a frame, cannot."""

_UNRESERVED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
_SECRET = (
    r'("(?:access_token|refresh_token|password|token|otp)"\s*:\s*)"(?:[^"\\]|\\.)*"'
    r"|(\baccess_token=)[^&\s\"]+"
)


def encode(message: Any) -> str:
    """Return ``message`` as compact JSON, as ``JSON.stringify`` writes it.

    A float may be written in another form, of the same value. A lone surrogate becomes its
    escape, since no UTF-8 frame can carry it.

    Raises:
        TypeError: a value cannot be written as JSON.
        ValueError: a number is NaN or infinite.
    """
    text = _ENCODER.encode(message)
    if text.isascii():
        return text
    return LONE_SURROGATE.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def decode(text: str) -> Any:
    """Return the JSON value in ``text``.

    Raises:
        ValueError: ``text`` is not one JSON value (NaN and Infinity are none), or is nested too
            deep to read.
    """
    try:
        try:  # Directus sends it with nothing around it, which is the quicker case
            value, end = _scan(text, 0)
        except (StopIteration, json.JSONDecodeError):
            end = -1
        return value if end == len(text) else _DECODER.decode(text)
    except RecursionError:
        raise ValueError("The JSON value is nested too deep.") from None


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON value.")


# Made once: json.dumps and json.loads make one for each call that has options.
_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False)
_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)
_scan = _DECODER.scan_once  # type: ignore[attr-defined]  # what raw_decode calls


def quoted(text: str) -> str:
    """Return ``text`` as an address holds it; urllib.parse would cost a browser 60 ms.

    A lone surrogate becomes U+FFFD, as in an address that a browser reads.
    """
    octets = LONE_SURROGATE.sub("\ufffd", text).encode()
    return "".join(chr(b) if b in _UNRESERVED else f"%{b:02X}" for b in octets)


class Masked:
    """A text for the log, with stars for its secrets; it is searched only if it is logged."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __str__(self) -> str:
        return re.sub(_SECRET, _stars, self._text)


def _stars(found: re.Match[str]) -> str:
    return f'{found[1]}"***"' if found[1] else f"{found[2]}***"
