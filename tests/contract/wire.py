"""Connections at the level of bytes: upgrades as they were recorded, frames, and what came.

The protocol is that of the websockets package, without its connections: those would answer, mend
and hide what the recording is about.
"""

import asyncio
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from websockets.frames import Frame, Opcode
from websockets.protocol import Protocol, Side, State

# The key of the recording, and of RFC 6455's own example: its answer is known.
_UPGRADE = {
    "Host": "",
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}
_LARGEST_READ = 2**20


class Silence(AssertionError):
    """Nothing came, where something was awaited."""


@dataclass(frozen=True)
class Text:
    """A message, as text or as bytes that are text."""

    text: str


@dataclass(frozen=True)
class Control:
    """A control frame that a client does not hand on: an unasked ping, or a pong."""

    name: str


@dataclass(frozen=True)
class Closed:
    """The end of a connection, as a browser would report it."""

    code: int | None
    reason: str


Arrival = Text | Control | Closed


def upgrade_request(url: str, head: str, leave_out: frozenset[str] = frozenset()) -> bytes:
    """Return the request for an upgrade that starts with `head`: a line, and headers of its own."""
    line, *own = head.split("\r\n")
    given = {name.strip() for name, _, _ in (header.partition(":") for header in own)}
    usual = _UPGRADE | {"Host": urlsplit(url).netloc}
    headers = [f"{n}: {v}" for n, v in usual.items() if n not in leave_out and n not in given]
    return "\r\n".join([line, *headers, *own, "", ""]).encode()


class Connection:
    """One TCP connection: first an HTTP answer on it, and then perhaps a WebSocket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._protocol = Protocol(Side.CLIENT, state=State.OPEN, max_size=None)
        self._arrivals: asyncio.Queue[Arrival] = asyncio.Queue()
        self._reading: asyncio.Task[None] | None = None
        self._unsent = bytearray()

    @classmethod
    async def to(cls, url: str, request: bytes) -> "Connection":
        """Connect to the server of `url` and send `request`."""
        address = urlsplit(url)
        connection = cls(*await asyncio.open_connection(address.hostname, address.port))
        connection._writer.write(request)
        return connection

    async def answer(self, limit: float) -> str:
        """Return the HTTP answer; all frames after one with status 101 are arrivals.

        Raises:
            Silence: not a byte came within `limit` seconds, and the connection is open.
        """
        try:
            async with asyncio.timeout(limit):
                head = (await self._reader.readuntil(b"\r\n\r\n")).decode()
                if head.startswith("HTTP/1.1 101"):
                    self._reading = asyncio.create_task(self._read())
                    return head
                return head + (await self._body(head)).decode()
        except TimeoutError as error:
            raise Silence("no HTTP answer") from error
        except asyncio.IncompleteReadError as error:
            return error.partial.decode() + "<closed>"

    async def _body(self, head: str) -> bytes:
        headers = [line.partition(":") for line in head.split("\r\n")]
        lengths = [int(value) for name, _, value in headers if name.lower() == "content-length"]
        # Without a length the end of the connection ends the body.
        return await (self._reader.readexactly(lengths[0]) if lengths else self._reader.read())

    async def until_closed(self, limit: float) -> None:
        """Wait for the server to end the TCP connection; it must send nothing more."""
        async with asyncio.timeout(limit):
            rest = await self._reader.read()
        assert not rest, f"more came before the end: {rest!r}"

    async def next(self, limit: float) -> Arrival:
        """Return what came next.

        Raises:
            Silence: nothing came within `limit` seconds.
        """
        self.flush()
        try:
            async with asyncio.timeout(limit):
                return await self._arrivals.get()
        except TimeoutError as error:
            raise Silence(f"nothing came within {limit:g} s") from error

    def send(self, text: str) -> None:
        """Send a text message, as all that is sent at the next flush or wait."""
        self._protocol.send_text(text.encode())
        self._gather()

    def send_binary(self, data: bytes) -> None:
        """Send a binary message."""
        self._protocol.send_binary(data)
        self._gather()

    def send_ping(self) -> None:
        """Send a control ping."""
        self._protocol.send_ping(b"ours")
        self._gather()

    def send_pong(self) -> None:
        """Send a control pong that nobody asked for."""
        self._protocol.send_pong(b"")
        self._gather()

    def send_bytes(self, data: bytes) -> None:
        """Send bytes as they are, be they a frame or not."""
        self._unsent += data

    def flush(self) -> None:
        """Write what was sent since the last time, so that it arrives together."""
        if self._unsent and not self._writer.is_closing():
            self._writer.write(bytes(self._unsent))
        self._unsent.clear()

    def close(self, code: int | None = None, reason: str = "") -> None:
        """Begin the closing handshake; its end arrives."""
        if self._protocol.state is State.OPEN:
            self._protocol.send_close(code, reason)
            self._gather()

    async def end(self) -> None:
        """Let go of the connection, once the server knows that it is over."""
        self.close()
        self.flush()
        if self._reading is not None:
            async with asyncio.timeout(5):
                await self._reading
        self._writer.close()

    async def _read(self) -> None:
        try:
            while data := await self._reader.read(_LARGEST_READ):
                self._protocol.receive_data(data)
                self._take()
        except ConnectionError:
            pass  # dropped without a close frame
        self._protocol.receive_eof()
        code, reason = self._protocol.close_code, self._protocol.close_reason
        self._arrivals.put_nowait(Closed(code, reason or ""))
        self._writer.close()

    def _take(self) -> None:
        self._gather()
        self.flush()
        for event in self._protocol.events_received():
            assert isinstance(event, Frame)
            if event.opcode in (Opcode.TEXT, Opcode.BINARY):
                self._arrivals.put_nowait(Text(bytes(event.data).decode()))
            elif event.opcode is not Opcode.CLOSE:
                self._arrivals.put_nowait(Control(event.opcode.name))

    def _gather(self) -> None:
        for data in self._protocol.data_to_send():
            self._unsent += data


def frame_of(arrival: Arrival) -> Any:
    """Return an arrival as the recording would have it, for a message."""
    return arrival.text if isinstance(arrival, Text) else repr(arrival)
