"""The driver: what it keeps, and for how long."""

import asyncio
from collections.abc import Iterator

import pytest
from directus_realtime import RealtimeClient, ServerError, SubscriptionOverflow

from tests.support.client import client, run
from tests.support.embedded import Embedded


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    embedded = Embedded(tmp_path_factory.mktemp("server")).start()
    yield embedded
    embedded.stop()


def kept(directus: RealtimeClient) -> int:
    """How many consumers the driver could wake."""
    return sum(map(len, directus._driver._readers.values()))


def test_what_wakes_a_consumer_is_kept_no_longer_than_its_subscription(server: Embedded) -> None:
    async def scene() -> None:
        directus = client(server.url)
        refused = await directus.subscribe("nope")
        with pytest.raises(ServerError):
            await anext(refused)
        overflowed = await directus.subscribe("messages", event="create", buffer=1)
        left = await directus.subscribe("messages", event="create")
        await anext(left)
        given_up = asyncio.ensure_future(directus.subscribe("messages"))
        await asyncio.sleep(0)
        waiting = asyncio.ensure_future(anext(left))
        await asyncio.sleep(0)
        assert kept(directus) == 2
        given_up.cancel()
        waiting.cancel()
        left.unsubscribe()
        await directus.items("messages").create({"text": "one too many"})
        await anext(overflowed)
        with pytest.raises(SubscriptionOverflow):
            await anext(overflowed)
        assert kept(directus) == 0
        directus.disconnect()

    run(scene)
