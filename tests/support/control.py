"""An HTTP server by which a behaviour controls its proxy, also from inside a page."""

from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import unquote

from tests.support.proxy import TcpProxy

_LIMIT = 10.0  # seconds that it waits for something to come about


class Control:
    """Performs on a proxy the action that a request names, as in ``GET /swallow/answers``.

    Args:
        proxy: the proxy.
    """

    def __init__(self, proxy: TcpProxy) -> None:
        self._actions: dict[str, Callable[[str], object]] = {
            "cut": lambda _: proxy.cut(),
            "refuse": lambda _: proxy.refuse(),
            "admit": lambda _: proxy.admit(),
            "swallow": proxy.swallow,
            "swallowed": lambda text: proxy.wait_swallowed(text, _LIMIT),
            "open": lambda _: proxy.wait_idle(_LIMIT),
        }
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the server."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        actions = self._actions

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                action, _, argument = self.path[1:].partition("/")
                answer = str(actions[action](unquote(argument))).encode()
                self.send_response(200)
                self.send_header("Access-Control-Allow-Origin", "*")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                """Log no requests."""

        return Handler
