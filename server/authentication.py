"""Letting people in: by token, by e-mail and password, by refresh token."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from server.access import Access, Account, Rights
from server.errors import invalid_credentials
from server.schema import sessions
from server.store import Store
from server.tokens import Tokens, mark, new_refresh_token

_AT_ONCE = 2  # passwords that are checked at a time: each takes 64 MiB and a processor


@dataclass(frozen=True, slots=True)
class Admission:
    """What somebody may do who was let in, and until when (seconds since 1970; None for ever).

    A login or a refresh gives tokens as well.
    """

    rights: Rights
    expires: float | None = None
    access_token: str | None = None
    refresh_token: str | None = None


class Authentication:
    """The doors of a server; times in seconds."""

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
        self._slots = asyncio.Semaphore(_AT_ONCE)

    def identify(self, token: str) -> Admission:
        """Return whose access token or static token it is.

        Raises:
            DirectusError: nobody's, or it has expired.
        """
        claims = self._tokens.read(token)
        if claims is None:
            rights = self._access.rights(token)
            if rights is None:
                raise invalid_credentials()
            return Admission(rights)
        account = self._access.account(claims.user)
        if account is None:
            raise invalid_credentials()
        return Admission(account.rights, claims.expires)

    async def admit(self, credentials: Mapping[str, Any]) -> Admission:
        """Return who is let in by all of these, as a socket says them; the last one decides.

        Raises:
            DirectusError: one of them is wrong.
        """
        admission: Admission | None = None
        if "email" in credentials and "password" in credentials:
            admission = await self.login(credentials["email"], credentials["password"])
        if "refresh_token" in credentials:
            admission = await self.refresh(credentials["refresh_token"])
        refresh_token = admission.refresh_token if admission else None
        if "access_token" in credentials or admission is None:
            token = credentials.get("access_token")
            admission = self.identify(token if isinstance(token, str) else "")
        return replace(admission, refresh_token=refresh_token)

    async def login(self, email: Any, password: Any) -> Admission:
        """Return what an e-mail address and a password give.

        Raises:
            DirectusError: INVALID_CREDENTIALS, after the same time as everything else.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + self._stall
        try:
            account = self._access.by_email(email) if isinstance(email, str) else None
            if account is None or not await self._knows(account, password):
                raise invalid_credentials()
            return await self._open_session(account)
        finally:
            await asyncio.sleep(until - loop.time())

    async def refresh(self, token: Any) -> Admission:
        """Return what a refresh token gives; a new one takes its place.

        Raises:
            DirectusError: INVALID_CREDENTIALS, for one that is unknown, used or too old.
        """
        user = await self._end_session(token)
        account = self._access.account(user) if user else None
        if account is None:
            raise invalid_credentials()
        return await self._open_session(account)

    async def logout(self, token: Any) -> None:
        """Make a refresh token useless, if it is none already."""
        await self._end_session(token)

    async def _knows(self, account: Account, password: Any) -> bool:
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

    async def _open_session(self, account: Account) -> Admission:
        access_token, refresh_token = self._tokens.issue(account), new_refresh_token()
        now = self._now()
        row = {"token": mark(refresh_token), "user": account.id, "expires": now + self._refresh_ttl}

        def write(connection: sa.Connection) -> None:
            connection.execute(sa.delete(sessions).where(sessions.c.expires < now))
            connection.execute(sa.insert(sessions).values(row))

        await self._store.write(write)
        claims = self._tokens.read(access_token)
        expires = claims.expires if claims else None
        return Admission(account.rights, expires, access_token, refresh_token)

    async def _end_session(self, token: Any) -> str | None:
        """Delete a session and return whose it was, if it was still good."""
        same = sessions.c.token == mark(token if isinstance(token, str) else "")
        now = self._now()

        def write(connection: sa.Connection) -> str | None:
            deleted = sa.delete(sessions).where(same).returning(sessions.c.user, sessions.c.expires)
            row = connection.execute(deleted).one_or_none()
            return None if row is None or row.expires < now else str(row.user)

        return await self._store.write(write)
