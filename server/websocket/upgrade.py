"""Upgrades as Directus answers them, byte by byte, on uvicorn's own protocol.

A refusal is a bare status line, an invalid upgrade gets the words of Directus' WebSocket library,
and a client's control pings get no pong. ASGI has one addition: a message ``websocket.send`` may
have ``texts``, a list, which leaves in one write.
"""

from functools import lru_cache
from http import HTTPStatus
from typing import Any

from starlette.websockets import WebSocket
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

_METHOD = "Invalid HTTP method"
_NEEDED = ("Sec-WebSocket-Version", "Sec-WebSocket-Key")


async def refuse(websocket: WebSocket, status: int, body: bytes = b"") -> None:
    """Refuse an upgrade; ``body`` is JSON or empty."""
    headers = [(b"Content-Type", b"application/json; charset=utf-8")] if body else []
    start = {"type": "websocket.http.response.start", "status": status, "headers": headers}
    await websocket.send(start)
    await websocket.send({"type": "websocket.http.response.body", "body": body})


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


class UpgradeProtocol(WebSocketsSansIOProtocol):
    """The server's side of one WebSocket, from its upgrade on."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.default_headers = []
        self.conn = _Protocol(max_size=self.config.ws_max_size, logger=self.logger)

    def data_received(self, data: bytes) -> None:
        """Handle received data; the first has the whole request line."""
        if not self.handshake_initiated and not data.startswith(b"GET "):
            self._fail(405, _METHOD)
            return
        super().data_received(data)

    def handle_connect(self, event: Request) -> None:
        """Handle the request of the upgrade."""
        for name in _NEEDED:
            if name not in event.headers:
                versions = {"Sec-WebSocket-Version": "13, 8"} if name == _NEEDED[0] else {}
                self._fail(400, f"Missing or invalid {name} header", versions)
                return
        super().handle_connect(event)

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

    async def _send_texts(self, texts: list[str]) -> None:
        await self.writable.wait()
        if self.disconnected or self.close_sent or self.transport.is_closing():
            raise ClientDisconnected
        frames = [(_shared_frame if len(t) <= _LARGEST_SHARED else _frame)(t) for t in texts]
        self.transport.write(b"".join(frames))

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
        self.transport.close()
