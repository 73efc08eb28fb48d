"""A TCP proxy that can cut, half-close, hold back, refuse, discard and redirect connections."""

import contextlib
import socket
import threading
from collections.abc import Callable

_CHUNK = 65_536
_UPGRADE = b"upgrade: websocket"

REQUESTS, ANSWERS = "requests", "answers"
"""What goes to the server, and what comes from it."""


class _Connection:
    """A client's socket, and the proxy's socket to the server for it."""

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self.ends = (client, server)
        self.is_websocket = False
        self.is_shut = False
        self.half_closed: set[str] = set()  # the directions in which its end was told
        self.directions = 2  # in which it is still open
        for end in self.ends:  # what is passed on is not held back until there is more
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def sink(self, direction: str) -> socket.socket:
        """Return the socket that a direction leads to."""
        client, server = self.ends
        return server if direction == REQUESTS else client

    def shut(self) -> None:
        self.is_shut = True
        for end in self.ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def half_close(self, direction: str) -> None:
        self.half_closed.add(direction)
        with contextlib.suppress(OSError):
            self.sink(direction).shutdown(socket.SHUT_WR)


class _Strike:
    """Something to do when so many more bytes have gone in one direction."""

    def __init__(self, direction: str, after: int, action: Callable[[], object]) -> None:
        self.direction = direction
        self.left = after
        self.action = action


class TcpProxy:
    """One address in front of a server.

    Args:
        port: the server's port on this machine.
    """

    def __init__(self, port: int) -> None:
        self._target = port
        self._changed = threading.Condition()
        self._connections: list[_Connection] = []
        self._refuses = False
        self._swallows: str | None = None
        self._swallowed = b""
        self._held: set[str] = set()
        self._strike: _Strike | None = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def lead_to(self, port: int) -> None:
        """Connect new clients to another server."""
        self._target = port

    def refuse(self) -> None:
        """Drop every new connection, as if nothing listened."""
        self._refuses = True

    def admit(self) -> None:
        """Accept new connections again."""
        self._refuses = False

    def swallow(self, what: str) -> None:
        """Discard REQUESTS or ANSWERS until the next cut."""
        with self._changed:
            self._swallows, self._swallowed = what, b""

    def hold(self, direction: str) -> None:
        """Hold back REQUESTS or ANSWERS, whatever their connection, until they are released."""
        with self._changed:
            self._held.add(direction)

    def release(self, direction: str) -> None:
        """Pass on what was held back, and what comes."""
        with self._changed:
            self._held.discard(direction)
            self._changed.notify_all()

    def half_close(self, direction: str) -> None:
        """Tell the end of all REQUESTS or ANSWERS that are open; the other direction goes on."""
        with self._changed:
            for connection in self._connections:
                connection.half_close(direction)

    def strike_after(self, direction: str, count: int, action: Callable[[], object]) -> None:
        """Do something once, between two bytes: when ``count`` more have gone in a direction.

        The thread that passes them on does it, and goes on when it is done.
        """
        with self._changed:
            self._strike = _Strike(direction, count, action)

    def strike_now(self) -> None:
        """Do now what waits for its bytes, if it still does."""
        with self._changed:
            strike, self._strike = self._strike, None
        if strike is not None:
            strike.action()

    def wait_swallowed(self, text: str, timeout: float) -> bool:
        """Wait until data with this text in it was discarded; return whether it was."""
        sought = text.encode()
        with self._changed:
            return self._changed.wait_for(
                lambda: bool(self._swallowed) and sought in self._swallowed, timeout
            )

    def wait_idle(self, timeout: float) -> int:
        """Wait until no WebSocket is open; return how many are."""
        with self._changed:
            self._changed.wait_for(lambda: not self._websockets(), timeout)
            return self._websockets()

    def cut(self) -> None:
        """Drop every connection that is open."""
        with self._changed:
            connections, self._connections = self._connections, []
        for connection in connections:
            connection.shut()
        with self._changed:  # what is held back of these is given up
            self._swallows = None
            self._changed.notify_all()

    def close(self) -> None:
        """Drop every connection and accept no more."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def _websockets(self) -> int:
        return sum(connection.is_websocket for connection in self._connections)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self._refuses:
                client.close()
                continue
            try:
                server = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                client.close()
                continue
            connection = _Connection(client, server)
            with self._changed:
                self._connections.append(connection)
            for direction in (REQUESTS, ANSWERS):
                arguments = (connection, direction)
                threading.Thread(target=self._pump, args=arguments, daemon=True).start()

    def _pump(self, connection: _Connection, direction: str) -> None:
        source = connection.sink(ANSWERS if direction == REQUESTS else REQUESTS)
        with contextlib.suppress(OSError):
            while data := source.recv(_CHUNK):
                if direction == REQUESTS and _UPGRADE in data.lower():
                    connection.is_websocket = True
                while data:
                    size, action = self._until_strike(direction, len(data))
                    self._pass_on(connection, direction, data[:size])
                    data = data[size:]
                    if action is not None:
                        action()
        connection.shut()
        self._end(connection)

    def _until_strike(self, direction: str, count: int) -> tuple[int, Callable[[], object] | None]:
        """Return how many of so many bytes may pass, and what to do then."""
        with self._changed:
            strike = self._strike
            if strike is None or strike.direction != direction:
                return count, None
            size = min(count, strike.left)
            strike.left -= size
            if strike.left:
                return size, None
            self._strike = None
            return size, strike.action

    def _pass_on(self, connection: _Connection, direction: str, data: bytes) -> None:
        with self._changed:
            self._changed.wait_for(lambda: direction not in self._held or connection.is_shut)
        if not self._swallow_this(direction, data) and direction not in connection.half_closed:
            connection.sink(direction).sendall(data)

    def _swallow_this(self, direction: str, data: bytes) -> bool:
        with self._changed:
            if self._swallows != direction:
                return False
            self._swallowed += data
            self._changed.notify_all()
            return True

    def _end(self, connection: _Connection) -> None:
        """Forget a connection, and close it when nothing reads from it any more."""
        with self._changed:
            connection.directions -= 1
            if not connection.directions:
                for end in connection.ends:
                    end.close()
            if connection in self._connections:
                self._connections.remove(connection)
            self._changed.notify_all()
