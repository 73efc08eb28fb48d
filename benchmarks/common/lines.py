"""Connections that speak the frames of Directus themselves, without an SDK."""

import json
from collections.abc import Sequence
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from benchmarks.common.contestants import TOKEN

FIELDS = ("user", "text")
_SUBSCRIBE = {"type": "subscribe", "collection": "messages", "event": "create", "uid": "1"}
_OPTIONS: dict[str, Any] = {"compression": None, "ping_interval": None, "open_timeout": 60}


async def line(url: str) -> ClientConnection:
    """Return a connection to the Directus at ``url``, which is signed in."""
    address = f"ws{url.removeprefix('http')}/websocket?access_token={TOKEN}"
    return await connect(address, **_OPTIONS)


async def subscriber(url: str, fields: Sequence[str] = FIELDS) -> ClientConnection:
    """Return a connection that is subscribed to created messages, its init read."""
    connection = await line(url)
    await connection.send(json.dumps({**_SUBSCRIBE, "query": {"fields": fields}}))
    await connection.recv()
    return connection
