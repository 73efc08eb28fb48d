"""The client that composables make richer: an address and, perhaps, a source of tokens."""

from collections.abc import Callable
from typing import Protocol, Self, TypeVar

from .errors import UsageError

Richer = TypeVar("Richer")

_SCHEMES = ("http://", "https://", "ws://", "wss://")


class TokenSource(Protocol):
    """What can say which token to use now."""

    async def get_token(self) -> str | None:
        """Return the token, or None where there is none at present."""


class DirectusClient:
    """A Directus project's address; everything else comes with :meth:`with_`.

    Attributes:
        url: the project's address, without a slash at its end.
        tokens: where tokens come from, or None for the public's rights.
    """

    def __init__(self, url: str, tokens: TokenSource | None = None) -> None:
        self.url = url
        self.tokens = tokens

    def with_(self, composable: Callable[[Self], Richer]) -> Richer:
        """Return ``composable(self)``: this client with something more."""
        return composable(self)

    async def get_token(self) -> str | None:
        """Return the token in use, or None."""
        return None if self.tokens is None else await self.tokens.get_token()


def create_directus(url: str) -> DirectusClient:
    """Return a client for the Directus project at ``url``, which may have a path.

    Raises:
        UsageError: ``url`` is not an http, https, ws or wss address.
    """
    address = url.strip().rstrip("/")
    if not address.startswith(_SCHEMES) or address.endswith(":"):
        raise UsageError(
            f"The address of a Directus project begins with http:// or https://, and {url!r} does "
            'not: write it as in "https://example.directus.app".'
        )
    if "?" in address or "#" in address:
        raise UsageError(f"The address of a Directus project has no ? and no #: {url!r}.")
    return DirectusClient(address)
