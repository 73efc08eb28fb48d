"""Subscriptions: https://directus.io/docs/guides/realtime/subscriptions

`directus` is a client that is connected, as in the guide on authentication. The guide's GraphQL
subscriptions go to another endpoint of Directus; beside each stands what says the same here.
"""

from collections.abc import Callable
from typing import Any

from directus_realtime import (
    InitMessage,
    RealtimeClient,
    Subscription,
    SubscriptionMessage,
    create_directus,
    realtime,
    static_token,
)


async def subscribe(directus: RealtimeClient) -> Subscription[SubscriptionMessage]:
    """Subscribe to Changes in a Collection, the message"""
    return await directus.subscribe("messages")


async def initialized(subscription: Subscription[SubscriptionMessage]) -> InitMessage:
    """Subscribe to Changes in a Collection, the confirmation

    It comes first. Without an `event` it holds the rows that are there.
    """
    message = await anext(subscription)
    assert message["event"] == "init"
    return message


async def handle_changes(
    subscription: Subscription[SubscriptionMessage],
    changed: Callable[[Any], None],
    gone: Callable[[Any], None],
) -> None:
    """Handling Collection Changes"""
    async for message in subscription:
        match message["event"]:
            case "create" | "update":
                for row in message["data"]:
                    changed(row)
            case "delete":
                for key in message["data"]:
                    gone(key)


async def subscribe_to_creates(directus: RealtimeClient) -> Subscription[SubscriptionMessage]:
    """Working with Specific CRUD Actions

    Items that are created while the connection is down come when it is back; `recover=None`
    leaves that out.
    """
    return await directus.subscribe("messages", event="create")


async def subscribe_to_fields(directus: RealtimeClient) -> Subscription[SubscriptionMessage]:
    """Specifying Fields to Return

    The list is sent as the JS SDK sends it: as one text, with commas.
    """
    return await directus.subscribe("messages", query={"fields": ["text"]})


async def subscribe_with_uid(directus: RealtimeClient) -> Subscription[SubscriptionMessage]:
    """Using UIDs, the message

    Left out, a uid is made up that is never used twice. One that is in use is refused.
    """
    return await directus.subscribe("messages", uid="any-string-value")


async def tell_apart(
    subscription: Subscription[SubscriptionMessage], handle: Callable[[str, Any], None]
) -> None:
    """Using UIDs, the response

    Each subscription is read by itself, so that only those who mix them need it.
    """
    async for message in subscription:
        handle(message["uid"], message)


async def unsubscribe(subscription: Subscription[SubscriptionMessage]) -> None:
    """Unsubscribing from Changes, one subscription"""
    subscription.unsubscribe()


async def unsubscribe_all(subscriptions: list[Subscription[SubscriptionMessage]]) -> None:
    """Unsubscribing from Changes, all of them

    Each message has the uid of its subscription. The guide's message without one would be given one
    when it is sent, as by the JS SDK.
    """
    for subscription in subscriptions:
        subscription.unsubscribe()


async def connect(url: str, token: str) -> RealtimeClient:
    """GraphQL Subscriptions, the client"""
    directus = create_directus(url).with_(static_token(token)).with_(realtime(ping_after=30.0))
    await directus.connect()
    return directus


async def subscribe_to_id_and_text(directus: RealtimeClient) -> Subscription[SubscriptionMessage]:
    """GraphQL Subscriptions, Subscribe to Changes in a Collection"""
    return await directus.subscribe("messages", query={"fields": ["id", "text"]})


async def key_event_and_data(
    subscription: Subscription[SubscriptionMessage], handle: Callable[[Any, str, Any], None]
) -> None:
    """GraphQL Subscriptions, Handling Collection Changes"""
    async for message in subscription:
        if message["event"] == "delete":
            for key in message["data"]:
                handle(key, "delete", None)
        else:
            for item in message["data"]:
                handle(item["id"], message["event"], item)


async def subscribe_to_texts_of_creates(
    directus: RealtimeClient,
) -> Subscription[SubscriptionMessage]:
    """GraphQL Subscriptions, Working with Specific CRUD Operations

    `keys_of(message)` returns the keys, which are not among the fields here.
    """
    return await directus.subscribe("messages", event="create", query={"fields": ["text"]})


async def keep_alive(url: str, token: str) -> RealtimeClient:
    """Pings To Keep Connection Active

    Directus' pings are answered by the client, and no handler sees them. After `ping_after`
    seconds of silence it asks by itself whether Directus is there.
    """
    directus = create_directus(url).with_(static_token(token)).with_(realtime(ping_after=20.0))
    await directus.connect()
    return directus


async def dispose(directus: RealtimeClient) -> None:
    """Unsubscribing from Changes, the GraphQL client"""
    directus.disconnect()
