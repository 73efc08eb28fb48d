"""The reads of a live view, one by one: what was read, and what makes a part of it doubtful."""

import asyncio
from typing import Any, cast

import pytest
from directus_realtime.keyed_query import KeyedQuery
from directus_realtime.pace import Pace
from directus_realtime.row_reader import RowReader

from tests.support import clock

Rows = dict[Any, dict[str, Any]]


class Answers:
    """A client whose reads have the given answers, and record what was asked for."""

    def __init__(self) -> None:
        self.given: list[Any] = []
        self.asked: list[dict[str, Any]] = []

    def items(self, collection: str) -> Any:
        return self

    async def read(self, query: dict[str, Any], *, quiet: bool) -> Any:
        self.asked.append(query)
        return self.given.pop(0)


class Reading:
    """A reader that has read all rows of a query once."""

    def __init__(self, query: dict[str, Any]) -> None:
        self.client = Answers()
        keyed, client = KeyedQuery("messages", query, "id"), cast(Any, self.client)
        self.reader = RowReader(client, "messages", keyed, Pace())

    async def all(self, *rows: dict[str, Any]) -> Rows:
        self.client.given.append(list(rows))
        return await self.reader.read_all()

    async def part(self, before: Rows, keys: list[Any], *answers: list[Any]) -> Rows:
        self.client.given = list(answers)
        rows = await self.reader.read_part(before, keys)
        assert rows is not None, "all rows were to be read"
        assert not self.client.given, "less was read"
        return rows

    async def doubts(self, before: Rows, keys: list[Any], *answers: list[Any]) -> bool:
        """Return whether all rows have to be read."""
        self.client.given = list(answers)
        return await self.reader.read_part(before, keys) is None


def row(key: int, text: str = "a") -> dict[str, Any]:
    return {"id": key, "text": text}


def test_what_a_list_of_keys_has_besides_is_read_next() -> None:
    async def scene() -> None:
        reading = Reading({"sort": ["text"]})
        rows = await reading.all(row(1))
        rows = await reading.part(rows, [2], [row(2)], [row(3), row(2), row(1)])
        assert list(rows) == [2, 1]
        assert reading.reader.misplaced == {3}
        rows = await reading.part(rows, [3], [row(3)], [row(3), row(2), row(1)])
        assert list(rows) == [3, 2, 1]
        assert not reading.reader.misplaced

    clock.run(scene())


def test_what_such_a_list_had_besides_may_be_gone() -> None:
    async def scene() -> None:
        reading = Reading({"sort": ["text"]})
        rows = await reading.all(row(1))
        rows = await reading.part(rows, [2], [row(2)], [row(3), row(2), row(1)])
        rows = await reading.part(rows, [3], [])
        assert rows == {2: row(2), 1: row(1)}
        assert not reading.reader.misplaced

    clock.run(scene())


def test_a_list_that_lacks_a_row_again_is_a_reason_to_read_all() -> None:
    """So it is with more rows than Directus' QUERY_LIMIT_MAX."""

    async def scene() -> None:
        reading = Reading({"sort": ["text"], "limit": -1})
        before = await reading.all(row(1))
        rows = await reading.part(before, [2], [row(2)], [row(1)])
        assert list(rows) == [1, 2]
        assert reading.reader.misplaced == {2}
        assert await reading.doubts(rows, [2], [row(2)], [row(1)])

    clock.run(scene())


@pytest.mark.parametrize("keys", [[1.5], ["true"], list(range(1001))], ids=str)
def test_keys_that_cannot_be_asked_for_are_a_reason_to_read_all(keys: list[Any]) -> None:
    async def scene() -> None:
        reading = Reading({})
        assert await reading.doubts(await reading.all(row(1)), keys)

    clock.run(scene())


def test_a_row_that_was_not_asked_for_is_a_reason_to_read_all() -> None:
    async def scene() -> None:
        reading = Reading({})
        assert await reading.doubts(await reading.all(row(1)), [2], [row(3)])

    clock.run(scene())


def test_without_a_sort_the_rows_show_whether_they_stand_by_key() -> None:
    """A collection may have a field by which it is sorted by hand."""

    async def scene() -> None:
        reading = Reading({})
        rows = await reading.all(row(2), row(1))
        moved = await reading.part(rows, [1], [row(1, "b")], [row(1), row(2)])
        assert list(moved) == [1, 2]
        assert moved[1] == row(1, "b")
        rows = await reading.all(row(1), row(3))
        added = await reading.part(rows, [2], [row(2)])
        assert list(added) == [1, 2, 3]

    clock.run(scene())


def test_a_singleton_is_read_as_a_whole() -> None:
    async def scene() -> None:
        reading = Reading({})
        reading.client.given.append(row(1))
        assert await reading.reader.read_all() == {1: row(1)}
        assert not reading.reader.reads_parts

    clock.run(scene())


def test_once_in_a_while_all_rows_are_read_at_the_price_of_as_many_in_part() -> None:
    async def scene() -> None:
        reading = Reading({})
        rows = await reading.all(row(1), row(2))
        await asyncio.sleep(61)  # of the simulated time
        assert await reading.part(rows, [1], [row(1)]) == rows
        assert await reading.part(rows, [1], [row(1)]) == rows
        assert await reading.doubts(rows, [1])
        await reading.all(row(1), row(2))
        for _ in range(3):
            await asyncio.sleep(19)
            assert await reading.part(rows, [2], [row(2)]) == rows
        await asyncio.sleep(19)
        assert await reading.doubts(rows, [2])

    clock.run(scene())
