"""A Directus client for Python, in the browser (Pyodide) and outside it.

The names are those of the Directus JS SDK, in snake case::

    directus = create_directus(url).with_(static_token(token)).with_(realtime())
    await directus.connect()
    async for message in await directus.subscribe("messages", event="create"):
        ...
"""

# authentication
from .authentication import AuthenticationClient, authentication

# client
from .changes import Change
from .client import DirectusClient, create_directus

# core
from .core.events import Closed, Opened, StateChanged

# credentials
from .credentials import credentials

# errors
from .errors import (
    AuthenticationFailed,
    ConnectionFailed,
    DeliveryUnknown,
    DirectusError,
    NotConnected,
    NotDelivered,
    NotSent,
    OutboxFull,
    ReplyTimeout,
    RequestError,
    ServerError,
    SubscriptionOverflow,
    UsageError,
)

# items
from .items import Items

# live
from .live import Live

# realtime
from .realtime import RealtimeClient, Subscription, keys_of, realtime

# rest
from .rest import (
    Command,
    RestClient,
    create_item,
    create_items,
    delete_item,
    delete_items,
    read_item,
    read_items,
    read_me,
    read_singleton,
    rest,
    server_ping,
    update_item,
    update_items,
    update_items_batch,
    update_singleton,
)

# static_token
from .static_token import static_token

# transport
from .transports.base import LockableStorage, Storage
from .transports.platform import local_storage

# types
from .types import (
    UNSET,
    AuthMode,
    ChangeKind,
    CreateMessage,
    DeleteMessage,
    EventName,
    Filter,
    Freshness,
    InitMessage,
    InspectedFrame,
    InspectedRequest,
    InspectedSubscription,
    Inspection,
    Key,
    Keys,
    Query,
    Row,
    Since,
    State,
    Stats,
    SubscriptionMessage,
    UpdateMessage,
)

__all__ = [
    "UNSET",
    "AuthMode",
    "AuthenticationClient",
    "AuthenticationFailed",
    "Change",
    "ChangeKind",
    "Closed",
    "Command",
    "ConnectionFailed",
    "CreateMessage",
    "DeleteMessage",
    "DeliveryUnknown",
    "DirectusClient",
    "DirectusError",
    "EventName",
    "Filter",
    "Freshness",
    "InitMessage",
    "InspectedFrame",
    "InspectedRequest",
    "InspectedSubscription",
    "Inspection",
    "Items",
    "Key",
    "Keys",
    "Live",
    "LockableStorage",
    "NotConnected",
    "NotDelivered",
    "NotSent",
    "Opened",
    "OutboxFull",
    "Query",
    "RealtimeClient",
    "ReplyTimeout",
    "RequestError",
    "RestClient",
    "Row",
    "ServerError",
    "Since",
    "State",
    "StateChanged",
    "Stats",
    "Storage",
    "Subscription",
    "SubscriptionMessage",
    "SubscriptionOverflow",
    "UpdateMessage",
    "UsageError",
    "authentication",
    "create_directus",
    "create_item",
    "create_items",
    "credentials",
    "delete_item",
    "delete_items",
    "keys_of",
    "local_storage",
    "read_item",
    "read_items",
    "read_me",
    "read_singleton",
    "realtime",
    "rest",
    "server_ping",
    "static_token",
    "update_item",
    "update_items",
    "update_items_batch",
    "update_singleton",
]
