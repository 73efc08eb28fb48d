"""Where credentials come from: the interface that the composables implement."""

from collections.abc import Callable
from typing import Any

from .callbacks import Callbacks
from .core.auth import Credentials
from .errors import AuthenticationFailed, UsageError


class TokenSource:
    """Supplies the credentials to authenticate with; this base class has none.

    Attributes:
        sign_ins: how often the program has given new credentials.
    """

    sign_ins = 0

    def __init__(self) -> None:
        self._on_sign_in = Callbacks()

    async def get_token(self) -> str | None:
        """Return the access token in use, or None if there is none at present."""
        return None

    async def set_token(self, token: str | None) -> None:
        """Use ``token`` from now on.

        Raises:
            UsageError: this source accepts no token.
        """
        raise UsageError("This client takes no token: give it one with static_token.")

    async def credentials(self, refused: dict[str, str] | None = None) -> Credentials:
        """Return what to authenticate a connection with.

        Args:
            refused: credentials that expired, expire soon, or were refused; return others.

        Raises:
            AuthenticationFailed: there are none, and there will be none.
            ConnectionFailed: they could not be obtained now; try again later.
        """
        token = await self.get_token()
        if not token:
            raise AuthenticationFailed("There is no token to authenticate with.")
        if refused is not None and refused.get("access_token") == token:
            raise AuthenticationFailed(
                "The token is good no longer, and there is no other: make a new static token for "
                "the user in Directus, or log in with authentication()."
            )
        return Credentials({"access_token": token})

    def accepted(self, answer: dict[str, Any]) -> None:
        """Process Directus' answer to an auth message, which may hold a refresh token."""

    def attempt_ended(self) -> None:
        """Take note that the connection is closed: no answer to an auth message comes any more."""

    def on_sign_in(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call ``callback`` when there are new credentials; return a function that removes it."""
        return self._on_sign_in.add(callback)

    def report_sign_in(self) -> None:
        """Report that the program has given new credentials."""
        self.sign_ins += 1
        for callback in self._on_sign_in.all():
            callback()
