"""A reverse proxy that has a server under a path, and takes the path off what it passes on."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import StreamRequestHandler, ThreadingTCPServer

_CHUNK = 65_536


class PathProxy(ThreadingTCPServer):
    """One address, under which a server of this machine has a path.

    Attributes:
        paths: of what was asked for, all paths in their order.

    Args:
        path: the server's path, as in ``/some/path``.
        port: its port.
    """

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, path: str, port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Passed)
        self.path = path
        self.port = port
        self.paths: list[str] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}{path}/"

    @contextmanager
    def running(self) -> Iterator["PathProxy"]:
        """Run it for as long as the block takes."""
        thread = threading.Thread(target=self.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield self
        finally:
            self.shutdown()
            thread.join()
            self.server_close()


class _Passed(StreamRequestHandler):
    """One connection, which has one request; an upgraded one goes on."""

    server: PathProxy

    def handle(self) -> None:
        """Pass it on."""
        line = self.rfile.readline().decode()
        if not line.strip():
            return
        method, target, version = line.split(" ", 2)
        self.server.paths.append(target.partition("?")[0])
        if not target.startswith(f"{self.server.path}/"):
            self.wfile.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            return
        with socket.create_connection(("127.0.0.1", self.server.port)) as server:
            target = target.removeprefix(self.server.path)
            server.sendall(f"{method} {target} {version}".encode() + self._head())
            back = threading.Thread(target=_pass_on, args=(server, self.connection))
            back.start()
            _pass_on(self.connection, server)
            back.join()

    def _head(self) -> bytes:
        lines = list(iter(self.rfile.readline, b"\r\n"))
        if not any(line.lower().startswith(b"upgrade:") for line in lines):
            lines = [line for line in lines if not line.lower().startswith(b"connection:")]
            lines.append(b"Connection: close\r\n")
        return b"".join([*lines, b"\r\n"])


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(_CHUNK):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        for end in (source, sink):
            end.close()
