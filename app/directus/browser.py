"""The browser's own WebSocket, through ``pyodide.ffi``: the one file here that imports ``js``.

Every proxy that is made is destroyed: when the socket has closed, or when it is given up.
"""

from typing import Any

from js import WebSocket
from pyodide.ffi import JsException, create_proxy

from .errors import ConnectionFailed
from .transport import Listener


class BrowserSocket:
    """One WebSocket of the browser's.

    Args:
        url: a ``ws`` or ``wss`` address.
        listener: who is told what happens.

    Raises:
        ConnectionFailed: the browser makes no attempt, as to a ``ws`` address on an https page.
    """

    def __init__(self, url: str, listener: Listener) -> None:
        self._listener = listener
        try:
            self._socket = WebSocket.new(url)
        except JsException as error:
            raise ConnectionFailed(
                f"The browser does not connect to {url.split('?')[0]}: {error.message}"
            ) from None
        self._proxies = {
            "open": create_proxy(self._on_open),
            "message": create_proxy(self._on_message),
            "error": create_proxy(self._on_error),
            "close": create_proxy(self._on_close),
        }
        for name, proxy in self._proxies.items():
            self._socket.addEventListener(name, proxy)

    def send(self, text: str) -> None:
        """Write one text frame."""
        self._socket.send(text)

    def close(self) -> None:
        """Close the socket and do not wait for it."""
        self._release()
        self._socket.close()

    def _on_open(self, _event: Any) -> None:
        self._listener.opened()

    def _on_message(self, event: Any) -> None:
        self._listener.received(event.data)

    def _on_error(self, event: Any) -> None:
        self._listener.errored(event)

    def _on_close(self, event: Any) -> None:
        self._release()
        self._listener.closed(event.code, event.reason)

    def _release(self) -> None:
        """Undo what the constructor registered."""
        for name, proxy in self._proxies.items():
            self._socket.removeEventListener(name, proxy)
            proxy.destroy()
        self._proxies = {}
