"""The order of replies and deliveries after a write, and what a failure costs; a real store."""

import asyncio
import json
import sqlite3
import threading
import time
from collections.abc import Awaitable, Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from server.auth.access import Accountability
from server.database import engine
from server.database.engine import make_engine
from server.database.store import Store
from server.errors import DirectusError, unavailable
from server.items.events import Event, Payload, View
from server.items.request import ItemsRequest, Outcome
from server.items.service import ItemsService
from server.query.query import Query
from server.realtime import dispatch, slow_views
from server.realtime.dispatch import Dispatcher
from server.realtime.hub import Hub, Subscription
from tests.server.guide import guide
from tests.server.items_harness import EDITOR

PROJECT = guide("token")
MESSAGES = PROJECT.by_name["messages"]
BARE = Query(())


class Client:
    """A subscriber."""

    def __init__(self) -> None:
        self.accountability: Accountability = EDITOR


class DispatchHarness:
    """A dispatcher, a subscriber and an author; ``received`` has their frames in order."""

    def __init__(self, store: Store) -> None:
        self.hub = Hub()
        self.dispatcher = Dispatcher(
            store, self.hub, ItemsService(PROJECT, lambda: datetime.now(UTC))
        )
        self.received: list[str] = []
        self.client = Client()
        self.dispatcher.senders[self.client] = self.received.append

    def subscribe(self, uid: str, query: Query = BARE) -> None:
        self.hub.add(Subscription(self.client, "messages", query, uid=uid))

    def answer(self, result: Outcome | DirectusError) -> None:
        self.received.append("reply" if isinstance(result, Outcome) else result.code)

    async def do(self, action: Any, **parts: Any) -> None:
        await self.dispatcher.perform(ItemsRequest(action, MESSAGES, EDITOR, **parts), self.answer)

    def delivered(self) -> list[str]:
        """Return the frames since the last call as ``uid:keys``, and replies."""
        received, self.received[:] = list(self.received), []
        return [_short(text) for text in received]


def _short(text: str) -> str:
    return text if text[0] != "{" else f"{text[-3]}:{text[text.index('[') + 1 : text.index(']')]}"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "m.db", PROJECT)
    yield store
    store.close()


def test_the_first_subscription_comes_before_the_reply_and_the_others_after(store: Store) -> None:
    async def conversation() -> None:
        harness = DispatchHarness(store)
        for uid in "abc":
            harness.subscribe(uid)
        await harness.do("create", data={})
        assert harness.delivered() == ["a:1", "reply", "b:1", "c:1"]
        await harness.do("create", data=[{}, {}])
        assert harness.delivered() == ["a:2", "a:3", "reply", "b:2", "b:3", "c:2", "c:3"]
        await harness.do("update", ids=(1, 2), data={})
        assert harness.delivered() == ["a:1,2", "reply", "b:1,2", "c:1,2"]
        await harness.do("delete", ids=(1, 2))
        assert harness.delivered() == ["reply", "a:1,2", "b:1,2", "c:1,2"]
        await harness.do("read")
        assert harness.delivered() == ["reply"]

    asyncio.run(conversation())


def test_counting_comes_after_the_reply(store: Store) -> None:
    async def conversation() -> None:
        harness = DispatchHarness(store)
        harness.subscribe("a", Query((), meta=("total_count",)))
        await harness.do("create", data={})
        assert harness.received[0] == "reply"
        assert '"meta":{"total_count":1}' in harness.received[1]

    asyncio.run(conversation())


def test_commits_are_told_of_in_their_order(store: Store) -> None:
    async def conversation() -> None:
        harness = DispatchHarness(store)
        harness.subscribe("a")
        await asyncio.gather(*(harness.do("create", data={}) for _ in range(50)))
        assert [each for each in harness.delivered() if each != "reply"] == [
            f"a:{key}" for key in range(1, 51)
        ]

    asyncio.run(conversation())


def test_a_refused_write_is_told_to_its_author_alone(store: Store) -> None:
    async def conversation() -> None:
        harness = DispatchHarness(store)
        harness.subscribe("a")
        await harness.do("create", data=[{"id": 1}, {"id": 1}])
        assert harness.delivered() == ["RECORD_NOT_UNIQUE"]

    asyncio.run(conversation())


