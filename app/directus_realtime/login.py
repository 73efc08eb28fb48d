"""The tokens of a login: obtained with a password, stored, and refreshed before they expire.

Only one refresh runs at a time, in this client and in all that share its storage: a refresh token
can be used once. A refresh continues when nobody waits for it any more, since Directus may have
accepted the token already, and its answer holds the next one.
"""

import asyncio
import contextlib
import logging
import random as random_module
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Protocol

from .checks import check_token
from .core import codec, messages
from .core.auth import Credentials, refresh_after, retry_after
from .diagnosis import (
    cannot_answer_error,
    no_route_error,
    not_directus_error,
    origin_refused_error,
    redirect_error,
    unreachable_error,
)
from .errors import AuthenticationFailed, ConnectionFailed
from .storage import locked, refresh_token_of, replaced, with_fallback
from .tokens import TokenSource
from .transports.base import Answer, Storage, http_address
from .transports.platform import transports

log = logging.getLogger("directus")

Login = dict[str, Any]
"""What is stored: ``access_token``; ``refresh_token``, or None; ``expires``, the seconds for
which the access token is valid, or None; ``expires_at``, when it expires, in seconds since 1970, or
None."""

_FIELDS = ("access_token", "refresh_token", "expires", "expires_at")

_TURNS = 3
"""How many programs, each of which waits for an answer, may hold the storage's lock before us."""

_MOST = 1e15  # milliseconds, or seconds: no token is valid for longer

_LATER = (408, 429)  # and 500 and above: the same request may succeed later

_CURES = {
    "/auth/login": "See that the e-mail address and the password are right, and the user active.",
    "/auth/refresh": "Log in again.",
    "/auth/logout": "The tokens are forgotten here anyway.",
}


class Fetch(Protocol):
    """Posts to an address; see ``Transports.fetch`` in transports/base.py."""

    def __call__(self, url: str, *, body: str, timeout: float) -> Awaitable[Answer]:
        """Raise OSError where nothing answers."""


