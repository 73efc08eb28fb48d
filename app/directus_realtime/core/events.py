"""What the core reports, in the order in which it happened.

The first four tell the driver what to do; the others tell the program what happened.
They are plain named tuples, which the driver distinguishes with ``match``.
"""

from typing import Any, NamedTuple

from ..errors import DirectusError
from ..types import Freshness


class OpenSocket(NamedTuple):
    """Open a socket; whatever it does later is reported back under this number.

    ``refused`` holds the credentials that must not be used again, or None.
    """

    number: int
    refused: dict[str, str] | None = None


class SendText(NamedTuple):
    """Write one text frame to the socket of this number."""

    number: int
    text: str


class CloseSocket(NamedTuple):
    """Close the socket of this number without waiting for it; what it reports later is ignored."""

    number: int


class CredentialsNeeded(NamedTuple):
    """Get credentials other than ``used`` for the open connection, and pass them to the core."""

    number: int
    used: dict[str, str]


class StateChanged(NamedTuple):
    """The connection's state has changed.

    ``error`` says why, if something went wrong; in the state waiting, ``retry_in`` is the seconds
    until the next attempt.
    """

    state: str
    error: DirectusError | None = None
    retry_in: float | None = None


class Opened(NamedTuple):
    """The connection is open and authenticated."""


class Authenticated(NamedTuple):
    """Directus accepted an auth message; its answer may hold a refresh token."""

    answer: dict[str, Any]


class Errored(NamedTuple):
    """The socket reported an error; ``detail`` is the transport's own error."""

    detail: Any


class Closed(NamedTuple):
    """The socket is closed; ``code`` and ``reason`` are those of the WebSocket."""

    code: int
    reason: str


class MessageReceived(NamedTuple):
    """A message for the program was received; ``message`` is its JSON object."""

    message: Any


class Readable(NamedTuple):
    """The subscription of this number has something to read, or has ended."""

    number: int
    ended: bool


class FreshnessChanged(NamedTuple):
    """The worst freshness of the subscriptions has changed."""

    freshness: Freshness


class Replied(NamedTuple):
    """The request of this uid was answered."""

    uid: str
    message: dict[str, Any]


class RequestFailed(NamedTuple):
    """The request of this uid failed: no result will come."""

    uid: str
    error: DirectusError


class Warned(NamedTuple):
    """Something that the user should know; it is reported once."""

    text: str


Event = (
    OpenSocket
    | SendText
    | CloseSocket
    | CredentialsNeeded
    | StateChanged
    | Opened
    | Authenticated
    | Errored
    | Closed
    | MessageReceived
    | Readable
    | FreshnessChanged
    | Replied
    | RequestFailed
    | Warned
)
