"""Connections as HTTP begins them, on uvicorn's own protocol: how many, and for how long.

A client that is refused is read from for a moment, in which its last answer reaches it. Requests
whose head or body does not come end after a time, and so do clients that do not read an answer.
"""

import asyncio
import logging
import time
from asyncio import BaseTransport
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

log = logging.getLogger("server")

_PLAIN = "Content-Type: text/plain; charset=utf-8\r\nConnection: close\r\n"
_LINGER, _LINGER_MOST = 0.25, 5.0  # seconds after the last data, and in all
_READ_AT_ONCE = 4_096  # bytes: the frames in them are handled before other clients have their turn
_PATIENCE = 30.0  # seconds between two looks whether a client goes on
_RESERVED = 40  # descriptors for the database, files and the system
_QUIET = 60.0  # seconds between two lines of the log about the same


class Lingering:
    """Ends a connection, but reads on for a moment: else the system drops what was written last."""

    _until: float | None = None
    _timer: asyncio.TimerHandle | None = None

    def _linger(self, transport: asyncio.Transport) -> None:
        """Close ``transport`` when nothing has come for a moment. Call it again for more data."""
        loop = asyncio.get_running_loop()
        if self._until is None:
            self._until = loop.time() + _LINGER_MOST
            transport.resume_reading()
        if self._timer is not None:
            self._timer.cancel()
        self._timer = loop.call_at(min(loop.time() + _LINGER, self._until), transport.close)


def read_little(transport: BaseTransport) -> None:
    """Let ``transport`` read little at once, so that a busy client does not hold up the others."""
    # asyncio has no public way; where its transports have no such attribute, nothing changes.
    transport.max_size = _READ_AT_ONCE  # type: ignore[attr-defined]


class Descriptors:
    """The number of connections for which the process has descriptors."""

    def __init__(self, each: int) -> None:
        """Take ``each`` descriptors for a connection."""
        self._each = each
        self._logged = -_QUIET

    def allow(self, connections: int) -> bool:
        """Return whether so many connections may be open; log now and then that they may not."""
        limit = _descriptor_limit()
        if limit is None or connections * self._each <= max(self._each, limit - _RESERVED):
            return True
        if time.monotonic() - self._logged >= _QUIET:
            self._logged = time.monotonic()
            log.warning(
                "refused a connection: %d are open, and this process may have %d descriptors "
                "(raise that with `ulimit -n`)",
                connections - 1,
                limit,
            )
        return False


def _descriptor_limit() -> int | None:
    try:
        import resource
    except ImportError:  # Windows
        return None
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if soft == resource.RLIM_INFINITY else soft


class HttpProtocol(Lingering, H11Protocol):
    """The server's side of one HTTP connection."""

    descriptors = Descriptors(1)
    _next_look: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Handle the start of the connection."""
        super().connection_made(transport)
        if not self.descriptors.allow(len(self.connections)):
            transport.abort()
            return
        read_little(transport)
        self._seen: Any = None
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        """Handle the end of the connection."""
        super().connection_lost(exc)
        self._stop_looking()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Hand the connection over to the protocol of WebSockets."""
        self._stop_looking()
        super().handle_websocket_upgrade(event)

    def _stop_looking(self) -> None:
        # The timer would keep all that belongs to the connection.
        if self._next_look is not None:
            self._next_look.cancel()

    def data_received(self, data: bytes) -> None:
        """Handle received data."""
        if self._until is None:
            super().data_received(data)
        else:
            self._linger(self.transport)

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP request."""
        head = f"HTTP/1.1 400 Bad Request\r\n{_PLAIN}Content-Length: {len(msg)}\r\n\r\n"
        self.transport.write((head + msg).encode())
        self._linger(self.transport)

    def _look(self) -> None:
        """End the connection if nothing has happened since the last look that should have."""
        if self.transport.is_closing():
            # What was written last does not reach a client that does not read.
            self.transport.abort()
            return
        state = self._waits_for()
        if state is not None and state == self._seen:
            self.transport.abort()
            return
        self._seen = state
        self._next_look = self.loop.call_later(_PATIENCE, self._look)

    def _waits_for(self) -> Any:
        """Return what the client has to go on with; None for nothing."""
        if self.transport.get_write_buffer_size():
            return "read", self.transport.get_write_buffer_size()
        if self.cycle is None or self.cycle.response_complete:
            return "request", id(self.cycle)
        return ("body", id(self.cycle)) if self.cycle.more_body else None


class RelayedHttpProtocol(HttpProtocol):
    """The same, where each connection has another one to Directus."""

    descriptors = Descriptors(2)
