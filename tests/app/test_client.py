"""The client, its address, and where its tokens come from."""

import asyncio

import pytest
from directus_realtime import DirectusClient, UsageError, create_directus, realtime, static_token


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://example.directus.app", "https://example.directus.app"),
        (" http://localhost:8055/ ", "http://localhost:8055"),
        ("https://example.com/directus/", "https://example.com/directus"),
    ],
)
def test_an_address_is_kept_without_its_last_slash(given: str, kept: str) -> None:
    assert create_directus(given).url == kept


@pytest.mark.parametrize("url", ["", "example.com", "ftp://example.com", "http://", "/websocket"])
def test_what_is_no_address_is_refused_with_an_example(url: str) -> None:
    with pytest.raises(UsageError, match=r"begins with http://.*example\.directus\.app"):
        create_directus(url)


def test_a_composable_is_called_with_the_client() -> None:
    client = create_directus("http://localhost")

    def compose(given: DirectusClient) -> tuple[str, DirectusClient]:
        return "richer", given

    assert client.with_(compose) == ("richer", client)


def test_the_token_is_the_static_one_whichever_composable_comes_first() -> None:
    before = create_directus("http://localhost").with_(static_token("t")).with_(realtime())
    after = create_directus("http://localhost").with_(realtime()).with_(static_token("t"))
    assert asyncio.run(before.get_token()) == asyncio.run(after.get_token()) == "t"


def test_without_a_composable_for_it_there_is_no_token() -> None:
    assert asyncio.run(create_directus("http://localhost").get_token()) is None
