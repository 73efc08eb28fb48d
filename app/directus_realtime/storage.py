"""Storages that several programs use at the same time, such as the tabs of a browser.

A refresh token can be used once. The program that uses it holds the storage's lock until it has
stored the next one, and a program that waited for the lock reads that next one. Without a lock, or
if one program reads what another has written too late, two programs may use the same token: the one
that is refused waits a moment and reads the storage again before it forgets the login.
"""

import asyncio
import contextlib
import logging
from contextlib import AbstractAsyncContextManager
from typing import Any

from .errors import DirectusError
from .transports.base import LockableStorage, Storage

log = logging.getLogger("directus")

_PAUSE = 2.0  # seconds in which another program stores the answer to the same token


class Memory:
    """Keeps a login as long as the program runs; no other program uses it."""

    def __init__(self) -> None:
        self._data: dict[str, Any] | None = None

    def get(self) -> dict[str, Any] | None:
        """Return what was set last, or None."""
        return self._data

    def set(self, data: dict[str, Any] | None) -> None:
        """Keep ``data``; None forgets it."""
        self._data = data


class Fallback:
    """Keeps a login in memory too, for as long as its storage cannot be read or written.

    Args:
        storage: the storage.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._memory: dict[str, Any] | None = None
        self._is_failing = False

    def get(self) -> dict[str, Any] | None:
        """Return what was set last, or None."""
        if not self._is_failing:
            try:
                return self._storage.get()
            except Exception as error:
                self._fail(error)
        return self._memory

    def set(self, data: dict[str, Any] | None) -> None:
        """Keep ``data``; None forgets it."""
        self._memory = data
        try:
            self._storage.set(data)
            self._is_failing = False
        except Exception as error:
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        if not self._is_failing:
            # The words of an error that is not ours may hold what was to be kept.
            why = str(error) if isinstance(error, DirectusError) else type(error).__name__
            log.warning(
                "The storage cannot keep the login, which is forgotten with this program or page "
                "(%s).",
                why,
            )
        self._is_failing = True


class LockableFallback(Fallback):
    """The same for a storage that has a lock."""

    def __init__(self, storage: LockableStorage) -> None:
        super().__init__(storage)
        self.lock = storage.lock


def with_fallback(storage: Storage) -> Storage:
    """Return a storage that goes on in memory while the one given fails."""
    if isinstance(storage, LockableStorage):
        return LockableFallback(storage)
    return storage if isinstance(storage, Memory) else Fallback(storage)


def locked(storage: Storage) -> AbstractAsyncContextManager[object]:
    """Return an asynchronous context manager that holds the storage's lock, if it has one."""
    return storage.lock() if isinstance(storage, LockableStorage) else contextlib.nullcontext()


def refresh_token_of(storage: Storage) -> str | None:
    """Return the stored refresh token, or None."""
    stored = storage.get()
    token = stored.get("refresh_token") if isinstance(stored, dict) else None
    return token if isinstance(token, str) else None


async def replaced(storage: Storage, refused: str) -> bool:
    """Return whether another program has replaced a refresh token that Directus has refused.

    Args:
        storage: where the token is stored; the caller holds its lock, if it has one.
        refused: the token.
    """
    if refresh_token_of(storage) == refused and not isinstance(storage, Memory):
        await asyncio.sleep(_PAUSE)
    return refresh_token_of(storage) not in (None, refused)


class Hold:
    """Holds a storage's lock from one call to another, for a limited time.

    Args:
        storage: the storage; without a lock, nothing is held.
        limit: seconds.
    """

    def __init__(self, storage: Storage | None, limit: float) -> None:
        self._storage = storage if isinstance(storage, LockableStorage) else None
        self._limit = limit
        self._ended = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Wait for the lock; return when it is held, if it was not held already."""
        if self._storage is None:
            return
        is_ours = self._task is not None and self._task.get_loop() is asyncio.get_running_loop()
        if self._task is not None and is_ours and not self._task.done():
            if not self._ended.is_set():
                return
            await asyncio.wait([self._task])  # until the lock is released
        self._ended = asyncio.Event()
        held: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._task = asyncio.ensure_future(self._hold(self._storage, held))
        try:
            await asyncio.wait([held, self._task], return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            self._ended.set()  # the next one waits for the lock anew
            self._task.cancel()
            raise

    def end(self) -> None:
        """Release the lock; with its event loop it was released already."""
        if self._task is not None and not self._task.get_loop().is_closed():
            self._ended.set()

    async def _hold(self, storage: LockableStorage, held: "asyncio.Future[None]") -> None:
        async with storage.lock():
            held.set_result(None)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._limit):
                    await self._ended.wait()
