"""A Directus client for Python, in the browser (Pyodide) and outside it.

The names are those of the Directus JS SDK, in snake case::

    directus = create_directus(url).with_(static_token(token)).with_(realtime())
    await directus.connect()
    async for message in await directus.subscribe("messages", event="create"):
        ...
"""

# client
from .client import DirectusClient, create_directus

# errors
from .errors import (
    AuthenticationFailed,
    ConnectionFailed,
    DeliveryUnknown,
    DirectusError,
    NotConnected,
    NotDelivered,
    OutboxFull,
    ReplyTimeout,
    RequestError,
    ServerError,
    SubscriptionOverflow,
    UsageError,
)

# events
from .events import StateChanged

# items
from .items import Items

# live
from .live import Change, Live

# realtime
from .realtime import RealtimeClient, Subscription, realtime

# recovery
from .recovery import UNSET, Since

# static_token
from .static_token import static_token

# subscription
from .subscription import SubscriptionMessage

__all__ = [
    "UNSET",
    "AuthenticationFailed",
    "Change",
    "ConnectionFailed",
    "DeliveryUnknown",
    "DirectusClient",
    "DirectusError",
    "Items",
    "Live",
    "NotConnected",
    "NotDelivered",
    "OutboxFull",
    "RealtimeClient",
    "ReplyTimeout",
    "RequestError",
    "ServerError",
    "Since",
    "StateChanged",
    "Subscription",
    "SubscriptionMessage",
    "SubscriptionOverflow",
    "UsageError",
    "create_directus",
    "realtime",
    "static_token",
]
