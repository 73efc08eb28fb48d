"""The composable that authenticates with a token that does not expire."""

from collections.abc import Callable
from typing import TypeVar

from .checks import check_token
from .client import DirectusClient
from .tokens import TokenSource

Client = TypeVar("Client", bound=DirectusClient)


class StaticToken(TokenSource):
    """A token made in Directus, in a user's profile.

    Args:
        token: the token.
    """

    def __init__(self, token: str | None) -> None:
        super().__init__()
        check_token(token)
        self._token = token

    async def get_token(self) -> str | None:
        """Return the token."""
        return self._token

    async def set_token(self, token: str | None) -> None:
        """Use ``token`` from now on."""
        check_token(token)
        self._token = token
        self.report_sign_in()


def static_token(token: str) -> Callable[[Client], Client]:
    """Return the composable that lets a client authenticate with ``token``.

    Raises:
        UsageError: the token has a character that no HTTP header takes, such as a line end.
    """
    check_token(token)

    def compose(client: Client) -> Client:
        client.tokens = StaticToken(token)
        return client

    return compose
