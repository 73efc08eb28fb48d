"""Authentication: by token, by e-mail and password, by refresh token."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from server.auth.access import Access, Account, Accountability
from server.auth.tokens import Tokens, new_refresh_token, token_digest  # new_refresh_token
from server.database.schema import sessions
from server.database.store import Store
from server.errors import invalid_credentials

_CONCURRENT = 2  # checks of passwords: each takes 64 MiB and a processor


@dataclass(frozen=True, slots=True)
class Identity:
    """The result of an authentication; ``expires`` in seconds since 1970, None for never.

    A login or a refresh also has tokens.
    """

    accountability: Accountability
    expires: float | None = None
    access_token: str | None = None
    refresh_token: str | None = None


class Authentication:
    """Checks credentials and issues tokens; times in seconds.

    ``stall`` is the least time that a login takes, so that its duration reveals nothing.
    """

    def __init__(
        self,
        access: Access,
        store: Store,
        *,
        access_ttl: float,
        refresh_ttl: float,
        stall: float,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._access = access
        self._store = store
        self._tokens = Tokens(store.prepared.secret, access_ttl, now)
        self._refresh_ttl = refresh_ttl
        self._stall = stall
        self._now = now
        self._hashes: dict[str, str] = {}
        self._slots = asyncio.Semaphore(_CONCURRENT)

    def identify(self, token: str) -> Identity:
        """Return the identity of an access token or a static token.

        Raises:
            DirectusError: the token is unknown or has expired.
        """
        claims = self._tokens.read(token)
        if claims is None:
            accountability = self._access.by_token(token)
            if accountability is None:
                raise invalid_credentials()
            return Identity(accountability)
        account = self._access.account(claims.user)
        if account is None:
            raise invalid_credentials()
        return Identity(account.accountability, claims.expires)

    async def authenticate(self, credentials: Mapping[str, Any]) -> Identity:
        """Return the identity of an auth message's credentials; the access token has precedence.

        Raises:
            DirectusError: one of them is wrong.
        """
        identity: Identity | None = None
        if "email" in credentials and "password" in credentials:
            identity = await self.login(credentials["email"], credentials["password"])
        if "refresh_token" in credentials:
            identity = await self.refresh(credentials["refresh_token"])
        refresh_token = identity.refresh_token if identity else None
        if "access_token" in credentials or identity is None:
            token = credentials.get("access_token")
            identity = self.identify(token if isinstance(token, str) else "")
        return replace(identity, refresh_token=refresh_token)

    async def login(self, email: Any, password: Any) -> Identity:
        """Return the identity of an e-mail address and a password, with new tokens.

        Raises:
            DirectusError: INVALID_CREDENTIALS, after the same time as a success.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + self._stall
        try:
            account = self._access.by_email(email) if isinstance(email, str) else None
            if account is None or not await self._is_password(account, password):
                raise invalid_credentials()
            return await self._open_session(account)
        finally:
            await asyncio.sleep(until - loop.time())

    async def refresh(self, token: Any) -> Identity:
        """Return the identity of a refresh token, with new tokens; the old one is used up.

        Raises:
            DirectusError: INVALID_CREDENTIALS, for a token that is unknown, used or expired.
        """
        user = await self._end_session(token)
        account = self._access.account(user) if user else None
        if account is None:
            raise invalid_credentials()
        return await self._open_session(account)

    async def logout(self, token: Any) -> None:
        """End the session of a refresh token, if there is one."""
        await self._end_session(token)

    async def _is_password(self, account: Account, password: Any) -> bool:
        if not account.password or not isinstance(password, str):
            return False
        async with self._slots:
            return await asyncio.to_thread(self._verify, account, password)

    def _verify(self, account: Account, password: str) -> bool:
        from argon2 import PasswordHasher
        from argon2.exceptions import Argon2Error, InvalidHashError

        known = self._hashes.get(account.id)
        if known is None:
            plain = not account.password.startswith("$argon2")
            known = PasswordHasher().hash(account.password) if plain else account.password
            self._hashes[account.id] = known
        try:
            return PasswordHasher().verify(known, password)
        except (Argon2Error, InvalidHashError, UnicodeEncodeError):
            return False

    async def _open_session(self, account: Account) -> Identity:
        refresh_token, now = new_refresh_token(), self._now()
        row = {
            "token": token_digest(refresh_token),
            "user": account.id,
            "expires": now + self._refresh_ttl,
        }

        def write(connection: sa.Connection) -> None:
            connection.execute(sa.delete(sessions).where(sessions.c.expires < now))
            connection.execute(sa.insert(sessions).values(row))

        await self._store.write(write)
        # Its time begins only now: a busy machine may take longer to write than a token lasts.
        access_token, expires = self._tokens.issue(account)
        return Identity(account.accountability, expires, access_token, refresh_token)

    async def _end_session(self, token: Any) -> str | None:
        """Delete a session and return its user, or None if it is unknown or expired."""
        same = sessions.c.token == token_digest(token if isinstance(token, str) else "")
        now = self._now()

        def write(connection: sa.Connection) -> str | None:
            deleted = sa.delete(sessions).where(same).returning(sessions.c.user, sessions.c.expires)
            row = connection.execute(deleted).one_or_none()
            return None if row is None or row.expires < now else str(row.user)

        return await self._store.write(write)
