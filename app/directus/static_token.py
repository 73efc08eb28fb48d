"""The composable that authenticates with a token which does not change."""

from collections.abc import Callable
from typing import TypeVar

from .client import DirectusClient

Client = TypeVar("Client", bound=DirectusClient)


class StaticToken:
    """A token made in Directus, in the profile of a user.

    Args:
        token: the token.
    """

    def __init__(self, token: str) -> None:
        self._token = token

    async def get_token(self) -> str | None:
        """Return the token."""
        return self._token


def static_token(token: str) -> Callable[[Client], Client]:
    """Return the composable that lets a client authenticate with ``token``."""

    def compose(client: Client) -> Client:
        client.tokens = StaticToken(token)
        return client

    return compose
