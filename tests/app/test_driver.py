"""The driver: what it keeps, and for how long."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from directus_realtime import (
    RealtimeClient,
    ServerError,
    Subscription,
    SubscriptionOverflow,
)

from tests.support.client import client, run
from tests.support.embedded import TOKEN, Embedded


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


def test_with_its_event_loop_a_client_ends(server: Embedded) -> None:
    directus = client(server.url)

    async def live() -> Subscription[Any]:
        subscription = await directus.subscribe("messages", event="create")
        assert await anext(subscription)
        while subscription.freshness != "live":
            await asyncio.sleep(0)
        return subscription

    async def again() -> None:
        await directus.connect()
        assert await directus.items("messages").read({"limit": 0}) == []
        directus.disconnect()

    subscription = asyncio.run(live())
    assert (directus.state, directus.freshness, subscription.freshness) == (
        "closed",
        *2 * ["stale"],
    )
    asyncio.run(again())


ABANDONED = """
import asyncio, sys
from directus_realtime import create_directus, realtime, static_token

directus = create_directus(sys.argv[1]).with_(static_token(sys.argv[2])).with_(realtime())

async def wait(name, awaitable):
    try:
        await awaitable
    except Exception as error:
        print(name, "went on:", error)

async def first():
    await directus.connect()
    directus.cut()
    waits = {"connect": directus.connect(), "subscribe": directus.subscribe("messages")}
    tasks = [asyncio.ensure_future(wait(*each)) for each in waits.items()]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return tasks

async def second():
    directus.online()
    await directus.connect()
    print(await directus.items("messages").read({"limit": 0}))
    directus.offline()
    try:
        await directus.connect(timeout=0.01)
    except Exception:
        print(directus.state)

loop = asyncio.new_event_loop()
tasks = loop.run_until_complete(first())
loop.close()
asyncio.run(second())
print(*(task.done() for task in tasks), flush=True)
"""


def test_no_task_of_an_event_loop_that_was_abandoned_goes_on(server: Embedded) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ABANDONED, server.url, TOKEN], capture_output=True, text=True
    )
    assert done.stdout.splitlines() == ["[]", "closed", "False False"], done.stderr
    assert "could not be handled" not in done.stderr
