"""What the tests of the guides share."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from directus_realtime import RealtimeClient

from tests.support.client import connected, run
from tests.support.wiretap import Message, Wiretap, wiretap


def run_scene(url: str, scene: Callable[[Wiretap, RealtimeClient], Awaitable[None]]) -> None:
    """Run a scene with a client that is connected by way of a wiretap."""

    async def whole() -> None:
        async with wiretap(url) as tap:
            directus = await connected(tap.url)
            await scene(tap, directus)
            directus.disconnect()

    run(whole)


def sent(tap: Wiretap) -> list[Message]:
    """Return the messages that a program sent: no pongs, and no reads of recovery's own."""
    return [
        message
        for message in tap.sent
        if message["type"] != "pong" and not str(message.get("uid")).startswith("directus-py:")
    ]


def named(*cases: tuple[Any, ...]) -> list[Any]:
    """Return cases, each with the name of its sample as its id."""
    return [pytest.param(*case, id=case[0].__name__) for case in cases]


def without_uid(message: Message) -> Message:
    return {name: value for name, value in message.items() if name != "uid"}
