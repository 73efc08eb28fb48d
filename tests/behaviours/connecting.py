"""Connecting, being disconnected, and what handlers and errors say of it."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

from directus_realtime import (
    AuthenticationFailed,
    ConnectionFailed,
    NotConnected,
    UsageError,
    create_directus,
    keys_of,
    realtime,
)

from tests.behaviours.context import Context, States, failure

QUERY = {"fields": ["user", "text"]}


async def the_guides_flow(ctx: Context) -> None:
    directus = ctx.client()
    seen: asyncio.Queue[str] = asyncio.Queue()
    directus.on_web_socket("open", lambda _: seen.put_nowait("open"))
    directus.on_web_socket("message", lambda message: seen.put_nowait(message["type"]))
    directus.on_web_socket("close", lambda _: seen.put_nowait("close"))
    await directus.connect()
    subscription = await directus.subscribe("messages", event="create", query=QUERY)
    item = await directus.items("messages").create({"text": "Hello World!", "user": "Ben"})
    init, message = await anext(subscription), await anext(subscription)
    first = [await seen.get() for _ in range(3)]
    then = [await seen.get() for _ in range(2)]
    directus.disconnect()
    assert (init["event"], message["event"]) == ("init", "create")
    assert message["data"] == [{"user": "Ben", "text": "Hello World!"}]
    assert keys_of(message) == (item["id"],)
    assert first == ["auth", "open", "subscription"]
    assert sorted(then) == ["items", "subscription"]  # Directus promises no order
    assert await seen.get() == "close"
    assert seen.empty()


async def subscribe_connects_and_send_message_waits_for_nothing(ctx: Context) -> None:
    directus = ctx.client()
    subscription = await directus.subscribe("messages", event="create", query=QUERY)
    data = {"text": "fire and forget", "user": ctx.user}
    directus.send_message(
        {"type": "items", "collection": "messages", "action": "create", "data": data}
    )
    init, message = await anext(subscription), await anext(subscription)
    assert init["event"] == "init"
    assert message["data"] == [data]


async def two_connects_share_one_connection(ctx: Context) -> None:
    directus = ctx.client()
    opened: list[Any] = []
    directus.on_web_socket("open", opened.append)
    await asyncio.gather(directus.connect(), directus.connect())
    await directus.connect()
    assert len(opened) == 1


async def after_a_disconnect_it_connects_again(ctx: Context) -> None:
    directus = ctx.client()
    states = States(directus)
    for _ in range(2):
        await directus.connect()
        directus.disconnect()
    assert states.seen == ["connecting", "authenticating", "open", "closed"] * 2
    error = await failure(directus.items("messages").read(), NotConnected)
    assert error.code == "NOT_CONNECTED"


async def disconnect_while_connecting_ends_the_connect(ctx: Context) -> None:
    directus = ctx.client()
    states = States(directus)
    connect = failure(directus.connect(), ConnectionFailed, "disconnected before it had connected")
    connecting = asyncio.ensure_future(connect)
    await states.until("connecting")
    directus.disconnect()
    await connecting
    assert directus.state == "closed"


async def disconnect_while_subscribing_ends_the_subscribe(ctx: Context) -> None:
    directus = ctx.client()
    await directus.connect()
    subscribe = failure(directus.subscribe("messages"), ConnectionFailed, "before it had subscr")
    subscribing = asyncio.ensure_future(subscribe)
    await asyncio.sleep(0)  # until it has written its question
    directus.disconnect()
    await subscribing


async def where_nothing_answers_connect_gives_up_in_time_and_says_so(ctx: Context) -> None:
    await ctx.refuse()
    directus = ctx.client()
    errors: list[Any] = []
    directus.on_web_socket("error", errors.append)
    await failure(directus.connect(timeout=0.5), ConnectionFailed, "Nothing answers at")
    assert errors
    assert directus.state == "closed"


async def it_connects_again_by_itself_after_a_cut(ctx: Context) -> None:
    directus = ctx.client()
    states = States(directus)
    await directus.connect()
    await ctx.refuse()
    lost = await states.until("waiting")
    assert "closed" in str(lost.error)
    await ctx.admit()
    await states.until("open")
    assert directus.stats()["reconnects"] == 1
    assert await directus.items("messages").read({"limit": 0}) == []


async def so_many_retries_and_no_more_where_that_was_wanted(ctx: Context) -> None:
    await ctx.refuse()
    directus = ctx.client(retries=1)
    states = States(directus)
    await failure(directus.connect(), ConnectionFailed)
    assert states.seen.count("connecting") == 2
    assert directus.state == "failed"


async def a_refused_token_ends_in_one_error_and_no_retry(ctx: Context) -> None:
    directus = ctx.client(token="wrong")
    states = States(directus)
    await failure(directus.connect(), AuthenticationFailed, "refused the token")
    assert states.seen == ["connecting", "authenticating", "failed"]
    assert directus.state == "failed"
    try:
        directus.send_message({"type": "ping"})
    except NotConnected:
        return
    raise AssertionError("a message was taken")


async def states_and_counts_are_told(ctx: Context) -> None:
    directus = ctx.client()
    states = States(directus)
    counts = ("sent", "received", "reconnects", "recovered", "buffered", "pending")
    nothing = {**dict.fromkeys(counts, 0), "stale_since": None, "round_trip": None}
    assert directus.stats() == nothing
    await directus.connect()
    assert states.seen == ["connecting", "authenticating", "open"]
    await directus.items("messages").read({"limit": 0})
    assert directus.stats() == {**nothing, "sent": 2, "received": 2}


async def a_handler_that_fails_is_logged_and_disturbs_nothing(ctx: Context) -> None:
    directus = ctx.client()
    directus.on_web_socket("open", lambda _: 1 / 0)
    await directus.connect()
    assert await directus.items("messages").read({"limit": 0}) == []
    (logged,) = ctx.errors
    ctx.errors.clear()
    assert "ZeroDivisionError" in logged


async def a_handler_can_be_taken_away_and_may_call_the_client(ctx: Context) -> None:
    directus = ctx.client()
    seen: list[Any] = []
    remove = directus.on_web_socket("message", seen.append)
    remove()
    remove()
    directus.on_web_socket("open", lambda _: directus.send_message({"type": "ping"}))
    pong: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    def hear(message: dict[str, Any]) -> None:
        if message["type"] == "pong":
            pong.set_result(message)

    directus.on_web_socket("message", hear)
    await directus.connect()
    assert await pong == {"type": "pong", "uid": "1"}
    assert seen == []


async def a_handler_of_one_type_hears_no_other(ctx: Context) -> None:
    directus = ctx.client()
    heard: list[Any] = []
    remove = directus.on_message("items", heard.append)
    directus.on_message("items", lambda _: 1 / 0)
    directus.on_message("typing-indicator", heard.append)
    await directus.connect()
    assert await directus.items("messages").read({"limit": 0}) == []
    remove()
    assert await directus.items("messages").read({"limit": 0}) == []
    assert heard == [{"type": "items", "data": [], "uid": "1"}]
    assert ["ZeroDivisionError" in logged for logged in ctx.errors] == [True, True]
    ctx.errors.clear()


async def a_wrong_option_is_told_at_once(ctx: Context) -> None:
    mistakes: list[Callable[[], object]] = [
        lambda: realtime(auth_mode="none"),  # type: ignore[arg-type]
        lambda: ctx.client().on_web_socket("messages", print),  # type: ignore[call-overload]
        lambda: create_directus("ftp://example.com"),
    ]
    for mistake in mistakes:
        try:
            result = mistake()
        except UsageError:
            continue
        raise AssertionError(f"{result!r} was taken")


async def how_fresh_it_is_is_told(ctx: Context) -> None:
    directus = ctx.client()
    states = States(directus)
    changes: asyncio.Queue[str] = asyncio.Queue()
    directus.on_freshness(changes.put_nowait)

    async def until_live() -> list[str]:
        seen = [await changes.get()]
        while seen[-1] != "live":
            seen.append(await changes.get())
        return seen

    assert directus.freshness == "stale"
    await directus.connect()
    assert await until_live() == ["live"], "nothing is missing where nothing is subscribed"
    subscription = await directus.subscribe("messages", event="create")
    assert await until_live() == ["loading", "catching up", "live"]
    assert subscription.freshness == "live"
    assert directus.stats()["stale_since"] is None
    await ctx.cut()
    await states.until("waiting")
    since = directus.stats()["stale_since"]
    assert since is not None
    assert abs(time.time() - since) < 10
    assert await until_live() == ["stale", "catching up", "live"]
