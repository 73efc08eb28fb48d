"""CPython's transports: the WebSocket of the ``websockets`` package, and urllib in a thread."""

import asyncio
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from ..errors import UsageError, missing_package_error
from .base import Answer, Listener, Storage
from .http import Sockets, ascii_address, exchange

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection, connect

_FRAME_LIMIT = 100 * 2**20  # bytes; Directus' own
_CLOSE_TIMEOUT = 1.0  # seconds in which the server must answer our close frame
_FLUSH_TIMEOUT = 5.0  # seconds in which a server must take what was written before the close


def open_socket(url: str, listener: Listener) -> "NativeSocket":
    """Open a WebSocket."""
    try:
        import websockets.asyncio.client  # noqa: F401
    except ImportError as error:
        cure = "run `pip install --upgrade websockets`"
        raise missing_package_error("websockets", "A realtime connection", cure) from error
    return NativeSocket(url, listener)


class NativeSocket:
    """One socket of the ``websockets`` package, and the task that drives it.

    The package's own keepalive is off: Directus does not answer protocol pings.

    Args:
        url: a ``ws`` or ``wss`` address.
        listener: receives what happens.
    """

    def __init__(self, url: str, listener: Listener) -> None:
        self._listener: Listener | None = listener
        self._outgoing: asyncio.Queue[str | None] = asyncio.Queue()  # None is the end
        self._unsent = 0  # frames that were taken from the queue and not sent
        self._socket: ClientConnection | None = None
        self._closing = asyncio.Event()
        self._task = asyncio.ensure_future(self._run(url))

    def send(self, text: str) -> None:
        """Write one text frame."""
        self._outgoing.put_nowait(text)

    def close(self) -> None:
        """Close the socket once everything is written, without waiting for it."""
        self._listener = None
        if self._socket is None:
            self._task.cancel()
        else:
            self._outgoing.put_nowait(None)
            self._closing.set()

    async def _run(self, url: str) -> None:
        try:
            self._socket = await _connector()(
                url,
                ping_interval=None,
                compression=None,
                max_size=_FRAME_LIMIT,
                open_timeout=None,
                close_timeout=_CLOSE_TIMEOUT,
            )
        except Exception as error:  # of a proxy, a name, a certificate, an answer, ...
            if self._listener:
                self._listener.errored(error)
            self._report_closed(1006, "")
            return
        await self._use(self._socket)
        self._report_closed(self._socket.close_code or 1006, self._socket.close_reason or "")

    async def _use(self, socket: "ClientConnection") -> None:
        if self._listener:
            self._listener.opened()
        late = asyncio.ensure_future(self._late())
        sides = [
            asyncio.ensure_future(self._read(socket)),
            asyncio.ensure_future(self._write(socket)),
            late,
        ]
        try:
            done, _ = await asyncio.wait(sides, return_when=asyncio.FIRST_COMPLETED)
            if late not in done:  # else the close would wait behind what the server does not take
                await socket.close()
        finally:
            for side in sides:
                side.cancel()
            socket.transport.abort()  # in case the event loop ends before the close does

    async def _read(self, socket: "ClientConnection") -> None:
        from websockets.exceptions import ConnectionClosed

        try:
            while True:
                text = await socket.recv(decode=True)
                if self._listener:
                    self._listener.received([text])
        except ConnectionClosed:
            pass

    async def _write(self, socket: "ClientConnection") -> None:
        from websockets.exceptions import ConnectionClosed

        try:
            while (text := await self._outgoing.get()) is not None:
                await socket.send(text)
        except ConnectionClosed:
            self._unsent += 1

    async def _late(self) -> None:
        """Return when the close has waited long enough for what was written before it."""
        await self._closing.wait()
        await asyncio.sleep(_FLUSH_TIMEOUT)

    def _report_closed(self, code: int, reason: str) -> None:
        if self._listener:
            self._listener.closed(code, reason, self._unsent + self._outgoing.qsize())


@cache
def _connector() -> "type[connect]":
    """Return the package's ``connect``, but for redirects: the address may hold the token."""
    from websockets.asyncio.client import connect

    class ConnectHere(connect):
        def process_redirect(self, exc: Exception) -> Exception | str:
            return exc

    return ConnectHere


async def fetch(
    url: str, token: str | None = None, *, body: str | None = None, timeout: float = 5.0
) -> Answer:
    """Get an address, or post to it; do not follow a redirect."""
    method = "GET" if body is None else "POST"
    async with asyncio.timeout(timeout):  # urllib's limit is one for each part that arrives
        return await _exchange(url, token, method, body, timeout, follow=False)


async def fetch_over_urllib(
    url: str, token: str | None, *, method: str, body: str | None, timeout: float
) -> Answer:
    """Send a request in a thread; a redirect is followed, without the token."""
    return await _exchange(url, token, method, body, timeout, follow=True)


async def _exchange(
    url: str, token: str | None, method: str, body: str | None, timeout: float, *, follow: bool
) -> Answer:
    """Send a request in a thread. A thread cannot be cancelled: its socket is shut instead."""
    url = ascii_address(url)
    sockets = Sockets()
    opener = sockets.opener(follow=follow)
    try:
        return await asyncio.to_thread(
            exchange, url, token, method=method, body=body, timeout=timeout, opener=opener
        )
    finally:
        sockets.abort()


def watch_network(wake: Callable[[], None], offline: Callable[[], None]) -> Callable[[], None]:
    """Watch nothing: only a browser reports whether there is a network."""
    return lambda: None


def local_storage(key: str) -> Storage:
    """Raise UsageError: there is no ``localStorage`` here."""
    raise UsageError(
        "local_storage() is the browser's: pass an object of your own with `get` and `set`."
    )
