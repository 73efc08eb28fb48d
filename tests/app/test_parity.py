"""What the JS SDK can do, over real sockets, and neither tests/behaviours nor another file shows.

`tests/directus/test_parity.py` runs the same on a real Directus.
"""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from directus_realtime import (
    EventName,
    ReplyTimeout,
    Subscription,
    SubscriptionMessage,
    create_directus,
    realtime,
    static_token,
)

from tests.support.client import connected, make, run
from tests.support.project import HEARTBEAT, Project, embedded

TEXTS: dict[str, Any] = {"fields": ["text"]}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project whose user may do everything with the messages."""
    with embedded(tmp_path_factory.mktemp("project"), heartbeat_period=HEARTBEAT) as server:
        yield Project(server.url)


async def next_of(subscription: Subscription[SubscriptionMessage], event: str) -> Any:
    """Return the data of the next message, which must be of an event."""
    message = await anext(subscription)
    assert message["event"] == event
    return message.get("data")


# Tokens and options


def test_a_static_token_authenticates_the_connection(project: Project) -> None:
    async def scene() -> None:
        directus = create_directus(project.url).with_(static_token(project.token))
        connection = directus.with_(realtime())
        await connection.connect()
        assert await connection.items("messages").read({"limit": 0}) == []
        connection.disconnect()

    run(scene)


def test_the_url_option_is_the_address_of_the_socket(project: Project) -> None:
    async def scene() -> None:
        address = project.url.replace("http", "ws") + "/websocket"
        directus = (
            create_directus("http://directus.invalid")
            .with_(static_token(project.token))
            .with_(realtime(url=address))
        )
        await directus.connect()
        assert await directus.items("messages").read({"limit": 0}) == []
        directus.disconnect()

    run(scene)


# Subscriptions


@pytest.mark.parametrize("event", ["create", "update", "delete"])
def test_subscribe_to_one_event_and_only_that_comes(project: Project, event: EventName) -> None:
    async def scene() -> None:
        directus = await connected(project.url)
        subscription = await directus.subscribe("messages", event=event, query=TEXTS)
        await next_of(subscription, "init")
        (key,) = await make(directus, "one")
        await directus.items("messages").update({"text": "two"}, id=key)
        await directus.items("messages").delete(id=key)
        data = await next_of(subscription, event)
        assert data == {"create": [{"text": "one"}], "update": [{"text": "two"}]}.get(event, [key])
        subscription.unsubscribe()
        assert [message["event"] async for message in subscription] == []
        directus.disconnect()

    run(scene)


def test_subscribe_with_a_query_and_its_fields_and_filter_hold(project: Project) -> None:
    async def scene() -> None:
        directus = await connected(project.url)
        query = {"fields": ["text", "user"], "filter": {"user": {"_eq": "Ben"}}}
        subscription = await directus.subscribe("messages", event="create", query=query)
        await next_of(subscription, "init")
        await directus.items("messages").create({"text": "not this", "user": "Rijk"})
        await directus.items("messages").create({"text": "this", "user": "Ben"})
        assert await next_of(subscription, "create") == [{"text": "this", "user": "Ben"}]
        directus.disconnect()

    run(scene)


def test_subscribe_under_a_uid_and_every_message_has_it(project: Project) -> None:
    async def scene() -> None:
        directus = await connected(project.url)
        subscription = await directus.subscribe("messages", event="create", uid="mine")
        await make(directus, "one")
        assert subscription.uid == "mine"
        assert [(await anext(subscription))["uid"] for _ in range(2)] == ["mine", "mine"]
        directus.disconnect()

    run(scene)


def test_unsubscribe_ends_one_subscription_and_the_others_go_on(project: Project) -> None:
    async def scene() -> None:
        directus = await connected(project.url)
        left = await directus.subscribe("messages", event="create", query=TEXTS)
        kept = await directus.subscribe("messages", event="create", query=TEXTS)
        await next_of(kept, "init")
        left.unsubscribe()
        await make(directus, "one")
        assert await next_of(kept, "create") == [{"text": "one"}]
        assert [message["event"] async for message in left] == ["init"]
        directus.disconnect()

    run(scene)


# Requests


def test_a_request_that_directus_is_silent_on_times_out_and_others_are_answered(
    project: Project,
) -> None:
    async def scene() -> None:
        directus = await connected(project.url)
        messages = directus.items("messages")
        # `items` refuses what is no item before it is sent.
        no_item = {"type": "items", "collection": "messages", "action": "create", "data": [None]}
        request = directus._driver.request(
            no_item,
            what='create in "messages"',
            repeatable=False,
            quiet=False,
            timeout=0.2,
            queue_timeout=None,
        )
        silence = asyncio.ensure_future(request)
        await asyncio.sleep(0)
        assert await messages.read({"limit": 0}) == []
        with pytest.raises(ReplyTimeout, match=r"did not answer the create .* within 0\.2 s"):
            await silence
        assert directus.state == "open"
        directus.disconnect()

    run(scene)
