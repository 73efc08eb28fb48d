"""The wire vocabulary: JSON as Directus reads and writes it, and the forms a query takes.

Pure: no clock, no socket, no ``js``. The embedded server uses :func:`encode` and
:func:`decode` too, so that both ends agree on what a frame looks like.
"""

import json
import re
from collections.abc import Callable
from typing import Any

Key = int | str
Keys = list[int] | list[str] | list[Key]
Query = dict[str, Any]

SILENT_COLLECTIONS = ("directus_migrations", "directus_sessions")
"""Collections that Directus 12 accepts subscriptions to and sends no events of."""

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
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
        TypeError: a value is no JSON value.
        ValueError: a number is NaN or infinite.
    """
    text = json.dumps(message, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    if text.isascii():
        return text
    return _LONE_SURROGATE.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def decode(text: str) -> Any:
    """Return the JSON value in ``text``.

    Raises:
        ValueError: ``text`` is not one JSON value.
    """
    return json.loads(text)


def quoted(text: str) -> str:
    """Return ``text`` as an address holds it; urllib.parse would cost a browser 60 ms."""
    return "".join(chr(b) if b in _UNRESERVED else f"%{b:02X}" for b in text.encode())


class Masked:
    """A text for the log, in which secrets are stars; it is looked through only if it is shown."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __str__(self) -> str:
        return re.sub(_SECRET, _stars, self._text)


def _stars(found: re.Match[str]) -> str:
    return f'{found[1]}"***"' if found[1] else f"{found[2]}***"


def auth(credentials: dict[str, str]) -> dict[str, Any]:
    """Return the message that authenticates, its keys in the JS SDK's order."""
    return {**credentials, "type": "auth"}


def subscribe(
    collection: str, uid: str, *, event: str | None, query: dict[str, Any] | None
) -> dict[str, Any]:
    """Return the message that subscribes, its keys in the JS SDK's order."""
    message: dict[str, Any] = {}
    if event is not None:
        message["event"] = event
    if query is not None:
        message["query"] = query
    return {**message, "uid": uid, "collection": collection, "type": "subscribe"}


def unsubscribe(uid: str) -> dict[str, Any]:
    """Return the message that ends the subscription of ``uid``."""
    return {"uid": uid, "type": "unsubscribe"}


def items(action: str, collection: str, **parts: Any) -> dict[str, Any]:
    """Return an items message; a part that is None is left out.

    Nested fields are made flat, since Directus never answers a request that has them.
    """
    given = {name: value for name, value in parts.items() if value is not None}
    query = given.get("query")
    if isinstance(query, dict) and isinstance(query.get("fields"), list):
        given["query"] = {**query, "fields": format_fields(query["fields"])}
    return {"type": "items", "collection": collection, "action": action, **given}


def ping(uid: str) -> dict[str, Any]:
    """Return a ping that its pong can be told by."""
    return {"type": "ping", "uid": uid}


PONG = {"type": "pong"}
"""The answer to a ping of the server's."""


def error_of(message: Any) -> tuple[str, str] | None:
    """Return the code and the words of an error message, or None for any other."""
    if not isinstance(message, dict) or message.get("status") != "error":
        return None
    error = message.get("error")
    if not isinstance(error, dict):
        return "UNKNOWN", "Directus gave no reason."
    return str(error.get("code", "UNKNOWN")), str(error.get("message", "Directus gave no reason."))


def http_error(text: str) -> tuple[str, str] | None:
    """Return the code and the words of the first error in an answer over HTTP, or None."""
    try:
        error = decode(text)["errors"][0]
        message = error["message"]
    except (ValueError, KeyError, TypeError, IndexError):
        return None
    extensions = error.get("extensions")
    code = extensions.get("code") if isinstance(extensions, dict) else None
    return (str(code or "UNKNOWN"), message) if isinstance(message, str) else None


def query_to_params(query: dict[str, Any]) -> dict[str, str]:
    """Return ``query`` in the form in which the JS SDK sends it with a subscription.

    Lists become comma strings, objects JSON text and numbers their digits. Keys come in the
    SDK's order, and empty values are left out. (JS SDK 26.0.0, ``queryToParams``; but a filter
    that is JSON text already, which the SDK drops without a word, is sent as it stands.)
    """
    params: dict[str, str] = {}
    for name, convert in _CONVERSIONS.items():
        if (text := convert(query.get(name))) is not None:
            params[name] = text
    for name, value in query.items():
        if name not in _CONVERSIONS and name != "backlink":
            text = value if isinstance(value, str) else encode(value)
            if text:
                params[name] = text
    return params


def format_fields(fields: list[Any]) -> list[str]:
    """Return nested fields flat: ``["id", {"author": ["name"]}]`` as ``["id", "author.name"]``."""
    return [path for field in fields for path in _paths(field, "")]


def _paths(field: Any, prefix: str) -> list[str]:
    if not isinstance(field, dict):
        return [prefix + str(field)]
    paths: list[str] = []
    for name, inner in field.items():
        scopes = inner.items() if isinstance(inner, dict) else [(None, inner or [])]
        for scope, wanted in scopes:
            step = name if scope is None else f"{name}:{scope}"
            paths += [path for item in wanted for path in _paths(item, f"{prefix}{step}.")]
    return paths


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _joined(value: Any) -> str | None:
    return ",".join(map(str, value)) if isinstance(value, list) and value else _text(value)


def _fields(value: Any) -> str | None:
    return _joined(format_fields(value) if isinstance(value, list) else value)


def _object(value: Any) -> str | None:
    return encode(value) if isinstance(value, dict) and value else _text(value)


def _number(least: int) -> Callable[[Any], str | None]:
    def convert(value: Any) -> str | None:
        if isinstance(value, int | float) and not isinstance(value, bool):
            whole = int(value) if value == int(value) else value
            return str(whole) if value >= least else None
        return _text(value)

    return convert


def _flag(value: Any) -> str | None:
    return "true" if value is True else _text(value)


_CONVERSIONS: dict[str, Callable[[Any], str | None]] = {
    "fields": _fields,
    "filter": _object,
    "search": _text,
    "sort": _joined,
    "limit": _number(-1),
    "offset": _number(0),
    "page": _number(1),
    "deep": _object,
    "alias": _object,
    "aggregate": _object,
    "groupBy": _joined,
    "version": _text,
    "versionRaw": _flag,
}
