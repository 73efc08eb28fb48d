"""A live view: rows, order and changes, correct through updates, deletes and reconnects."""

import asyncio
from typing import Any

from directus_realtime import Change, Live, RealtimeClient, ServerError

from tests.behaviours.context import Context, States, caught_up, failure


async def rows_come_in_the_querys_order_and_follow_creates_and_updates(ctx: Context) -> None:
    directus = await _connected(ctx)
    messages = directus.items("messages")
    await messages.create([{"text": "a", "user": ctx.user}, {"text": "other", "user": "Rijk"}])
    async with _mine(ctx, directus) as live:
        assert _texts(live) == ["a"]
        created = await messages.create({"text": "b", "user": ctx.user})
        assert await _changes(live, 1) == [("enter", "b")]
        assert _texts(live) == ["b", "a"]
        await messages.update({"text": "B"}, id=created["id"])
        assert await _changes(live, 1) == [("update", "B")]
        assert live[created["id"]]["text"] == "B"
        assert created["id"] in live
        assert len(live) == 2


async def a_row_that_leaves_the_filter_leaves_and_one_that_enters_it_enters(ctx: Context) -> None:
    directus = await _connected(ctx)
    messages = directus.items("messages")
    mine = await messages.create({"text": "mine", "user": ctx.user})
    other = await messages.create({"text": "other", "user": "Rijk"})
    async with _mine(ctx, directus) as live:
        await messages.update({"user": "Rijk"}, id=mine["id"])
        assert await _changes(live, 1) == [("leave", "mine")]
        await messages.update({"user": ctx.user}, id=other["id"])
        assert await _changes(live, 1) == [("enter", "other")]
        assert _texts(live) == ["other"]


async def deleted_rows_leave_and_those_of_others_are_ignored(ctx: Context) -> None:
    directus = await _connected(ctx)
    messages = directus.items("messages")
    mine = await messages.create({"text": "mine", "user": ctx.user})
    other = await messages.create({"text": "other", "user": "Rijk"})
    async with _mine(ctx, directus) as live:
        heard = await directus.subscribe("messages", event="delete")
        await anext(heard)
        sent = directus.stats()["sent"]
        await messages.delete(id=other["id"])
        await anext(heard)
        await messages.read({"limit": 0})
        assert directus.stats()["sent"] == sent + 2, "a foreign delete was followed by a read"
        await messages.delete(id=mine["id"])
        assert await _changes(live, 1) == [("leave", "mine")]
        assert live.rows == []


async def a_view_that_is_cut_at_its_limit_stays_full(ctx: Context) -> None:
    directus = await _connected(ctx)
    messages = directus.items("messages")
    rows = [{"text": str(number), "user": ctx.user} for number in range(4)]
    made = await messages.create(rows)
    async with _mine(ctx, directus, limit=2) as live:
        assert _texts(live) == ["3", "2"]
        await messages.delete(id=made[3]["id"])
        assert sorted(await _changes(live, 2)) == [("enter", "1"), ("leave", "3")]
        assert _texts(live) == ["2", "1"]


async def rows_move_as_directus_sorts_them(ctx: Context) -> None:
    directus = await _connected(ctx)
    messages = directus.items("messages")
    given = ["b", None, "Ä", "a", "B", "ä", "", "A"]
    made = await messages.create([{"text": text, "user": ctx.user} for text in given])
    query = {"fields": ["id", "text"], "filter": ctx.mine, "sort": ["-text", "id"], "limit": -1}
    async with directus.live("messages", query=query) as live:
        for row, text in zip(made, reversed(given), strict=True):
            await messages.update({"text": text}, id=row["id"])
            await messages.create({"text": text, "user": ctx.user})
        while live.rows != await messages.read(query):
            await anext(live)
        assert len(live) == 2 * len(given)


async def equal_views_cost_what_one_does(ctx: Context) -> None:
    directus = await _connected(ctx)
    messages = directus.items("messages")
    item = await messages.create({"text": "0", "user": ctx.user})
    sent = []
    async with _mine(ctx, directus) as first:
        for number in (1, 2):
            before = directus.stats()["sent"]
            await messages.update({"text": str(number)}, id=item["id"])
            assert await _changes(first, 1) == [("update", str(number))]
            sent.append(directus.stats()["sent"] - before)
            if number == 1:
                second, third = _mine(ctx, directus), _mine(ctx, directus)
                before = directus.stats()["sent"]
                await second.__aenter__()
                await third.__aenter__()
                assert directus.stats()["sent"] == before, "it asked for what is there"
        assert await _changes(second, 1) == await _changes(third, 1) == [("update", "2")]
        assert sent == [2, 2]
        await second.__aexit__()
        await third.__aexit__()
    await caught_up(directus)


async def after_a_reconnect_the_view_is_true_again(ctx: Context) -> None:
    directus, other = await _connected(ctx), ctx.other()
    states = States(directus)
    await other.connect()
    messages = other.items("messages")
    gone = await messages.create({"text": "gone", "user": ctx.user})
    async with _mine(ctx, directus) as live:
        await ctx.refuse()
        await states.until("waiting")
        await messages.delete(id=gone["id"])
        await messages.create({"text": "new", "user": ctx.user})
        await ctx.admit()
        assert sorted(await _changes(live, 2)) == [("enter", "new"), ("leave", "gone")]
        fresh = asyncio.Event()
        directus.on_freshness(lambda name: fresh.set() if name == "live" else None)
        if directus.freshness != "live":
            await fresh.wait()
        assert live.freshness == "live"


async def a_slow_reader_gets_one_change_for_many(ctx: Context) -> None:
    directus = await _connected(ctx)
    messages = directus.items("messages")
    item = await messages.create({"text": "0", "user": ctx.user})
    async with _mine(ctx, directus) as live:
        for number in range(1, 11):
            await messages.update({"text": str(number)}, id=item["id"])
        read = await _changes(live, 1)
        while read[-1] != ("update", "10"):
            read += await _changes(live, 1)
        assert len(read) < 10


async def what_may_not_be_read_is_an_error_at_the_start(ctx: Context) -> None:
    directus = await _connected(ctx)
    await failure(directus.live("nope").__aenter__(), ServerError, ctx.unknown_collection)


async def leaving_the_view_ends_what_it_subscribed_to(ctx: Context) -> None:
    directus = await _connected(ctx)
    async with _mine(ctx, directus):
        pass
    await caught_up(directus)
    before = directus.stats()
    await directus.items("messages").create({"text": "nobody looks", "user": ctx.user})
    await directus.items("messages").read({"limit": 0})
    after = directus.stats()
    assert after["sent"] == before["sent"] + 2
    assert after["received"] == before["received"] + 2, "an event came"


def _mine(ctx: Context, directus: RealtimeClient, **query: Any) -> Live:
    fields = {"fields": ["id", "text"], "filter": ctx.mine, "sort": ["-id"]}
    return directus.live("messages", query={**fields, **query})


async def _connected(ctx: Context) -> RealtimeClient:
    directus = ctx.client()
    await directus.connect()
    return directus


async def _changes(live: Live, count: int) -> list[tuple[str, str]]:
    """Read so many changes; return their kinds and texts."""
    read: list[Change] = [await anext(live) for _ in range(count)]
    return [(change.kind, change.row["text"]) for change in read]


def _texts(live: Live) -> list[str]:
    return [row["text"] for row in live]
