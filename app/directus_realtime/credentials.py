"""The composable that signs in over the socket, with a password or a refresh token.

Nothing is sent over HTTP. Directus answers with a refresh token, which the next auth message uses,
so that the password is sent once. Directus does not say in advance when the access token expires:
it reports the expiry when it happens, and the next auth message is sent at once.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from .client import DirectusClient
from .core.auth import Credentials
from .errors import AuthenticationFailed, UsageError
from .storage import Hold, Memory, refresh_token_of, replaced, with_fallback
from .tokens import TokenSource
from .transports.base import Storage

_ANSWERED_WITHIN = 10.0  # seconds: an attempt to connect takes no longer

Client = TypeVar("Client", bound=DirectusClient)


class SocketCredentials(TokenSource):
    """The credentials of auth messages; there is no access token.

    Args:
        fixed: the e-mail address and the password, or nothing.
        refresh_token: a refresh token, or None.
        storage: keeps the newest refresh token, or None.
    """

    def __init__(
        self, fixed: dict[str, str], refresh_token: str | None, storage: Storage | None
    ) -> None:
        super().__init__()
        self._fixed = fixed
        self._given = refresh_token
        self._is_shared = storage is not None
        self._storage = Memory() if storage is None else with_fallback(storage)
        self._hold = Hold(storage, _ANSWERED_WITHIN)

    async def credentials(self, refused: dict[str, str] | None = None) -> Credentials:
        """Return the newest refresh token, or the password if there is none or it was refused.

        A refresh token can be used once, so its storage is then locked until Directus has answered
        with the next one.
        """
        await self._hold.begin()
        chosen = None
        try:
            chosen = await self._choose(refused)
        finally:
            if chosen is None or "refresh_token" not in chosen.fields:
                self._hold.end()
        return chosen

    async def _choose(self, refused: dict[str, str] | None) -> Credentials:
        refused_token = (refused or {}).get("refresh_token")
        if refused_token == self._given:
            self._given = None
        is_remembered = refused_token == refresh_token_of(self._storage)
        if refused_token and is_remembered and not await replaced(self._storage, refused_token):
            self._storage.set(None)
        if token := refresh_token_of(self._storage):
            others = self._is_shared or bool(self._given or self._fixed)
            return Credentials({"refresh_token": token}, refreshable=others)
        if self._given:
            return Credentials({"refresh_token": self._given}, refreshable=bool(self._fixed))
        if not self._fixed or refused == self._fixed:
            raise AuthenticationFailed(
                "There is nothing left to sign in with: the refresh token was good for one use and "
                "a limited time."
            )
        return Credentials(self._fixed)

    def accepted(self, answer: dict[str, Any]) -> None:
        """Store the refresh token in Directus' answer."""
        token = answer.get("refresh_token")
        if isinstance(token, str):
            self._given = None
            self._storage.set({"refresh_token": token})
        self._hold.end()

    def attempt_ended(self) -> None:
        """Release the storage: no answer comes that would bring the next refresh token."""
        self._hold.end()


def credentials(
    *,
    email: str | None = None,
    password: str | None = None,
    refresh_token: str | None = None,
    storage: Storage | None = None,
) -> Callable[[Client], Client]:
    """Return the composable that signs a client in over its realtime connection.

    Requests of ``rest()`` have public rights, since there is no access token.

    Args:
        email: the user's e-mail address.
        password: the user's password.
        refresh_token: a refresh token from a login; used first, or without an e-mail address.
        storage: keeps the newest refresh token, which is tried first, and forgotten if it is
            refused. Each can be used once: without a storage, a program that has only a refresh
            token can sign in once.

    Raises:
        UsageError: there are no credentials, or an e-mail address without its password.
    """
    if (email is None) != (password is None) or (email is None and refresh_token is None):
        raise UsageError(
            "credentials() takes an e-mail address and a password, or a refresh token: "
            'credentials(email="ben@example.com", password="...").'
        )
    fixed = {} if email is None or password is None else {"email": email, "password": password}

    def compose(client: Client) -> Client:
        client.tokens = SocketCredentials(fixed, refresh_token, storage)
        return client

    return compose
