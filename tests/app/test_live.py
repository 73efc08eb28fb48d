"""A live view: rows, order and changes, true through updates, deletes and reconnects."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.directus import Change, Live, RealtimeClient, ServerError
from tests.support.client import client, run
from tests.support.embedded import EDITORS, Embedded

BENS = {"fields": ["id", "text"], "filter": {"user": {"_eq": "Ben"}}, "sort": ["-id"]}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Embedded]:
    project = tmp_path / "editors.toml"
    project.write_text(EDITORS)
    embedded = Embedded(tmp_path, "--project", str(project)).start()
    yield embedded
    embedded.stop()


async def connected(server: Embedded) -> RealtimeClient:
    directus = client(server.url)
    await directus.connect()
    return directus


async def changes(live: Live, count: int) -> list[tuple[str, Any]]:
    """Read so many changes; return their kinds and texts."""
    read: list[Change] = [await anext(live) for _ in range(count)]
    return [(change.kind, change.row["text"]) for change in read]


def texts(live: Live) -> list[str]:
    return [row["text"] for row in live]


def test_rows_come_in_the_querys_order_and_follow_creates_and_updates(server: Embedded) -> None:
    async def scene() -> None:
        directus = await connected(server)
        messages = directus.items("messages")
        await messages.create([{"text": "a", "user": "Ben"}, {"text": "other", "user": "Rijk"}])
        async with directus.live("messages", query=BENS) as live:
            assert texts(live) == ["a"]
            created = await messages.create({"text": "b", "user": "Ben"})
            assert await changes(live, 1) == [("enter", "b")]
            assert texts(live) == ["b", "a"]
            await messages.update({"text": "B"}, id=created["id"])
            assert await changes(live, 1) == [("update", "B")]
            assert live[created["id"]]["text"] == "B"
            assert created["id"] in live
            assert len(live) == 2
        directus.disconnect()

    run(scene)


def test_a_row_that_leaves_the_filter_leaves_the_view_and_one_that_enters_enters(
    server: Embedded,
) -> None:
    async def scene() -> None:
        directus = await connected(server)
        messages = directus.items("messages")
        mine = await messages.create({"text": "mine", "user": "Ben"})
        other = await messages.create({"text": "other", "user": "Rijk"})
        async with directus.live("messages", query=BENS) as live:
            await messages.update({"user": "Rijk"}, id=mine["id"])
            assert await changes(live, 1) == [("leave", "mine")]
            await messages.update({"user": "Ben"}, id=other["id"])
            assert await changes(live, 1) == [("enter", "other")]
            assert texts(live) == ["other"]
        directus.disconnect()

    run(scene)


def test_deletes_leave_the_view_and_those_of_other_rows_are_ignored(server: Embedded) -> None:
    async def scene() -> None:
        directus = await connected(server)
        messages = directus.items("messages")
        mine = await messages.create({"text": "mine", "user": "Ben"})
        other = await messages.create({"text": "other", "user": "Rijk"})
        async with directus.live("messages", query=BENS) as live:
            reads = directus.stats()["sent"]
            await messages.delete(id=other["id"])
            await messages.read({"limit": 0})
            assert directus.stats()["sent"] == reads + 2, "a foreign delete was followed by a read"
            await messages.delete(id=mine["id"])
            assert await changes(live, 1) == [("leave", "mine")]
            assert live.rows == []
        directus.disconnect()

    run(scene)


def test_a_view_that_is_cut_at_its_limit_stays_full(server: Embedded) -> None:
    async def scene() -> None:
        directus = await connected(server)
        messages = directus.items("messages")
        made = await messages.create([{"text": str(number), "user": "Ben"} for number in range(4)])
        async with directus.live("messages", query={**BENS, "limit": 2}) as live:
            assert texts(live) == ["3", "2"]
            await messages.delete(id=made[3]["id"])
            assert sorted(await changes(live, 2)) == [("enter", "1"), ("leave", "3")]
            assert texts(live) == ["2", "1"]
        directus.disconnect()

    run(scene)


def test_after_a_reconnect_the_view_is_true_again(server: Embedded) -> None:
    async def scene() -> None:
        directus, other = await connected(server), await connected(server)
        messages = other.items("messages")
        gone = await messages.create({"text": "gone", "user": "Ben"})
        async with directus.live("messages", query=BENS) as live:
            directus.disconnect()
            await messages.delete(id=gone["id"])
            await messages.create({"text": "new", "user": "Ben"})
            await directus.connect()
            assert sorted(await changes(live, 2)) == [("enter", "new"), ("leave", "gone")]
        directus.disconnect()
        other.disconnect()

    run(scene)


def test_a_slow_reader_gets_one_change_for_many(server: Embedded) -> None:
    async def scene() -> None:
        directus = await connected(server)
        messages = directus.items("messages")
        item = await messages.create({"text": "0", "user": "Ben"})
        async with directus.live("messages", query=BENS) as live:
            for number in range(1, 11):
                await messages.update({"text": str(number)}, id=item["id"])
            read = await changes(live, 1)
            while read[-1] != ("update", "10"):
                read += await changes(live, 1)
            assert len(read) < 10
        directus.disconnect()

    run(scene)


def test_what_may_not_be_read_is_an_error_at_the_start(server: Embedded) -> None:
    async def scene() -> None:
        directus = await connected(server)
        with pytest.raises(ServerError, match="FORBIDDEN"):
            async with directus.live("nope"):
                pass
        directus.disconnect()

    run(scene)


def test_leaving_the_view_ends_what_it_subscribed_to(server: Embedded) -> None:
    async def scene() -> None:
        directus = await connected(server)
        async with directus.live("messages"):
            pass
        assert len(asyncio.all_tasks()) <= 5
        sent = directus.stats()["sent"]
        received = directus.stats()["received"]
        await directus.items("messages").create({"text": "nobody looks"})
        assert directus.stats()["sent"] == sent + 1
        assert directus.stats()["received"] <= received + 4  # three farewells and the answer
        directus.disconnect()

    run(scene)
