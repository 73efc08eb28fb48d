"""Items over the connection: each answer reaches its request, and requests without one fail."""

import asyncio
import uuid
from collections.abc import Callable
from typing import Any

from directus_realtime import (
    ConnectionFailed,
    DeliveryUnknown,
    NotDelivered,
    NotSent,
    ReplyTimeout,
    ServerError,
    UsageError,
)

from tests.behaviours.context import Context, States, failure

UNKNOWN_COLLECTION = {
    "FORBIDDEN": (
        'You don\'t have permission to access collection "nope" or it does not exist. '
        "Queried in root."
    ),
    "INVALID_COLLECTION": "The provided collection does not exists or is not accessible.",
}
"""Directus' words for each code that it has for a collection that does not exist."""


async def items_are_created_single_and_several(ctx: Context) -> None:
    directus = ctx.client()
    await directus.connect()
    messages = directus.items("messages")
    one = await messages.create({"text": "Grüße 🎉"}, query={"fields": ["id", "text"]})
    assert one == {"id": one["id"], "text": "Grüße 🎉"}
    several = await messages.create([{"text": "two"}, {"text": "three", "user": None}])
    assert [item["text"] for item in several] == ["two", "three"]
    assert set(several[0]) == {"id", "date_created", "text", "user"}


async def items_are_read_by_key_by_keys_and_by_query(ctx: Context) -> None:
    directus = ctx.client()
    await directus.connect()
    messages = directus.items("messages")
    rows = [{"text": text, "user": ctx.user} for text in ("one", "two", "three")]
    one, two, three = [item["id"] for item in await messages.create(rows)]
    assert (await messages.read(id=one))["text"] == "one"
    assert [item["id"] for item in await messages.read(ids=[two, three])] == [two, three]
    query = {"filter": ctx.mine, "fields": ["text"], "sort": ["-id"], "limit": 2}
    assert await messages.read(query) == [{"text": "three"}, {"text": "two"}]


async def items_are_updated_by_key_by_keys_each_and_by_query(ctx: Context) -> None:
    directus = ctx.client()
    await directus.connect()
    messages = directus.items("messages")
    made = await messages.create([{"text": "x", "user": ctx.user} for _ in range(2)])
    one, two = (item["id"] for item in made)
    assert (await messages.update({"text": "one"}, id=one))["text"] == "one"
    several = await messages.update({"text": "both"}, ids=[one, two])
    assert [item["text"] for item in several] == ["both"] * 2
    each = await messages.update([{"id": one, "text": "1"}, {"id": two, "text": "2"}])
    assert [item["text"] for item in each] == ["1", "2"]
    found = await messages.update({"text": "all"}, query={"filter": ctx.mine})
    assert [item["text"] for item in found] == ["all"] * 2
    every_one = messages.update({"text": "every one"})  # type: ignore[call-overload]
    await failure(every_one, UsageError, "would take all of them")


async def items_are_deleted_by_key_by_keys_and_by_query(ctx: Context) -> None:
    directus = ctx.client()
    await directus.connect()
    messages = directus.items("messages")
    made = await messages.create([{"text": "x", "user": ctx.user} for _ in range(4)])
    one, two, three, four = (item["id"] for item in made)
    assert await messages.delete(id=one) == one
    assert await messages.delete(ids=[two, three]) == [two, three]
    assert await messages.delete(query={"filter": ctx.mine}) == [four]
    assert await messages.read({"filter": ctx.mine}) == []


async def each_answer_goes_to_its_own_request(ctx: Context) -> None:
    directus = ctx.client()
    await directus.connect()
    messages = directus.items("messages")
    texts = [f"number {number}" for number in range(10)]
    made = await asyncio.gather(*(messages.create({"text": text}) for text in texts))
    assert [item["text"] for item in made] == texts
    read = await asyncio.gather(*(messages.read(id=item["id"]) for item in reversed(made)))
    assert [item["text"] for item in read] == texts[::-1]


