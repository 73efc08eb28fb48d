"""Subscriptions on one connection: what each hears, and how it ends."""

import asyncio
from typing import Any

from directus_realtime import EventName, Query, RealtimeClient, ServerError, Subscription

from tests.behaviours.context import Context, States, failure

QUERY = {"fields": ["user", "text"]}


async def several_on_one_socket_each_hear_their_own(ctx: Context) -> None:
    directus = ctx.client()
    await directus.connect()
    two_only = {"fields": ["text"], "filter": {"text": {"_eq": "two"}}}
    created = await _subscribed(directus, "create", {"fields": ["text"]})
    updated = await _subscribed(directus, "update", {"fields": ["text"]})
    deleted = await _subscribed(directus, "delete", {"fields": ["text"]})
    filtered = await _subscribed(directus, "create", two_only)
    messages = directus.items("messages")
    one = await messages.create({"text": "one"})
    two = await messages.create({"text": "two"})
    await messages.update({"text": "ONE"}, id=one["id"])
    await messages.delete(id=two["id"])
    assert (await anext(deleted))["data"] == [two["id"]]
    assert (await anext(updated))["data"] == [{"text": "ONE"}]
    assert [(await anext(created))["data"] for _ in range(2)] == [[{"text": "one"}], [_TWO]]
    assert (await anext(filtered))["data"] == [_TWO]
    assert directus.stats()["buffered"] == 0, "one heard what was not for it"


async def without_an_event_the_init_holds_the_items_and_all_changes_come(ctx: Context) -> None:
    directus = ctx.client()
    await directus.connect()
    messages = directus.items("messages")
    row = {"text": "was there", "user": ctx.user}
    item = await messages.create(row)
    query = {**QUERY, "filter": ctx.mine}
    subscription = await directus.subscribe("messages", query=query)
    init = await anext(subscription)
    assert (init["event"], init["data"]) == ("init", [row])
    await messages.update({"text": "changed"}, id=item["id"])
    await messages.delete(id=item["id"])
    changed, gone = await anext(subscription), await anext(subscription)
    assert (changed["event"], changed["data"]) == ("update", [{**row, "text": "changed"}])
    assert (gone["event"], gone["data"]) == ("delete", [item["id"]])


async def what_is_created_right_after_subscribe_is_not_missed(ctx: Context) -> None:
    directus = ctx.client()
    await directus.connect()
    for number in range(10):
        subscription = await directus.subscribe("messages", event="create", query=QUERY)
        await directus.items("messages").create({"text": f"right after {number}"})
        init, message = await anext(subscription), await anext(subscription)
        assert init["event"] == "init"
        assert message["data"][0]["text"] == f"right after {number}"
        subscription.unsubscribe()


async def an_error_answer_is_raised_in_its_own_consumer_and_in_no_other(ctx: Context) -> None:
    directus = ctx.client()
    await directus.connect()
    good = await _subscribed(directus, "create", QUERY)
    refused = await directus.subscribe("nope")
    error = await failure(anext(refused), ServerError)
    assert error.code == ctx.unknown_collection
    assert await _texts(refused) == [], "there is nothing after the error"
    await directus.items("messages").create({"text": "all is well"})
    message = await anext(good)
    assert message["data"][0]["text"] == "all is well"


async def an_error_of_one_event_goes_to_handlers_and_the_iteration_goes_on(ctx: Context) -> None:
    directus = ctx.client()
    await directus.connect()
    heard: asyncio.Queue[Any] = asyncio.Queue()
    directus.on_web_socket("message", heard.put_nowait)
    subscription = await directus.subscribe(
        "messages", event="create", query={"fields": ["nope"]}, recover=None
    )
    init = await anext(subscription)
    assert init["event"] == "init", "Directus looks at the query when there is an event"
    reading = asyncio.ensure_future(anext(subscription))
    for _ in range(2):
        await directus.items("messages").create({"text": "x"})
        while (message := await heard.get())["type"] != "subscribe":
            pass
        assert message["error"]["code"] == "FORBIDDEN"
    assert not reading.done()
    subscription.unsubscribe()
    await asyncio.wait([reading])
    assert isinstance(reading.exception(), StopAsyncIteration)


