"""What a WebSocket must do for the driver, and which one this Python has."""

import sys
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from .errors import UsageError


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
    """What came of a request. Status 0: something did, and the browser does not show what."""

    status: int
    text: str


def http_address(url: str) -> str:
    """Return the address over HTTP of a project whose ``url`` may be that of a socket."""
    scheme, separator, rest = url.partition("://")
    return {"ws": "http", "wss": "https"}.get(scheme, scheme) + separator + rest


async def fetch(
    url: str, token: str | None = None, *, body: str | None = None, timeout: float = 5.0
) -> Answer:
    """Get an address, with a token or without; or post ``body`` there, a JSON text.

    Raises:
        OSError: nothing answers there within ``timeout`` seconds.
    """
    if sys.platform == "emscripten":
        from . import browser

        return await browser.fetch(url, token, body=body, timeout=timeout)
    return await fetch_over_urllib(
        url, token, method="GET" if body is None else "POST", body=body, timeout=timeout
    )


async def fetch_over_urllib(
    url: str, token: str | None, *, method: str, body: str | None, timeout: float
) -> Answer:
    """Send a request by way of urllib: in a thread, but in a browser on the spot.

    Raises:
        OSError: nothing answers there within ``timeout`` seconds; a browser's page knows no limit.
    """
    if sys.platform == "emscripten":
        from . import browser

        return browser.fetch_over_urllib(url, token, method=method, body=body, timeout=timeout)
    from . import native

    return await native.fetch(url, token, method=method, body=body, timeout=timeout)


class Storage(Protocol):
    """What remembers a login; see :func:`app.directus.authentication.authentication`."""

    def get(self) -> dict[str, Any] | None:
        """Return what was set last, or None."""

    def set(self, data: dict[str, Any] | None) -> None:
        """Keep ``data``, which is JSON; None forgets it."""


def local_storage(key: str = "directus") -> Storage:
    """Return a storage that outlives the page: the browser's ``localStorage``, under ``key``.

    Raises:
        UsageError: this is no browser.
    """
    if sys.platform != "emscripten":
        raise UsageError(
            "local_storage() is the browser's: pass an object of your own with `get` and `set`."
        )
    from .browser import LocalStorage

    return LocalStorage(key)


def watch_network(wake: Callable[[], None], offline: Callable[[], None]) -> Callable[[], None]:
    """Call ``wake`` when there may be a network again or somebody looks, ``offline`` when not.

    Only a browser tells; the result ends the watch.
    """
    if sys.platform == "emscripten":
        from . import browser

        return browser.watch_network(wake, offline)
    return lambda: None
