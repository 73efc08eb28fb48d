"""Real clients of a real server."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
import websockets
from websockets.asyncio.client import ClientConnection

from server.background import EmbeddedServer
from tests.server.conftest import TOKEN

Start = Callable[..., EmbeddedServer]


BEARER = {"Authorization": f"Bearer {TOKEN}"}


AUTH = {"type": "auth", "access_token": TOKEN}


HANDSHAKE_FAILED = (
    '{"type":"auth","status":"error",'
    '"error":{"code":"AUTH_FAILED","message":"Authentication handshake failed."}}'
)


async def say(socket: ClientConnection, message: dict[str, Any]) -> Any:
    """Send a message, and return the frame that comes next."""
    await socket.send(json.dumps(message))
    return json.loads(await socket.recv())


def connect(address: str, path: str = "/websocket", **options: Any) -> Any:
    return websockets.connect(f"ws://{address}{path}", ping_interval=None, **options)


def on_socket(
    address: str,
    conversation: Callable[[ClientConnection], Coroutine[Any, Any, None]],
    **options: Any,
) -> None:
    async def run() -> None:
        async with asyncio.timeout(20), connect(address, **options) as socket:
            await conversation(socket)

    asyncio.run(run())


def refused(address: str, path: str = "/websocket", **options: Any) -> int:
    """Return the status with which an upgrade is refused."""
    with pytest.raises(websockets.InvalidStatus) as error:
        on_socket(address, lambda socket: socket.wait_closed(), path=path, **options)
    return error.value.response.status_code
