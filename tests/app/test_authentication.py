"""Who one is: what needs no Directus; the rest is in `tests/behaviours/signing_in.py`."""

from typing import Any

import pytest
from directus_realtime import (
    ConnectionFailed,
    DirectusClient,
    UsageError,
    authentication,
    create_directus,
    credentials,
    realtime,
    rest,
)

from tests.support.client import run
from tests.support.embedded import free_port


def test_where_nothing_listens_a_login_says_so() -> None:
    async def scene() -> None:
        login = create_directus(f"http://127.0.0.1:{free_port()}").with_(authentication())
        with pytest.raises(ConnectionFailed, match="Nothing answers at"):
            await login.login("ben@example.com", "secret")

    run(scene)


@pytest.mark.parametrize("given", [{}, {"email": "ben@example.com"}, {"password": "secret"}])
def test_credentials_that_are_none_are_refused_with_an_example(given: Any) -> None:
    with pytest.raises(UsageError, match=r'credentials\(email="ben@example.com"'):
        credentials(**given)


# A client made from a client


def test_a_client_that_lacks_something_says_what_brings_it() -> None:
    client: Any = create_directus("http://localhost").with_(realtime())
    with pytest.raises(AttributeError, match=r'has no "login".*authentication\(\)'):
        client.login()


def test_private_parts_are_not_reached_through_another_client() -> None:
    client: Any = create_directus("http://localhost").with_(realtime()).with_(rest())
    assert client.state == "closed"
    assert not hasattr(client, "_core")
    assert isinstance(client, DirectusClient)