async def an_error_of_the_server_is_raised_with_its_code_and_words(ctx: Context) -> None:
    directus = ctx.client()
    await directus.connect()
    error = await failure(directus.items("nope").read(), ServerError, "see that the collection")
    assert error.code == ctx.unknown_collection
    assert error.message == UNKNOWN_COLLECTION[error.code]
    assert await directus.items("messages").read({"limit": 0}) == []


async def a_request_without_an_answer_ends_in_time(ctx: Context) -> None:
    directus = ctx.client()
    states = States(directus)
    await directus.connect()
    messages = directus.items("messages")
    await ctx.swallow("answers")
    await failure(messages.read({"limit": 0}, timeout=0.2), ReplyTimeout, "within 0.2 s")
    await ctx.cut()
    await states.until("waiting")
    await states.until("open")
    assert await messages.read({"limit": 0}) == []


async def what_is_asked_while_away_waits_and_is_answered(ctx: Context) -> None:
    directus = ctx.client()
    states = States(directus)
    await directus.connect()
    messages = directus.items("messages")
    impatient = ctx.client(queue_timeout=0.01)
    await impatient.connect()
    impatient_states = States(impatient)
    await ctx.refuse()
    await asyncio.gather(states.until("waiting"), impatient_states.until("waiting"))
    await failure(impatient.items("messages").read(), NotSent, "no connection for 0.01 s")
    asked = [asyncio.ensure_future(messages.create({"text": text})) for text in ("one", "two")]
    await asyncio.sleep(0)  # until both have begun
    buffered = directus.stats()["buffered"]
    await ctx.admit()
    created = await asyncio.gather(*asked)
    assert [item["text"] for item in created] == ["one", "two"]
    assert (buffered, directus.stats()["buffered"]) == (2, 0)


async def a_read_that_the_cut_left_unanswered_is_repeated(ctx: Context) -> None:
    directus = ctx.client()
    await directus.connect()
    await ctx.swallow("answers")
    reading = asyncio.ensure_future(directus.items("messages").read({"limit": 0}))
    await ctx.swallowed('"type":"items"')
    await ctx.cut()
    assert await reading == []


async def a_write_that_the_cut_left_unanswered_is_unknown_and_not_repeated(ctx: Context) -> None:
    directus = ctx.client()
    states = States(directus)
    await directus.connect()
    messages = directus.items("messages")
    await ctx.swallow("answers")
    writing = asyncio.ensure_future(
        failure(messages.create({"text": "x", "user": ctx.user}), DeliveryUnknown)
    )
    await ctx.swallowed('"type":"items"')
    await ctx.cut()
    error = await writing
    assert error.code == "DELIVERY_UNKNOWN"
    assert "read the collection" in str(error)
    await states.until("waiting")
    await states.until("open")
    assert len(await messages.read({"filter": ctx.mine})) == 1


async def a_write_is_unknown_after_a_disconnect_and_one_not_sent_is_not(ctx: Context) -> None:
    directus = ctx.client()
    states = States(directus)
    await directus.connect()
    messages = directus.items("messages")
    await ctx.swallow("answers")
    create = failure(messages.create({"text": "x"}), DeliveryUnknown, "read the collection")
    writing = asyncio.ensure_future(create)
    await ctx.swallowed('"type":"items"')
    directus.disconnect()
    await writing
    await ctx.refuse()
    connecting = asyncio.ensure_future(failure(directus.connect(), ConnectionFailed))
    await states.until("waiting")
    unsent = failure(messages.create({"text": "x"}), NotSent, "was not sent")
    waiting = asyncio.ensure_future(unsent)
    await asyncio.sleep(0)  # until it has begun
    assert directus.stats()["buffered"] == 1
    directus.disconnect()
    await asyncio.gather(waiting, connecting)


