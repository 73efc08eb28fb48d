"""A server in a thread of the test's own process, on a free port."""

import threading

import uvicorn
from starlette.applications import Starlette

from tools import listening


class Background:
    """Runs a server for as long as it is entered as a context manager; `url` is its address."""

    def __init__(self, server: uvicorn.Server) -> None:
        self._server = server
        # It listens from here on: what connects before the server accepts waits.
        self._listener = listening.listen("127.0.0.1", 0)
        self.url = listening.url_of(self._listener).rstrip("/")
        self._thread = threading.Thread(target=server.run, args=([self._listener],))

    def __enter__(self) -> "Background":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._listener.close()


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
