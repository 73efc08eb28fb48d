"""A live view: whatever goes wrong is raised in its user, and none of its waits is without an end.

What it does when all goes well is in `tests/behaviours/living.py`.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from directus_realtime import (
    ConnectionFailed,
    DirectusError,
    Live,
    RealtimeClient,
    ReplyTimeout,
    ServerError,
    UsageError,
)

from tests.support.client import client, connected, run
from tests.support.embedded import Embedded, with_project

PROJECT = """
[collections.messages.fields]
id = { type = "integer", primary = true }
text = { type = "text" }

[collections.settings]
singleton = true

[collections.settings.fields]
id = { type = "integer", primary = true }
title = { type = "string" }

[collections.products.fields]
code = { type = "string", primary = true }
name = { type = "string" }

[policies.Everything]
permissions = [
  { collection = "messages", action = "create" },
  { collection = "messages", action = "read" },
  { collection = "messages", action = "update" },
  { collection = "settings", action = "create" },
  { collection = "settings", action = "read" },
  { collection = "settings", action = "update" },
  { collection = "products", action = "create" },
  { collection = "products", action = "read" },
]

[[users]]
email = "editor@example.com"
password = "editor-password"
token = "your_access_token"
policies = ["Everything"]
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    with with_project(tmp_path_factory.mktemp("server"), PROJECT) as embedded:
        yield embedded


