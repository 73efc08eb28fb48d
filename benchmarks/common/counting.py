"""A proxy that counts what goes over a socket: ``python -m benchmarks.common.counting URL``.

It passes the messages of WebSockets to the server at URL and back, and prints its address. At the
path ``/counts`` it answers any message with the counts since the last one, as JSON.
"""

import asyncio
import json
import sys
from dataclasses import asdict, dataclass
from typing import Any

from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

_OPTIONS: dict[str, Any] = {"compression": None, "ping_interval": None, "max_size": None}


@dataclass(slots=True)
class Counts:
    """What has gone through.

    Attributes:
        requests: requests for items.
        rows: rows in the answers to them.
        received: bytes that the client received.
    """

    requests: int = 0
    rows: int = 0
    received: int = 0


class _Proxy:
    def __init__(self, server: str) -> None:
        self._server = f"ws{server.removeprefix('http').rstrip('/')}"
        self._counts = Counts()

    async def handle(self, client: ServerConnection) -> None:
        """Serve one connection to its end."""
        path = client.request.path if client.request else ""
        try:
            if path == "/counts":
                await self._tell(client)
                return
            async with (
                connect(self._server + path, **_OPTIONS) as server,
                asyncio.TaskGroup() as tasks,
            ):
                tasks.create_task(self._up(client, server))
                tasks.create_task(self._down(server, client))
        except (ConnectionClosed, ExceptionGroup):
            await client.close()

    async def _tell(self, client: ServerConnection) -> None:
        async for _ in client:
            counts, self._counts = self._counts, Counts()
            await client.send(json.dumps(asdict(counts)))

    async def _up(self, client: Any, server: Any) -> None:
        async for text in client:
            self._counts.requests += json.loads(text).get("type") == "items"
            await server.send(text)
        await server.close()

    async def _down(self, server: Any, client: Any) -> None:
        async for text in server:
            self._counts.received += len(text.encode())
            if text.startswith('{"type":"items"'):
                data = json.loads(text).get("data")
                self._counts.rows += len(data) if isinstance(data, list) else 0
            await client.send(text)
        await client.close()


async def main(server: str) -> None:
    """Listen until the process is ended."""
    async with serve(_Proxy(server).handle, "127.0.0.1", 0, **_OPTIONS) as listening:
        port = next(iter(listening.sockets)).getsockname()[1]
        print(f"http://127.0.0.1:{port}", flush=True)
        await listening.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
