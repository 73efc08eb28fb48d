"""A server in a thread of the test's own process."""

import threading
from collections.abc import Sequence
from typing import Self

import uvicorn
from starlette.applications import Starlette
from starlette.routing import BaseRoute

from server.app import create_server
from server.config import Config
from tools import listening

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
        self.listener = listening.listen("127.0.0.1", port)
        self.url = listening.url_of(self.listener).rstrip("/")
        self.port: int = self.listener.getsockname()[1]
        # A daemon: one that does not end must not keep this process.
        self._thread = threading.Thread(target=server.run, args=([self.listener],), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(_END_LIMIT)
        self.listener.close()
        assert not self._thread.is_alive(), "the server does not end"


class Running(Background):
    """The embedded server, which runs from its construction on until :meth:`stop`."""

    def __init__(self, config: Config, port: int = 0, pages: Sequence[BaseRoute] = ()) -> None:
        ready = threading.Event()
        super().__init__(create_server(config, ready.set, pages), port)
        self.address = self.url.removeprefix("http://")
        super().__enter__()
        if not ready.wait(_START_LIMIT):
            self.stop()
            raise AssertionError("the server does not listen")

    def __enter__(self) -> Self:
        return self

    def stop(self) -> None:
        """End the server."""
        self.__exit__()


def server_for(app: Starlette) -> uvicorn.Server:
    """Return a server for an application of the test's own, with sockets as Directus has them."""
    options = uvicorn.Config(
        app,
        ws="websockets-sansio",
        ws_ping_interval=None,
        log_config=None,
        log_level="critical",
        timeout_graceful_shutdown=1,
    )
    return uvicorn.Server(options)
