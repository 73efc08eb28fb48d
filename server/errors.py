"""The errors that a client gets, with Directus' codes and messages.

``DirectusError`` is the only class; the functions below make each kind. On a socket, Directus logs
some of them and sends no reply: these are ``silent``.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from directus_realtime.core.codec import encode


class DirectusError(Exception):
    """A refused or failed request.

    ``status`` is the HTTP status. ``others`` are further errors of the same request, for REST.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int,
        extensions: Mapping[str, Any] | None = None,
        silent: bool = False,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.extensions = dict(extensions or {})
        self.silent = silent
        self.logged = message
        """The message for the log, which has no values of items."""
        self.others: tuple[DirectusError, ...] = ()

    def envelope(self) -> dict[str, Any]:
        """Return the body of the REST response."""
        return {
            "errors": [
                {"message": error.message, "extensions": {**error.extensions, "code": error.code}}
                for error in (self, *self.others)
            ]
        }


def _reasoned(code: str, message: str, reason: str, status: int) -> DirectusError:
    return DirectusError(code, message, status=status, extensions={"reason": reason})


def forbidden(reason: str | None = None) -> DirectusError:
    """Return FORBIDDEN with ``reason`` as its message, or with the message that reveals nothing."""
    if reason is None:
        return DirectusError("FORBIDDEN", "You don't have permission to access this.", status=403)
    return _reasoned("FORBIDDEN", reason, reason, 403)


def forbidden_collection(collection: str, path: Sequence[str] = ()) -> DirectusError:
    """Return the refusal of a collection that is unknown or not allowed for this action.

    ``path`` are the fields that lead to it.
    """
    return forbidden(
        f'You don\'t have permission to access collection "{collection}" or it does not exist. '
        f"Queried in {_place(path)}."
    )


def forbidden_fields(
    fields: Iterable[str], collection: str, path: Sequence[str] = ()
) -> DirectusError:
    """Return the refusal of fields that are unknown or not allowed for this action."""
    names = [f'"{field}"' for field in fields]
    noun, verb = ("field", "it does") if len(names) == 1 else ("fields", "they do")
    return forbidden(
        f"You don't have permission to access {noun} {', '.join(names)} "
        f'in collection "{collection}" or {verb} not exist. Queried in {_place(path)}.'
    )


def _place(path: Sequence[str]) -> str:
    return f'"{".".join(path)}"' if path else "root"


def invalid_query(reason: str, *, silent: bool = False) -> DirectusError:
    """Return the refusal of a query; ``reason`` has no full stop."""
    error = _reasoned("INVALID_QUERY", f"Invalid query. {reason}.", reason, 400)
    error.silent = silent
    return error


def invalid_payload(reason: str) -> DirectusError:
    """Return the refusal of a body; ``reason`` has no full stop."""
    return _reasoned("INVALID_PAYLOAD", f"Invalid payload. {reason}.", reason, 400)


def answer_too_large() -> DirectusError:
    """Return the refusal of a read that finds more than one answer may hold."""
    return invalid_query("The answer is too large: ask for fewer rows or fields at a time")


def limit_exceeded(category: str) -> DirectusError:
    """Return the refusal of one more than is allowed; ``category`` says of what."""
    return DirectusError(
        "LIMIT_EXCEEDED",
        f"{category} limit exceeded.",
        status=403,
        extensions={"category": category},
    )


def unusable_value(field: str, value: Any, kind: str) -> DirectusError:
    """Return the refusal of a value that a field of this type cannot hold."""
    error = invalid_payload(f'"{field}" has to be a valid {kind}, received {_shown(value)}')
    error.logged = f'"{field}" has to be a valid {kind}'
    # Directus sends no reply to what is no moment; other values are stored on SQLite.
    error.silent = kind in ("timestamp", "item") and value != ""
    return error


def nested_write(field: str, collection: str) -> DirectusError:
    """Return the refusal to write into the row of ``collection`` that ``field`` relates to."""
    return invalid_payload(
        f'"{field}" has to be a key of "{collection}": nested writes are not supported by this '
        "server"
    )


def _shown(value: Any) -> str:
    if isinstance(value, list | dict):
        return "an array" if isinstance(value, list) else "an object"
    return encode(value)[:100]


def failed_validation(field: str, kind: str) -> DirectusError:
    """Return the refusal of a missing (``required``) or null (``nnull``) value."""
    words = {"required": "Value is required", "nnull": "Value can't be null"}[kind]
    return DirectusError(
        "FAILED_VALIDATION",
        f'Validation failed for field "{field}". {words}.',
        status=400,
        extensions={"field": field, "path": [], "type": kind},
        silent=True,
    )


def not_unique(collection: str, field: str, value: Any) -> DirectusError:
    """Return the refusal of a value that another row has."""
    shown = f'"{value if isinstance(value, str) else encode(value)}" ' if value else ""
    return DirectusError(
        "RECORD_NOT_UNIQUE",
        f'Value {shown}for field "{field}" in collection "{collection}" has to be unique.',
        status=400,
        extensions={"collection": collection, "field": field, "value": value},
    )


def invalid_foreign_key() -> DirectusError:
    """Return the refusal of an unknown key, or of deleting a key that a field refers to."""
    nothing = {"collection": None, "field": None, "value": None}
    words = "Invalid foreign key."
    return DirectusError("INVALID_FOREIGN_KEY", words, status=400, extensions=nothing)


def invalid_credentials() -> DirectusError:
    """Return the refusal of an unknown token or a wrong password."""
    return DirectusError("INVALID_CREDENTIALS", "Invalid user credentials.", status=401)


def token_expired() -> DirectusError:
    """Return the refusal of an access token that has expired."""
    return DirectusError("TOKEN_EXPIRED", "Token expired.", status=401)


def invalid_token() -> DirectusError:
    """Return the refusal of an access token with a wrong signature."""
    return DirectusError("INVALID_TOKEN", "Invalid token.", status=403)


def route_not_found(path: str) -> DirectusError:
    """Return the error of an unknown path."""
    return DirectusError(
        "ROUTE_NOT_FOUND",
        f"Route {path} doesn't exist.",
        status=404,
        extensions={"path": path},
    )


def internal_error() -> DirectusError:
    """Return the error of a fault in this server; the host's log has the cause."""
    return DirectusError("INTERNAL_SERVER_ERROR", "An unexpected error occurred.", status=500)


def unavailable(service: str, reason: str) -> DirectusError:
    """Return the error of a service that the server needs; ``reason`` has no full stop."""
    return DirectusError(
        "SERVICE_UNAVAILABLE",
        f'Service "{service}" is unavailable. {reason}.',
        status=503,
        extensions={"service": service, "reason": reason},
    )
