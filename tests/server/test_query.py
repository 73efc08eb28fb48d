"""Queries against a real SQLite: what is found, and what is refused in Directus' words."""

import gc
import weakref
from typing import Any

import pytest
import sqlalchemy as sa

from server.errors import DirectusError
from server.query.bound import BoundQuery
from server.query.filters import read_filter
from server.query.permission import Permission, Reading
from server.query.query import Limits, Query, read_query, shared
from tests.server.rows import ALL, CODE, NOW, ROWS, found, keys


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("alpha", [1]),
        ("BEN", [1, 4]),
        ("2", [2, 5]),
        (" beta ", [2]),
        ("zzz", []),
        ("", ALL),
        (CODE.upper(), [1]),
        ("\ud800", []),
        ("2.5", [2]),
        ("2.50", []),
        ("25e-1", []),
        ("  ", []),
        (2.5, ALL),
        (["alpha"], ALL),
    ],
)
def test_search(connection: sa.Connection, search: Any, expected: list[int]) -> None:
    assert keys(connection, {"search": search}) == expected


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("-id", [5, 4, 3, 2, 1]),
        (["-id"], [5, 4, 3, 2, 1]),
        ("user,-id", [3, 5, 1, 2, 4]),
        ("text", [4, 3, 5, 1, 2]),
        ("-text", [2, 1, 5, 3, 4]),
        ("done", [2, 4, 1, 3, 5]),
        ("", ALL),
    ],
    ids=str,
)
def test_sort(connection: sa.Connection, sort: Any, expected: list[int]) -> None:
    assert keys(connection, {"sort": sort}) == expected


@pytest.mark.parametrize(
    ("cut", "expected"),
    [
        ({"limit": 2}, [1, 2]),
        ({"limit": "2", "offset": "1"}, [2, 3]),
        ({"limit": 2, "page": 2}, [3, 4]),
        ({"limit": 2, "page": 2, "offset": 1}, [3, 4]),
        ({"limit": 2, "page": 0, "offset": 1}, [2, 3]),
        ({"limit": 0}, []),
        ({"limit": ""}, []),
        ({"filter": []}, ALL),
        ({"offset": 4}, [5]),
        ({"limit": -1, "offset": 3}, [4, 5]),
        ({"offset": 10**15}, []),
        ({"page": 2**53 - 1, "limit": 2**53 - 1}, []),
    ],
    ids=str,
)
def test_pages(connection: sa.Connection, cut: dict[str, Any], expected: list[int]) -> None:
    assert keys(connection, cut) == expected


def test_the_default_and_the_largest_limit(connection: sa.Connection) -> None:
    limits = Limits(default=3, most=4)
    assert keys(connection, {}, limits=limits) == [1, 2, 3]
    assert keys(connection, {"limit": -1}, limits=limits) == [1, 2, 3, 4]
    with pytest.raises(DirectusError, match=r'"limit" must be less than or equal to 4\.'):
        keys(connection, {"limit": 5}, limits=limits)


def test_named_keys_are_not_cut_by_the_default_limit(connection: sa.Connection) -> None:
    limits = Limits(default=1)
    assert keys(connection, {}, keys=[5, 2, 99], limits=limits) == [2, 5]
    assert keys(connection, {"limit": 0}, keys=[2, 5]) == [2, 5]
    assert keys(connection, {"limit": 1, "sort": "-id"}, keys=[2, 5]) == [5]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (["text", "id"], {"text": "Alpha", "id": 1}),
        ("id, text", {"id": 1, "text": "Alpha"}),
        (["id,text", "user"], {"id": 1, "text": "Alpha", "user": "Ben"}),
        (["id", "id"], {"id": 1}),
        (["id", "text.foo"], {"id": 1}),
        (["done", "tags"], {"done": True, "tags": ["x"]}),
        ([], 1),
        (["text.foo"], 1),
    ],
    ids=str,
)
def test_fields(connection: sa.Connection, fields: Any, expected: Any) -> None:
    rows = found(connection, {"fields": fields, "limit": 1})
    assert repr(rows) == repr([expected]), "the order of keys counts, too"


