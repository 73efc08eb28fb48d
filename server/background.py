"""A server in a thread of this process, as a test of one's own wants it."""

import socket
import threading
from collections.abc import Sequence
from typing import Self

import uvicorn
from starlette.routing import BaseRoute

from server.app import create_server, open_store
from server.config import Config

_START_LIMIT = _END_LIMIT = 10.0  # seconds


class Background:
    """A context manager that runs a server for as long as its block takes.

    Attributes:
        listener: the socket that it listens on.
        url: its address.
        port: its port.

    Args:
        server: the server.
        port: the port to listen on; 0 takes any free one.
    """

    def __init__(self, server: uvicorn.Server, port: int = 0) -> None:
        self._server = server
        # It listens from here on: what connects before the server accepts waits.
        self.listener = socket.create_server(("127.0.0.1", port), backlog=socket.SOMAXCONN)
        self.port: int = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        # A daemon: one that does not end must not keep this process.
        self._thread = threading.Thread(target=server.run, args=([self.listener],), daemon=True)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> Self:
        """Start it, and return it."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """End it; nothing happens if it has ended."""
        self._server.should_exit = True
        if self._thread.ident is not None:
            self._thread.join(_END_LIMIT)
        self.listener.close()
        if self._thread.is_alive():
            raise RuntimeError(f"the server at {self.url} does not end")


class EmbeddedServer(Background):
    """The embedded server, or the relay, until the block of this context manager ends.

    Attributes:
        address: the host and port of its ``url``.

    Args:
        config: its options, among them the project's file and the database.
        port: the port to listen on; 0 takes any free one.
        pages: more routes to serve.
    """

    def __init__(self, config: Config, port: int = 0, pages: Sequence[BaseRoute] = ()) -> None:
        self._config = config
        self._is_ready = threading.Event()
        super().__init__(create_server(config, self._is_ready.set, pages), port)
        self.address = self.url.removeprefix("http://")

    def start(self) -> Self:
        """Start it; return when it accepts connections.

        Raises:
            ProjectError: the project's file cannot be used.
            StoreError: the database cannot be opened. Both texts name the cure in one sentence.
        """
        try:
            if self._config.directus is None:
                open_store(self._config).close()  # the server would log its errors as tracebacks
            super().start()
            if not self._is_ready.wait(_START_LIMIT):
                raise RuntimeError(f"the server at {self.url} does not start: see its log")
        except BaseException:
            self.stop()
            raise
        return self
