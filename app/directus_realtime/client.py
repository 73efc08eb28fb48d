"""The client that composables extend: an address and, perhaps, a source of tokens."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self, TypeVar

from .checks import check_address
from .tokens import TokenSource

Richer = TypeVar("Richer")


class DirectusClient:
    """A Directus project's address; everything else comes with `with_`.

    A composable makes a new client from an earlier one. All clients of such a chain share the
    source of their tokens, and a method that a client does not have itself is looked up in the
    client that it was made from. Type checkers do not see such a method: for them, name each
    step, as in ``login = create_directus(url).with_(authentication())`` and
    ``directus = login.with_(realtime())``.

    Attributes:
        url: the project's address, without a slash at its end.

    Args:
        url: that.
        made_from: the client that a composable has extended, or None.
    """

    def __init__(self, url: str, made_from: "DirectusClient | None" = None) -> None:
        self.url = url
        self._made_from = made_from
        self._tokens: TokenSource | None = None

    @property
    def tokens(self) -> TokenSource | None:
        """The source of tokens, or None for public rights."""
        return self._tokens if self._made_from is None else self._made_from.tokens

    @tokens.setter
    def tokens(self, tokens: TokenSource | None) -> None:
        if self._made_from is None:
            self._tokens = tokens
        else:
            self._made_from.tokens = tokens

    def with_(self, composable: Callable[[Self], Richer]) -> Richer:
        """Return ``composable(self)``: a client that can do more."""
        return composable(self)

    async def get_token(self) -> str | None:
        """Return the access token in use, or None."""
        return None if self.tokens is None else await self.tokens.get_token()

    async def set_token(self, token: str | None) -> None:
        """Authenticate with ``token`` from now on; None means without a token.

        Raises:
            UsageError: no composable of this client accepts a token.
        """
        await (self.tokens or TokenSource()).set_token(token)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Look the name up in the client that this one was made from."""
            made_from = self.__dict__.get("_made_from")
            if made_from is not None and not name.startswith("_"):
                return getattr(made_from, name)
            raise AttributeError(
                f'This client has no "{name}": a composable that has it comes with '
                "`.with_(...)`, such as realtime(), rest() or authentication()."
            )


def create_directus(url: str) -> DirectusClient:
    """Return a client for the Directus project at ``url``, which may have a path.

    Raises:
        UsageError: ``url`` is not an http, https, ws or wss address, or holds a password.
    """
    address = url.strip().rstrip("/")
    check_address(address)
    return DirectusClient(address)
