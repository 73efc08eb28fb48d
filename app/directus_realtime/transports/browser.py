"""The browser's transports, through ``pyodide.ffi``: the one file here that imports ``js``.

They work in a page and in a worker, which has no window, no document and no localStorage. On a
cross-origin isolated page PyScript gives a worker those of the page, so only ``WorkerGlobalScope``
distinguishes the two.

Every proxy is destroyed: when the socket has closed, or when it is given up.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from functools import cache
from typing import Any

from js import URL, AbortController, Date, Object, Promise, WebSocket, globalThis
from js import fetch as js_fetch
from pyodide.code import run_js
from pyodide.ffi import JsException, create_proxy, to_js

from ..checks import check_token
from ..core import codec
from ..errors import ConnectionFailed, DirectusError, UsageError, missing_package_error
from .base import Answer, Listener, Storage, Unexplained
from .gathering import GATHER
from .http import exchange

_EARLY = 5_000
"""Milliseconds that a socket may have been open when it is taken over; Directus waits 10,000."""

_ARRIVES_WITHIN = 1.0  # seconds until the other tab's write is visible here


def open_socket(url: str, listener: Listener) -> "BrowserSocket":
    """Open a WebSocket."""
    return BrowserSocket(url, listener)


class BrowserSocket:
    """One WebSocket of the browser: the page's ``earlySocket``, if it has this url, or a new one.

    Args:
        url: a ``ws`` or ``wss`` address.
        listener: receives what happens.

    Raises:
        ConnectionFailed: the browser makes no attempt, as to a ``ws`` address on an https page.
    """

    def __init__(self, url: str, listener: Listener) -> None:
        self._listener = listener
        self._unsent = 0
        try:
            self._socket = _early(url) or WebSocket.new(url)
        except JsException as error:
            raise ConnectionFailed(
                f"The browser does not connect to {url.split('?')[0]}: {error.message}"
            ) from None
        self._socket.onframes = self._on_frames = create_proxy(self._receive)
        self._gathering = _gather()(self._socket)
        self._write = self._gathering.send  # kept: to look it up makes a proxy
        self._proxies = {
            "open": create_proxy(self._on_open),
            "error": create_proxy(self._on_error),
            "close": create_proxy(self._on_close),
        }
        for name, proxy in self._proxies.items():
            self._socket.addEventListener(name, proxy)
        if self._socket.readyState == WebSocket.OPEN:
            asyncio.get_running_loop().call_soon(self._was_open)

    def send(self, text: str) -> None:
        """Write one text frame; one that a closing socket does not accept counts as unsent."""
        if not self._write(text):
            self._unsent += 1

    def close(self) -> None:
        """Close the socket without waiting for it."""
        self._release()
        self._socket.close()

    def _was_open(self) -> None:
        if self._proxies:  # else it was closed meanwhile
            self._listener.opened()

    def _on_open(self, _event: Any) -> None:
        self._listener.opened()

    def _receive(self, *texts: str) -> None:
        self._listener.received(texts)

    def _on_error(self, event: Any) -> None:
        self._listener.errored(event)

    def _on_close(self, event: Any) -> None:
        self._release()
        self._listener.closed(event.code, event.reason, self._unsent)

    def _release(self) -> None:
        """Undo what the constructor registered."""
        if not self._proxies:
            return
        self._gathering.stop()
        self._on_frames.destroy()
        for name, proxy in self._proxies.items():
            self._socket.removeEventListener(name, proxy)
            proxy.destroy()
        self._proxies = {}


@cache
def _gather() -> Any:
    """Return the JavaScript function that gathers frames."""
    return run_js(GATHER)


def _early(url: str) -> Any:
    """Take over the socket that the page opened before Python had loaded; None if it is of no use.

    The page sets its ``openedAt`` (milliseconds since 1970) when it opens, and closes it if a
    message comes or nobody takes it over. Directus closes an open socket without credentials
    after a time, with the error of a refused token: so an old socket is not used.
    """
    early = getattr(globalThis, "earlySocket", None)
    if not early:
        return None
    globalThis.earlySocket = None
    early.onmessage = None
    is_fresh = early.readyState == WebSocket.CONNECTING or (
        early.readyState == WebSocket.OPEN and Date.now() - early.openedAt < _EARLY
    )
    if is_fresh and early.url == URL.new(url).href:
        return early
    early.close()
    return None


async def fetch(
    url: str, token: str | None = None, *, body: str | None = None, timeout: float = 5.0
) -> Answer:
    """Get an address, or post to it; if the browser hides the answer, find out if there is one.

    The status of an answer that the browser hides is 0.
    """
    check_token(token)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    options: dict[str, Any] = {"headers": headers}
    if body is not None:
        headers["Content-Type"] = "application/json"
        options = {"headers": headers, "method": "POST", "body": body}
    try:
        return await _fetch(url, options, timeout)
    except JsException:
        pass
    try:
        await _fetch(url, {"mode": "no-cors", "redirect": "follow"}, timeout)
    except JsException as error:
        raise Unexplained(f"{url}: {error.message}") from None
    return Answer(0, "")


async def _fetch(url: str, options: dict[str, Any], timeout: float) -> Answer:
    """Make one request; abort it if the wait is cancelled, or after ``timeout`` seconds."""
    controller = AbortController.new()
    try:
        async with asyncio.timeout(timeout):
            given = {"cache": "no-store", "signal": controller.signal, "redirect": "manual"}
            response = await js_fetch(url, _to_js({**given, **options}))
            if response.type == "opaqueredirect":
                return Answer(0, "", await _redirected(url, given))
            return Answer(response.status, await response.text())
    finally:
        controller.abort()  # has no effect after the whole answer


async def _redirected(url: str, options: dict[str, Any]) -> str:
    """Return where a redirect leads, asked without a token; empty where the browser hides it."""
    try:
        response = await js_fetch(url, _to_js({**options, "redirect": "follow"}))
    except JsException:
        return ""
    return str(response.url)


def _to_js(options: dict[str, Any]) -> Any:
    return to_js(options, dict_converter=Object.fromEntries)


async def fetch_over_urllib(
    url: str, token: str | None, *, method: str, body: str | None, timeout: float
) -> Answer:
    """Send a request with pyodide-http, which blocks until the answer comes.

    Raises:
        ConnectionFailed: the page's server did not give what this needs of Python's library.
    """
    try:
        import urllib.request  # noqa: F401  # else exchange imports it, whose OSError is Directus'

        import pyodide_http

        pyodide_http.patch_all()  # does nothing the second time
    except ImportError as error:
        cure = 'add `packages = ["pyodide-http"]` to the page\'s pyscript.toml'
        raise missing_package_error("pyodide-http", "rest() in a browser", cure) from error
    except OSError as error:  # the page may fetch a part of the library when it is first imported
        raise ConnectionFailed(
            "A part of Python's library that rest() needs could not be fetched from this page's "
            "server: see that it answers, and try again."
        ) from error
    try:
        return exchange(url, token, method=method, body=body, timeout=timeout)
    except JsException as error:
        raise OSError(f"{url}: {error.message}") from None


def local_storage(key: str) -> Storage:
    """Return the storage under a key of the browser's localStorage; a worker has none."""
    if _is_worker():
        raise UsageError(
            "local_storage() is a page's, and this is a worker: pass an object of your own with "
            "`get` and `set`, or log in from the page."
        )
    has_locks = getattr(globalThis.navigator, "locks", None) is not None
    return LockableLocalStorage(key) if has_locks else LocalStorage(key)


