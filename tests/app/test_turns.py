"""How many turns of the event loop a batch of frames takes."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from directus_realtime import RealtimeClient

from tests.support.client import client, run
from tests.support.embedded import Embedded

FRAMES = 50


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    with Embedded(tmp_path_factory.mktemp("server")) as embedded:
        yield embedded


def test_a_batch_takes_no_turn_for_each_message(
    server: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Messages are handled in order, with handlers and consumer by turns, in one turn."""

    async def scene() -> None:
        directus = client(server.url)
        seen: list[tuple[str, int]] = []
        directus.on_web_socket(
            "message",
            lambda message: seen.append(("handler", message["data"][0]["id"])),
        )
        subscription = await directus.subscribe(
            "messages", event="create", query={"fields": ["id"]}
        )
        init = await anext(subscription)
        await is_live(directus)  # no answer of the server comes between
        seen.clear()

        async def consume() -> None:
            async for message in subscription:
                seen.append(("consumer", message["data"][0]["id"]))

        consumer = asyncio.ensure_future(consume())
        await asyncio.sleep(0)
        event = {"type": "subscription", "event": "create", "uid": init["uid"]}
        texts = [json.dumps({**event, "data": [{"id": 1000 + n}]}) for n in range(FRAMES)]
        turns = await turns_of(directus, texts, monkeypatch)
        numbers = range(1000, 1000 + FRAMES)
        assert seen == [(who, n) for n in numbers for who in ("handler", "consumer")]
        assert turns <= 1, "the batch itself, and nothing for each message"
        consumer.cancel()
        directus.disconnect()

    run(scene)


async def is_live(directus: RealtimeClient) -> None:
    """Wait until nothing is read any more."""
    live = asyncio.Event()
    stop = directus.on_freshness(lambda freshness: live.set() if freshness == "live" else None)
    if directus.freshness != "live":
        await live.wait()
    stop()


async def turns_of(directus: Any, texts: list[str], monkeypatch: pytest.MonkeyPatch) -> int:
    """Let frames come in a task, as on CPython; return how many callbacks that scheduled."""
    loop = asyncio.get_running_loop()
    scheduled: list[Any] = []
    call_soon = loop.call_soon

    def count(callback: Any, *given: Any, **options: Any) -> Any:
        scheduled.append(callback)
        return call_soon(callback, *given, **options)

    with monkeypatch.context() as patch:
        patch.setattr(loop, "call_soon", count)
        driver = directus._driver
        driver.socket_received(driver._core._number, texts)
        done = loop.create_future()
        call_soon(done.set_result, None)  # after the batch
        await done
    return len(scheduled) - 1  # without the end of this wait
