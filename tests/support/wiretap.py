"""A way to a server that records every frame."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

Message = dict[str, Any]


class Wiretap:
    """What went over the sockets that were opened at ``url``.

    Attributes:
        url: the address that leads to the server.
        paths: the path of each socket's address.
        sent: the messages that clients sent.
        received: those that the server sent.
    """

    def __init__(self, server: str) -> None:
        self.url = ""
        self.paths: list[str] = []
        self.sent: list[Message] = []
        self.received: list[Message] = []
        self._server = server
        self._changed = asyncio.Event()

    async def until(self, messages: list[Message], wanted: Callable[[Message], bool]) -> Message:
        """Wait for a message among those sent or received, and return it."""
        while not (found := [message for message in messages if wanted(message)]):
            self._changed.clear()
            await self._changed.wait()
        return found[0]

    async def relay(self, client: ServerConnection) -> None:
        """Relay frames between one client and the server."""
        assert client.request is not None
        path = client.request.path
        self.paths.append(path)
        address = self._server.replace("http", "ws", 1) + path
        async with connect(address, ping_interval=None, compression=None) as server:
            sides = [
                asyncio.ensure_future(self._carry(client, server, self.sent)),
                asyncio.ensure_future(self._carry(server, client, self.received)),
            ]
            await asyncio.wait(sides, return_when=asyncio.FIRST_COMPLETED)
            for side in sides:
                side.cancel()

    async def _carry(
        self,
        source: ServerConnection | ClientConnection,
        sink: ServerConnection | ClientConnection,
        messages: list[Message],
    ) -> None:
        try:
            while True:
                text = await source.recv(decode=True)
                messages.append(json.loads(text))
                self._changed.set()
                await sink.send(text)
        except ConnectionClosed:
            pass


@asynccontextmanager
async def wiretap(server: str) -> AsyncIterator[Wiretap]:
    """A wiretap on the way to a server."""
    tap = Wiretap(server)
    async with serve(tap.relay, "127.0.0.1", 0, ping_interval=None, compression=None) as listening:
        (listener,) = listening.sockets
        tap.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        yield tap
