"""What a session asks its driver to do: send text, do work, close, or write to the log."""

from dataclasses import dataclass
from typing import Any

from server.items.request import ItemsRequest
from server.realtime.hub import Subscription

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
    """Log why the client gets no reply."""

    reason: str


@dataclass(frozen=True, slots=True)
class Failure:
    """Log an unexpected exception, with its traceback."""

    error: Exception


@dataclass(frozen=True, slots=True)
class Authenticate:
    """Check ``credentials``, then call ``Session.authenticated``."""

    credentials: dict[str, Any]
    uid: Uid


@dataclass(frozen=True, slots=True)
class Perform:
    """Perform ``request``, then call ``Session.answer``."""

    request: ItemsRequest
    uid: Uid


@dataclass(frozen=True, slots=True)
class StartSubscription:
    """Read the rows of the init of ``subscription``, then call ``Session.answer``."""

    request: ItemsRequest
    subscription: Subscription


Work = Authenticate | Perform | StartSubscription
Effect = Send | Close | Note | Failure | Work
