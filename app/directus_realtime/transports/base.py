"""The interfaces of the transports: what the SDK expects of a socket, a request and a storage."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, NamedTuple, Protocol, runtime_checkable


class Listener(Protocol):
    """Receives what a socket reports."""

    def opened(self) -> None:
        """The socket is open."""

    def received(self, text: str) -> None:
        """A text frame came."""

    def errored(self, detail: Any) -> None:
        """The socket reported an error; ``closed`` follows."""

    def closed(self, code: int, reason: str, unsent: int) -> None:
        """The socket is gone, or could not be opened; the last ``unsent`` frames were not sent."""


class Transport(Protocol):
    """One socket. Once closed, it calls its listener no more."""

    def send(self, text: str) -> None:
        """Write one text frame."""

    def close(self) -> None:
        """Close the socket and do not wait for it."""


class Answer(NamedTuple):
    """The answer to a request. Status 0: there is one, and the browser hides it from this page."""

    status: int
    text: str


def http_address(url: str) -> str:
    """Return a project's HTTP address; ``url`` may have the scheme of a WebSocket."""
    scheme, separator, rest = url.partition("://")
    return {"ws": "http", "wss": "https"}.get(scheme, scheme) + separator + rest


class Storage(Protocol):
    """What remembers a login, for authentication() and credentials().

    Several programs may use one storage: it should have ``lock`` then; see LockableStorage.
    """

    def get(self) -> dict[str, Any] | None:
        """Return what was set last, or None."""

    def set(self, data: dict[str, Any] | None) -> None:
        """Keep ``data``, which is JSON; None forgets it."""


@runtime_checkable
class LockableStorage(Storage, Protocol):
    """A storage that one program can lock while it refreshes the tokens.

    A refresh token is good for one use: two programs that use the same one lose the login.
    """

    def lock(self) -> AbstractAsyncContextManager[object]:
        """Return an asynchronous context manager that one program at a time is inside."""


class Transports(Protocol):
    """What a platform offers. The modules ``browser`` and ``native`` implement it, each whole."""

    def open_socket(self, url: str, listener: Listener) -> Transport:
        """Open a WebSocket to ``url``, a ``ws`` or ``wss`` address.

        Raises:
            ConnectionFailed: no attempt is possible, as where the browser forbids it.
            UsageError: a package that this needs is not installed.
        """

    async def fetch(
        self, url: str, token: str | None = None, *, body: str | None = None, timeout: float = 5.0
    ) -> Answer:
        """Get ``url``, or post ``body`` to it, which is JSON text.

        Cancelling the wait aborts the request.

        Raises:
            OSError: nothing answers there within ``timeout`` seconds.
        """

    async def fetch_over_urllib(
        self, url: str, token: str | None, *, method: str, body: str | None, timeout: float
    ) -> Answer:
        """Send a request with urllib; in a browser everything else waits until it is answered.

        Cancelling the wait aborts the request, where there is a wait.

        Raises:
            OSError: nothing answers there within ``timeout`` seconds; a browser has no limit.
            UsageError: a package that this needs is not installed.
        """

    def watch_network(
        self, wake: Callable[[], None], offline: Callable[[], None]
    ) -> Callable[[], None]:
        """Call ``wake`` when there may be a network again, ``offline`` when there is none.

        A page that is shown again calls ``wake`` too.

        Returns:
            A function that ends the watch.
        """

    def local_storage(self, key: str) -> Storage:
        """Return a storage that outlives the page.

        Raises:
            UsageError: there is none here.
        """
