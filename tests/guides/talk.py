"""What the tests of the guides share."""

from typing import Any

import pytest

from app.directus import RealtimeClient
from tests.support.client import client
from tests.support.wiretap import Message, Wiretap


async def connected(tap: Wiretap) -> RealtimeClient:
    directus = client(tap.url)
    await directus.connect()
    return directus


async def make(directus: RealtimeClient, *texts: str) -> list[int]:
    """Create messages, and return their keys."""
    rows = [{"text": text} for text in texts]
    return [item["id"] for item in await directus.items("messages").create(rows)]


def sent(tap: Wiretap) -> list[Message]:
    """Return the messages that a program sent: no pongs, and no reads of recovery's own."""
    return [
        message
        for message in tap.sent
        if message["type"] != "pong" and not str(message.get("uid")).startswith("directus-py:")
    ]


def named(*cases: tuple[Any, ...]) -> list[Any]:
    """Return cases that are called as their twins are."""
    return [pytest.param(*case, id=case[0].__name__) for case in cases]


def without_uid(message: Message) -> Message:
    return {name: value for name, value in message.items() if name != "uid"}
