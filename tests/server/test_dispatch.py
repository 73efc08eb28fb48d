"""The order in which author and subscribers hear of a write, on a real store."""

import asyncio
import json
from collections.abc import Coroutine, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from server import dispatch
from server.access import Rights
from server.dispatch import Dispatcher
from server.errors import DirectusError, unavailable
from server.hub import Hub, Subscription, View
from server.items import Items
from server.project_file import guide
from server.query import Query
from server.request import Outcome, Request
from server.store import Store
from tests.server.desk import EDITOR

PROJECT = guide("token")
MESSAGES = PROJECT.by_name["messages"]
BARE = Query(())


class Client:
    """A subscriber."""

    def __init__(self) -> None:
        self.rights: Rights = EDITOR


class Table:
    """Three subscriptions and an author, who all write down what they hear."""

    def __init__(self, store: Store) -> None:
        self.hub = Hub()
        self.dispatcher = Dispatcher(store, self.hub, Items(PROJECT, lambda: datetime.now(UTC)))
        self.told: list[str] = []
        self.client = Client()
        self.dispatcher.outlets[self.client] = self.told.append

    def subscribe(self, uid: str, query: Query = BARE) -> None:
        self.hub.add(Subscription(self.client, "messages", query, uid=uid))

    def hear(self, result: Outcome | DirectusError) -> None:
        self.told.append("reply" if isinstance(result, Outcome) else result.code)

    async def do(self, action: Any, **parts: Any) -> None:
        await self.dispatcher.perform(Request(action, MESSAGES, EDITOR, **parts), self.hear)

    def heard(self) -> list[str]:
        """Return who heard of which keys since the last time, as ``uid:keys``."""
        told, self.told[:] = list(self.told), []
        return [_short(text) for text in told]


def _short(text: str) -> str:
    return text if text[0] != "{" else f"{text[-3]}:{text[text.index('[') + 1 : text.index(']')]}"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "m.db", PROJECT)
    yield store
    store.close()


def test_the_first_subscription_comes_before_the_reply_and_the_others_after(store: Store) -> None:
    async def talk() -> None:
        table = Table(store)
        for uid in "abc":
            table.subscribe(uid)
        await table.do("create", data={})
        assert table.heard() == ["a:1", "reply", "b:1", "c:1"]
        await table.do("create", data=[{}, {}])
        assert table.heard() == ["a:2", "a:3", "reply", "b:2", "b:3", "c:2", "c:3"]
        await table.do("update", ids=(1, 2), data={})
        assert table.heard() == ["a:1,2", "reply", "b:1,2", "c:1,2"]
        await table.do("delete", ids=(1, 2))
        assert table.heard() == ["reply", "a:1,2", "b:1,2", "c:1,2"]
        await table.do("read")
        assert table.heard() == ["reply"]

    asyncio.run(talk())


def test_counting_comes_after_the_reply(store: Store) -> None:
    async def talk() -> None:
        table = Table(store)
        table.subscribe("a", Query((), meta=("total_count",)))
        await table.do("create", data={})
        assert table.told[0] == "reply"
        assert '"meta":{"total_count":1}' in table.told[1]

    asyncio.run(talk())


def test_commits_are_told_of_in_their_order(store: Store) -> None:
    async def talk() -> None:
        table = Table(store)
        table.subscribe("a")
        await asyncio.gather(*(table.do("create", data={}) for _ in range(50)))
        assert [each for each in table.heard() if each != "reply"] == [
            f"a:{key}" for key in range(1, 51)
        ]

    asyncio.run(talk())


def test_a_refused_write_is_told_to_its_author_alone(store: Store) -> None:
    async def talk() -> None:
        table = Table(store)
        table.subscribe("a")
        await table.do("create", data=[{"id": 1}, {"id": 1}])
        assert table.heard() == ["RECORD_NOT_UNIQUE"]

    asyncio.run(talk())


