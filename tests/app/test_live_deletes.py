"""What a delete does to one view: which rows leave, which are looked at, and what is read."""

from typing import Any

import pytest
from directus_realtime.keyed_query import KeyedQuery

from tests.support import clock
from tests.support.asked import settle, viewing


def row(key: int, text: str = "a") -> dict[str, Any]:
    return {"id": key, "text": text}


def test_a_row_deleted_while_it_is_read_is_looked_at_again() -> None:
    """It may have been created again."""

    async def scene() -> None:
        client, view, changes = await viewing(row(1), row(2), row(3))
        view.touch([1])
        await settle()
        view.delete([1, "2"])
        await client.answer(row(1, "b"))
        assert list(view.rows) == [3]
        assert client.asks_for == [1]
        await client.answer(row(1, "c"))
        assert view.rows == {1: row(1, "c"), 3: row(3)}
        assert client.asks_for is None
        told = [changes.next(), changes.next(), changes.next()]
        assert told[:2] == [("leave", 2, row(2)), ("update", 1, row(1, "c"))]
        assert told[2] is None
        await view.end()

    clock.run(scene())


def test_a_row_deleted_while_all_are_read_is_looked_at_again() -> None:
    async def scene() -> None:
        client, view, _ = await viewing(row(1))
        view.doubt()
        await settle()
        view.delete([2])
        await client.answer(row(1), row(2))
        assert list(view.rows) == [1]
        assert client.asks_for == [2]
        await client.answer()
        assert view.freshness == "live"
        await view.end()

    clock.run(scene())


def test_a_uuid_may_be_deleted_in_capitals() -> None:
    async def scene() -> None:
        client, view, _ = await viewing({"id": "ab-1"})
        view.delete(["AB-1"])
        await settle()
        assert client.asks_for == ["ab-1"]
        await client.answer()
        assert view.rows == {}
        await view.end()

    clock.run(scene())


@pytest.mark.parametrize("key", [7, "7", "key-7"])
def test_a_row_that_names_a_deleted_one_is_looked_at(key: Any) -> None:
    """The database clears the field, or deletes the row too, and Directus tells nobody."""

    async def scene() -> None:
        named = int(key) if key == "7" else key
        reply: dict[str, Any] = {"id": 1, "parent": named, "tags": ["a"]}
        client, view, _ = await viewing(reply, {"id": 2, "parent": None, "on": True})
        view.delete([1.5, key])
        seen = [view.freshness]
        await settle()
        assert client.asks_for == [1]
        await client.answer({**reply, "parent": None})
        assert view.rows[1]["parent"] is None
        assert [*seen, view.freshness] == ["catching up", "live"]
        view.delete([1, key, "9" * 5000])
        await settle()
        assert client.asks_for is None
        await view.end()

    clock.run(scene())


def test_a_row_that_is_made_again_may_name_one_that_is_deleted_with_the_first() -> None:
    rows: dict[Any, Any] = {1: {"id": 1, "parent": 7}, 2: {"id": 2, "parent": 3}}
    assert list(KeyedQuery("messages", {}, "id").naming(["1", "7"], rows)) == [1]


def test_more_than_a_thousand_deleted_rows_are_a_reason_to_read_all() -> None:
    async def scene() -> None:
        client, view, _ = await viewing(row(1))
        view.delete(list(range(2, 1003)))
        await settle()
        assert client.asks_for == "all"
        await view.end()

    clock.run(scene())


def test_nothing_is_kept_of_rows_that_came_and_left_unseen() -> None:
    """Who never asks for a change has the rows, and no more."""

    async def scene() -> None:
        client, view, changes = await viewing(row(1))
        for key in range(2, 12):
            view.touch([key])
            await settle()
            await client.answer(row(key))
            view.delete([key])
            await settle()
        assert not changes._left
        assert not changes._changed
        view.delete([1])
        assert changes.next() == ("leave", 1, row(1))
        await view.end()

    clock.run(scene())


@pytest.mark.parametrize(
    "query",
    [{"offset": 1}, {"page": 2}, {"fields": ["parent.text"]}, {"sort": ["parent.n"]}],
)
def test_a_delete_of_an_unseen_row_may_change_what_depends_on_it(query: dict[str, Any]) -> None:
    async def scene() -> None:
        client, view, _ = await viewing(row(2), **query)
        view.delete([1])
        await settle()
        assert client.asks_for == "all"
        await view.end()

    clock.run(scene())
