"""Each subscription sends the message of the guide on subscriptions, and reads what it shows.

A list of fields goes as one text, as the JS SDK sends it.
`tests/directus/test_guides.py` runs the same on a real Directus.
"""

import asyncio
from typing import Any

import pytest
from directus_realtime import RealtimeClient, Subscription, SubscriptionMessage, keys_of

from tests.guides import subscriptions
from tests.guides.harness import named, run_scene, sent, without_uid
from tests.support.client import connected, make, run
from tests.support.project import Project
from tests.support.wiretap import Message, Wiretap, wiretap


@pytest.mark.parametrize(
    ("sample", "message"),
    named(
        (subscriptions.subscribe, {}),
        (subscriptions.subscribe_to_creates, {"event": "create"}),
        (subscriptions.subscribe_to_fields, {"query": {"fields": "text"}}),
        (subscriptions.subscribe_with_uid, {"uid": "any-string-value"}),
        (subscriptions.subscribe_to_id_and_text, {"query": {"fields": "id,text"}}),
        (
            subscriptions.subscribe_to_texts_of_creates,
            {"event": "create", "query": {"fields": "text,id"}},
        ),
    ),
)
def test_each_subscribe_sends_the_guides_message_and_is_confirmed(
    project: Project, sample: Any, message: Message
) -> None:
    async def scene(tap: Wiretap, directus: RealtimeClient) -> None:
        subscription = await sample(directus)
        frame = sent(tap)[-1]
        assert frame.pop("uid") == message.get("uid", subscription.uid)
        guides = {"type": "subscribe", "collection": "messages", **without_uid(message)}
        assert frame == guides
        init = await subscriptions.initialized(subscription)
        expected = {"type": "subscription", "event": "init", "uid": subscription.uid}
        assert {name: dict(init)[name] for name in expected} == expected

    run_scene(project.url, scene)


def test_only_the_fields_that_were_named_come(project: Project) -> None:
    async def scene(tap: Wiretap, directus: RealtimeClient) -> None:
        fields = await subscriptions.subscribe_to_fields(directus)
        creates = await subscriptions.subscribe_to_texts_of_creates(directus)
        (key,) = await make(directus, "Hello!")
        for subscription in (fields, creates):
            await subscriptions.initialized(subscription)
            assert (await anext(subscription))["data"] == [{"text": "Hello!"}]
        other = await subscriptions.subscribe_to_texts_of_creates(directus)
        (key,) = await make(directus, "Bye!")
        await subscriptions.initialized(other)
        assert keys_of(await anext(other)) == (key,)

    run_scene(project.url, scene)


async def changes(directus: RealtimeClient) -> int:
    """Create, update and delete a message; return its key."""
    (key,) = await make(directus, "one")
    await directus.items("messages").update({"text": "two"}, id=key)
    await directus.items("messages").delete(ids=[key])
    return key


class Calls:
    """A callback that records its calls, and knows how many to expect."""

    def __init__(self, expected: int) -> None:
        self.calls: list[Any] = []
        self._expected = expected
        self._complete = asyncio.Event()

    def __call__(self, *arguments: Any) -> None:
        self.calls.append(arguments)
        if len(self.calls) == self._expected:
            self._complete.set()

    async def all_of(self, subscription: Subscription[SubscriptionMessage], reading: Any) -> None:
        """Read a subscription until all expected calls were made, and then to its end."""
        task = asyncio.ensure_future(reading)
        await self._complete.wait()
        await subscriptions.unsubscribe(subscription)
        await task


def test_changes_are_handled(project: Project) -> None:
    async def scene(tap: Wiretap, directus: RealtimeClient) -> None:
        subscription = await subscriptions.subscribe_to_id_and_text(directus)
        await subscriptions.initialized(subscription)
        key = await changes(directus)
        changed, gone = Calls(2), Calls(1)
        reading = subscriptions.handle_changes(subscription, changed, gone)
        await gone.all_of(subscription, reading)
        assert changed.calls == [({"id": key, "text": "one"},), ({"id": key, "text": "two"},)]
        assert gone.calls == [(key,)]
        frames = [without_uid(each) for each in tap.received if each.get("event") == "create"]
        data = [{"id": key, "text": "one"}]
        assert frames == [{"type": "subscription", "event": "create", "data": data}]

    run_scene(project.url, scene)


def test_responses_of_a_uid_are_told_apart(project: Project) -> None:
    async def scene(tap: Wiretap, directus: RealtimeClient) -> None:
        subscription = await subscriptions.subscribe_with_uid(directus)
        await changes(directus)
        handle = Calls(4)
        await handle.all_of(subscription, subscriptions.tell_apart(subscription, handle))
        events = ["init", "create", "update", "delete"]
        expected = [("any-string-value", event) for event in events]
        assert [(uid, message["event"]) for uid, message in handle.calls] == expected

    run_scene(project.url, scene)


def test_key_event_and_data_are_those_of_the_graphql_subscription(project: Project) -> None:
    async def scene(tap: Wiretap, directus: RealtimeClient) -> None:
        subscription = await subscriptions.subscribe_to_id_and_text(directus)
        await subscriptions.initialized(subscription)
        key = await changes(directus)
        handle = Calls(3)
        await handle.all_of(subscription, subscriptions.key_event_and_data(subscription, handle))
        assert handle.calls == [
            (key, "create", {"id": key, "text": "one"}),
            (key, "update", {"id": key, "text": "two"}),
            (key, "delete", None),
        ]

    run_scene(project.url, scene)


def test_unsubscribing_from_one_and_from_all(project: Project) -> None:
    async def scene(tap: Wiretap, directus: RealtimeClient) -> None:
        one, two, three = [await subscriptions.subscribe(directus) for _ in range(3)]
        await subscriptions.unsubscribe(one)
        await subscriptions.unsubscribe_all([two, three])
        assert await directus.items("messages").read({"limit": 0}) == []
        guides = [{"type": "unsubscribe", "uid": each.uid} for each in (one, two, three)]
        assert [each for each in tap.sent if each["type"] == "unsubscribe"] == guides
        await make(directus, "nobody sees this")
        for subscription in (one, two, three):
            assert [message["event"] async for message in subscription] == ["init"]

    run_scene(project.url, scene)


def test_a_ping_is_answered_and_no_handler_sees_it(project: Project) -> None:
    async def scene() -> None:
        async with wiretap(project.url) as tap:
            directus = await subscriptions.keep_alive(tap.url, project.token)
            seen: list[Message] = []
            directus.on_web_socket("message", seen.append)
            await tap.until(tap.received, lambda message: message == {"type": "ping"})
            await tap.until(tap.sent, lambda message: message == {"type": "pong"})
            assert seen == []
            directus.disconnect()

    run(scene)


def test_disposing_of_the_client_closes_its_connection(project: Project) -> None:
    async def scene() -> None:
        async with wiretap(project.url) as tap:
            directus = await connected(tap.url)
            await subscriptions.dispose(directus)
            assert directus.state == "closed"

    run(scene)
