"""The transports of the platform that this runs on: the browser's in Pyodide, else CPython's."""

import sys
from collections.abc import Callable

from ..errors import UsageError
from .base import Answer, Listener, Storage, Transport


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
