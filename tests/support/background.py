"""A server in a thread of the test's own process, on a free port."""

import threading

import uvicorn
from starlette.applications import Starlette

from server.app import create_server
from server.config import Config
from tools import listening

_END_LIMIT = 10.0  # seconds


class Background:
    """Runs a server for as long as it is entered as a context manager; `url` is its address."""

    def __init__(self, server: uvicorn.Server) -> None:
        self._server = server
        # It listens from here on: what connects before the server accepts waits.
        self.listener = listening.listen("127.0.0.1", 0)
        self.url = listening.url_of(self.listener).rstrip("/")
        self.port: int = self.listener.getsockname()[1]
        self._thread = threading.Thread(target=server.run, args=([self.listener],))

    def __enter__(self) -> "Background":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(_END_LIMIT)
        assert not self._thread.is_alive(), "the server does not end"
        self.listener.close()


class Running(Background):
    """The embedded server, which runs from the start on until :meth:`stop`."""

    def __init__(self, config: Config) -> None:
        ready = threading.Event()
        super().__init__(create_server(config, ready.set))
        self.address = self.url.removeprefix("http://")
        self.__enter__()
        assert ready.wait(10), "the server does not listen"

    def stop(self) -> None:
        """End it."""
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
