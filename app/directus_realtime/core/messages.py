"""The messages of the wire, each way, as JSON values."""

from typing import Any

from .codec import decode
from .query import format_fields

Failure = tuple[str, str]
"""The code and the message of an error from Directus."""

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
    """Return a ping; its pong carries the same uid."""
    return {"type": "ping", "uid": uid}


PONG = {"type": "pong"}
"""The answer to a ping from the server."""


class SubscriptionMessage(dict[str, Any]):
    """A subscription message, as Directus sent it.

    Attributes:
        keys_of_data: the primary keys of the rows in ``data``, where recovery asked for them;
            they are not among the fields that the subscriber named.
        is_missed: whether its row was missed and read afterwards.
    """

    keys_of_data: tuple[Any, ...] = ()
    is_missed = False


class Frame:
    """One frame that came, parsed. Each message makes one, and a named tuple takes twice as long.

    Attributes:
        message: the JSON object; any other JSON value is wrapped in one, as ``data``.
        kind: its ``type``.
        uid: its ``uid`` if that is a string, else None.
        error: the code and the text of an error message, None for any other message.
    """

    __slots__ = ("error", "kind", "message", "uid")

    def __init__(
        self, message: dict[str, Any], kind: Any, uid: str | None, error: Failure | None
    ) -> None:
        self.message = message
        self.kind = kind
        self.uid = uid
        self.error = error


def parse(text: str) -> Frame:
    """Parse one frame.

    Raises:
        ValueError: ``text`` is not JSON, or nested too deep to read.
    """
    message = decode(text)
    if not isinstance(message, dict):
        message = {"type": None, "data": message}
    uid = message.get("uid")
    error = _error_of(message) if message.get("status") == "error" else None
    return Frame(message, message.get("type"), uid if isinstance(uid, str) else None, error)


def _error_of(message: dict[str, Any]) -> Failure:
    error = message.get("error")
    if not isinstance(error, dict):
        return "UNKNOWN", "Directus gave no reason."
    return str(error.get("code", "UNKNOWN")), str(error.get("message", "Directus gave no reason."))


def http_error(text: str) -> Failure | None:
    """Return the code and the message of the first error in an answer over HTTP, or None."""
    try:
        error = decode(text)["errors"][0]
        message = error["message"]
    except (ValueError, KeyError, TypeError, IndexError):
        return None
    extensions = error.get("extensions")
    code = extensions.get("code") if isinstance(extensions, dict) else None
    return (str(code or "UNKNOWN"), message) if isinstance(message, str) else None