async def unsubscribe_ends_the_iteration(ctx: Context) -> None:
    directus = ctx.client()
    subscription = await directus.subscribe("messages", event="create")
    events = []
    async for message in subscription:
        events.append(message["event"])
        subscription.unsubscribe()
    assert events == ["init"]


async def requests_are_answered_after_an_unsubscribe(ctx: Context) -> None:
    directus = ctx.client()
    subscription = await directus.subscribe("messages", event="create")
    subscription.unsubscribe()
    assert await directus.items("messages").read({"limit": 0}, timeout=5) == []


async def a_subscribe_that_is_given_up_leaves_nothing_behind(ctx: Context) -> None:
    directus = ctx.client()
    await directus.connect()
    given_up = asyncio.ensure_future(directus.subscribe("messages", recover=None))
    await asyncio.sleep(0)
    given_up.cancel()
    await asyncio.wait([given_up])
    other = await _subscribed(directus, "create", QUERY)
    await directus.items("messages").create({"text": "for the other"})
    message = await anext(other)
    assert message["data"][0]["text"] == "for the other"
    assert directus.stats()["buffered"] == 0


async def a_uid_that_was_given_up_can_be_used_again(ctx: Context) -> None:
    directus = ctx.client()
    await directus.connect()
    given_up = asyncio.ensure_future(directus.subscribe("messages", uid="mine", recover=None))
    await asyncio.sleep(0)
    given_up.cancel()
    await asyncio.wait([given_up])
    again = await directus.subscribe("messages", event="create", query=QUERY, uid="mine")
    assert (await anext(again))["event"] == "init"
    await directus.items("messages").create({"text": "heard"})
    message = await anext(again)
    assert message["data"][0]["text"] == "heard"


async def a_second_unsubscribe_does_not_end_the_next_one_of_its_uid(ctx: Context) -> None:
    directus = ctx.client()
    old = await directus.subscribe("messages", event="create", query=QUERY, uid="mine")
    old.unsubscribe()
    new = await directus.subscribe("messages", event="create", query=QUERY, uid="mine")
    assert (await anext(new))["event"] == "init"
    waiting = asyncio.ensure_future(anext(new))
    old.unsubscribe()
    await directus.items("messages").create({"text": "heard"})
    message = await waiting
    assert message["data"][0]["text"] == "heard"


async def what_was_unsubscribed_while_away_stays_away(ctx: Context) -> None:
    directus = ctx.client()
    states = States(directus)
    kept = await directus.subscribe("messages", event="create", query=QUERY)
    gone = await directus.subscribe("messages", event="create", query=QUERY)
    for subscription in (kept, gone):
        await anext(subscription)
    await ctx.refuse()
    await states.until("waiting")
    gone.unsubscribe()
    heard: list[Any] = []
    directus.on_web_socket("message", heard.append)
    await ctx.admit()
    await states.until("open")
    again = await anext(kept)
    await directus.items("messages").create({"text": "who hears it?"})
    message = await anext(kept)
    assert again["event"] == "init"
    assert message["data"][0]["text"] == "who hears it?"
    assert await _texts(gone) == []
    assert {m["uid"] for m in heard if m["type"] == "subscription"} == {kept.uid}


async def a_cancelled_reader_loses_nothing(ctx: Context) -> None:
    directus = ctx.client()
    subscription = await directus.subscribe("messages", event="create", query=QUERY)
    await anext(subscription)
    reader = asyncio.ensure_future(anext(subscription))
    await directus.items("messages").read({"limit": 0})
    reader.cancel()
    await directus.items("messages").create({"text": "kept"})
    message = await anext(subscription)
    assert message["data"][0]["text"] == "kept"
    assert reader.cancelled()


_TWO = {"text": "two"}


async def _subscribed(
    directus: RealtimeClient, event: EventName, query: Query
) -> Subscription[Any]:
    """Subscribe, and read the init."""
    subscription = await directus.subscribe("messages", event=event, query=query)
    init = await anext(subscription)
    assert init["event"] == "init"
    return subscription


async def _texts(subscription: Subscription[Any]) -> list[str]:
    """Read a subscription to its end."""
    return [row["text"] async for message in subscription for row in message["data"]]