class LocalStorage:
    """One JSON value in the browser's localStorage.

    Args:
        key: the name it is kept under.
    """

    def __init__(self, key: str) -> None:
        self._key = key

    def get(self) -> dict[str, Any] | None:
        """Return the value, or None if there is none, or none of ours."""
        with self._failing_as("read"):
            text = globalThis.localStorage.getItem(self._key)
        try:
            value = codec.decode(text) if isinstance(text, str) else None
        except ValueError:
            return None
        return value if isinstance(value, dict) else None

    def set(self, data: dict[str, Any] | None) -> None:
        """Keep the value; None removes it.

        Raises:
            DirectusError: the storage is full, or the browser refuses it.
        """
        with self._failing_as("written"):
            if data is None:
                globalThis.localStorage.removeItem(self._key)
            else:
                globalThis.localStorage.setItem(self._key, codec.encode(data))

    @contextlib.contextmanager
    def _failing_as(self, what: str) -> Iterator[None]:
        try:
            yield
        except JsException as error:
            raise DirectusError(
                f'The browser\'s localStorage cannot be {what} under "{self._key}" '
                f"({error.message}): make room in it, and let this site keep data."
            ) from None


class LockableLocalStorage(LocalStorage):
    """A LocalStorage with a Web Lock that all tabs of the origin share; needs a secure context."""

    @contextlib.asynccontextmanager
    async def lock(self) -> AsyncIterator[None]:
        """Hold the lock; a tab that is closed releases it."""
        name = f"directus:{self._key}"
        async with contextlib.AsyncExitStack() as stack:
            if not await stack.enter_async_context(_web_lock(name, wait=False)):
                written = stack.enter_context(self._watch())
                await stack.enter_async_context(_web_lock(name, wait=True))
                # What the other tab wrote may arrive after the lock that it released.
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_ARRIVES_WITHIN):
                        await written.wait()
            yield

    @contextlib.contextmanager
    def _watch(self) -> Iterator[asyncio.Event]:
        """Yield an event that is set when another tab has written the value."""
        written = asyncio.Event()

        def look(event: Any) -> None:
            if event.key == self._key:
                written.set()

        on_storage = create_proxy(look)
        globalThis.addEventListener("storage", on_storage)
        try:
            yield written
        finally:
            globalThis.removeEventListener("storage", on_storage)
            on_storage.destroy()


