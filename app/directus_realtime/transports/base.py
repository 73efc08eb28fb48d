"""The interfaces of the transports: what the SDK expects of a socket, a request and a storage."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, NamedTuple, Protocol, runtime_checkable


class Listener(Protocol):
    """Receives the reports of a socket."""

    def opened(self) -> None:
        """The socket is open."""

    def received(self, texts: Sequence[str]) -> None:
        """Text frames came, the oldest first."""

    def errored(self, detail: Any) -> None:
        """The socket reported an error; ``closed`` follows."""

    def closed(self, code: int, reason: str, unsent: int) -> None:
        """The socket is closed, or was never open; the last ``unsent`` frames were not sent."""


class Transport(Protocol):
    """One socket. After `close` it does not call its listener any more."""

    def send(self, text: str) -> None:
        """Write one text frame."""

    def close(self) -> None:
        """Close the socket without waiting for it."""


class Answer(NamedTuple):
    """The answer to a request. Status 0 means that the browser hides the answer from this page.

    ``location`` is the address that a redirect names, and None if the answer is no redirect.
    """

    status: int
    text: str
    location: str | None = None


class ProxyFailed(OSError):
    """The proxy that the environment names did not lead to the address.

    Attributes:
        proxy: its address, without a password.
    """

    def __init__(self, proxy: str, cause: OSError) -> None:
        super().__init__(proxy, cause)
        self.proxy = proxy


class Unexplained(OSError):
    """There was no answer, and the browser hides the reason."""


def http_address(url: str) -> str:
    """Return a project's HTTP address; ``url`` may have the scheme of a WebSocket."""
    scheme, separator, rest = url.partition("://")
    return {"ws": "http", "wss": "https"}.get(scheme, scheme) + separator + rest


class Storage(Protocol):
    """Keeps a login, for authentication() and credentials().

    If several programs use one storage, it should have ``lock``: see LockableStorage.
    """

    def get(self) -> dict[str, Any] | None:
        """Return what was set last, or None."""

    def set(self, data: dict[str, Any] | None) -> None:
        """Keep ``data``, which is JSON; None forgets it."""


@runtime_checkable
class LockableStorage(Storage, Protocol):
    """A storage that one program can lock while it refreshes the tokens.

    A refresh token can be used once: two programs that use the same one lose the login.
    """

    def lock(self) -> AbstractAsyncContextManager[object]:
        """Return an asynchronous context manager that only one program at a time can enter."""


class Transports(Protocol):
    """What a platform offers. The modules ``browser`` and ``native`` each implement all of it."""

    def open_socket(self, url: str, listener: Listener) -> Transport:
        """Open a WebSocket to ``url``, a ``ws`` or ``wss`` address.

        Raises:
            ConnectionFailed: no attempt is possible, as when the browser forbids it.
            UsageError: a package that this needs is not installed.
        """

    async def fetch(
        self, url: str, token: str | None = None, *, body: str | None = None, timeout: float = 5.0
    ) -> Answer:
        """Get ``url``, or post ``body`` to it, which is JSON text; do not follow a redirect.

        Cancelling the wait aborts the request.

        Raises:
            UsageError: the token has a character that no header takes.
            OSError: nothing answers there within ``timeout`` seconds.
        """

    async def fetch_over_urllib(
        self, url: str, token: str | None, *, method: str, body: str | None, timeout: float
    ) -> Answer:
        """Send a request with urllib; in a browser it blocks everything else until it is answered.

        Cancelling the wait aborts the request; in a browser there is no wait to cancel.

        Raises:
            OSError: nothing answers there within ``timeout`` seconds; a browser has no limit.
            UsageError: a package that this needs is not installed.
        """

    def watch_network(
        self, wake: Callable[[], None], offline: Callable[[], None]
    ) -> Callable[[], None]:
        """Call ``wake`` when the network may be back, ``offline`` when there is none.

        A page that is shown again calls ``wake`` too.

        Returns:
            A function that ends the watch.
        """

    def local_storage(self, key: str) -> Storage:
        """Return a storage that is kept when the page is closed.

        Raises:
            UsageError: there is none here.
        """
