"""The forms in which a query goes over the wire."""

from collections.abc import Callable
from typing import Any

from .codec import encode


def query_to_params(query: dict[str, Any]) -> dict[str, str]:
    """Return ``query`` in the form in which the JS SDK sends it with a subscription.

    Lists become comma-separated strings, objects JSON text and numbers decimal text. Keys come in
    the SDK's order, and empty values are left out. (JS SDK 26.0.0, ``queryToParams``; but a
    filter that is JSON text already, which the SDK drops silently, is sent unchanged.)
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