def test_functions_of_dates(connection: sa.Connection) -> None:
    query = {"fields": ["id", "day(at)", "year(at)"], "filter": {"day(at)": {"_gte": 3}}}
    assert found(connection, {**query, "sort": "-day(at)", "limit": 2}) == [
        {"id": 5, "at_day": 5, "at_year": 2026},
        {"id": 4, "at_day": 4, "at_year": 2026},
    ]
    assert keys(connection, {"sort": "hour(at),-minute(at)"}) == ALL


@pytest.mark.parametrize("fields", ["*", ["*"], ["*", "text"], "", None, ["*.*"]], ids=str)
def test_all_fields(connection: sa.Connection, fields: Any) -> None:
    (row,) = found(connection, {"fields": fields, "limit": 1})
    assert list(row) == list(ROWS.by_name)


def test_a_permission_hides_fields_and_rows(connection: sa.Connection) -> None:
    rule = read_filter({"user": {"_eq": "Ben"}}, NOW)
    seen = Permission(("id", "text"), rule)
    assert found(connection, {}, seen=seen) == [{"id": 1, "text": "Alpha"}]
    assert keys(connection, {"search": "rijk"}, seen=seen) == []
    for query in ({"fields": ["user"]}, {"sort": "-user"}, {"filter": {"user": "Ben"}}):
        with pytest.raises(DirectusError, match='access field "user"'):
            found(connection, query, seen=seen)


@pytest.mark.parametrize("meta", ["filter_count", ["filter_count"], "filter_count,filter_count"])
def test_forms_of_meta(meta: Any) -> None:
    assert set(read_query({"meta": meta}, NOW, Limits()).meta) == {"filter_count"}


def test_equal_queries_of_subscriptions_are_one_object() -> None:
    first, second = (shared(read_query({"sort": "-id"}, NOW, Limits())) for _ in range(2))
    assert first is second


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ({}, True),
        ({"sort": ["id"] * 20}, True),
        ({"sort": ["id"] * 20, "fields": "id"}, False),
        ({"filter": {"_or": [{"id": 1}] * 21}}, False),
    ],
    ids=["nothing", "some names", "many names", "many conditions"],
)
def test_of_which_queries_the_sql_is_kept(raw: dict[str, Any], kept: bool) -> None:
    query = read_query(raw, NOW, Limits())
    assert BoundQuery(query, ROWS, Reading()).options == ({} if kept else {"compiled_cache": None})


class Words(str):
    """A text that tells when it is gone."""


def test_nothing_is_kept_of_a_query_that_is_read_once() -> None:
    """Each may be as large as a frame."""
    words = Words("x")
    gone = weakref.ref(words)
    read_query({"filter": {"text": {"_eq": words}}}, NOW, Limits())
    del words
    gc.collect()
    assert gone() is None


def test_what_is_hidden_is_not_counted_by_either(connection: sa.Connection) -> None:
    """As for the event of a deleted row, of which there is nothing to read but counts."""
    for raw in ({"filter": {"user": {"_eq": "Ben"}}}, {"sort": "user"}, {"fields": "user"}):
        query = read_query({"meta": "filter_count", **raw}, NOW, Limits())
        with pytest.raises(DirectusError, match='access field "user"'):
            BoundQuery(query, ROWS, Reading(((ROWS.name, Permission(("id", "text"))),))).counts()


def test_counts(connection: sa.Connection) -> None:
    query = read_query({"meta": "*", "filter": {"id": {"_gt": 3}}, "limit": 1}, NOW, Limits())
    rule = read_filter({"id": {"_gt": 1}}, NOW)
    counts = BoundQuery(query, ROWS, Reading((("rows", Permission(rule=rule)),))).counts()
    assert {name: connection.scalar(count) for name, count in counts.items()} == {
        "total_count": 4,
        "filter_count": 2,
    }


UNKNOWN = (
    'You don\'t have permission to access field "no" in collection "rows" or it does not exist'
)


