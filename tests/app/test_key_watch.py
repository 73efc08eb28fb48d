"""The watch on a collection: what it makes of events, in whichever order and form they come."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from directus_realtime import DirectusError, Freshness, StateChanged, SubscriptionOverflow
from directus_realtime.core.states import State
from directus_realtime.key_watch import KeyWatch

from tests.support import clock


class Scripted:
    """A client whose subscriptions bring what a test says.

    Attributes:
        subscribed: the events that were subscribed to.
    """

    def __init__(self) -> None:
        self.subscribed: list[str] = []
        self.follow: Any = None
        self._queues: dict[str, asyncio.Queue[Any]] = {}

    def on_state(self, callback: Any) -> Any:
        self.follow = callback
        return lambda: None

    async def subscribe(self, collection: str, *, event: str, **options: Any) -> Any:
        assert options == {"query": {"fields": ["id"], "limit": -1}, "recover": None}
        self.subscribed.append(event)
        queue = self._queues[event] = asyncio.Queue()
        queue.put_nowait({"event": "init"})
        return _Messages(queue)

    async def bring(self, event: str, data: Any) -> None:
        """Let a message come, and be taken in; an exception is raised, None ends it."""
        is_message = data is not None and not isinstance(data, Exception)
        message = {"event": event, "data": data} if is_message else data
        await self.send(event, message)

    async def send(self, event: str, message: Any) -> None:
        self._queues[event].put_nowait(message)
        for _ in range(5):
            await asyncio.sleep(0)


class _Messages:
    def __init__(self, queue: asyncio.Queue[Any]) -> None:
        self._queue = queue

    async def __aiter__(self) -> AsyncIterator[Any]:
        while (message := await self._queue.get()) is not None:
            if isinstance(message, Exception):
                raise message
            yield message

    def caught_up(self) -> None:
        pass

    def unsubscribe(self) -> None:
        pass


class Noted:
    """A listener that notes what it is told."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.freshness: Freshness = "live"

    def touch(self, keys: list[Any]) -> None:
        self.told.append(("touch", keys))

    def delete(self, keys: list[Any]) -> None:
        self.told.append(("delete", keys))

    def doubt(self) -> None:
        self.told.append("doubt")

    def follow(self, change: Any) -> None:
        self.told.append(change.state)

    def fail(self, error: Exception) -> None:
        self.told.append(error)


async def watching() -> tuple[Any, KeyWatch, list[Any]]:
    client: Any = Scripted()
    watch, noted = KeyWatch(client, "messages", "id"), Noted()
    watch.listeners.append(noted)
    await watch.ready()
    for _ in range(5):
        await asyncio.sleep(0)
    return client, watch, noted.told


def test_events_name_the_rows_that_have_changed() -> None:
    async def scene() -> None:
        client, watch, told = await watching()
        await client.bring("create", [{"id": 1}])
        await client.bring("update", [{"id": 2}, {"id": 3}])
        await client.bring("delete", ["4", 5])
        assert told == [("touch", [1]), ("touch", [2, 3]), ("delete", ["4", 5])]
        await watch.end()

    clock.run(scene())


def test_a_row_that_was_created_lately_may_have_been_created_again() -> None:
    """Events come in no promised order: the delete may be older than the create."""

    async def scene() -> None:
        client, watch, told = await watching()
        await client.bring("create", [{"id": 1}])
        await client.bring("delete", ["1", 2])
        assert told == [("touch", [1]), ("delete", ["1", 2]), ("touch", [1])]
        await asyncio.sleep(11)  # of the simulated time
        told.clear()
        await client.bring("delete", [1])
        assert told == [("delete", [1])], "it was created long ago"
        await client.bring("create", [{"id": 3}])
        for key in range(10, 1010):
            await client.bring("create", [{"id": key}])
        told.clear()
        await client.bring("delete", [3])
        assert told == [("delete", [3])], "it is remembered for ever"
        await watch.end()

    clock.run(scene())


@pytest.mark.parametrize(
    ("event", "data"),
    [
        ("create", [{}]),
        ("create", [{"id": None}]),
        ("create", [{"id": True}]),
        ("update", ["a"]),
        ("update", {"id": 1}),
        ("update", [{"id": key} for key in range(100)]),
        ("delete", [[1]]),
        ("delete", 1),
    ],
    ids=lambda given: str(given)[:30],
)
def test_what_it_cannot_tell_is_a_doubt(event: str, data: Any) -> None:
    async def scene() -> None:
        client, watch, told = await watching()
        await client.bring(event, data)
        assert told == ["doubt"]
        await watch.end()

    clock.run(scene())


def test_each_further_init_is_a_doubt_and_the_last_one_makes_it_live() -> None:
    async def scene() -> None:
        client, watch, told = await watching()
        assert told == []
        seen = [watch.freshness]
        for state in (State.WAITING, State.OPEN):
            client.follow(StateChanged(state))
            seen.append(watch.freshness)
        assert told == ["waiting", "open"]
        for event in ("delete", "create", "update"):
            await client.send(event, {"event": "init"})
            seen.append(watch.freshness)
        assert told[2:] == ["doubt"] * 3
        for state in (State.REAUTHENTICATING, State.OPEN):
            client.follow(StateChanged(state))
            seen.append(watch.freshness)
        assert seen == ["live", "stale", *["catching up"] * 3, "live", "stale", "live"]
        await watch.end()

    clock.run(scene())


def test_after_an_overflow_it_subscribes_again() -> None:
    async def scene() -> None:
        client, watch, told = await watching()
        await client.bring("update", SubscriptionOverflow(1))
        assert told == ["doubt"]
        assert client.subscribed == ["create", "update", "delete", "update"]
        assert watch.freshness == "live"
        await client.bring("update", [{"id": 1}])
        assert told == ["doubt", ("touch", [1])]
        await watch.end()

    clock.run(scene())


def test_the_end_of_a_subscription_is_a_failure() -> None:
    async def scene() -> None:
        client, watch, told = await watching()
        await client.bring("create", None)
        assert isinstance(told[0], DirectusError)
        assert "has ended" in str(told[0])
        assert watch.freshness == "stale"
        with pytest.raises(DirectusError, match="has ended"):
            await watch.ready()
        await watch.end()

    clock.run(scene())
