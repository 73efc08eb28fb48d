"""Everything that can go wrong, as one tree.

::

    DirectusError
    ├── UsageError                 the caller's mistake; nothing was done
    │   ├── NotConnected           there is no connection and none is being made
    │   └── OutboxFull             too much waits for the connection already
    ├── ConnectionFailed           no connection, and why
    │   └── AuthenticationFailed   Directus refused the token; final
    ├── RequestError               a request that has no result
    │   ├── ServerError            Directus answered with an error
    │   ├── ReplyTimeout           no answer came in time
    │   ├── NotSent                dropped before it was written
    │   ├── DeliveryUnknown        written, not answered, and the connection was lost
    │   └── NotDelivered           the same, but a read shows that it was not carried out
    └── SubscriptionOverflow       a consumer read too slowly, and its buffer is full

Each has a ``code``, which is Directus' own if the error comes from Directus, and one sentence that
says what was expected, what came, and what to do.
"""


class DirectusError(Exception):
    """The base of every error that this package raises."""

    code = "DIRECTUS_ERROR"


class UsageError(DirectusError):
    """The caller made a mistake: nothing was sent and nothing has changed."""

    code = "USAGE_ERROR"


def missing_package_error(package: str, purpose: str, cure: str) -> UsageError:
    """Return the error for a package that is needed and cannot be imported.

    Args:
        package: its name.
        purpose: what needs it.
        cure: how it is installed.
    """
    return UsageError(f"{purpose} needs the package {package}, which cannot be imported: {cure}.")


def no_rows_error(collection: str) -> DirectusError:
    """Return the error for a read whose answer holds no rows."""
    return DirectusError(
        f'Expected the rows of "{collection}" as a list of objects, and something else came: see '
        "that no extension of Directus changes what is read."
    )


class NotConnected(UsageError):
    """A message cannot be sent: there is no connection and none is being made.

    Attributes:
        needs_sign_in: whether that is so because the login has ended.
    """

    code = "NOT_CONNECTED"

    def __init__(self, needs_sign_in: bool = False) -> None:
        super().__init__(needs_sign_in)
        self.needs_sign_in = needs_sign_in

    def __str__(self) -> str:
        if self.needs_sign_in:
            return (
                "There is no connection, since the login has ended: sign in again, as with "
                "`await directus.login(...)`."
            )
        return "There is no connection: call `await directus.connect()` first."


class OutboxFull(UsageError):
    """A message was refused, as too many wait for the connection already."""

    code = "OUTBOX_FULL"

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.limit = limit

    def __str__(self) -> str:
        return (
            f"{self.limit} messages wait for the connection already, and this one was not taken: "
            "send it again when the state is open."
        )


class ConnectionFailed(DirectusError):
    """There is no connection; the sentence says why."""

    code = "CONNECTION_FAILED"


class AuthenticationFailed(ConnectionFailed):
    """Directus refused the credentials: a retry with the same ones cannot succeed."""

    code = "AUTH_FAILED"

    def __init__(self, words: str, code: str = code) -> None:
        super().__init__(words)
        self.code = code


class RequestError(DirectusError):
    """A request that has no result."""

    code = "REQUEST_FAILED"


_CURES = {
    "FORBIDDEN": (
        ": see that the collection exists, and give the token's user a policy that allows this, "
        "as the guide's Public Posts does."
    ),
    # Before 12.4 also of a collection that does not exist.
    "INVALID_COLLECTION": (
        ": see that the collection exists, and that it is none of Directus' own (directus_...)."
    ),
}
"""What to do about an error from Directus whose message does not say it."""


class ServerError(RequestError):
    """Directus answered with an error.

    Attributes:
        code: Directus' error code, such as ``FORBIDDEN``.
        message: Directus' own words.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        cure = _CURES.get(self.code, "")
        return f"{self.message} ({self.code}){cure}"


class ReplyTimeout(RequestError):
    """No answer came in time; on some errors the server sends none.

    Attributes:
        what: what the request is called.
        seconds: how long the client waited after it was written.
    """

    code = "REPLY_TIMEOUT"

    def __init__(self, what: str, seconds: float) -> None:
        super().__init__(what, seconds)
        self.what = what
        self.seconds = seconds

    def __str__(self) -> str:
        return (
            f"Directus did not answer the {self.what} within {self.seconds:g} s: it may be slow, "
            "and it stays silent on values that it cannot store or read; its log says why."
        )


class NotSent(RequestError):
    """The request waited for the connection and was dropped before it was written.

    Attributes:
        what: what the request is called.
        reason: why it was dropped.
    """

    code = "NOT_SENT"

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(what, reason)
        self.what = what
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.reason}, and the {self.what} was not sent: send it again."


class DeliveryUnknown(RequestError):
    """The request was written, and it is not known whether it was carried out.

    So it is not repeated. The connection was lost before an answer came; or Directus, before 12.4,
    reported an error without saying which of several requests it refused.

    Attributes:
        what: what the request is called.
        reason: why its result is unknown, None if the connection was lost.
        is_read: whether it has changed nothing, and what is unknown is the answer only.
    """

    code = "DELIVERY_UNKNOWN"

    def __init__(self, what: str, reason: str | None = None, *, is_read: bool = False) -> None:
        super().__init__(what, reason)
        self.what = what
        self.reason = reason
        self.is_read = is_read

    def __str__(self) -> str:
        reason = self.reason or "The connection was lost"
        cure = "read the collection to see whether it was carried out"
        if self.is_read:
            cure = "read again, and ask for less where the answer is large"
        return f"{reason} after the {self.what} was sent and before it was answered: {cure}."


class NotDelivered(RequestError):
    """The connection was lost before an answer came; a read shows that nothing was carried out."""

    code = "NOT_DELIVERED"

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what

    def __str__(self) -> str:
        return f"The connection fell, and the {self.what} was not carried out: send it again."


class SubscriptionOverflow(DirectusError):
    """A consumer read too slowly and its buffer is full; the subscription has ended.

    Attributes:
        limit: how many messages the buffer holds.
    """

    code = "SUBSCRIPTION_OVERFLOW"

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.limit = limit

    def __str__(self) -> str:
        return (
            f"{self.limit} messages of this subscription waited to be read and one more came, so "
            "it has ended: read faster, narrow the query, or give it a longer `buffer`."
        )