class LoginTokens(TokenSource):
    """The tokens of a login, refreshed before they expire.

    Args:
        url: the project's address.
        storage: keeps them.
        auto_refresh: whether to refresh them by a timer too, and not only when they are needed.
        timeout: seconds for an answer.
        fetch: posts to an address; None for the platform's own.
        now: returns the time in seconds since 1970.
        random: returns numbers from 0 to 1.
    """

    def __init__(
        self,
        url: str,
        *,
        storage: Storage,
        auto_refresh: bool,
        timeout: float,
        fetch: Fetch | None = None,
        now: Callable[[], float] = time.time,
        random: Callable[[], float] = random_module.random,
    ) -> None:
        super().__init__()
        self._url = http_address(url)
        self._storage = with_fallback(storage)
        self._auto_refresh = auto_refresh
        self._timeout = timeout
        self._fetch = fetch or transports().fetch
        self._now = now
        self._random = random
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._refreshing: asyncio.Task[Login] | None = None
        self._changing = asyncio.Lock()

    async def get_token(self) -> str | None:
        """Return the access token; refresh it first if that is due and Directus answers."""
        login = self._stored()
        if login is not None and self._is_due(login):
            try:
                login = await self.refresh()
            except ConnectionFailed:
                login = self._stored()
        return login["access_token"] if login else None

    async def set_token(self, token: str | None) -> None:
        """Use a token from elsewhere; None forgets the one in use."""
        check_token(token)
        async with self._alone():
            self.stop_refreshing()
            login = {**dict.fromkeys(_FIELDS), "access_token": token}
            self._storage.set(login if token else None)
        if token:
            self.report_sign_in()

    async def credentials(self, refused: dict[str, str] | None = None) -> Credentials:
        """Return the access token for a connection; refresh it first if due or refused."""
        login = self._stored()
        if login is None:
            raise AuthenticationFailed(
                "There is no token to authenticate with: call `await directus.login(...)` first."
            )
        is_refused = refused is not None and refused.get("access_token") == login["access_token"]
        if is_refused or self._is_due(login):
            login = await self.refresh()
        self._set_timer(login)
        refresh_in = None if login["expires"] is None else max(0.0, self._due_in(login))
        refreshable = login["refresh_token"] is not None
        return Credentials({"access_token": login["access_token"]}, refresh_in, refreshable)

    async def login(self, email: str, password: str, otp: str | None) -> Login:
        """Get tokens for an e-mail address, a password and perhaps a one-time password."""
        given = {"email": email, "password": password, "otp": otp, "mode": "json"}
        body = {name: value for name, value in given.items() if value is not None}
        async with self._alone():
            login = self._keep(await self._post("/auth/login", body))
        self.report_sign_in()
        return login

    async def refresh(self) -> Login:
        """Refresh the tokens; calls during a refresh return its tokens."""
        self._enter_loop()
        if self._refreshing is None:
            self._refreshing = asyncio.ensure_future(self._refresh())
            self._refreshing.add_done_callback(self._refreshed)
        refreshing = self._refreshing
        await asyncio.wait([refreshing])  # a cancelled waiter does not cancel the refresh
        return refreshing.result()

    async def logout(self) -> None:
        """Forget the tokens, and make Directus forget the refresh token."""
        async with self._alone():
            login = self._stored()
            self._forget()
        if login is not None and login["refresh_token"]:
            body = {"mode": "json", "refresh_token": login["refresh_token"]}
            await self._post("/auth/logout", body)

    def stop_refreshing(self) -> None:
        """Stop the timer that refreshes the tokens."""
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()

    def _stored(self) -> Login | None:
        """Return the stored login; what is none counts for none, such as another program's."""
        stored = self._storage.get()
        return _login_of(stored) if isinstance(stored, dict) else None

    def _due_in(self, login: Login) -> float:
        """Return the seconds until the tokens should be refreshed; they must have an expiry."""
        age = self._now() - (login["expires_at"] - login["expires"])
        return float(refresh_after(login["expires"]) - age)

    def _is_due(self, login: Login) -> bool:
        refreshable = login["expires"] is not None and login["refresh_token"] is not None
        return refreshable and self._due_in(login) <= 0

    @contextlib.asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        """Hold the locks, so that nobody else changes the tokens, in this client or in others.

        Raises:
            ConnectionFailed: another program does not release the storage's lock.
        """
        self._enter_loop()
        limit = self._timeout * _TURNS
        async with self._changing, contextlib.AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(limit):
                    await stack.enter_async_context(locked(self._storage))
            except TimeoutError:
                raise ConnectionFailed(
                    "Another program or tab holds the lock of the login's storage, and has not "
                    f"released it within {limit:g} s: see whether it has stopped, end it, and try "
                    "again."
                ) from None
            yield

    def _enter_loop(self) -> None:
        """Start clean in another event loop: what was under way has ended with the last one."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop = loop
            self._timer = self._refreshing = None
            self._changing = asyncio.Lock()

    def _refreshed(self, task: asyncio.Task[Login]) -> None:
        if self._refreshing is task:
            self._refreshing = None
        if not task.cancelled():
            task.exception()  # it is raised in the waiters; without any, it needs no report

    async def _refresh(self) -> Login:
        before = refresh_token_of(self._storage)
        async with self._alone():
            token = refresh_token_of(self._storage)
            if token is None:
                raise AuthenticationFailed(
                    "The token has expired, and there is nothing to refresh it with: call "
                    "`await directus.login(...)`."
                )
            if token != before:  # another client has refreshed it meanwhile
                return self._follow()
            try:
                answer = await self._post("/auth/refresh", {"mode": "json", "refresh_token": token})
            except AuthenticationFailed:
                if await replaced(self._storage, token):
                    return self._follow()
                self._forget()
                raise
            return self._keep(answer)

    def _follow(self) -> Login:
        """Use the login that another client has stored."""
        login = self._stored()
        assert login is not None
        self.stop_refreshing()
        self._set_timer(login)
        return login

    def _keep(self, answer: dict[str, Any]) -> Login:
        expires = answer["expires"] / 1000  # Directus counts milliseconds
        login = {
            "access_token": answer["access_token"],
            "refresh_token": answer["refresh_token"],
            "expires": expires,
            "expires_at": self._now() + expires,
        }
        self._storage.set(login)
        self.stop_refreshing()
        self._set_timer(login)
        return login

    def _forget(self) -> None:
        self.stop_refreshing()
        self._storage.set(None)

    def _set_timer(self, login: Login) -> None:
        self._enter_loop()
        if self._timer is None and self._auto_refresh and login["expires"] is not None:
            self._refresh_in(max(0.0, self._due_in(login)))

    def _refresh_in(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        token = refresh_token_of(self._storage)
        self._timer = loop.call_later(seconds, self._refresh_by_itself, token)

    def _refresh_by_itself(self, token: str | None) -> None:
        """Refresh the tokens for which the timer was set, unless another client has."""
        self._timer = None
        login = self._stored()
        if login is None:  # another client has logged out
            return
        if login["refresh_token"] != token:
            self._set_timer(login)
            return
        task = asyncio.ensure_future(self.refresh())
        task.add_done_callback(self._after_refresh)

    def _after_refresh(self, task: "asyncio.Future[Login]") -> None:
        """Try again later if a refresh got no answer; a refusal is final."""
        error = None if task.cancelled() else task.exception()
        if isinstance(error, AuthenticationFailed):
            log.warning("%s", error)
        elif error is not None and self._timer is None:
            self._refresh_in(retry_after(self._random))

    async def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Return the data of Directus' answer.

        Raises:
            AuthenticationFailed: Directus refused.
            ConnectionFailed: nothing answers, or Directus cannot answer now.
        """
        text = codec.encode(body)
        try:
            answer = await self._fetch(self._url + path, body=text, timeout=self._timeout)
        except OSError as error:
            raise unreachable_error(self._url, error) from error
        if answer.location is not None:
            raise redirect_error(self._url, path, answer.location)
        if 200 <= answer.status < 300:
            return self._data(path, answer)
        if answer.status == 0:
            raise origin_refused_error(self._url)
        failure = messages.http_error(answer.text)
        if failure is not None and answer.status == 404:
            raise no_route_error(self._url, path)
        is_temporary = answer.status in _LATER or answer.status >= 500
        if failure is None and not is_temporary:
            raise not_directus_error(self._url, f"its {path} gave the status {answer.status}")
        code, words = failure or ("UNKNOWN", f"Status {answer.status}.")
        said = f"{words.rstrip('.')} ({code})"
        if is_temporary:
            raise cannot_answer_error(self._url, said)
        raise AuthenticationFailed(f"Directus refused: {said}. {_CURES[path]}", code)

    def _data(self, path: str, answer: Answer) -> dict[str, Any]:
        try:
            data = codec.decode(answer.text)["data"] if answer.text else {}
        except (ValueError, KeyError, TypeError):
            data = None
        if not isinstance(data, dict) or (path != "/auth/logout" and not _has_tokens(data)):
            raise not_directus_error(self._url, f"its {path} sent no tokens")
        return data


def _has_tokens(data: dict[str, Any]) -> bool:
    texts = (data.get("access_token"), data.get("refresh_token"))
    return _is_number(data.get("expires")) and all(isinstance(text, str) for text in texts)


def _login_of(stored: dict[str, Any]) -> Login | None:
    login = {name: stored.get(name) for name in _FIELDS}
    is_login = (
        isinstance(login["access_token"], str)
        and isinstance(login["refresh_token"], str | None)
        and (login["expires"] is None or _is_number(login["expires"]))
        and (login["expires"] is None or _is_number(login["expires_at"]))
    )
    return login if is_login else None


def _is_number(value: Any) -> bool:
    """Return whether a value is a number that one can reckon with; NaN and infinity are none."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and abs(value) < _MOST
