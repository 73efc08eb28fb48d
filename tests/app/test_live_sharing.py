"""What the live views of a client share: the events of a collection, and the rows of a query."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from directus_realtime import Live, RealtimeClient
from directus_realtime.pace import Pace
from directus_realtime.shared_views import SharedViews

from tests.support import clock
from tests.support.client import connected, make, run
from tests.support.embedded import EDITORS, Embedded, with_project
from tests.support.reads import ALL, PART, kinds, reads, subscribed
from tests.support.wiretap import Wiretap, wiretap

EVENTS = ["create", "update", "delete"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    with with_project(tmp_path_factory.mktemp("server"), EDITORS) as embedded:
        yield embedded


@asynccontextmanager
async def tapped(server: Embedded) -> AsyncIterator[tuple[Wiretap, RealtimeClient]]:
    async with wiretap(server.url) as tap:
        directus = await connected(tap.url)
        yield tap, directus
        directus.disconnect()


def unsubscribed(tap: Wiretap) -> int:
    return sum(sent["type"] == "unsubscribe" for sent in tap.sent)


@pytest.mark.parametrize("at_once", [True, False])
def test_twenty_views_of_one_query_cost_what_one_does(server: Embedded, at_once: bool) -> None:
    query = {"filter": {"user": {"_null": True}}, "sort": ["-id"]}
    turned = dict(reversed(query.items()))

    async def scene() -> None:
        async with tapped(server) as (tap, directus), AsyncExitStack() as stack:
            (key,) = await make(directus, "a")
            equal = [query, turned] * 10
            views = [directus.live("messages", query=each) for each in equal]
            if at_once:
                await asyncio.gather(*map(stack.enter_async_context, views))
            else:
                for view in views:
                    await stack.enter_async_context(view)
            assert subscribed(tap) == EVENTS
            assert kinds(tap, query) == [ALL]
            await directus.items("messages").update({"text": "b"}, id=key)
            for view in views:
                told = await anext(view)
                assert (told.kind, told.row["text"]) == ("update", "b")
            assert kinds(tap, query) == [ALL, PART]

    run(scene)


def test_each_reader_is_told_each_change_once(server: Embedded) -> None:
    """One that joins later takes the rows as they are then."""

    async def scene() -> None:
        async with tapped(server) as (_, directus):
            (key,) = await make(directus, "a")
            async with directus.live("messages") as early:
                await directus.items("messages").update({"text": "b"}, id=key)
                assert (await anext(early)).row["text"] == "b"
                async with directus.live("messages") as late:
                    assert late[key]["text"] == "b"
                    await directus.items("messages").update({"text": "c"}, id=key)
                    assert (await anext(late)).row["text"] == "c"
                assert late[key]["text"] == "c"
                await directus.items("messages").update({"text": "d"}, id=key)
                while early[key]["text"] != "d":
                    await anext(early)
                assert late[key]["text"] == "c", "it was left"

    run(scene)


def test_views_of_a_collection_share_its_events_until_the_last_leaves(server: Embedded) -> None:
    async def scene() -> None:
        async with tapped(server) as (tap, directus):
            async with directus.live("messages", query={"limit": -1}) as last:
                async with directus.live("messages", query={"sort": ["text"], "limit": -1}):
                    async with directus.live("notes"):
                        assert subscribed(tap) == EVENTS * 2
                        assert len(reads(tap)) == 3
                    assert unsubscribed(tap) == 3
                assert unsubscribed(tap) == 3
                (key,) = await make(directus, "still told")
                while key not in last:
                    await anext(last)
            await tap.until(tap.sent, lambda _: unsubscribed(tap) == 6)
            async with directus.live("messages"):
                assert subscribed(tap) == EVENTS * 3, "and again"

    run(scene)


def test_one_that_gives_up_entering_leaves_the_others(server: Embedded) -> None:
    async def scene() -> None:
        async with tapped(server) as (tap, directus):
            given_up = asyncio.ensure_future(directus.live("messages").__aenter__())
            await asyncio.sleep(0)
            view = directus.live("messages")
            entering = asyncio.ensure_future(view.__aenter__())
            await asyncio.sleep(0)
            given_up.cancel()
            await entering
            assert subscribed(tap) == EVENTS
            await view.__aexit__(None, None, None)
            await tap.until(tap.sent, lambda _: unsubscribed(tap) == 3)

    run(scene)


def test_a_view_that_is_entered_while_the_client_is_disconnected_connects(server: Embedded) -> None:
    async def scene() -> None:
        async with tapped(server) as (_, directus), directus.live("messages") as first:
            (key,) = await make(directus, "a")
            directus.disconnect()
            async with directus.live("messages") as second:
                assert directus.state == "open"
                assert key in second
            while key not in first:
                await anext(first)

    run(scene)


def test_a_view_that_has_failed_is_not_shared(server: Embedded) -> None:
    async def scene() -> None:
        async with tapped(server) as (_, directus):
            faulty: Any = Faulty(directus)
            views = SharedViews(faulty)
            async with Live(faulty, "messages", {}, "id", views) as failed:
                faulty.fault = KeyError("odd")
                await make(directus, "a reason to read")
                with pytest.raises(KeyError):
                    await anext(failed)
                assert failed.freshness == "stale"
                faulty.fault = None
                async with Live(faulty, "messages", {}, "id", views) as working:
                    assert working.freshness == "live"
            assert not views._views
            assert not views._watches

    run(scene)


def test_a_query_that_is_changed_afterwards_changes_nothing(server: Embedded) -> None:
    async def scene() -> None:
        async with tapped(server) as (tap, directus):
            query: dict[str, Any] = {"filter": {"user": {"_null": True}}}
            view = directus.live("messages", query=query)
            query["filter"]["user"]["_null"] = False
            async with view:
                assert reads(tap)[0]["filter"] == {"user": {"_null": True}}

    run(scene)


def test_a_view_can_be_entered_in_the_next_event_loop(server: Embedded) -> None:
    directus = asyncio.run(connected_once(server.url))

    async def scene() -> None:
        await directus.connect()
        async with directus.live("messages") as live:
            (key,) = await make(directus, "a")
            while key not in live:
                await anext(live)
        directus.disconnect()

    run(scene)


async def connected_once(url: str) -> RealtimeClient:
    directus = await connected(url)
    await directus.live("messages").__aenter__()
    directus.disconnect()
    return directus


def test_reads_keep_within_directus_limit() -> None:
    """Fifty messages in each second, of which the program has twenty for itself."""

    async def scene() -> None:
        pace, turns = Pace(), []

        async def view() -> None:
            for _ in range(10):
                await pace.turn()
                turns.append(clock.now())

        await asyncio.gather(*(view() for _ in range(20)))
        assert turns[9] == 0.0, "a few need not wait"
        for start in turns:
            assert sum(start <= turn < start + 1 for turn in turns) <= 30
        assert turns[-1] == pytest.approx(9.5)

    clock.run(scene())


class Faulty:
    """A client whose reads fail when a test says so."""

    def __init__(self, directus: RealtimeClient) -> None:
        self.on_state, self.stats = directus.on_state, directus.stats
        self.subscribe = directus.subscribe
        self.fault: Exception | None = None
        self._directus = directus

    def items(self, collection: str) -> Any:
        if self.fault is not None:
            raise self.fault
        return self._directus.items(collection)