async def a_create_with_a_key_of_its_own_is_looked_up_after_the_cut(ctx: Context) -> None:
    directus = ctx.client()
    await directus.connect()
    notes = directus.items("notes")
    stored = {"id": str(uuid.uuid4()), "text": "arrived"}
    await ctx.swallow("answers")
    writing = asyncio.ensure_future(notes.create(stored))
    await ctx.swallowed('"type":"items"')
    await ctx.cut()
    assert await writing == stored
    assert await notes.read(ids=[stored["id"]]) == [stored]


async def a_create_with_a_key_of_its_own_that_never_arrived_says_so(ctx: Context) -> None:
    directus = ctx.client()
    await directus.connect()
    notes = directus.items("notes")
    lost = {"id": str(uuid.uuid4()), "text": "lost"}
    await ctx.swallow("requests")
    writing = asyncio.ensure_future(failure(notes.create(lost), NotDelivered, "send it again"))
    await ctx.swallowed("")
    await ctx.cut()
    await writing
    assert await notes.read(ids=[lost["id"]]) == []
    assert await notes.create(lost) == lost


async def the_newest_items_come_oldest_first_and_no_handler_sees_them(ctx: Context) -> None:
    directus = ctx.client()
    await directus.connect()
    messages = directus.items("messages")
    made = await messages.create([{"text": str(number), "user": ctx.user} for number in range(5)])
    heard: list[Any] = []
    directus.on_web_socket("message", heard.append)
    newest = await messages.newest(3)
    assert [item["id"] for item in newest] == [item["id"] for item in made[2:]]
    assert await messages.newest(0) == []
    assert heard == []


async def the_newest_items_are_asked_for_in_pieces_after_a_cut(ctx: Context) -> None:
    directus = ctx.client()
    await directus.connect()
    messages = directus.items("messages")
    made = await messages.create([{"text": str(number), "user": ctx.user} for number in range(10)])
    await ctx.swallow("answers")
    reading = asyncio.ensure_future(messages.newest(10))
    await ctx.swallowed('"type":"items"')
    sent = directus.stats()["sent"]
    await ctx.cut()
    newest = await reading
    assert [item["id"] for item in newest] == [item["id"] for item in made]
    assert directus.stats()["sent"] - sent == 1 + 5  # the token, and five pieces of two


async def a_singleton_has_no_newest_items(ctx: Context) -> None:
    directus = ctx.client()
    await directus.connect()
    settings = directus.items("settings")
    await failure(settings.newest(3), UsageError, "`read()`")
    assert isinstance(await settings.read(), dict)


async def half_a_character_is_stored_and_found_as_a_browser_writes_it(ctx: Context) -> None:
    """Python's texts may hold half of a surrogate pair, which UTF-8 cannot."""
    directus = ctx.client()
    await directus.connect()
    messages = directus.items("messages")
    made = await messages.create({"text": "a\ud800b", "user": ctx.user, "\udfff": 1})
    assert made["text"] == "a\ufffdb"
    found = await messages.read({"filter": {**ctx.mine, "text": {"_eq": "a\ud800b"}}})
    assert found == [made]
    subscription = await directus.subscribe("messages", event="create", uid="\ud800")
    assert (await anext(subscription))["event"] == "init"
    subscription.unsubscribe()


async def half_a_character_in_a_name_a_key_or_a_frame_is_refused(ctx: Context) -> None:
    directus = ctx.client()
    await directus.connect()
    notes, words = directus.items("notes"), "half of a character"
    await failure(notes.read(id="a\ud800"), UsageError, words)
    await failure(notes.read(ids=["a\ud800"]), UsageError, words)
    await failure(directus.subscribe("a\ud800"), UsageError, words)

    async def tried(use: Callable[[str], object]) -> None:
        use("a\ud800")

    await failure(tried(directus.items), UsageError, words)
    await failure(tried(directus.live), UsageError, words)
    await failure(tried(directus.send_message), UsageError, words)
    assert await notes.read({"limit": 0}) == []
    assert directus.stats()["reconnects"] == 0
