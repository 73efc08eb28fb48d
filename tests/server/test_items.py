"""Items on a real SQLite: what each action does, answers, and tells subscribers."""

from typing import Any

import pytest

from server.errors import DirectusError
from server.items.request import Outcome
from server.project import Action
from tests.server.items_harness import POSTER, STAMP, WRITER, ItemsHarness, events


def test_create_one(harness: ItemsHarness) -> None:
    outcome = harness.do("create", by=POSTER, data={"text": "x", "nofield": 1})
    row = {"id": 4, "date_created": STAMP, "text": "x", "user": None}
    assert outcome == Outcome(row, events=events("create", (4,)))


@pytest.mark.parametrize("data", [None, "str", 5, {}], ids=repr)
def test_create_from_nothing(harness: ItemsHarness, data: Any) -> None:
    outcome = harness.do("create", data=data, query={"fields": ["id", "text"]})
    assert outcome.data == {"id": 4, "text": None}


def test_create_several_is_told_one_by_one(harness: ItemsHarness) -> None:
    outcome = harness.do("create", data=[{}, 1], query={"fields": ["id"], "sort": "-id"})
    assert outcome == Outcome([{"id": 5}, {"id": 4}], events=events("create", (4,), (5,)))
    assert harness.do("create", data=[]) == Outcome([])


def test_what_cannot_be_read_back_is_kept_and_told(harness: ItemsHarness) -> None:
    outcome = harness.do("create", by=WRITER, data={"text": "w/o read"})
    assert outcome.error is not None
    assert outcome.error.code == "FORBIDDEN"
    assert outcome.events == events("create", (4,))
    outcome = harness.do("create", data={"text": "y"}, query={"fields": ["nofield"]})
    assert outcome.error is not None
    assert 'field "nofield"' in outcome.error.message
    assert list(harness.texts()) == [1, 2, 3, 4, 5]


def test_read(harness: ItemsHarness) -> None:
    only = {"fields": ["id"]}
    assert harness.do("read", id="1", query={"fields": ["text"]}).data == {"text": "one"}
    assert harness.do("read", ids=[3, 1, 99], query=only).data == [{"id": 1}, {"id": 3}]
    assert harness.do("read", ids=[]).data == []
    assert harness.do("read", ids=[1], query={**only, "limit": 0}).data == [{"id": 1}]
    with pytest.raises(DirectusError):
        harness.do("read", id=1, query={"limit": 0})
    assert harness.do("read", id=0, query=only).data == [{"id": 1}, {"id": 2}, {"id": 3}]
    counted = harness.do("read", query={"filter": {"user": "Ben"}, "meta": "*", "fields": []})
    assert counted == Outcome([1], {"total_count": 3, "filter_count": 1})


@pytest.mark.parametrize("key", [99, "abc", 1.5])
def test_items_that_are_not_there(harness: ItemsHarness, key: Any) -> None:
    for action in ("read", "update", "delete"):
        with pytest.raises(DirectusError) as error:
            harness.do(action, id=key, data={"text": "x"})
        assert error.value.code == "FORBIDDEN"


@pytest.mark.parametrize(("conditions", "kept"), [(2, 3), (100, 0)])
def test_the_sql_of_a_long_query_is_not_kept(
    harness: ItemsHarness, conditions: int, kept: int
) -> None:
    """SQLAlchemy keeps that of others, so that it is made once."""
    cache: Any = harness.connection.engine._compiled_cache
    before = len(cache)
    query = {"filter": {"_or": [{"text": {"_nnull": True}}] * conditions}, "meta": "*"}
    assert harness.do("read", query=query).meta == {"total_count": 3, "filter_count": 3}
    assert len(cache) - before == kept


def test_update(harness: ItemsHarness) -> None:
    outcome = harness.do("update", id="1", data={"text": "u", "id": 50})
    row = {"id": 1, "date_created": STAMP, "text": "u", "user": "Ben"}
    assert outcome == Outcome(row, events=events("update", ("1",)))
    outcome = harness.do(
        "update", ids=[1, 3], data={"text": "v"}, query={"fields": [], "meta": "*"}
    )
    assert outcome == Outcome(
        [1, 3], {"total_count": 3, "filter_count": 3}, events("update", (1, 3))
    )
    batch = [{"id": 1, "text": "b1"}, {"id": "2", "text": "b2"}]
    outcome = harness.do("update", data=batch, query={"fields": []})
    assert outcome == Outcome([1, 2], events=events("update", (1,), ("2",)))
    outcome = harness.do("update", query={"filter": {"user": "Ben"}}, data={"text": "q"})
    assert outcome.events == events("update", (1,))
    assert harness.texts() == {1: "q", 2: "b2", 3: "v"}
    assert harness.do("update", data={}).events == events("update", (1, 2, 3))
    assert harness.do("update", query={"filter": {"user": "no"}}, data={}) == Outcome([])


@pytest.mark.parametrize("selector", [{"id": 1}, {"ids": [1]}], ids=str)
def test_an_update_without_data_is_silent(harness: ItemsHarness, selector: dict[str, Any]) -> None:
    with pytest.raises(DirectusError) as error:
        harness.do("update", **selector)
    assert error.value.silent


def test_delete(harness: ItemsHarness) -> None:
    assert harness.do("delete", id="2") == Outcome("2", events=events("delete", ("2",)))
    assert harness.do("delete", query={"filter": {"user": "no"}}) == Outcome([])
    assert harness.do("delete", query={}) == Outcome([1, 3], events=events("delete", (1, 3)))
    assert harness.texts() == {}


def test_queries_reach_as_far_as_the_default_limit(harness: ItemsHarness) -> None:
    harness.do("create", data=[{"text": "x"} for _ in range(102)])
    assert len(harness.do("update", data={"text": "z"}).data) == 100
    assert list(harness.texts().values()).count("z") == 100
    assert len(harness.do("delete", query={}).data) == 100
    assert len(harness.do("delete", query={"limit": -1}).data) == 5


@pytest.mark.parametrize(
    ("action", "parts"),
    [
        ("create", {"data": [{}, {}, {}]}),
        ("update", {"ids": [1, 2, 3], "data": {}}),
        ("update", {"data": [{"id": 1}, {"id": 2}, {"id": 3}]}),
        ("delete", {"ids": [1, 2, 3]}),
    ],
)
def test_one_request_may_write_so_much(
    harness: ItemsHarness, action: Action, parts: dict[str, Any]
) -> None:
    harness.items.max_batch = 2
    with pytest.raises(DirectusError, match="Exceeded max batch mutation limit of 2"):
        harness.do(action, **parts)
    assert len(harness.texts()) == 3
