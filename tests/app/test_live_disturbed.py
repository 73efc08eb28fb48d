"""A live view stays true when a read is late or refused, and when events are lost or overtaken."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from directus_realtime import Live, RealtimeClient, ServerError, SubscriptionOverflow

from tests.support.client import run
from tests.support.embedded import EDITORS, Embedded, with_project
from tests.support.reads import ALL, PART, change, kinds, made, settled, subscribed, tapped, texts


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    with with_project(tmp_path_factory.mktemp("server"), EDITORS) as embedded:
        yield embedded


class Disturbed:
    """A client that holds reads back, is refused parts, or overflows, when a test says so."""

    def __init__(self, directus: RealtimeClient) -> None:
        self.on_state, self.stats = directus.on_state, directus.stats
        self.held: asyncio.Event | None = None
        self.came = asyncio.Event()
        self.is_refused = self.overflows = False
        self._directus = directus

    def items(self, collection: str) -> Any:
        return self

    async def read(self, query: Any, *, quiet: bool) -> Any:
        answer = await self._directus.items("messages").read(query, quiet=quiet)
        if self.is_refused and "filter" in query:
            raise ServerError("INVALID_QUERY", '"limit" must be less than or equal to 2.')
        if self.held is not None:
            self.came.set()
            await self.held.wait()
        return answer

    async def subscribe(self, collection: str, **options: Any) -> Any:
        return _Messages(await self._directus.subscribe(collection, **options), self)


class _Messages:
    def __init__(self, subscription: Any, client: Disturbed) -> None:
        self.unsubscribe = subscription.unsubscribe
        self.caught_up = subscription.caught_up
        self._subscription = subscription
        self._client = client

    async def __aiter__(self) -> AsyncIterator[Any]:
        async for message in self._subscription:
            if self._client.overflows:
                self._client.overflows = False
                self.unsubscribe()
                raise SubscriptionOverflow(1)
            yield message


def test_a_row_deleted_while_it_is_read_does_not_come_back(server: Embedded) -> None:
    async def scene() -> None:
        async with tapped(server) as (_, directus):
            key, _ = await made(directus, "a", "b")
            client = Disturbed(directus)
            async with Live(client, "messages", {}, "id") as live:
                client.held = asyncio.Event()
                await directus.items("messages").update({"text": "A"}, id=key)
                await client.came.wait()
                await directus.items("messages").delete(id=key)
                assert await change(live) == ("leave", "a")
                client.held.set()
                await settled(directus, live)
                assert texts(live) == ["b"]

    run(scene)


def test_what_is_refused_in_part_is_read_as_a_whole(server: Embedded) -> None:
    """A limit above Directus' QUERY_LIMIT_MAX is."""

    async def scene() -> None:
        async with tapped(server) as (tap, directus):
            client = Disturbed(directus)
            async with Live(client, "messages", {}, "id") as live:
                client.is_refused = True
                await made(directus, "a")
                assert await change(live) == ("enter", "a")
            assert kinds(tap, {}) == [ALL, PART, ALL]

    run(scene)


def test_an_overflow_loses_no_change(server: Embedded) -> None:
    async def scene() -> None:
        async with tapped(server) as (tap, directus):
            client = Disturbed(directus)
            async with Live(client, "messages", {}, "id") as live:
                client.overflows = True
                await made(directus, "its event is lost")
                assert await change(live) == ("enter", "its event is lost")
                await made(directus, "next")
                assert await change(live) == ("enter", "next")
            assert kinds(tap, {}) == [ALL, ALL, PART]
            assert subscribed(tap) == ["create", "update", "delete", "create"]

    run(scene)


def test_a_key_that_is_used_again_is_looked_at(server: Embedded) -> None:
    async def scene() -> None:
        async with tapped(server) as (_, directus):
            messages = directus.items("messages")
            async with directus.live("messages") as live:
                await messages.create({"id": 7001, "text": "first"})
                assert await change(live) == ("enter", "first")
                await messages.delete(id=7001)
                await messages.create({"id": 7001, "text": "second"})
                while texts(live) != ["second"]:
                    await anext(live)
                await settled(directus, live)
                assert texts(live) == ["second"]

    run(scene)
