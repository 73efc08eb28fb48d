"""Custom WebSocket Handlers: https://directus.io/docs/guides/realtime/custom-handlers

The guide's samples are JavaScript that Directus loads: a hook extension. Ours is
[index.js](../tests/guides/extensions/handlers/index.js), and what stands here is the program that
talks to it. `directus` is a client that is connected. The embedded server loads no extensions: like
a Directus without the hook, it does not answer a type of message that it does not know.
"""

from collections.abc import Callable
from typing import Any

from directus_realtime import RealtimeClient, Subscription, SubscriptionMessage

Handler = Callable[[dict[str, Any]], object]


def watch_presence(directus: RealtimeClient, handle: Handler) -> None:
    """React to Connection Events

    The hook tells all clients who connects, signs in and leaves. In the auth mode handshake a
    connection is announced with its user; signing in is told of tokens that come later.
    """
    directus.on_message("presence", handle)


def send_typing(directus: RealtimeClient, channel: str) -> None:
    """Handle Custom Message Types, the message

    Directus itself answers nothing to a type that it does not know, and so nothing is awaited.
    """
    directus.send_message({"type": "typing-indicator", "channel": channel})


def hear_typing(directus: RealtimeClient, handle: Handler) -> Callable[[], None]:
    """Handle Custom Message Types, what the hook makes of it

    The handler gets the messages of this type alone. What is returned removes it.
    """
    return directus.on_message("typing-indicator", handle)


async def subscribe_shortened(directus: RealtimeClient) -> Subscription[SubscriptionMessage]:
    """Intercept and Modify Messages

    The hook puts fields into a subscribe that names none.
    """
    return await directus.subscribe("messages")


def hear_notifications(directus: RealtimeClient, handle: Handler) -> None:
    """Push Messages to Clients, to all of them"""
    directus.on_message("notification", handle)


def hear_receipts(directus: RealtimeClient, handle: Handler) -> None:
    """Push Messages to Clients, to one user"""
    directus.on_message("receipt", handle)


def hear_alerts(directus: RealtimeClient, handle: Handler) -> None:
    """Push Messages to Clients, to those that the hook chooses"""
    directus.on_message("alert", handle)
