"""What a WebSocket must do for the driver, and which one this Python has."""

import sys
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol


class Listener(Protocol):
    """Who is told what a socket does."""

    def opened(self) -> None:
        """The socket is open."""

    def received(self, text: str) -> None:
        """A text frame came."""

    def errored(self, detail: Any) -> None:
        """The socket reported an error; ``closed`` follows."""

    def closed(self, code: int, reason: str) -> None:
        """The socket is gone, or could not be opened."""


class Transport(Protocol):
    """One socket. Once closed it tells its listener nothing more."""

    def send(self, text: str) -> None:
        """Write one text frame."""

    def close(self) -> None:
        """Close the socket and do not wait for it."""


def open_socket(url: str, listener: Listener) -> Transport:
    """Open a WebSocket to ``url``: the browser's own in Pyodide, the websockets package elsewhere.

    Raises:
        ConnectionFailed: no attempt could be made, as where the browser forbids it.
    """
    if sys.platform == "emscripten":
        from .browser import BrowserSocket

        return BrowserSocket(url, listener)
    from .native import NativeSocket

    return NativeSocket(url, listener)


class Answer(NamedTuple):
    """What came for a GET. Status 0: something did, and the browser does not show what."""

    status: int
    text: str


async def fetch(url: str, token: str | None) -> Answer:
    """Get an address, with a token or without.

    Raises:
        OSError: nothing answers there.
    """
    if sys.platform == "emscripten":
        from . import browser

        return await browser.fetch(url, token)
    from . import native

    return await native.fetch(url, token)


def watch_network(wake: Callable[[], None], offline: Callable[[], None]) -> Callable[[], None]:
    """Call ``wake`` when there may be a network again or somebody looks, ``offline`` when not.

    Only a browser tells; the result ends the watch.
    """
    if sys.platform == "emscripten":
        from . import browser

        return browser.watch_network(wake, offline)
    return lambda: None