def test_the_author_hears_even_if_subscribers_cannot_be_told(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(work: Any) -> None:
        raise unavailable("database", "Disk i/o error")

    async def conversation() -> None:
        harness = DispatchHarness(store)
        harness.subscribe("a")
        monkeypatch.setattr(store, "read_views", fail)
        await harness.do("create", data={})
        assert harness.delivered() == ["reply"]

    asyncio.run(conversation())
    assert "events were not delivered" in caplog.text
    assert failures(caplog) == 0, "it has a sentence, and no traceback"


def test_who_has_gone_is_told_nothing(store: Store) -> None:
    async def conversation() -> None:
        harness = DispatchHarness(store)
        harness.subscribe("a")
        harness.dispatcher.senders.clear()
        await harness.do("create", data={})
        assert harness.delivered() == ["reply"]

    asyncio.run(conversation())


INTERNAL = "INTERNAL_SERVER_ERROR"


def fail(*_: Any) -> Any:
    raise RuntimeError("a mistake of ours")


def failures(caplog: pytest.LogCaptureFixture) -> int:
    return sum(record.exc_info is not None for record in caplog.records)


async def within(seconds: float, *coroutines: Awaitable[None]) -> None:
    async with asyncio.timeout(seconds):
        await asyncio.gather(*coroutines)


@pytest.mark.parametrize("broken", ["read_view", "render"])
def test_a_view_that_fails_is_an_error_for_its_own_subscribers(
    store: Store, broken: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def conversation() -> None:
        harness = DispatchHarness(store)
        harness.subscribe("a", Query((), search="x"))
        harness.subscribe("b")
        owner = ItemsService if broken == "read_view" else dispatch
        original = getattr(owner, broken)

        def break_one(*args: Any) -> Any:
            view = next(each for each in args if isinstance(each, View))
            return fail() if view.query.search else original(*args)

        monkeypatch.setattr(owner, broken, break_one)
        await within(10, harness.do("create", data={}))
        refused, *others = harness.received
        assert json.loads(refused) == {
            "type": "subscribe",
            "status": "error",
            "error": {"code": INTERNAL, "message": "An unexpected error occurred."},
            "uid": "a",
        }
        harness.received[:] = others
        assert harness.delivered() == ["reply", "b:1"]

    asyncio.run(conversation())
    assert failures(caplog) == 1


def test_a_view_that_sqlite_refuses_is_an_error_for_its_own_subscribers(store: Store) -> None:
    async def conversation() -> None:
        harness = DispatchHarness(store)
        harness.subscribe("a", Query((), search="x" * 1_001))
        harness.subscribe("b")
        await within(10, harness.do("create", data={}))
        assert "LIKE or GLOB pattern too complex" in harness.received.pop(0)
        assert harness.delivered() == ["reply", "b:1"]

    asyncio.run(conversation())


@pytest.mark.parametrize("broken", ["match", "deliver", "read_views"])
def test_every_request_of_a_batch_is_answered_whatever_fails(
    store: Store, broken: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def conversation() -> None:
        harness = DispatchHarness(store)
        harness.subscribe("a")
        with monkeypatch.context() as patch:
            owner = {"match": harness.hub, "deliver": dispatch, "read_views": store}[broken]
            patch.setattr(owner, broken, fail)
            await within(10, *(harness.do("create", data={}) for _ in range(3)))
        assert harness.delivered() == ["reply"] * 3
        await within(10, harness.do("create", data={}))
        assert harness.delivered() == ["a:4", "reply"]

    asyncio.run(conversation())
    assert failures(caplog) > 0


def test_an_outlet_that_raises_costs_its_own_subscriber_alone(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    async def conversation() -> None:
        harness, broken = DispatchHarness(store), Client()
        harness.subscribe("a")
        harness.hub.add(Subscription(broken, "messages", BARE, uid="z"))
        harness.dispatcher.senders[broken] = fail
        harness.subscribe("b")
        await within(10, *(harness.do("create", data={}) for _ in range(2)))
        assert harness.delivered() == ["a:1", "reply", "b:1", "a:2", "reply", "b:2"]

    asyncio.run(conversation())
    assert failures(caplog) == 2


def test_an_answer_that_cannot_be_given_holds_up_no_other(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    async def conversation() -> None:
        harness = DispatchHarness(store)
        harness.subscribe("a")
        request = ItemsRequest("create", MESSAGES, EDITOR, data={})
        lost = harness.dispatcher.perform(request, fail)
        await within(10, lost, harness.do("create", data={}))
        assert harness.delivered() == ["a:1", "a:2", "reply"]

    asyncio.run(conversation())
    assert failures(caplog) == 1


@pytest.mark.parametrize("action", ["read", "create"])
def test_a_request_that_fails_is_answered(
    store: Store, action: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(ItemsService, "perform", fail)

    async def conversation() -> None:
        harness = DispatchHarness(store)
        await within(10, harness.do(action, data={}))
        assert harness.delivered() == [INTERNAL]

    asyncio.run(conversation())
    assert failures(caplog) == 1


def test_a_view_that_takes_too_long_is_an_error_and_is_left_alone_for_a_while(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slow_views, "MAX_VIEW_TIME", 0.02)
    original = ItemsService.read_view
    reads: list[str] = []

    def read_view(items: ItemsService, connection: sa.Connection, view: View) -> Payload:
        reads.append(view.query.search)
        if view.query.search:
            endless = "WITH RECURSIVE n(x) AS (VALUES (1) UNION ALL SELECT x FROM n)"
            connection.exec_driver_sql(f"{endless} SELECT max(x) FROM n")
        return original(items, connection, view)

    monkeypatch.setattr(ItemsService, "read_view", read_view)

    async def conversation() -> None:
        harness = DispatchHarness(store)
        harness.subscribe("a", Query((), search="x"))
        harness.subscribe("b")
        for key in range(1, 4):
            await within(10, harness.do("create", data={}))
            assert "It takes too long" in harness.received.pop(0)
            assert harness.delivered() == ["reply", f"b:{key}"]
        assert reads == ["x", "", "", ""]
        later = Clock(monotonic=time.monotonic() + 61)
        monkeypatch.setattr(slow_views, "time", later)
        await within(10, harness.do("create", data={}))
        assert reads[4:] == ["x", ""]

    asyncio.run(conversation())


class Clock:
    """The module ``time``, standing still."""

    def __init__(self, monotonic: float = 1_000.0) -> None:
        self.now, self.spent = monotonic, 0.0

    def monotonic(self) -> float:
        return self.now

    def thread_time(self) -> float:
        return self.spent


def test_all_views_of_a_client_that_take_too_long_are_left_alone_for_a_while(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of 50 views is quick enough; the author and the others wait for few of them."""
    clock, reads, original = Clock(), 0, ItemsService.read_view
    monkeypatch.setattr(slow_views, "time", clock)

    def read_view(items: ItemsService, connection: sa.Connection, view: View) -> Payload:
        nonlocal reads
        if view.query.limit:
            reads += 1
            clock.spent += 0.09
        return original(items, connection, view)

    monkeypatch.setattr(ItemsService, "read_view", read_view)

    async def told(harness: DispatchHarness, key: int, expected: int) -> None:
        nonlocal reads
        reads = 0
        await within(10, harness.do("create", data={}))
        slow = [text for text in harness.received if "It takes too long" in text]
        assert (reads, 50 - len(slow)) == (expected, expected)
        assert other == [f'{{"type":"subscription","event":"create","data":[{key}],"uid":"b"}}'] * 2
        harness.received.clear()
        other.clear()

    async def conversation() -> None:
        harness, neighbour = DispatchHarness(store), Client()
        harness.dispatcher.senders[neighbour] = other.append
        for number in range(1, 51):
            harness.subscribe("a", Query((), limit=number))
        # The neighbour has one of them too, and one of its own.
        for query in (Query((), limit=50), BARE):
            harness.hub.add(Subscription(neighbour, "messages", query, uid="b"))
        await told(harness, 1, 5)
        await told(harness, 2, 1)
        clock.now += 61
        await told(harness, 3, 5)

    other: list[str] = []
    asyncio.run(conversation())


def test_a_reading_during_which_the_machine_stands_still_costs_nobody_an_event(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time is charged to the thread, as that of a paused virtual machine is."""
    clock, original, stalls = Clock(), ItemsService.read_view, 0
    monkeypatch.setattr(slow_views, "time", clock)
    monkeypatch.setattr(engine, "time", clock)

    def read_view(items: ItemsService, connection: sa.Connection, view: View) -> Payload:
        nonlocal stalls
        if stalls:
            stalls -= 1
            clock.spent += 10.0
        return original(items, connection, view)

    monkeypatch.setattr(ItemsService, "read_view", read_view)

    async def delivered(harness: DispatchHarness, key: int, stalled: int) -> int:
        nonlocal stalls
        stalls = stalled
        await within(10, harness.do("create", data={}))
        slow = sum("It takes too long" in text for text in harness.received)
        harness.received.clear()
        return 3 - slow

    async def conversation() -> None:
        harness = DispatchHarness(store)
        for uid in ("a", "b", "c"):
            harness.subscribe(uid, Query((), search=uid))
        assert await delivered(harness, 1, stalled=1) == 3
        assert await delivered(harness, 2, stalled=1) == 1, "twice within a minute"
        clock.now += 61
        assert await delivered(harness, 3, stalled=1) == 3

    asyncio.run(conversation())


def test_the_views_of_many_events_are_not_added_up(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, original = Clock(), ItemsService.read_view
    monkeypatch.setattr(slow_views, "time", clock)

    def read_view(*parts: Any) -> Payload:
        clock.spent += 0.09
        return original(*parts)

    monkeypatch.setattr(ItemsService, "read_view", read_view)

    async def conversation() -> None:
        harness = DispatchHarness(store)
        harness.subscribe("a")
        await within(10, harness.do("create", data=[{}] * 50))
        assert not any("It takes too long" in text for text in harness.received)

    asyncio.run(conversation())


def test_slow_views_are_remembered_only_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slow_views, "_MOST", 3)
    slow = slow_views.SlowViews()
    memory = make_engine(Path(":memory:"), 1)
    event = Event("messages", "create", (1,))
    with memory.connect() as connection:
        interrupted = OperationalError("", {}, Interrupted())
        for number in range(10):
            view = View(event, Query(limit=number), None, None)
            with (
                pytest.raises(DirectusError, match="takes too long"),
                slow.watch(connection, view, ()),
            ):
                raise interrupted
    memory.dispose()
    assert len(slow._until) <= 3


class Interrupted(sqlite3.OperationalError):
    sqlite_errorcode = sqlite3.SQLITE_INTERRUPT


def test_a_create_is_answered_although_its_delivery_takes_long(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "_LATEST_ANSWER", 0.0)
    free = threading.Event()
    original = ItemsService.read_view

    def read_view(*parts: Any) -> Payload:
        assert free.wait(10)
        return original(*parts)

    monkeypatch.setattr(ItemsService, "read_view", read_view)

    async def conversation() -> None:
        harness = DispatchHarness(store)
        harness.subscribe("a")
        done = [asyncio.create_task(harness.do("create", data={})) for _ in range(3)]
        async with asyncio.timeout(10):
            while harness.received != ["reply"] * 3:
                await asyncio.sleep(0)
        free.set()
        await within(10, *(asyncio.shield(each) for each in done))
        assert harness.delivered() == ["reply"] * 3 + ["a:1", "a:2", "a:3"]

    asyncio.run(conversation())


def test_many_deliveries_give_way(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    matched: list[int] = []
    match = Hub.match

    def counted(*parts: Any) -> Any:
        found = match(*parts)
        matched.append(len(found))
        return found

    monkeypatch.setattr(Hub, "match", counted)

    async def conversation() -> None:
        harness = DispatchHarness(store)
        for number in range(5_000):
            harness.subscribe(f"{number:04}")
        steps = [0]

        async def turn() -> None:
            while True:
                await asyncio.sleep(0)
                steps.append(len(harness.received))

        turning = asyncio.create_task(turn())
        await within(20, harness.do("create", data=[{}] * 5))
        turning.cancel()
        assert len(harness.received) == 25_001
        assert max(after - before for before, after in pairwise(steps)) < 1_000
        assert matched == [5_000] * 5, "one event at a time, where so many want it"

    asyncio.run(conversation())


def test_the_views_of_one_event_are_read_a_few_at_a_time(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    original = Dispatcher._render_some

    def render_some(self: Dispatcher, views: Any, connection: sa.Connection) -> Any:
        sizes.append(len(views))
        return original(self, views, connection)

    monkeypatch.setattr(Dispatcher, "_render_some", render_some)

    async def conversation() -> None:
        harness = DispatchHarness(store)
        for number in range(200):
            harness.subscribe(str(number % 10), Query((), limit=number + 1))
        await within(20, harness.do("create", data={}))
        assert len(harness.delivered()) == 201

    asyncio.run(conversation())
    assert sum(sizes) == 200
    assert max(sizes) <= 64