@contextlib.asynccontextmanager
async def _web_lock(name: str, *, wait: bool) -> AsyncIterator[bool]:
    """Hold a Web Lock; yield whether it is held, which it always is with ``wait``."""
    granted: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    given_up = False

    def keep(release: Any, _reject: Any) -> None:
        if given_up:
            release()
        else:
            granted.set_result(release)

    # The browser calls `grant`, and holds the lock until the promise that it gets is resolved.
    on_keep = create_proxy(keep)
    grant = create_proxy(lambda lock: Promise.new(on_keep) if lock else None)
    controller = AbortController.new()
    options = _to_js({"signal": controller.signal} if wait else {"ifAvailable": True})
    request = asyncio.ensure_future(globalThis.navigator.locks.request(name, options, grant))
    try:
        await asyncio.wait([granted, request], return_when=asyncio.FIRST_COMPLETED)
        yield granted.done()
    finally:
        given_up = True
        controller.abort()  # has no effect once the lock is held
        if granted.done():
            granted.result()()
        with contextlib.suppress(JsException):  # the request for the lock was aborted
            await request
        grant.destroy()
        on_keep.destroy()


def watch_network(wake: Callable[[], None], offline: Callable[[], None]) -> Callable[[], None]:
    """Watch whether there is a network, and in a page whether it becomes visible."""
    document = None if _is_worker() else globalThis.document

    def look(event: Any) -> None:
        first = event.type == "pageshow" and not event.persisted  # every page fires it once
        if document is None or (document.visibilityState == "visible" and not first):
            wake()

    on_look, on_offline = create_proxy(look), create_proxy(lambda _event: offline())
    watched = [(globalThis, "online", on_look), (globalThis, "offline", on_offline)]
    if document is not None:
        # A page that comes back from the back/forward cache, or was frozen, fires the last two.
        watched += [
            (document, "visibilitychange", on_look),
            (globalThis, "pageshow", on_look),
            (document, "resume", on_look),
        ]
    for target, name, proxy in watched:
        target.addEventListener(name, proxy)

    def stop() -> None:
        for target, name, proxy in watched:
            target.removeEventListener(name, proxy)
        on_look.destroy()
        on_offline.destroy()

    return stop


def _is_worker() -> bool:
    return hasattr(globalThis, "WorkerGlobalScope")
