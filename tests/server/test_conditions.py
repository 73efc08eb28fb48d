"""Every operator against a real SQLite."""

from typing import Any

import pytest
import sqlalchemy as sa

from server.errors import DirectusError
from server.query.filters import read_filter
from tests.server.rows import ALL, CODE, NOW, keys


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"user": {"_eq": "Ben"}}, [1]),
        ({"user": "Ben"}, [1]),
        ({"user": {"_eq": None}}, [3]),
        ({"user": {"_neq": "Ben"}}, [2, 4, 5]),
        ({"id": {"_lt": 2}}, [1]),
        ({"id": {"_lte": "2"}}, [1, 2]),
        ({"id": {"_gt": 4}}, [5]),
        ({"id": {"_gte": 4}}, [4, 5]),
        ({"id": {"_in": [1, "2"]}}, [1, 2]),
        ({"id": {"_in": "1,2"}}, [1, 2]),
        ({"id": {"_nin": [1, 2]}}, [3, 4, 5]),
        ({"id": {"_between": [2, 3]}}, [2, 3]),
        ({"id": {"_nbetween": [2, 4]}}, [1, 5]),
        ({"user": {"_in": ["Ben", 2]}}, [1, 5]),
        ({"text": {"_null": True}}, [4]),
        ({"text": {"_null": False}}, [1, 2, 3, 5]),
        ({"text": {"_nnull": "true"}}, [1, 2, 3, 5]),
        ({"text": {"_nnull": False}}, [4]),
        ({"text": {"_empty": True}}, [3, 4]),
        ({"text": {"_nempty": True}}, [1, 2, 5]),
        ({"text": {"_contains": "ALPH"}}, [1]),
        ({"text": {"_icontains": "ALPH"}}, [1]),
        ({"text": {"_ncontains": "a"}}, [3, 5]),
        ({"text": {"_starts_with": "al"}}, [1]),
        ({"text": {"_nstarts_with": "al"}}, [2, 3, 5]),
        ({"text": {"_istarts_with": "AL"}}, [1]),
        ({"text": {"_nistarts_with": "AL"}}, [2, 3, 5]),
        ({"text": {"_ends_with": "TA"}}, [2]),
        ({"text": {"_nends_with": "ta"}}, [1, 3, 5]),
        ({"text": {"_iends_with": "TA"}}, [2]),
        ({"text": {"_niends_with": "TA"}}, [1, 3, 5]),
        ({"text": {"_contains": "%"}}, [1, 2, 3, 5]),
        ({"text": {"_contains": "_"}}, [1, 2, 5]),
        ({"_and": [{"id": {"_gt": 1}}, {"id": {"_lt": 3}}]}, [2]),
        ({"_or": [{"id": 1}, {"id": 3}]}, [1, 3]),
        ({"_or": [{"id": 1}, {}]}, [1]),
        ({"_or": []}, ALL),
        ({"id": {"_gt": 1, "_lt": 4}}, [2, 3]),
        ({"user": {"_eq": "Ben"}, "id": {"_eq": 2}}, []),
        ({"id": {"_or": [{"_eq": 1}, {"_eq": 2}]}}, [1, 2]),
        ({"at": {"_gt": "2026-01-04T01:00:00+02:00"}}, [4, 5]),
        ({"at": {"_lte": "2026-01-02"}}, [1, 2]),
        ({"at": {"_lt": "$NOW"}}, ALL),
        ({"at": {"_gt": "$NOW(-4 weeks)"}}, [4, 5]),
        ({"at": {"_gt": "$NOW(-1 year)"}}, ALL),
        ({"at": {"_gt": "$NOW(+1 month)"}}, []),
        ({"at": {"_between": ["2026-01-02", "2026-01-03"]}}, [2, 3]),
        ({"size": {"_eq": 2.5}}, [2]),
        ({"done": {"_eq": True}}, [1, 3, 5]),
        ({"done": {"_eq": "false"}}, [2, 4]),
        ({"tags": {"_nnull": True}}, [1]),
        ({"code": {"_eq": CODE}}, [1]),
        ({"user": {"_nin": None}}, []),
        ({"size": {"_gt": None}}, ALL),
        ({"size": {"_lte": None}}, []),
        ({"size": {"_nin": None}}, ALL),
        ({"user": {"_eq": "$CURRENT_USER"}}, []),
        ({"user": {"_eq": "$5"}}, []),
        ({}, ALL),
        ('{"user":{"_eq":"Ben"}}', [1]),
    ],
    ids=str,
)
def test_filters(connection: sa.Connection, condition: Any, expected: list[int]) -> None:
    assert keys(connection, {"filter": condition}) == expected


def test_now_counts_months_as_the_calendar_does(connection: sa.Connection) -> None:
    a_month_later = read_filter({"at": {"_eq": "$NOW(1 month)"}}, NOW)
    assert a_month_later == read_filter({"at": {"_eq": "2026-02-28T12:00:00.000Z"}}, NOW)


def test_many_values_are_one(connection: sa.Connection) -> None:
    assert keys(connection, {"filter": {"id": {"_in": list(range(4, 100_000))}}}) == [4, 5]


def test_a_filter_too_deep_for_python_is_refused() -> None:
    deep: dict[str, Any] = {"id": 1}
    for _ in range(3000):
        deep = {"_and": [deep]}
    with pytest.raises(DirectusError, match="Max relational depth exceeded"):
        read_filter(deep, NOW)