@pytest.mark.parametrize(
    ("raw", "code", "words"),
    [
        ({"fields": 5}, "INVALID_QUERY", '"fields" must be a string or array.'),
        ({"fields": [".".join("abcdefghijkl")]}, "INVALID_QUERY", "Max relational depth exceeded."),
        ({"fields": "count(tags)"}, "INVALID_QUERY", '"count(tags)" is not supported'),
        ({"fields": "year(text)"}, "INVALID_QUERY", 'Invalid function specified "year".'),
        ({"sort": "year(no)"}, "FORBIDDEN", UNKNOWN),
        ({"fields": ["no"]}, "FORBIDDEN", UNKNOWN),
        ({"fields": ["no", "na"]}, "FORBIDDEN", 'fields "no", "na" in collection "rows" or they'),
        ({"fields": ["no.name"]}, "FORBIDDEN", UNKNOWN),
        ({"sort": "-no"}, "FORBIDDEN", UNKNOWN),
        ({"sort": "text.foo"}, "FORBIDDEN", 'access field "foo" in collection "rows"'),
        ({"sort": "*"}, "FORBIDDEN", 'access field "*" in collection "rows"'),
        ({"fields": ["*", "year(*)"]}, "FORBIDDEN", 'access field "*" in collection "rows"'),
        ({"fields": "id," * 1_001}, "INVALID_QUERY", '"fields" has more than 1,000 names.'),
        ({"sort": ["id"] * 1_001}, "INVALID_QUERY", '"sort" has more than 1,000 names.'),
        ({"filter": {"x" * 1_001: {"_eq": 1}}}, "INVALID_QUERY", "Max relational depth"),
        ({"limit": -5}, "INVALID_QUERY", '"limit" must be greater than or equal to -1.'),
        ({"limit": "x"}, "INVALID_QUERY", '"limit" must be a number.'),
        ({"limit": True}, "INVALID_QUERY", '"limit" must be a number.'),
        ({"limit": 1.5}, "INVALID_QUERY", '"limit" must be an integer.'),
        ({"offset": -1}, "INVALID_QUERY", '"offset" must be greater than or equal to 0.'),
        ({"page": -1}, "INVALID_QUERY", '"page" must be greater than or equal to 0.'),
        ({"limit": 2**53}, "INVALID_QUERY", '"limit" must be a safe number.'),
        ({"offset": "1e20"}, "INVALID_QUERY", '"offset" must be a safe number.'),
        ({"fields": "id,"}, "INVALID_QUERY", '"fields[1]" is not allowed to be empty.'),
        ({"fields": [""]}, "INVALID_QUERY", '"fields[0]" is not allowed to be empty.'),
        ({"sort": ["id,,text"]}, "INVALID_QUERY", '"sort[1]" is not allowed to be empty.'),
        ({"meta": ["*"]}, "INVALID_QUERY", '"meta[0]" must be one of'),
        ({"meta": "total_count, filter_count"}, "INVALID_QUERY", '"meta[1]" must be one of'),
        (
            {"meta": "bogus"},
            "INVALID_QUERY",
            '"meta[0]" must be one of [total_count, filter_count].',
        ),
        ({"aggregate": {"count": "*"}}, "INVALID_QUERY", '"aggregate" is not supported'),
        ({"deep": '{"a": {"_limit": 1}}'}, "INVALID_QUERY", '"deep" is not supported'),
        ({"groupBy": "user"}, "INVALID_QUERY", '"groupBy" is not supported'),
        ({"alias": {"a": "text"}}, "INVALID_QUERY", '"alias" is not supported'),
        ({"alias": {"a.b": "text"}}, "INVALID_QUERY", '"alias" key can\'t contain a period'),
        ({"alias": "x"}, "INVALID_QUERY", '"alias" has to be an object.'),
        ({"filter": {"id": {"_in": {}}}}, "INVALID_QUERY", '"_in" has to be an array of values.'),
        ({"filter": {"id": {"_between": ""}}}, "INVALID_QUERY", "has to be an array of values."),
        ({"filter": "x"}, "INVALID_QUERY", "Invalid JSON for filter object."),
        ({"filter": 5}, "INVALID_QUERY", "Invalid JSON for filter object."),
        ({"filter": {"no": {"_eq": 1}}}, "FORBIDDEN", UNKNOWN),
        ({"filter": {"text.foo": "a"}}, "INVALID_QUERY", '"text.foo" in a filter has to be nested'),
        ({"filter": {"id": {"_lt": 2**53}}}, "INVALID_QUERY", '"_lt" is not a valid number.'),
        (
            {"filter": {"text": {"foo": {"_eq": 1}}}},
            "FORBIDDEN",
            'access field "foo" in collection "rows"',
        ),
        ({"filter": {"year(at": {"_eq": 1}}}, "FORBIDDEN", '"year(at"'),
        ({"filter": {"eon(at)": {"_eq": 1}}}, "INVALID_QUERY", 'Invalid function specified "eon".'),
        ({"filter": {"user": None}}, "INVALID_QUERY", "Invalid filter object."),
        (
            {"filter": {"text": {"_bogus": 1}}},
            "INVALID_QUERY",
            '"text" field type does not contain the "_bogus" filter operator.',
        ),
        (
            {"filter": {"text": {"_eq": ""}}},
            "INVALID_QUERY",
            'You can\'t filter for an empty string in "_eq". Use "_empty" or "_nempty" instead.',
        ),
        (
            {"filter": {"id": {"_in": []}}},
            "INVALID_QUERY",
            '"_in" has to be an array of values.',
        ),
        ({"filter": {"id": {"_between": [1]}}}, "INVALID_QUERY", "an array of two values."),
        ({"filter": {"text": {"_null": "x"}}}, "INVALID_QUERY", '"_null" has to be a boolean.'),
        (
            {"filter": {"text": {"_eq": {"a": 1}}}},
            "INVALID_QUERY",
            'The filter value for "_eq" has to be a string, number, or boolean.',
        ),
        ({"filter": {"id": {"_eq": "x"}}}, "INVALID_QUERY", "Invalid numeric value."),
        ({"filter": {"at": {"_eq": "x"}}}, "INVALID_QUERY", '"at" has to be compared with a date.'),
        ({"filter": {"at": {"_eq": "$NOW(1 eon)"}}}, "INVALID_QUERY", "is no date."),
        ({"filter": {"at": {"_eq": "$NOW(999999 years)"}}}, "INVALID_QUERY", "is no date."),
        ({"filter": {"user": "$CURRENT_ROLE"}}, "INVALID_QUERY", '"$CURRENT_ROLE" is not'),
        ({"filter": {"_or": {"id": 1}}}, "INVALID_QUERY", '"_or" has to be an array of filters.'),
        ({"filter": {"_or": [{"id": 1}] * 501}}, "INVALID_QUERY", "501 conditions"),
    ],
    ids=str,
)
def test_refusals(connection: sa.Connection, raw: dict[str, Any], code: str, words: str) -> None:
    with pytest.raises(DirectusError) as error:
        found(connection, raw)
    assert error.value.code == code
    assert words in error.value.message
    assert not error.value.silent


