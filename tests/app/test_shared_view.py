"""One view, step by step: what it reads after which event, and what it makes of the answers."""

from typing import Any

import pytest
from directus_realtime import NotSent, ReplyTimeout, StateChanged
from directus_realtime.changes import Changes, moved
from directus_realtime.core.states import State

from tests.support import clock
from tests.support.asked import settle, viewing


def row(key: int, text: str = "a") -> dict[str, Any]:
    return {"id": key, "text": text}


def test_what_changed_while_the_order_was_read_is_read_next() -> None:
    async def scene() -> None:
        client, view, _ = await viewing(row(1, "b"), sort=["text"])
        view.touch([2])
        await settle()
        await client.answer(row(2, "a"))
        assert client.queries[-1] == {"fields": ["id", "text"], "sort": ["text"]}
        await client.answer(row(2, "a"), row(3, "ab"), row(1, "b"))
        assert list(view.rows) == [2, 1]
        seen = [view.freshness]
        assert client.asks_for == [3]
        await client.answer(row(3, "ab"))
        await client.answer(row(2, "a"), row(3, "ab"), row(1, "b"))
        assert list(view.rows) == [2, 3, 1]
        assert [*seen, view.freshness] == ["catching up", "live"]
        await view.end()

    clock.run(scene())


def test_a_value_that_the_order_was_by_for_a_moment_leaves_it_no_place() -> None:
    async def scene() -> None:
        client, view, _ = await viewing(row(1, "b"), row(3, "c"), sort=["text"])
        view.touch([2])
        await settle()
        await client.answer(row(2, "a"))
        await client.answer(row(2, "a"), row(3, "ab"), row(1, "b"))  # and 3 is "c" again
        assert client.asks_for == [3]
        await client.answer(row(3, "c"))
        await client.answer(row(2, "a"), row(1, "b"), row(3, "c"))
        assert list(view.rows) == [2, 1, 3]
        assert view.freshness == "live"
        await view.end()

    clock.run(scene())


def test_what_comes_while_it_reads_is_read_at_once_afterwards() -> None:
    async def scene() -> None:
        client, view, _ = await viewing()
        for key in (1, 2, 3, 2):
            view.touch([key])
            await settle()
        assert client.asks_for == [1]
        await client.answer(row(1))
        assert client.asks_for == [2, 3]
        await view.end()

    clock.run(scene())


def test_after_a_refresh_of_the_token_all_rows_are_read() -> None:
    async def scene() -> None:
        client, view, _ = await viewing(row(1))
        view.follow(StateChanged(State.REAUTHENTICATING))
        await settle()
        assert client.asks_for is None
        assert not view.is_current
        view.follow(StateChanged(State.OPEN))
        await settle()
        assert client.asks_for == "all"
        await client.answer(row(1))
        assert view.is_current
        await view.end()

    clock.run(scene())


def test_what_was_read_before_the_connection_was_lost_is_not_current() -> None:
    async def scene() -> None:
        client, view, _ = await viewing(row(1))
        view.doubt()
        await settle()
        view.follow(StateChanged(State.WAITING))
        view.follow(StateChanged(State.OPEN))
        await client.answer(row(1))
        seen = [(view.is_current, view.freshness)]
        await client.answer(row(1))
        seen.append((view.is_current, view.freshness))
        assert seen == [(False, "catching up"), (True, "live")]
        await view.end()

    clock.run(scene())


def test_more_than_a_thousand_touched_rows_are_a_reason_to_read_all() -> None:
    async def scene() -> None:
        client, view, _ = await viewing(limit=-1)
        view.touch(range(1000))
        view.touch([1000])
        await settle()
        assert client.asks_for == "all"
        await view.end()

    clock.run(scene())


def test_who_joins_while_all_rows_are_read_takes_that_read() -> None:
    async def scene() -> None:
        client, view, _ = await viewing(row(1))
        view.follow(StateChanged(State.WAITING))
        view.follow(StateChanged(State.OPEN))
        await settle()
        assert client.asks_for == "all"
        view.join(late := Changes())
        await client.answer(row(1), row(2))
        assert view.is_current
        assert list(late.rows) == [1, 2]
        assert client.asks_for is None
        await view.end()

    clock.run(scene())


def test_a_read_without_an_answer_is_made_again_once() -> None:
    async def scene() -> None:
        client, view, _ = await viewing(row(1))
        view.touch([1])
        await settle()
        client.received += 1
        await client.answer(error=ReplyTimeout("read", 10))
        assert client.asks_for == "all"
        client.received += 1
        assert view.error is None
        await client.answer(error=(second := ReplyTimeout("read", 10)))
        assert view.error is second
        assert view.freshness == "stale"
        await view.end()

    clock.run(scene())


def test_without_a_connection_only_who_enters_hears_of_it() -> None:
    async def scene() -> None:
        client, view, _ = await viewing(row(1))
        view.follow(StateChanged(State.WAITING))
        late = Changes()
        view.join(late)
        await settle()
        await client.answer(error=(why := NotSent("read", "There was no connection")))
        assert view.failure is why
        assert view.error is None
        assert client.asks_for is None
        view.follow(StateChanged(State.OPEN))
        await settle()
        await client.answer(row(1), row(2))
        assert view.failure is None
        assert list(late.rows) == [1, 2]
        await view.end()

    clock.run(scene())


@pytest.mark.parametrize(
    ("before", "now", "changed", "told"),
    [
        ("abcd", "abcd", "", ""),
        ("abcd", "dabc", "", "d"),
        ("abcd", "bcda", "", "a"),
        ("abcd", "bcda", "a", ""),
        ("abcd", "acxd", "", ""),
        ("abcd", "cdab", "", "cd"),
        ("abcd", "cab", "", "c"),
    ],
)
def test_of_rows_that_have_only_moved_few_are_told(
    before: str, now: str, changed: str, told: str
) -> None:
    old: dict[str, Any] = dict.fromkeys(before)
    new: dict[str, Any] = dict.fromkeys(now)
    assert sorted(moved(old, new, changed)) == list(told)


def test_a_row_that_has_only_moved_is_an_update() -> None:
    async def scene() -> None:
        client, view, changes = await viewing(row(1), row(2), row(3), sort=["n"], limit=3)
        for order in ((3, 1, 2), (3, 1, 2)):
            view.touch([3])
            await settle()
            await client.answer(*map(row, order))
        assert [changes.next(), changes.next()] == [("update", 3, row(3)), None]
        await view.end()

    clock.run(scene())
