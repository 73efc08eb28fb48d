"""The WebSocket of the ``websockets`` package, for CPython.

Its own keepalive is off: Directus does not answer protocol pings.
"""

import asyncio
from collections.abc import Awaitable, Callable

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from .transport import Listener

_FRAME_LIMIT = 100 * 2**20  # bytes; Directus' own


class NativeSocket:
    """One socket of the ``websockets`` package, and the task that reads it.

    Args:
        url: a ``ws`` or ``wss`` address.
        listener: who is told what happens.
    """

    def __init__(self, url: str, listener: Listener) -> None:
        self._listener: Listener | None = listener
        self._outgoing: asyncio.Queue[str] = asyncio.Queue()
        self._task = asyncio.ensure_future(self._run(url))

    def send(self, text: str) -> None:
        """Write one text frame."""
        self._outgoing.put_nowait(text)

    def close(self) -> None:
        """Close the socket and do not wait for it."""
        self._listener = None
        self._task.cancel()

    async def _run(self, url: str) -> None:
        code, reason = 1006, ""
        try:
            async with connect(
                url, ping_interval=None, compression=None, max_size=_FRAME_LIMIT, open_timeout=None
            ) as socket:
                if self._listener:
                    self._listener.opened()
                writer = asyncio.ensure_future(self._write(socket.send))
                try:
                    async for text in socket:
                        if self._listener:
                            self._listener.received(text if isinstance(text, str) else "")
                finally:
                    writer.cancel()
                code, reason = socket.close_code or 1006, socket.close_reason or ""
        except ConnectionClosed as error:
            if error.rcvd is not None:
                code, reason = error.rcvd.code, error.rcvd.reason
        except (OSError, InvalidHandshake, InvalidURI) as error:
            if self._listener:
                self._listener.errored(error)
        if self._listener:
            self._listener.closed(code, reason)

    async def _write(self, send: Callable[[str], Awaitable[None]]) -> None:
        while True:
            await send(await self._outgoing.get())
