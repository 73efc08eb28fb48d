"""Which queries can be read in part, and the queries that do it."""

from typing import Any

import pytest
from directus_realtime.partial_query import PartialQuery, partial_query


def partial(**query: Any) -> PartialQuery:
    found = partial_query(query, "id")
    assert found is not None
    return found


SOUND: list[dict[str, Any]] = [
    {},
    {"fields": ["*"], "filter": None, "sort": None, "search": None},
    {"fields": "id, text,year(date_created)"},
    {"fields": ["id,text", "hour(date_created)"]},
    {"filter": {"user": "Ben", "text": {"_null": True}}},
    {"filter": {"_or": [{"id": {"_in": [1, 2]}}, {"_and": [{"n": {"_between": [1, 2]}}]}]}},
    {"filter": {"text": {"_or": [{"_eq": "a"}, {"_contains": "costs $5"}]}}},
    {"filter": {"year(date_created)": {"_eq": 2026}}},
    {"filter": '{"user": {"_eq": "Ben"}}'},
    {"filter": {"place": {"_intersects": {"type": "Point", "coordinates": [1, 2]}}}},
    {"search": "über"},
    {"sort": ["-text", "id"]},
    {"sort": "year(date_created),-id"},
    {"limit": "-1", "offset": 0, "page": None, "deep": {}, "alias": None, "groupBy": []},
]

UNSOUND: list[dict[str, Any]] = [
    {"offset": 1},
    {"page": 1},
    {"aggregate": {"count": "*"}},
    {"groupBy": ["user"]},
    {"alias": {"body": "text"}},
    {"deep": {"author": {"_limit": 1}}},
    {"version": "draft"},
    {"something": "new"},
    {"fields": ["author.name"]},
    {"fields": "id,author.*"},
    {"fields": ["*.*"]},
    {"fields": ["id", {"author": ["name"]}]},
    {"fields": ["count(articles)"]},
    {"fields": ["item:headings.title"]},
    {"sort": ["author.name"]},
    {"sort": "-author.name"},
    {"sort": ["?"]},
    {"sort": [1]},
    {"sort": {"id": 1}},
    {"filter": {"author": {"name": {"_eq": "Ben"}}}},
    {"filter": {"author.name": {"_eq": "Ben"}}},
    {"filter": {"articles": {"_some": {"id": {"_eq": 1}}}}},
    {"filter": {"articles": {"_none": {"id": 1}}}},
    {"filter": {"count(articles)": {"_gt": 1}}},
    {"filter": {"$FOLLOW(articles,author)": {"_eq": 1}}},
    {"filter": {"date": {"_lt": "$NOW"}}},
    {"filter": {"date": {"_gt": "$NOW(-1 day)"}}},
    {"filter": {"_or": [{"a": 1}, {"user": {"_in": ["a", "$CURRENT_USER"]}}]}},
    {"filter": {"user": {"_in": "a, $CURRENT_USER"}}},
    {"filter": {"user": "$CURRENT_USER"}},
    {"filter": {"_and": {"a": 1}}},
    {"filter": {"_and": ["a"]}},
    {"filter": '{"date": {"_lt": "$NOW"}}'},
    {"filter": "{"},
    {"filter": [1]},
    {"limit": ""},
    {"limit": "many"},
    {"limit": 1.5},
    {"limit": -2},
    {"limit": True},
]


@pytest.mark.parametrize("query", SOUND, ids=str)
def test_these_can_be_read_in_part(query: dict[str, Any]) -> None:
    assert partial_query(query, "id") is not None


@pytest.mark.parametrize("query", UNSOUND, ids=str)
def test_these_can_not(query: dict[str, Any]) -> None:
    assert partial_query(query, "id") is None


def test_some_rows_are_asked_for_through_the_filter() -> None:
    ben = {"user": {"_eq": "Ben"}}
    query = {"fields": ["id"], "filter": ben, "sort": ["text"], "search": "a", "limit": -1}
    keys = {"id": {"_in": [3, 1]}}
    assert partial(**query).of([3, 1]) == {**query, "filter": {"_and": [ben, keys]}, "limit": 2}
    assert partial().of([3, 1]) == {"filter": keys, "limit": 2}
    assert partial(filter='{"a": 1}').of([3])["filter"]["_and"][0] == {"a": 1}


def test_all_keys_are_asked_for_in_the_querys_own_order() -> None:
    query = {"fields": ["text", "id"], "filter": {"a": 1}, "sort": ["-n", "id"], "limit": -1}
    assert partial(**query).in_order == {**query, "fields": ["id"]}


@pytest.mark.parametrize("fields", [None, "*", ["id", "text", "date"], "date,text,id"])
def test_what_rows_are_sorted_by_is_asked_for_where_they_show_it(fields: Any) -> None:
    query = partial(fields=fields, sort="-text,year(date),id").in_order
    assert query["fields"] == ["id", "text", "date"]


@pytest.mark.parametrize(
    ("limit", "uncut", "cut"),
    [(None, 99, 100), (3, 2, 3), ("3", 2, 3), (-1, 10**6, None), (0, None, 0)],
)
def test_rows_may_be_cut_at_the_limit(limit: Any, uncut: int | None, cut: int | None) -> None:
    query = partial(limit=limit)
    assert uncut is None or not query.may_cut(uncut)
    assert cut is None or query.may_cut(cut)


@pytest.mark.parametrize("key", ["", "true", "false", "null", "NULL", "$NOW", 1.5, True, None])
def test_a_key_that_a_filter_would_take_for_another_value_is_not_asked_for(key: Any) -> None:
    assert partial().can_read([1, "a", "Null"])
    assert not partial().can_read([1, key])


def test_more_than_a_thousand_keys_are_not_asked_for() -> None:
    assert partial().can_read(range(1000))
    assert not partial().can_read(range(1001))


@pytest.mark.parametrize(
    ("sort", "changed", "moves"),
    [
        (["text"], "text", True),
        (["-text"], "text", True),
        (["text"], "user", False),
        ("year(date),text", "date", True),
        (["id"], "text", False),
        (["hidden"], "text", True),
    ],
)
def test_a_row_moves_when_what_it_is_sorted_by_changes(
    sort: Any, changed: str, moves: bool
) -> None:
    row = {"id": 1, "text": "a", "user": "b", "date": "2026-01-01"}
    assert partial(sort=sort).may_move(row, {**row, changed: "new"}) == moves


@pytest.mark.parametrize(
    ("sort", "keys", "follow"),
    [
        (None, [1, 2, 10], True),
        ([], [2, 1], False),
        (["-id"], [10, 2, 1], True),
        (["-id", "text"], [1, 2], False),
        (["text"], [1, 2], False),
        (["id"], ["a", "b"], True),
        (None, [1, "b"], False),
        (None, [], True),
    ],
)
def test_rows_follow_their_keys(sort: Any, keys: list[Any], follow: bool) -> None:
    assert partial(sort=sort).follows_keys({key: {} for key in keys}) == follow
