"""The messages of the wire, each way, as JSON values."""

from typing import Any

from .codec import decode
from .query import format_fields

SILENT_COLLECTIONS = ("directus_migrations", "directus_sessions")
"""Collections that Directus 12 accepts subscriptions to and sends no events of."""


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
