"""A cheap subscriber: a thousand of them fit into one process."""

import asyncio
import json
from collections.abc import Mapping

from websockets.frames import Frame, Opcode

from tests.support.embedded import TOKEN

_UPGRADE = (
    f"GET /websocket?access_token={TOKEN} HTTP/1.1\r\nHost: localhost\r\n"
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
_SUBSCRIBE = {
    "type": "subscribe",
    "collection": "messages",
    "event": "create",
    "query": {"fields": ["text"]},
}
_EVENT = b'{"type":"subscription","event":"create","data":[{"text":"'


class Listener(asyncio.Protocol):
    """Subscribes to creates, whose texts have to be the numbers from 0 on, in their order.

    Attributes:
        ready: done once the subscription is there.
        done: done once as many events as were expected have come; fails at a wrong one.
    """

    def __init__(self, expected: int) -> None:
        loop = asyncio.get_running_loop()
        self.ready: asyncio.Future[None] = loop.create_future()
        self.done: asyncio.Future[None] = loop.create_future()
        self._expected = expected
        self._seen = 0
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(_UPGRADE.encode())

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._seen and self._buffer.startswith(b"HTTP/"):
            head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 101 "), head
            self._send(_SUBSCRIBE)
        while (frame := self._next()) is not None:
            self._take(frame)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(AssertionError(f"closed after {self._seen} events: {error}"))

    def close(self) -> None:
        assert self._transport is not None
        self._transport.abort()

    def _next(self) -> bytes | None:
        """Take a frame from the buffer. A server's frames are not masked."""
        start = 2
        if len(self._buffer) < start:
            return None
        size = self._buffer[1]
        if size == 126:
            start, size = 4, int.from_bytes(self._buffer[2:4])
        if len(self._buffer) < start + size:
            return None
        frame, self._buffer = self._buffer[start : start + size], self._buffer[start + size :]
        return frame

    def _take(self, frame: bytes) -> None:
        if not frame.startswith(_EVENT):
            self._take_other(json.loads(frame))
            return
        number = frame[len(_EVENT) : frame.index(b'"', len(_EVENT))]
        if int(number) != self._seen and not self.done.done():
            self.done.set_exception(AssertionError(f"expected {self._seen}, got {frame!r}"))
        self._seen += 1
        if self._seen == self._expected and not self.done.done():
            self.done.set_result(None)

    def _take_other(self, message: dict[str, object]) -> None:
        if message == {"type": "ping"}:
            self._send({"type": "pong"})
        else:
            assert message == {"type": "subscription", "event": "init"}, message
            self.ready.set_result(None)

    def _send(self, message: Mapping[str, object]) -> None:
        assert self._transport is not None
        text = json.dumps(message).encode()
        self._transport.write(Frame(Opcode.TEXT, text).serialize(mask=True))
