"""What the core reports, in the order in which it happened.

The first four are orders to the driver; the rest tells the program what happened.
Plain named tuples: the driver tells them apart with ``match``.
"""

from typing import Any, NamedTuple

from ..errors import DirectusError
from ..types import Freshness


class OpenSocket(NamedTuple):
    """Open a socket; whatever it does later is reported back under this number.

    ``refused`` is what must not be authenticated with again, or None.
    """

    number: int
    refused: dict[str, str] | None = None


class SendText(NamedTuple):
    """Write one text frame to the socket of this number."""

    number: int
    text: str


class CloseSocket(NamedTuple):
    """Close the socket of this number without waiting for it; it is not listened to again."""

    number: int


class CredentialsNeeded(NamedTuple):
    """Get others than ``used`` for the open connection, and hand them to the core."""

    number: int
    used: dict[str, str]


class StateChanged(NamedTuple):
    """The connection's state is another one.

    ``error`` says why where something went wrong; ``retry_in`` is in seconds, when waiting.
    """

    state: str
    error: DirectusError | None = None
    retry_in: float | None = None


class Opened(NamedTuple):
    """The connection is open and authenticated."""


class Authenticated(NamedTuple):
    """Directus took an auth message; its answer may bring a refresh token."""

    answer: dict[str, Any]


class Errored(NamedTuple):
    """The socket reported an error; ``detail`` is what the transport gave."""

    detail: Any


class Closed(NamedTuple):
    """The socket is gone. ``code`` and ``reason`` as the WebSocket gives them."""

    code: int
    reason: str


class MessageReceived(NamedTuple):
    """A message came that the program may see; ``message`` is its JSON value."""

    message: Any


class Readable(NamedTuple):
    """The subscription of this number has something to read, or has ended."""

    number: int
    ended: bool


class FreshnessChanged(NamedTuple):
    """The worst freshness of the subscriptions is another one."""

    freshness: Freshness


class Replied(NamedTuple):
    """The request of this uid was answered."""

    uid: str
    message: dict[str, Any]


class RequestFailed(NamedTuple):
    """The request of this uid has no result, and never will."""

    uid: str
    error: DirectusError


class Warned(NamedTuple):
    """Something that the person should know once."""

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
