"""What signs in over the socket: which credentials come when, and what is remembered of them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from directus_realtime import AuthenticationFailed
from directus_realtime.core.auth import Credentials
from directus_realtime.credentials import SocketCredentials

from tests.support import clock
from tests.support.storage import Memory, Shared

PASSWORD = {"email": "ben@example.com", "password": "secret"}


def credentials(tokens: SocketCredentials, refused: dict[str, str] | None = None) -> Credentials:
    """Return what a connection would be signed in with."""
    found: list[Credentials] = []

    async def scene() -> None:
        found.append(await tokens.credentials(refused))

    clock.run(scene())
    return found[0]


def used(tokens: SocketCredentials, refused: dict[str, str] | None = None) -> dict[str, str]:
    """Return the fields of these."""
    return credentials(tokens, refused).fields


def test_the_newest_refresh_token_is_remembered_and_used_by_the_next_program() -> None:
    storage = Memory()
    first = SocketCredentials({}, "one", storage)
    assert used(first) == {"refresh_token": "one"}
    first.accepted({"refresh_token": "two"})
    assert storage.data == {"refresh_token": "two"}
    assert used(SocketCredentials({}, "one", storage)) == {"refresh_token": "two"}


def test_a_remembered_one_that_is_refused_is_forgotten_and_the_password_used() -> None:
    storage = Memory({"refresh_token": "old"})
    tokens = SocketCredentials(PASSWORD, None, storage)
    assert used(tokens) == {"refresh_token": "old"}
    assert used(tokens, refused={"refresh_token": "old"}) == PASSWORD
    assert storage.data is None


def test_a_new_one_is_tried_where_the_remembered_one_is_refused() -> None:
    storage = Memory({"refresh_token": "old"})
    tokens = SocketCredentials({}, "new", storage)
    first = credentials(tokens)
    assert (first.fields, first.refreshable) == ({"refresh_token": "old"}, True)
    second = credentials(tokens, first.fields)
    assert (second.fields, second.refreshable) == ({"refresh_token": "new"}, False)


def test_without_a_storage_nothing_is_remembered_but_by_the_client() -> None:
    tokens = SocketCredentials(PASSWORD, None, None)
    assert used(tokens) == PASSWORD
    tokens.accepted({"refresh_token": "one"})
    assert used(tokens) == {"refresh_token": "one"}


# Two with one storage


def test_the_second_waits_until_the_first_has_kept_the_next_token() -> None:
    async def scene() -> None:
        storage = Shared({"refresh_token": "one"})
        first, second = (SocketCredentials({}, None, storage) for _ in range(2))
        assert (await first.credentials()).fields == {"refresh_token": "one"}
        waiting = asyncio.ensure_future(second.credentials())
        await asyncio.sleep(1)
        assert not waiting.done()
        first.accepted({"refresh_token": "two"})
        assert (await waiting).fields == {"refresh_token": "two"}
        second.accepted({"refresh_token": "three"})
        expired = await first.credentials({"refresh_token": "one"})
        assert expired.fields == {"refresh_token": "three"}

    clock.run(scene())


def test_the_second_waits_ten_seconds_for_a_first_that_hears_nothing() -> None:
    async def scene() -> None:
        storage = Shared({"refresh_token": "one"})
        first, second = (SocketCredentials({}, None, storage) for _ in range(2))
        await first.credentials()
        await second.credentials()
        assert clock.now() == pytest.approx(10)

    clock.run(scene())


def test_one_that_gives_up_waiting_holds_nothing() -> None:
    async def scene() -> None:
        storage = Shared({"refresh_token": "one"})
        first, second, third = (SocketCredentials({}, None, storage) for _ in range(3))
        await first.credentials()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(second.credentials(), 1)
        first.accepted({"refresh_token": "two"})
        assert (await third.credentials()).fields == {"refresh_token": "two"}
        assert clock.now() == pytest.approx(1)

    clock.run(scene())


def test_without_a_lock_the_one_that_is_refused_looks_again_before_it_forgets() -> None:
    async def scene() -> None:
        storage = Memory({"refresh_token": "one"})
        first, second = (SocketCredentials({}, None, storage) for _ in range(2))
        await first.credentials()
        tried = await second.credentials()
        assert (tried.fields, tried.refreshable) == ({"refresh_token": "one"}, True)
        again = asyncio.ensure_future(second.credentials(tried.fields))
        await asyncio.sleep(1)
        first.accepted({"refresh_token": "two"})
        assert (await again).fields == {"refresh_token": "two"}

    clock.run(scene())


def test_one_that_nobody_has_replaced_is_forgotten_and_nothing_held() -> None:
    async def scene() -> None:
        storage = Shared({"refresh_token": "one"})
        first, second = (SocketCredentials({}, None, storage) for _ in range(2))
        with pytest.raises(AuthenticationFailed, match="nothing left to sign in with"):
            await first.credentials((await first.credentials()).fields)
        assert storage.data is None
        with pytest.raises(AuthenticationFailed, match="nothing left to sign in with"):
            await second.credentials()
        assert clock.now() == pytest.approx(2)  # in which another could have stored the next one

    clock.run(scene())


def test_who_gives_up_waiting_for_the_lock_does_not_let_the_next_one_in_without_it() -> None:
    async def scene() -> None:
        storage = Shared({"refresh_token": "one"})
        tokens = SocketCredentials({}, None, storage)
        async with storage.lock():
            first = asyncio.ensure_future(tokens.credentials())
            await asyncio.sleep(1)
            first.cancel()
            second = asyncio.ensure_future(tokens.credentials())
            await asyncio.sleep(1)
            assert not second.done()
            storage.set({"refresh_token": "two"})
        assert (await second).fields == {"refresh_token": "two"}
        tokens.attempt_ended()

    clock.run(scene())


def test_a_lock_that_was_held_in_an_event_loop_that_is_closed_is_taken_anew() -> None:
    class Counting(Memory):
        """Counts how often its lock was taken."""

        taken = 0

        @asynccontextmanager
        async def lock(self) -> AsyncIterator[None]:
            self.taken += 1
            yield

    storage = Counting({"refresh_token": "one"})
    tokens = SocketCredentials({}, None, storage)
    loop = asyncio.new_event_loop()
    loop.run_until_complete(tokens.credentials())
    loop.close()
    tokens.attempt_ended()
    assert used(tokens) == {"refresh_token": "one"}
    assert storage.taken == 2