def test_the_author_hears_even_if_subscribers_cannot_be_told(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(work: Any) -> None:
        raise unavailable("database", "Disk i/o error")

    async def talk() -> None:
        table = Table(store)
        table.subscribe("a")
        monkeypatch.setattr(store, "read", fail)
        await table.do("create", data={})
        assert table.heard() == ["reply"]

    asyncio.run(talk())
    assert "subscribers were not told" in caplog.text


def test_who_has_gone_is_told_nothing(store: Store) -> None:
    async def talk() -> None:
        table = Table(store)
        table.subscribe("a")
        table.dispatcher.outlets.clear()
        await table.do("create", data={})
        assert table.heard() == ["reply"]

    asyncio.run(talk())


INTERNAL = "INTERNAL_SERVER_ERROR"


def fail(*_: Any) -> Any:
    raise RuntimeError("a mistake of ours")


def failures(caplog: pytest.LogCaptureFixture) -> int:
    return sum(record.exc_info is not None for record in caplog.records)


async def within(seconds: float, *coroutines: Coroutine[Any, Any, None]) -> None:
    async with asyncio.timeout(seconds):
        await asyncio.gather(*coroutines)


@pytest.mark.parametrize("broken", ["show", "text_of"])
def test_a_view_that_fails_is_an_error_for_its_own_subscribers(
    store: Store, broken: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def talk() -> None:
        table = Table(store)
        table.subscribe("a", Query((), search="x"))
        table.subscribe("b")
        owner = Items if broken == "show" else dispatch
        original = getattr(owner, broken)

        def break_one(*args: Any) -> Any:
            view = next(each for each in args if isinstance(each, View))
            return fail() if view.query.search else original(*args)

        monkeypatch.setattr(owner, broken, break_one)
        await within(10, table.do("create", data={}))
        refused, *others = table.told
        assert json.loads(refused) == {
            "type": "subscribe",
            "status": "error",
            "error": {"code": INTERNAL, "message": "An unexpected error occurred."},
            "uid": "a",
        }
        table.told[:] = others
        assert table.heard() == ["reply", "b:1"]

    asyncio.run(talk())
    assert failures(caplog) == 1


def test_a_view_that_sqlite_refuses_is_an_error_for_its_own_subscribers(store: Store) -> None:
    async def talk() -> None:
        table = Table(store)
        table.subscribe("a", Query((), search="x" * 60_000))
        table.subscribe("b")
        await within(10, table.do("create", data={}))
        assert "LIKE or GLOB pattern too complex" in table.told.pop(0)
        assert table.heard() == ["reply", "b:1"]

    asyncio.run(talk())


@pytest.mark.parametrize("broken", ["concerned", "tell", "read"])
def test_every_request_of_a_batch_is_answered_whatever_fails(
    store: Store, broken: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def talk() -> None:
        table = Table(store)
        table.subscribe("a")
        with monkeypatch.context() as patch:
            owner = {"concerned": table.hub, "tell": dispatch, "read": store}[broken]
            patch.setattr(owner, broken, fail)
            await within(10, *(table.do("create", data={}) for _ in range(3)))
        assert table.heard() == ["reply"] * 3
        await within(10, table.do("create", data={}))
        assert table.heard() == ["a:4", "reply"]

    asyncio.run(talk())
    assert failures(caplog) > 0


def test_an_outlet_that_raises_costs_its_own_subscriber_alone(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    async def talk() -> None:
        table, broken = Table(store), Client()
        table.hub.add(Subscription(broken, "messages", BARE, uid="z"))
        table.dispatcher.outlets[broken] = fail
        table.subscribe("a")
        await within(10, *(table.do("create", data={}) for _ in range(2)))
        assert table.heard() == ["reply", "a:1", "reply", "a:2"]

    asyncio.run(talk())
    assert failures(caplog) == 2


def test_an_answer_that_cannot_be_given_holds_up_no_other(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    async def talk() -> None:
        table = Table(store)
        table.subscribe("a")
        request = Request("create", MESSAGES, EDITOR, data={})
        lost = table.dispatcher.perform(request, fail)
        await within(10, lost, table.do("create", data={}))
        assert table.heard() == ["a:1", "a:2", "reply"]

    asyncio.run(talk())
    assert failures(caplog) == 1


@pytest.mark.parametrize("action", ["read", "create"])
def test_a_request_that_fails_is_answered(
    store: Store, action: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(Items, "perform", fail)

    async def talk() -> None:
        table = Table(store)
        await within(10, table.do(action, data={}))
        assert table.heard() == [INTERNAL]

    asyncio.run(talk())
    assert failures(caplog) == 1