def test_a_singleton_is_a_view_of_its_one_row(server: Embedded) -> None:
    async def scene() -> None:
        directus = await connected(server.url)
        async with directus.live("settings", query={"fields": ["title"]}) as live:
            assert live.rows == []
            await directus.items("settings").update({"title": "a"}, query={})
            change = await anext(live)
            assert (change.kind, change.row["title"]) == ("enter", "a")
            await directus.items("settings").update({"title": "b"}, query={})
            change = await anext(live)
            assert (change.kind, change.row["title"]) == ("update", "b")
            assert [row["title"] for row in live] == ["b"]
        directus.disconnect()

    run(scene)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"aggregate": {"count": "*"}}, "an aggregate have none"),
        ({"groupBy": ["text"]}, "an aggregate have none"),
        ("text", "`query` to be a dict"),
    ],
)
def test_a_query_whose_rows_have_no_key_is_refused_at_once(
    server: Embedded, query: Any, words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        client(server.url).live("messages", query=query)


@pytest.mark.parametrize("query", [{}, {"fields": ["name"]}, {"fields": "name,*"}, {"fields": []}])
def test_another_primary_key_has_to_be_named(server: Embedded, query: dict[str, Any]) -> None:
    async def scene() -> None:
        directus = await connected(server.url)
        code = f"a {query}"
        await directus.items("products").create({"code": code, "name": "one"}, key="code")
        with pytest.raises(UsageError, match=r'without "id": name the primary key'):
            await entered(directus.live("products", query=query))
        async with directus.live("products", query=query, key="code") as live:
            assert code in live
        await nothing_is_left(directus)

    run(scene)


@pytest.mark.parametrize("fields", ["text, id", ["text,id"], ["text", "id"], ["*"], "text"])
def test_a_key_that_the_query_names_is_not_asked_for_twice(server: Embedded, fields: Any) -> None:
    async def scene() -> None:
        directus = await connected(server.url)
        made = await directus.items("messages").create({"text": "a"})
        async with directus.live("messages", query={"fields": fields, "limit": -1}) as live:
            assert live[made["id"]] == made
        directus.disconnect()

    run(scene)


def test_what_directus_never_answers_is_a_timeout(server: Embedded) -> None:
    """It stays silent on a `meta` that is a number, and answers pings meanwhile."""

    async def scene() -> None:
        directus = client(server.url, timeout=1.0, ping_after=0.3)
        await directus.connect()
        with pytest.raises(ReplyTimeout):
            await entered(directus.live("messages", query={"meta": 5}))
        await nothing_is_left(directus)

    run(scene)


def test_disconnecting_ends_the_wait_for_a_change_until_the_next_connect(server: Embedded) -> None:
    async def scene() -> None:
        directus = await connected(server.url)
        async with directus.live("messages") as live:
            waiting = asyncio.ensure_future(anext(live))
            await asyncio.sleep(0)
            directus.disconnect()
            with pytest.raises(ConnectionFailed, match="was disconnected"):
                await waiting
            with pytest.raises(ConnectionFailed, match="was disconnected"):
                await anext(live)
            await directus.connect()
            made = await directus.items("messages").create({"text": "after"})
            assert (await anext(live)).key == made["id"]
        directus.disconnect()

    run(scene)


def test_a_client_that_gives_up_ends_the_wait(tmp_path_factory: pytest.TempPathFactory) -> None:
    server = with_project(tmp_path_factory.mktemp("gone"), PROJECT).start()

    async def scene() -> None:
        directus = client(server.url, retries=1)
        async with directus.live("messages") as live:
            await asyncio.to_thread(server.kill)
            with pytest.raises(ConnectionFailed):
                await anext(live)
        assert directus.state == "failed"

    run(scene)


def test_leaving_the_view_ends_the_wait_for_a_change(server: Embedded) -> None:
    async def scene() -> None:
        directus = await connected(server.url)
        view = directus.live("messages")
        async with view as live:
            waiting = asyncio.ensure_future(collected(live))
            await asyncio.sleep(0)
        assert await waiting == []
        await nothing_is_left(directus)

    run(scene)


def test_a_view_that_was_left_can_be_entered_again(server: Embedded) -> None:
    async def scene() -> None:
        directus = await connected(server.url)
        view = directus.live("messages")
        with pytest.raises(UsageError, match="async with"):
            await anext(view)
        for _ in range(2):
            async with view as live:
                with pytest.raises(UsageError, match="in use already"):
                    await entered(view)
                made = await directus.items("messages").create({"text": "again"})
                assert (await anext(live)).key == made["id"]
        await nothing_is_left(directus)

    run(scene)


class Faulty:
    """A client of which one thing fails: reads, subscribing, or the subscriptions.

    Args:
        directus: the client.
        fault: what is raised, or None for subscriptions that end.
    """

    def __init__(self, directus: RealtimeClient, where: str, fault: Exception | None) -> None:
        self.on_state, self.stats = directus.on_state, directus.stats
        self.broken = asyncio.Event()
        self._directus = directus
        self._where = where
        self._fault = fault
        self._subscribed = 0

    def items(self, collection: str) -> Any:
        return self

    async def read(self, query: Any, *, quiet: bool) -> Any:
        if self._where == "read" and self.broken.is_set():
            assert self._fault is not None
            raise self._fault
        return [] if self._where == "read" else self._fault

    async def subscribe(self, collection: str, **options: Any) -> Any:
        self._subscribed += 1
        if self._where == "subscribe" and self._subscribed == 3:
            assert self._fault is not None
            raise self._fault
        return Breaking(await self._directus.subscribe(collection, **options), self)

    async def messages(self, subscription: Any) -> AsyncIterator[Any]:
        if self._where == "messages":
            await self.broken.wait()
            if self._fault is not None:
                raise self._fault
            return
        async for message in subscription:
            yield message


class Breaking:
    """A subscription of a faulty client."""

    def caught_up(self) -> None:
        pass

    def __init__(self, subscription: Any, faulty: Faulty) -> None:
        self.unsubscribe = subscription.unsubscribe
        self._messages = faulty.messages(subscription)

    def __aiter__(self) -> AsyncIterator[Any]:
        return self._messages


@pytest.mark.parametrize(
    "fault", [KeyError("id"), RuntimeError("odd"), ServerError("INTERNAL_SERVER_ERROR", "x")]
)
@pytest.mark.parametrize("where", ["read", "messages"])
def test_what_goes_wrong_in_its_tasks_is_raised_where_changes_are_read(
    server: Embedded, where: str, fault: Exception
) -> None:
    async def scene() -> None:
        directus = await connected(server.url)
        faulty: Any = Faulty(directus, where, fault)
        async with working(faulty) as live:
            waiting = asyncio.ensure_future(anext(live))
            faulty.broken.set()
            if where == "read":
                await directus.items("messages").create({"text": "a reason to read"})
            with pytest.raises(type(fault)) as raised:
                await waiting
            assert raised.value is fault
        await nothing_is_left(directus)

    run(scene)


def test_a_subscription_that_has_ended_ends_the_wait(server: Embedded) -> None:
    async def scene() -> None:
        directus = await connected(server.url)
        faulty = Faulty(directus, "messages", None)
        async with working(faulty) as live:
            waiting = asyncio.ensure_future(anext(live))
            faulty.broken.set()
            with pytest.raises(DirectusError, match="has ended"):
                await waiting
        await nothing_is_left(directus)

    run(scene)


@pytest.mark.parametrize("answer", [None, "text", [1], [{"id": [1]}], [{"id": {}}], [{}]])
def test_an_answer_that_holds_no_rows_is_an_error(server: Embedded, answer: Any) -> None:
    async def scene() -> None:
        directus = await connected(server.url)
        with pytest.raises(DirectusError, match='messages"'):
            await entered(Live(Faulty(directus, "answer", answer), "messages", {}, "id"))
        await nothing_is_left(directus)

    run(scene)


def test_a_refusal_of_a_later_subscription_leaves_none_of_the_earlier(server: Embedded) -> None:
    async def scene() -> None:
        directus = await connected(server.url)
        with pytest.raises(RuntimeError, match="third"):
            await entered(working(Faulty(directus, "subscribe", RuntimeError("third"))))
        await nothing_is_left(directus)

    run(scene)


def working(faulty: Faulty) -> Live:
    if faulty._where != "read":
        real = faulty._directus.items("messages")
        faulty.items = lambda collection: real  # type: ignore[method-assign]
    return Live(faulty, "messages", {}, "id")


async def entered(live: Live) -> None:
    """Enter a view, in time: a wait without an end fails the test."""
    async with asyncio.timeout(10):
        await live.__aenter__()


async def collected(live: Live) -> list[Any]:
    return [change async for change in live]


async def nothing_is_left(directus: RealtimeClient) -> None:
    """Check that a view has ended its subscriptions, and disconnect."""
    seen: list[Any] = []
    directus.on_web_socket("message", lambda message: seen.append(message.get("event")))
    heard = await directus.subscribe("messages", event="create", recover=None)
    await directus.items("messages").create({"text": "who hears this?"})
    assert [(await anext(heard))["event"] for _ in range(2)] == ["init", "create"]
    await directus.items("messages").read({"limit": 0})
    assert seen.count("create") == 1, "the view still hears events"
    directus.disconnect()
