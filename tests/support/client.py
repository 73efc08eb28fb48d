"""A client of the SDK on CPython, and a way to run scenes with it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from directus_realtime import RealtimeClient, create_directus, realtime, static_token

from tests.support.embedded import TOKEN


def client(url: str, token: str = TOKEN, **options: Any) -> RealtimeClient:
    """Return a client that is not connected yet."""
    return create_directus(url).with_(static_token(token)).with_(realtime(**options))


async def connected(url: str, token: str = TOKEN) -> RealtimeClient:
    """Return a client that is connected."""
    directus = client(url, token)
    await directus.connect()
    return directus


async def make(directus: RealtimeClient, *texts: str) -> list[int]:
    """Create messages, and return their keys."""
    rows = [{"text": text} for text in texts]
    return [item["id"] for item in await directus.items("messages").create(rows)]


def run(scene: Callable[[], Awaitable[None]]) -> None:
    """Run a scene; fail too if a task of it failed without anybody awaiting it."""
    complaints: list[dict[str, Any]] = []

    async def within_limits() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _loop, context: complaints.append(context))
        await asyncio.wait_for(scene(), 30)

    asyncio.run(within_limits())
    assert complaints == []
