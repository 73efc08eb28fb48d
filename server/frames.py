"""Frames: validating a client's, and serialising the server's.

Directus validates with zod, whose messages are part of the wire, so they are built here.
"""

import re
from collections.abc import Mapping
from typing import Any

from directus_realtime.core.codec import encode

from server.config import MAX_ANSWER_SIZE
from server.errors import DirectusError, answer_too_large

UNDEFINED = object()
"""JavaScript's undefined: the value of a missing key."""

ACTIONS = ("create", "read", "update", "delete")
EVENTS = ("create", "update", "delete")

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")


def kind(value: Any) -> str:
    """Return the name of a value's type in zod's words."""
    if value is UNDEFINED:
        return "undefined"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


def _expected(wanted: str, value: Any, path: str) -> str:
    return f'Invalid input: expected {wanted}, received {kind(value)} at "{path}"'


def _text(message: dict[str, Any], name: str) -> list[str]:
    value = message.get(name, UNDEFINED)
    return [] if isinstance(value, str) else [_expected("string", value, name)]


def _text_or_number(value: Any, path: str) -> list[str]:
    if value is UNDEFINED or kind(value) in ("string", "number"):
        return []
    return [f"{_expected('string', value, path)} or {_expected('number', value, path)}"]


def _one_of(values: tuple[str, ...], message: dict[str, Any], name: str) -> list[str]:
    if message.get(name, UNDEFINED) in values:
        return []
    return [" or ".join(f'Invalid input: expected "{value}" at "{name}"' for value in values)]


def _error(issues: list[str]) -> DirectusError:
    return DirectusError("INVALID_PAYLOAD", f"Validation error: {'; '.join(issues)}", status=400)


def check_message(value: Any) -> None:
    """Validate ``value`` as a message of any type.

    Raises:
        DirectusError: INVALID_PAYLOAD, in zod's words.
    """
    if not isinstance(value, dict):
        raise _error([f"Invalid input: expected object, received {kind(value)}"])
    issues = _text(value, "type") + _text_or_number(value.get("uid", UNDEFINED), "uid")
    if issues:
        raise _error(issues)


def check_subscribe(message: dict[str, Any]) -> None:
    """Validate a subscribe message.

    Raises:
        DirectusError: INVALID_PAYLOAD, in zod's words.
    """
    issues = _text(message, "collection")
    if "event" in message:
        issues += _one_of(EVENTS, message, "event")
    issues += _text_or_number(message.get("item", UNDEFINED), "item")
    if not isinstance(message.get("query", {}), dict):
        issues.append(_expected("record", message["query"], "query"))
    if issues:
        raise _error(issues)


def check_items(message: dict[str, Any]) -> None:
    """Validate an items message. The error names what each action expects.

    Raises:
        DirectusError: INVALID_PAYLOAD, in zod's words.
    """
    alternatives = []
    for action in ACTIONS:
        issues = _text(message, "collection") + _one_of((action,), message, "action")
        if action != "create":
            issues += _text_or_number(message.get("id", UNDEFINED), "id") + _keys(message)
        if not issues:
            return
        alternatives.append("; ".join(issues))
    raise _error([" or ".join(alternatives)])


def _keys(message: dict[str, Any]) -> list[str]:
    keys = message.get("ids", [])
    if not isinstance(keys, list):
        return [_expected("array", keys, "ids")]
    return [issue for at, key in enumerate(keys) for issue in _text_or_number(key, f"ids[{at}]")]


def credentials_of(message: dict[str, Any]) -> dict[str, Any] | None:
    """Return the credentials of an auth message, or None if there are no usable ones."""
    usable = any(
        all(isinstance(message.get(name), str) for name in names)
        for names in (("email", "password"), ("access_token",), ("refresh_token",))
        if "email" not in names or _EMAIL.fullmatch(str(message.get("email")))
    )
    given = ("email", "password", "access_token", "refresh_token")
    return {name: message[name] for name in given if name in message} if usable else None


class JsonText(str):
    """JSON that is written already: a part of a frame or of a body."""


def written(value: Any) -> JsonText:
    """Return ``value`` as JSON. Of a list, each item is written by itself.

    Other threads have their turn between the items, which they have not while Python writes one.

    Raises:
        DirectusError: INVALID_QUERY; the JSON is too large.
    """
    if not isinstance(value, list):
        return JsonText(encode(value))
    texts: list[str] = []
    size = 0
    for item in value:
        texts.append(encode(item))
        size += len(texts[-1])
        if size > MAX_ANSWER_SIZE:
            raise answer_too_large()
    return JsonText(f"[{','.join(texts)}]")


def write_object(parts: Mapping[str, Any]) -> str:
    """Return the JSON of an object, some of whose values may be written already."""
    if not any(isinstance(value, JsonText) for value in parts.values()):
        return encode(parts)
    texts = (
        f"{encode(name)}:{value if isinstance(value, JsonText) else encode(value)}"
        for name, value in parts.items()
    )
    return f"{{{','.join(texts)}}}"


def frame(uid: str | int | float | None = None, /, **parts: Any) -> str:
    """Return a frame with ``parts`` in their order, and the uid, if there is one, at the end."""
    return write_object(parts if uid is None else {**parts, "uid": uid})


def error_frame(type_: str, error: DirectusError, uid: str | int | float | None = None) -> str:
    """Return the error frame of ``error``."""
    body = {"code": error.code, "message": error.message}
    return frame(uid, type=type_, status="error", error=body)


def with_uid(text: str, uid: str | None) -> str:
    """Return ``text``, a frame without uid, with ``uid`` added."""
    return text if uid is None else f'{text[:-1]},"uid":{encode(uid)}}}'
