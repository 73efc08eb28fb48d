"""What is created while a client is away: it gets every row, once."""

from typing import Any

from directus_realtime import Subscription, SubscriptionMessage

from tests.behaviours.context import Context, States, caught_up

QUERY = {"fields": ["user", "text"]}


async def what_others_create_while_away_comes_once_and_marked(ctx: Context) -> None:
    directus, other = ctx.client(), ctx.other()
    states = States(directus)
    await other.connect()
    messages = other.items("messages")
    subscription = await directus.subscribe("messages", event="create", query=QUERY)
    await caught_up(directus)
    await messages.create({"text": "before", "user": ctx.user})
    before = await _rows(subscription, 1)
    await _away(ctx, states)
    away = [{"text": f"away {number}", "user": ctx.user} for number in range(3)]
    await messages.create(away[0])
    await messages.create(away[1:])
    await ctx.admit()
    missed = await _rows(subscription, 3)
    await messages.create({"text": "after", "user": ctx.user})
    after = await _rows(subscription, 1)
    assert before == [(False, {"text": "before", "user": ctx.user})]
    assert missed == [(True, row) for row in away]
    assert after == [(False, {"text": "after", "user": ctx.user})]
    assert directus.stats()["recovered"] == 3
    assert directus.stats()["buffered"] == 0


async def only_rows_of_the_subscriptions_filter_are_recovered(ctx: Context) -> None:
    directus, other = ctx.client(), ctx.other()
    states = States(directus)
    await other.connect()
    query = {"fields": ["text"], "filter": {"_and": [ctx.mine, {"text": {"_neq": "not this"}}]}}
    subscription = await directus.subscribe("messages", event="create", query=query)
    await _away(ctx, states)
    texts = ["this", "not this", "and this"]
    rows = [{"text": text, "user": ctx.user} for text in texts]
    await other.items("messages").create(rows)
    await ctx.admit()
    missed = await _rows(subscription, 2)
    assert missed == [(True, {"text": "this"}), (True, {"text": "and this"})]


async def what_came_after_the_rows_just_read_comes_too(ctx: Context) -> None:
    directus = ctx.client()
    await directus.connect()
    messages = directus.items("messages")
    await messages.create({"text": "old", "user": ctx.user})
    read = await messages.read({"filter": ctx.mine})
    await messages.create({"text": "between", "user": ctx.user})
    subscription = await directus.subscribe(
        "messages", event="create", query={**QUERY, "filter": ctx.mine}, since=read
    )
    assert await _rows(subscription, 1) == [(True, {"text": "between", "user": ctx.user})]


async def recovery_is_not_seen_by_handlers(ctx: Context) -> None:
    directus, other = ctx.client(), ctx.other()
    states = States(directus)
    await other.connect()
    heard: list[Any] = []
    directus.on_web_socket("message", heard.append)
    subscription = await directus.subscribe("messages", event="create", query=QUERY)
    await _away(ctx, states)
    await other.items("messages").create({"text": "missed", "user": ctx.user})
    await ctx.admit()
    await _rows(subscription, 1)
    kinds = [(message["type"], message.get("event")) for message in heard]
    assert kinds == [("auth", None), ("subscription", "init")] * 2


async def the_plain_subscription_is_the_js_sdks(ctx: Context) -> None:
    directus, other = ctx.client(), ctx.other()
    states = States(directus)
    await other.connect()
    subscription = await directus.subscribe("messages", event="create", query=QUERY, recover=None)
    init = await anext(subscription)
    await _away(ctx, states)
    await other.items("messages").create({"text": "lost", "user": ctx.user})
    await ctx.admit()
    again = await anext(subscription)
    await other.items("messages").create({"text": "heard", "user": ctx.user})
    assert init == again == {"type": "subscription", "event": "init", "uid": subscription.uid}
    assert await _rows(subscription, 1) == [(False, {"text": "heard", "user": ctx.user})]
    assert directus.stats()["recovered"] == 0


async def a_subscription_made_while_away_hears_what_is_created_then(ctx: Context) -> None:
    directus = ctx.client()
    states = States(directus)
    first = await directus.subscribe("messages", event="create", query=QUERY)
    await _away(ctx, states)
    await ctx.admit()
    second = await directus.subscribe("messages", event="create", query=QUERY)
    row = {"text": "both hear it", "user": ctx.user}
    await directus.items("messages").create(row)
    for subscription in (first, second):
        assert [row for _, row in await _rows(subscription, 1)] == [row]


async def _away(ctx: Context, states: States) -> None:
    """Keep the client of ``states`` away."""
    await ctx.refuse()
    await states.until("waiting")


async def _rows(
    subscription: Subscription[SubscriptionMessage], count: int
) -> list[tuple[bool, dict[str, Any]]]:
    """Read so many created rows, each with whether it was recovered."""
    rows: list[tuple[bool, dict[str, Any]]] = []
    while len(rows) < count:
        message = await anext(subscription)
        if message["event"] == "create":
            rows += [(message.get("recovered", False), row) for row in message["data"]]
    return rows
