"""What a session returns: text to send, work to do, the end, or a note for the host's log."""

from dataclasses import dataclass
from typing import Any

from server.hub import Subscription
from server.request import Request

Uid = str | int | float | None


@dataclass(frozen=True, slots=True)
class Send:
    """Send ``text`` to the client."""

    text: str


@dataclass(frozen=True, slots=True)
class Close:
    """Close the connection, without a code."""


@dataclass(frozen=True, slots=True)
class Note:
    """Log why the client hears nothing."""

    reason: str


@dataclass(frozen=True, slots=True)
class Failure:
    """Log an unexpected exception, with its traceback."""

    error: Exception


@dataclass(frozen=True, slots=True)
class Authenticate:
    """Find whose ``credentials`` these are, then call :meth:`Session.authenticated`."""

    credentials: dict[str, Any]
    uid: Uid


@dataclass(frozen=True, slots=True)
class Perform:
    """Perform ``request``, then call :meth:`Session.answer`."""

    request: Request
    uid: Uid


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Read what a subscription starts with, then call :meth:`Session.answer`."""

    request: Request
    subscription: Subscription


Work = Authenticate | Perform | Snapshot
Effect = Send | Close | Note | Failure | Work
