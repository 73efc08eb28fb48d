"""The wire vocabulary: JSON letter for letter, and the forms a query takes."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.directus import messages

# What queryToParams of @directus/sdk 26.0.0 returned for each query.
QUERIES: list[tuple[dict[str, Any], dict[str, str]]] = [
    ({"fields": ["user", "text"]}, {"fields": "user,text"}),
    ({"fields": "user,text"}, {"fields": "user,text"}),
    ({"fields": []}, {}),
    (
        {"fields": ["id", {"author": ["name", {"articles": ["title"]}]}]},
        {"fields": "id,author.name,author.articles.title"},
    ),
    (
        {"fields": ["id", {"item": {"headings": ["a"], "paras": ["b"]}}]},
        {"fields": "id,item:headings.a,item:paras.b"},
    ),
    (
        {
            "fields": ["id", "user.x"],
            "filter": {"user": {"_eq": "Ben"}},
            "sort": "-id",
            "limit": 2,
            "deep": {"a": {"_limit": 1}},
        },
        {
            "fields": "id,user.x",
            "filter": '{"user":{"_eq":"Ben"}}',
            "sort": "-id",
            "limit": "2",
            "deep": '{"a":{"_limit":1}}',
        },
    ),
    ({"filter": {}}, {}),
    ({"sort": ["-id", "user"]}, {"sort": "-id,user"}),
    ({"sort": []}, {}),
    ({"limit": -1}, {"limit": "-1"}),
    ({"limit": 0}, {"limit": "0"}),
    ({"limit": -2}, {}),
    ({"limit": "5"}, {"limit": "5"}),
    ({"limit": 1.5}, {"limit": "1.5"}),
    ({"offset": 0}, {"offset": "0"}),
    ({"offset": -1}, {}),
    ({"page": 0}, {}),
    ({"page": 1}, {"page": "1"}),
    ({"search": ""}, {}),
    ({"search": "x"}, {"search": "x"}),
    ({"alias": {"a": "b"}}, {"alias": '{"a":"b"}'}),
    (
        {"aggregate": {"count": "*"}, "groupBy": ["user"]},
        {"aggregate": '{"count":"*"}', "groupBy": "user"},
    ),
    ({"groupBy": "user"}, {"groupBy": "user"}),
    ({"meta": "*"}, {"meta": "*"}),
    ({"meta": ["total_count"]}, {"meta": '["total_count"]'}),
    ({"meta": True}, {"meta": "true"}),
    ({"meta": None}, {"meta": "null"}),
    ({"version": "main", "versionRaw": True}, {"version": "main", "versionRaw": "true"}),
    ({"versionRaw": False}, {}),
    ({"backlink": False}, {}),
    (
        {"sort": "-id", "fields": ["é", "\u2028"], "filter": {"t": {"_eq": "é"}}},
        {"fields": "é,\u2028", "filter": '{"t":{"_eq":"é"}}', "sort": "-id"},
    ),
    ({"custom": 0}, {"custom": "0"}),
    ({"custom": ""}, {}),
    ({"custom": {"a": [1, 2]}}, {"custom": '{"a":[1,2]}'}),
    ({"limit": None}, {}),
    ({"fields": None}, {}),
]


@pytest.mark.parametrize(("query", "params"), QUERIES)
def test_a_query_takes_the_js_sdks_form(query: dict[str, Any], params: dict[str, str]) -> None:
    assert list(messages.query_to_params(query).items()) == list(params.items())


def test_a_filter_that_is_json_text_already_is_not_dropped() -> None:
    assert messages.query_to_params({"filter": '{"a":1}'}) == {"filter": '{"a":1}'}


def test_json_is_compact_and_unescaped() -> None:
    assert messages.encode({"text": "é ☃ 😀", "n": 1}) == '{"text":"é ☃ 😀","n":1}'


def test_a_lone_surrogate_is_escaped_as_json_stringify_does() -> None:
    text = messages.encode(["a\ud83d", "😀"])
    assert text == '["a\\ud83d","😀"]'
    text.encode()


def test_what_json_cannot_say_is_an_error_and_no_wrong_text() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        messages.encode(float("nan"))


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(JSON)
def test_every_json_value_survives_the_wire(value: Any) -> None:
    text = messages.encode(value)
    assert messages.decode(text) == value
    assert json.loads(text.encode()) == value


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ({"status": "error", "error": {"code": "X", "message": "m"}}, ("X", "m")),
        ({"status": "error"}, ("UNKNOWN", "Directus gave no reason.")),
        ({"status": "error", "error": {}}, ("UNKNOWN", "Directus gave no reason.")),
        ({"status": "ok"}, None),
        ([], None),
    ],
)
def test_an_error_message_is_told_apart(message: Any, error: tuple[str, str] | None) -> None:
    assert messages.error_of(message) == error
