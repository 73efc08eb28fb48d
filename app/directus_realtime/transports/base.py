"""The interfaces of the transports: what the SDK expects of a socket, a request and a storage."""

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


class Answer(NamedTuple):
    """What came of a request. Status 0: something did, and the browser does not show what."""

    status: int
    text: str


def http_address(url: str) -> str:
    """Return the address over HTTP of a project whose ``url`` may be that of a socket."""
    scheme, separator, rest = url.partition("://")
    return {"ws": "http", "wss": "https"}.get(scheme, scheme) + separator + rest


class Storage(Protocol):
    """What remembers a login; see :func:`directus_realtime.authentication.authentication`."""

    def get(self) -> dict[str, Any] | None:
        """Return what was set last, or None."""

    def set(self, data: dict[str, Any] | None) -> None:
        """Keep ``data``, which is JSON; None forgets it."""
