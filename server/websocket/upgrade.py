"""Upgrades as Directus answers them, byte by byte, on uvicorn's own protocol.

A refusal is a bare status line, an invalid upgrade gets the words of Directus' WebSocket library,
and a client's control pings get no pong. ASGI has two additions: a message ``websocket.send`` may
have ``texts``, a list, which leaves in one write and of which only the last may be large; and the
scope has the extension ``FRAME_LIMIT``.
"""

import asyncio
from functools import lru_cache
from http import HTTPStatus
from typing import Any

from starlette.websockets import WebSocket
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

from server.websocket.http_protocol import Lingering

_METHOD = "Invalid HTTP method"
_NEEDED = ("Sec-WebSocket-Version", "Sec-WebSocket-Key")
_VERSIONS = ("13", "8")
_OFFER = {"Sec-WebSocket-Version": ", ".join(_VERSIONS)}
_FRAGMENT = 262_144  # characters of a large text that leave at once
_MOST_FRAGMENTS = 4_096  # of a client's message
_FLUSH = 10.0  # seconds for a client to read what was written last

FRAME_LIMIT = "server.frame_limit"
"""The extension of the scope that sets the most bytes of a message."""


async def refuse(websocket: WebSocket, status: int, body: bytes = b"") -> None:
    """Refuse an upgrade; ``body`` is JSON or empty."""
    headers = [(b"Content-Type", b"application/json; charset=utf-8")] if body else []
    start = {"type": "websocket.http.response.start", "status": status, "headers": headers}
    await websocket.send(start)
    await websocket.send({"type": "websocket.http.response.body", "body": body})


def limit_frames(websocket: WebSocket, size: int) -> None:
    """Set the most bytes of a message from the client."""
    websocket.scope["extensions"][FRAME_LIMIT](size)


def _frame(text: str) -> bytes:
    return Frame(Opcode.TEXT, text.encode()).serialize(mask=False)


# The frame of an event is encoded for the first subscriber and reused for the others.
_shared_frame = lru_cache(maxsize=64)(_frame)
_LARGEST_SHARED = 4096  # characters


class _Protocol(ServerProtocol):
    def send_frame(self, frame: Frame) -> None:
        # Directus leaves control pings without an answer.
        if frame.opcode is not Opcode.PONG:
            super().send_frame(frame)

    def fail(self, code: CloseCode | int, reason: str = "") -> None:
        # Directus closes without a reason.
        super().fail(code)


class UpgradeProtocol(Lingering, WebSocketsSansIOProtocol):
    """The server's side of one WebSocket, from its upgrade on."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.default_headers = []
        self._abort: asyncio.TimerHandle | None = None
        self._largest = self.config.ws_max_size
        self.conn = _Protocol(max_size=self._largest, logger=self.logger)

    def data_received(self, data: bytes) -> None:
        """Handle received data; the first has the whole request line."""
        if not self.handshake_initiated and not data.startswith(b"GET "):
            self._fail(405, _METHOD)
            return
        if self._until is not None:
            self._linger(self.transport)
            return
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.handshake_initiated:
            self._fail(400, "Invalid request")  # its head cannot be read
            return
        if len(self.conn.reader.buffer) + (self.conn.current_size or 0) > self._largest:
            self._too_big()

    def handle_connect(self, event: Request) -> None:
        """Handle the request of the upgrade."""
        version, key = (event.headers.get(name) for name in _NEEDED)
        if version not in _VERSIONS or key is None:
            at_fault, versions = (_NEEDED[1], {}) if version in _VERSIONS else (_NEEDED[0], _OFFER)
            self._fail(400, f"Missing or invalid {at_fault} header", versions)
            return
        if version != _VERSIONS[0]:
            # The protocol's draft of that number is the same on the wire.
            del event.headers[_NEEDED[0]]
            event.headers[_NEEDED[0]] = _VERSIONS[0]
        super().handle_connect(event)
        if not self.close_sent:
            self.scope["extensions"][FRAME_LIMIT] = self._limit_frames  # type: ignore[assignment]

    def _limit_frames(self, size: int) -> None:
        self._largest = size

    def handle_cont(self, event: Frame) -> None:
        """Handle a further fragment of a message."""
        super().handle_cont(event)
        if len(self.frames) > _MOST_FRAGMENTS:
            self._too_big()

    def send_receive_event_to_app(self) -> None:
        """Handle a whole message."""
        if sum(map(len, self.frames)) > self._largest:
            self._too_big()
        else:
            super().send_receive_event_to_app()

    def _too_big(self) -> None:
        if not self.close_sent and not self.transport.is_closing():
            self.conn.fail(CloseCode.MESSAGE_TOO_BIG)
            self.handle_parser_exception()

    def handle_parser_exception(self) -> None:
        """Close because of what the client has sent."""
        assert self.conn.close_sent is not None, "the reason is known"
        code = self.conn.close_sent.code
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": ""})
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self._linger(self.transport)
        self.close_timer = self._timer

    async def send(self, message: Any) -> None:
        """Send an ASGI message; a refusal gets no headers beyond its own."""
        if "texts" in message:
            await self._send_texts(message["texts"])
            return
        is_body = message["type"] == "websocket.http.response.body"
        if is_body and self.initial_response is not None and not self.transport.is_closing():
            status, headers, _ = self.initial_response
            self._refuse(status, dict(headers), message["body"])
            return
        await super().send(message)

    async def run_asgi(self) -> None:
        """Run the application, and end the connection also if the client does not read."""
        await super().run_asgi()
        if not self.disconnected:
            self._abort = self.loop.call_later(_FLUSH, self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """Handle the end of the connection."""
        super().connection_lost(exc)
        # The timer would keep all that belongs to the connection.
        if self._abort is not None:
            self._abort.cancel()

    async def _send_texts(self, texts: list[str]) -> None:
        await self.writable.wait()
        if self.disconnected or self.close_sent or self.transport.is_closing():
            raise ClientDisconnected
        small = [text for text in texts if len(text) <= _FRAGMENT]
        frames = [(_shared_frame if len(t) <= _LARGEST_SHARED else _frame)(t) for t in small]
        if frames:
            self.transport.write(b"".join(frames))
        for text in texts[len(small) :]:
            await self._send_in_fragments(text)

    async def _send_in_fragments(self, text: str) -> None:
        """Send a large text piece by piece: others have their turn, and little is buffered."""
        for at in range(0, len(text), _FRAGMENT):
            await asyncio.sleep(0)
            await self.writable.wait()
            if self.disconnected or self.close_sent or self.transport.is_closing():
                raise ClientDisconnected
            opcode = Opcode.CONT if at else Opcode.TEXT
            piece = text[at : at + _FRAGMENT].encode()
            last = at + _FRAGMENT >= len(text)
            self.transport.write(Frame(opcode, piece, fin=last).serialize(mask=False))

    def _fail(self, status: int, words: str, more: dict[str, str] | None = None) -> None:
        headers = {"Connection": "close", "Content-Type": "text/html"}
        length = {"Content-Length": str(len(words))}
        self.handshake_initiated = True
        self._refuse(status, {**headers, **length, **(more or {})}, words.encode())

    def _refuse(self, status: int, headers: dict[str, str], body: bytes) -> None:
        lines = [f"{name}: {value}\r\n" for name, value in headers.items()]
        head = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n{''.join(lines)}\r\n"
        self.close_sent = self.handshake_complete = True
        self.transport.write(head.encode("latin-1") + body)
        self._linger(self.transport)
