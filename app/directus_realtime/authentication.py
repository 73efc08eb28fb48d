"""The composable that logs in with an e-mail address and a password, and stays logged in.

Directus sends the tokens as JSON, as in the JS SDK's mode ``json``. The SDK's other modes use
cookies, which only a browser has.
"""

from collections.abc import Callable

from .client import DirectusClient
from .login import Login, LoginTokens
from .storage import Memory
from .transports.base import Storage


class AuthenticationClient(DirectusClient):
    """A client that can log in. Made by ``authentication()``."""

    def __init__(self, client: DirectusClient, tokens: LoginTokens) -> None:
        super().__init__(client.url, client)
        self.tokens = tokens
        self._login = tokens

    async def login(self, email: str, password: str, *, otp: str | None = None) -> Login:
        """Log in; the tokens are refreshed before they expire.

        Args:
            email: the user's e-mail address.
            password: the user's password.
            otp: a one-time password, where the user needs one.

        Returns:
            The stored login: ``access_token``, ``refresh_token``, ``expires`` in seconds and
            ``expires_at`` in seconds since 1970.

        Raises:
            AuthenticationFailed: Directus refused; ``code`` is its own.
            ConnectionFailed: Directus did not answer in time.
        """
        return await self._login.login(email, password, otp)

    async def refresh(self) -> Login:
        """Refresh the tokens now, and return them.

        Raises:
            AuthenticationFailed: Directus refused, which ends the login.
            ConnectionFailed: Directus did not answer in time.
        """
        return await self._login.refresh()

    async def logout(self) -> None:
        """Forget the tokens, and let Directus revoke the refresh token.

        An open realtime connection stays open until its token would be refreshed.

        Raises:
            ConnectionFailed: Directus did not answer in time; the tokens are forgotten anyway.
        """
        await self._login.logout()

    def stop_refreshing(self) -> None:
        """Stop the timer that refreshes the tokens; refresh them only when they are needed."""
        self._login.stop_refreshing()


def authentication(
    *, storage: Storage | None = None, auto_refresh: bool = True, timeout: float = 10.0
) -> Callable[[DirectusClient], AuthenticationClient]:
    """Return the composable that lets a client log in.

    Args:
        storage: where the login is kept; by default in memory, as long as the client lives. In
            the browser, local_storage() keeps it when the page is closed, for all tabs.
        auto_refresh: whether a timer refreshes the tokens before they expire; otherwise they are
            refreshed only when they are needed.
        timeout: seconds for Directus' answers. Another program's lock of the storage is waited for
            three times as long.
    """

    def compose(client: DirectusClient) -> AuthenticationClient:
        kept = Memory() if storage is None else storage
        tokens = LoginTokens(client.url, storage=kept, auto_refresh=auto_refresh, timeout=timeout)
        return AuthenticationClient(client, tokens)

    return compose
