"""A live view reads the rows that have changed, and the whole query where that is not sound."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.client import connected, run
from tests.support.embedded import EDITORS, Embedded, with_project
from tests.support.reads import (
    ALL,
    ORDER,
    PART,
    change,
    keys_of,
    kinds,
    made,
    reads,
    settled,
    tapped,
    texts,
)

BEN = {"user": {"_eq": "Ben"}}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    with with_project(tmp_path_factory.mktemp("server"), EDITORS) as embedded:
        yield embedded


def test_only_the_rows_that_changed_are_read(server: Embedded) -> None:
    async def scene() -> None:
        async with tapped(server) as (tap, directus):
            messages = directus.items("messages")
            one, two = await made(directus, "one", "two")
            (other,) = await made(directus, "other", user="Rijk")
            query = {"fields": ["id", "text"], "filter": BEN, "limit": -1}
            async with directus.live("messages", query=query) as live:
                await messages.update({"text": "ONE"}, id=one)
                assert await change(live) == ("update", "ONE")
                await messages.update({"user": "Rijk"}, id=two)
                assert await change(live) == ("leave", "two")
                await messages.update({"user": "Ben"}, id=other)
                assert await change(live) == ("enter", "other")
                (last,) = await made(directus, "last")
                assert await change(live) == ("enter", "last")
                assert texts(live) == ["ONE", "other", "last"]
            assert kinds(tap, query) == [ALL, PART, PART, PART, PART]
            assert [keys_of(read) for read in reads(tap)[1:]] == [[one], [two], [other], [last]]

    run(scene)


@pytest.mark.parametrize("as_text", [False, True])
def test_a_delete_needs_no_read(server: Embedded, as_text: bool) -> None:
    """Directus names the keys as the caller did: those of an address are texts."""

    async def scene() -> None:
        async with tapped(server) as (tap, directus):
            one, two, three = await made(directus, "one", "two", "three")
            keys = [str(one), str(three)] if as_text else [one, three]
            async with directus.live("messages") as live:
                await directus.items("messages").delete(ids=keys)
                assert [await change(live) for _ in keys] == [("leave", "one"), ("leave", "three")]
                assert list(live._changes.rows) == [two]
                await settled(directus, live)
            assert kinds(tap, {}) == [ALL]

    run(scene)


@pytest.mark.parametrize(("sort", "first"), [(["text"], "a"), ("-text,id", "z")])
def test_the_keys_are_read_in_order_where_a_row_may_have_moved(
    server: Embedded, sort: Any, first: str
) -> None:
    async def scene() -> None:
        async with tapped(server) as (tap, directus):
            messages = directus.items("messages")
            await made(directus, "b", "c")
            (key,) = await made(directus, "d")
            query = {"sort": sort, "limit": -1}
            async with directus.live("messages", query=query) as live:
                await messages.update({"user": "Rijk"}, id=key)
                assert await change(live) == ("update", "d")
                assert kinds(tap, query) == [ALL, PART]
                await messages.update({"text": first}, id=key)
                assert await change(live) == ("update", first)
                assert texts(live)[0] == first
                assert kinds(tap, query) == [ALL, PART, PART, ORDER]
                await made(directus, "e")
                assert await change(live) == ("enter", "e")
                assert texts(live) == sorted(texts(live), reverse=sort != ["text"])
            assert kinds(tap, query) == [ALL, PART, PART, ORDER, PART, ORDER]

    run(scene)


@pytest.mark.parametrize("sort", [["-id"], "id", None, [], ["id", "text"]])
def test_an_order_by_a_number_as_the_key_is_known_here(server: Embedded, sort: Any) -> None:
    async def scene() -> None:
        async with tapped(server) as (tap, directus):
            await made(directus, "a", "b", user="Rijk")
            keys = await made(directus, "c", "d")
            query = {"filter": BEN, "sort": sort}
            async with directus.live("messages", query=query) as live:
                await directus.items("messages").update({"user": "Ben"}, id=keys[0] - 1)
                assert await change(live) == ("enter", "b")
                assert texts(live) == (["d", "c", "b"] if sort == ["-id"] else ["b", "c", "d"])
            assert kinds(tap, query) == [ALL, PART]

    run(scene)


def test_a_field_that_is_not_shown_may_have_moved_the_row(server: Embedded) -> None:
    async def scene() -> None:
        async with tapped(server) as (tap, directus):
            (key, *_) = await made(directus, "a", "b", "d")
            query = {"fields": ["user"], "sort": ["text"]}
            async with directus.live("messages", query=query) as live:
                await directus.items("messages").update({"text": "e"}, id=key)
                told = await anext(live)
                assert (told.kind, told.key) == ("update", key)
                assert [row["id"] for row in live][-1] == key
            assert kinds(tap, query) == [ALL, PART, ORDER]

    run(scene)


@pytest.mark.parametrize(("limit", "count"), [(3, 2), ("3", 2), (None, 99)])
def test_at_its_limit_the_whole_query_is_read(server: Embedded, limit: Any, count: int) -> None:
    async def scene() -> None:
        async with tapped(server) as (tap, directus):
            keys = await made(directus, *map(str, range(count)))
            query = {"sort": ["-id"]} if limit is None else {"limit": limit, "sort": ["-id"]}
            async with directus.live("messages", query=query) as live:
                await made(directus, "reaches the limit")
                assert await change(live) == ("enter", "reaches the limit")
                assert kinds(tap, query) == [ALL, PART, ALL]
                await made(directus, "pushes one out")
                assert await change(live) == ("leave", "0")
                assert await change(live) == ("enter", "pushes one out")
                assert kinds(tap, query) == [ALL, PART, ALL, ALL]
                await directus.items("messages").delete(id=keys[-1])
                assert await change(live) == ("leave", str(count - 1))
                assert await change(live) == ("enter", "0")
                await directus.items("messages").delete(id=keys[0])
                await settled(directus, live)
                assert await change(live) == ("leave", "0")
                before = len(reads(tap))
                await directus.items("messages").update(
                    {"text": "now in part"}, id=live.rows[0]["id"]
                )
                while await change(live) != ("update", "now in part"):
                    pass
            assert kinds(tap, query)[before:] == [PART]

    run(scene)


@pytest.mark.parametrize(
    "query",
    [
        {"offset": 1},
        {"page": 1},
        {"limit": 2},
        {"filter": {"date_created": {"_lte": "$NOW(+1 day)"}}},
        {"filter": {"_or": [{"user": {"_in": ["$CURRENT_USER", "Ben"]}}]}},
        {"meta": "*"},
    ],
    ids=str,
)
def test_where_a_part_is_not_sound_the_whole_query_is_read(server: Embedded, query: Any) -> None:
    async def scene() -> None:
        async with tapped(server) as (tap, directus):
            keys = await made(directus, "a", "b")
            async with directus.live("messages", query=query) as live:
                await directus.items("messages").update({"text": "B"}, id=keys[1])
                assert await change(live) == ("update", "B")
            assert kinds(tap, query) == [ALL, ALL]

    run(scene)


def test_after_a_reconnect_the_whole_query_is_read_and_parts_again(server: Embedded) -> None:
    async def scene() -> None:
        async with tapped(server) as (tap, directus):
            (key,) = await made(directus, "a")
            other = await connected(server.url)
            async with directus.live("messages") as live:
                seen = [live.freshness]
                directus.disconnect()
                seen.append(live.freshness)
                await other.items("messages").update({"text": "A"}, id=key)
                await directus.connect()
                seen.append(live.freshness)
                assert await change(live) == ("update", "A")
                await settled(directus, live)
                inits = [m for m in tap.received if m.get("event") == "init"]
                assert len(inits) == 6
                assert set(kinds(tap, {})) == {ALL}
                before = len(reads(tap))
                await other.items("messages").update({"text": "AA"}, id=key)
                assert await change(live) == ("update", "AA")
                assert kinds(tap, {})[before:] == [PART]
            seen.append(live.freshness)
            assert seen == ["live", "stale", "catching up", "stale"]
            other.disconnect()

    run(scene)


def test_a_burst_is_read_at_once(server: Embedded) -> None:
    async def scene() -> None:
        async with tapped(server) as (tap, directus):
            keys = await made(directus, *["a"] * 60)
            async with directus.live("messages") as live:
                await directus.items("messages").update({"text": "b"}, ids=keys)
                assert [await change(live) for _ in keys] == [("update", "b")] * 60
                assert kinds(tap, {}) == [ALL, PART]

    run(scene)


def test_an_event_of_many_rows_may_be_cut_and_is_a_reason_to_read_all(server: Embedded) -> None:
    async def scene() -> None:
        async with tapped(server) as (tap, directus):
            keys = await made(directus, *["a"] * 100)
            query = {"limit": -1}
            async with directus.live("messages", query=query) as live:
                await directus.items("messages").update({"text": "b"}, ids=keys)
                assert [await change(live) for _ in keys] == [("update", "b")] * 100
            assert kinds(tap, query) == [ALL, ALL]

    run(scene)
