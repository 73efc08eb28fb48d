"""What signs in over the socket: which credentials come when, and what is remembered of them."""

import asyncio

from directus_realtime.credentials import SocketCredentials

from tests.support.storage import Memory

PASSWORD = {"email": "ben@example.com", "password": "secret"}


def used(tokens: SocketCredentials, refused: dict[str, str] | None = None) -> dict[str, str]:
    """Return what a connection would be signed in with."""
    return asyncio.run(tokens.credentials(refused)).fields


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
    first = asyncio.run(tokens.credentials(None))
    assert (first.fields, first.refreshable) == ({"refresh_token": "old"}, True)
    second = asyncio.run(tokens.credentials(first.fields))
    assert (second.fields, second.refreshable) == ({"refresh_token": "new"}, False)


def test_without_a_storage_nothing_is_remembered_but_by_the_client() -> None:
    tokens = SocketCredentials(PASSWORD, None, None)
    assert used(tokens) == PASSWORD
    tokens.accepted({"refresh_token": "one"})
    assert used(tokens) == {"refresh_token": "one"}