@pytest.mark.parametrize("nothing", [None, {}, [], ""], ids=str)
def test_parameters_without_effect(connection: sa.Connection, nothing: Any) -> None:
    for name in ("aggregate", "groupBy", "deep", "version", "export"):
        assert keys(connection, {name: nothing}) == ALL
    assert keys(connection, {"deep": "x", "alias": nothing or {}}) == ALL
    assert keys(connection, {"deep": "{}", "alias": "{}"}) == ALL


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1, [1]), (True, [1]), ("1,3", [1, 3]), ({"a": 2}, [2]), ("", []), (None, [])],
    ids=str,
)
def test_what_stands_for_a_list(connection: sa.Connection, value: Any, expected: Any) -> None:
    assert keys(connection, {"filter": {"id": {"_in": value}}}) == expected
    others = [key for key in ALL if key not in expected]
    assert keys(connection, {"filter": {"id": {"_nin": value}}}) == others


@pytest.mark.parametrize("raw", [{"fields": [5]}, {"fields": [{}]}, {"meta": 5}], ids=str)
def test_faults_that_directus_only_logs(raw: dict[str, Any]) -> None:
    with pytest.raises(DirectusError) as error:
        read_query(raw, NOW, Limits())
    assert error.value.silent


def test_what_directus_ignores_is_ignored() -> None:
    raw = {"backlink": True, "deep": {}, "alias": None, "unknown": 1, "sort": 5, "meta": ""}
    assert read_query(raw, NOW, Limits()) == Query()
