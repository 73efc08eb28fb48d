"""Relations in fields, filters and sorts; what may not be read leaks in none of them."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
import sqlalchemy as sa

from server.auth.access import Accountability
from server.errors import DirectusError
from server.project import USERS, Collection, Field, Policy, Rule
from server.query.bound import BoundQuery, everything_of
from server.query.filters import DynamicVariables
from server.query.query import Limits, Query, read_query
from server.query.source import Source
from server.query.tree import touched
from tests.server.rows import NOW

KNOWN: dict[str, Collection] = {USERS.name: USERS}
AUTHORS = Collection(
    "authors",
    (
        Field("id", "integer", primary=True),
        Field("name", "string"),
        Field("born", "timestamp"),
        Field("secret", "integer"),
        Field("teacher", "integer", references="authors.id"),
        Field("rival", "integer", references="authors.id"),
    ),
    others=KNOWN,
)
NOTES = Collection(
    "notes",
    (
        Field("id", "integer", primary=True),
        Field("text", "text"),
        Field("author", "integer", references="authors.id"),
        Field("parent", "integer", references="notes.id"),
        Field("number", "integer"),
        Field("user_created", "uuid", special="user-created"),
    ),
    others=KNOWN,
)
KNOWN.update({AUTHORS.name: AUTHORS, NOTES.name: NOTES})

ADA, BOB = {"id": 1, "name": "Ada", "secret": 7}, {"id": 2, "name": "Bob", "secret": 3}
MO = {"id": "m", "first_name": "Mo", "email": "mo@example.com"}
ALL = [1, 2, 3, 4]

ADMIN = Accountability("m", (Policy("admin", admin=True),))


def someone(*rules: Rule) -> Accountability:
    """Return somebody who may read all notes and, of the rest, what ``rules`` say."""
    return Accountability("m", (Policy("p", (Rule("notes", "read"), *rules)),))


NAMES_ONLY = someone(Rule("authors", "read", ("name",)))
ADA_ONLY = someone(Rule("authors", "read", ("*",), {"name": {"_eq": "Ada"}}))
NO_AUTHORS = someone()
SECRET_OF_BOB = someone(
    Rule("authors", "read", ("id", "name")),
    Rule("authors", "read", ("*",), {"name": {"_eq": "Bob"}}),
)


@pytest.fixture(scope="module")
def related() -> Iterator[sa.Connection]:
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        for collection in (USERS, AUTHORS, NOTES):
            collection.table.create(connection)
        connection.execute(sa.insert(USERS.table).values(MO))
        for author in (ADA, BOB):
            born = f"199{author['id']}-01-01T00:00:00.000Z"
            author_row = {**author, "born": born}
            connection.execute(sa.insert(AUTHORS.table).values(author_row))
        for key, writer, parent in ((1, 1, None), (2, 2, 1), (3, None, 2), (4, 1, 3)):
            row: dict[str, Any] = {"id": key, "text": f"note {key}", "parent": parent}
            row["author"] = writer
            row |= {"number": key, "user_created": "m" if key == 1 else None}
            connection.execute(sa.insert(NOTES.table).values(row))
        yield connection
    engine.dispose()


def bound(raw: dict[str, Any], by: Accountability = ADMIN) -> BoundQuery:
    query = read_query(raw, DynamicVariables(by.user, NOW.now), Limits())
    return BoundQuery(query, NOTES, by.reading(touched(query, NOTES)))


def found(connection: sa.Connection, raw: dict[str, Any], by: Accountability = ADMIN) -> list[Any]:
    query = bound(raw, by)
    return query.rows(connection.execute(query.select()))


def keys(connection: sa.Connection, raw: dict[str, Any], by: Accountability = ADMIN) -> list[Any]:
    return found(connection, {**raw, "fields": []}, by)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (["id", "author.name"], {"id": 1, "author": {"name": "Ada"}}),
        (["author.name", "id", "author.secret"], {"author": {"name": "Ada", "secret": 7}, "id": 1}),
        (["author", "author.name"], {"author": {"name": "Ada"}}),
        (["author.id"], {"author": {"id": 1}}),
        (["parent.author.name"], {"parent": None}),
        (["user_created.first_name"], {"user_created": {"first_name": "Mo"}}),
        (["author.year(born)"], {"author": {"born_year": 1991}}),
        (["year(author.born)"], {"author": {"born_year": 1991}}),
        (["id", "text.name"], {"id": 1}),
        (["text", "text.name"], {"text": "note 1"}),
    ],
    ids=str,
)
def test_fields(related: sa.Connection, fields: list[str], expected: Any) -> None:
    (row, *_) = found(related, {"fields": fields, "limit": 1})
    assert repr(row) == repr(expected), "the order of keys counts, too"


def test_a_relation_of_a_relation_and_none(related: sa.Connection) -> None:
    query = {"fields": ["parent.author.name", "parent.parent.id"]}
    assert found(related, query) == [
        {"parent": None},
        {"parent": {"author": {"name": "Ada"}, "parent": None}},
        {"parent": {"author": {"name": "Bob"}, "parent": {"id": 1}}},
        {"parent": {"author": None, "parent": {"id": 2}}},
    ]


def test_wildcards_follow_the_relations_that_may_be_read(related: sa.Connection) -> None:
    query = {"fields": ["*.*"], "filter": {"id": 2}}
    (row,) = found(related, query, NAMES_ONLY)
    assert row == {
        "author": {"name": "Bob"},
        "parent": {"id": 1, "text": "note 1", "author": 1, "parent": None, "number": 1}
        | {"user_created": "m"},
        "id": 2,
        "text": "note 2",
        "number": 2,
    }
    assert list(row)[:2] == ["author", "parent"], "relations come first"
    (row,) = found(related, {"fields": ["*", "author.*"], "filter": {"id": 2}}, NO_AUTHORS)
    assert row["author"] == 2
    assert "secret" not in str(found(related, {"fields": ["*.*.*"]}, NAMES_ONLY))


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"author": {"name": {"_eq": "Ada"}}}, [1, 4]),
        ({"author": {"name": {"_neq": "Ada"}}}, [2]),
        ({"author": {"name": {"_null": True}}}, [3]),
        ({"author": {"_eq": 2}}, [2]),
        ({"author": {"_or": [{"name": "Bob"}, {"secret": {"_gt": 5}}]}}, [1, 2, 4]),
        ({"parent": {"parent": {"author": {"name": {"_contains": "d"}}}}}, [3]),
        ({"parent": {"year(author.born)": {"_eq": 1}}}, "author.born"),
        ({"author": {"year(born)": {"_eq": 1992}}}, [2]),
        ({"user_created": {"first_name": {"_in": ["Mo"]}}}, [1]),
        ({"author": {}}, ALL),
    ],
    ids=str,
)
def test_filters(related: sa.Connection, condition: Any, expected: Any) -> None:
    if isinstance(expected, list):
        assert keys(related, {"filter": condition}) == expected
        return
    with pytest.raises(DirectusError, match=expected):
        keys(related, {"filter": condition})


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("author.name", [3, 1, 4, 2]),
        ("-author.name,-id", [2, 4, 1, 3]),
        ("parent.author.secret", [1, 4, 3, 2]),
        ("-author.year(born)", [2, 1, 4, 3]),
    ],
)
def test_sorts(related: sa.Connection, sort: str, expected: list[int]) -> None:
    assert keys(related, {"sort": sort}) == expected


FORBIDDEN_FIELD = (
    'You don\'t have permission to access field "secret" in collection "authors" or it does not '
    'exist. Queried in "author".'
)


@pytest.mark.parametrize(
    "query",
    [
        {"fields": ["author.secret"]},
        {"filter": {"author": {"secret": {"_gt": 0}}}},
        {"filter": {"_or": [{"id": 1}, {"author": {"secret": {"_null": False}}}]}},
        {"filter": {"author": {"_and": [{"secret": 7}]}}},
        {"sort": ["author.secret"]},
        {"sort": "-author.secret"},
    ],
    ids=str,
)
def test_a_forbidden_field_of_a_related_row_is_refused_everywhere(
    related: sa.Connection, query: dict[str, Any]
) -> None:
    with pytest.raises(DirectusError) as error:
        found(related, query, NAMES_ONLY)
    assert (error.value.code, error.value.message) == ("FORBIDDEN", FORBIDDEN_FIELD)
    with pytest.raises(DirectusError, match='field "secret"'):
        bound({**query, "meta": "*"}, NAMES_ONLY).counts()


@pytest.mark.parametrize(
    "query",
    [
        {"filter": {"author": {"name": {"_eq": "Ada"}}}},
        {"filter": {"author": {"id": {"_nnull": True}}}},
        {"filter": {"parent": {"author": {"name": "Ada"}}}},
        {"sort": ["author.name"]},
    ],
    ids=str,
)
def test_filters_and_sorts_by_a_collection_that_may_not_be_read_are_refused(
    related: sa.Connection, query: dict[str, Any]
) -> None:
    with pytest.raises(DirectusError, match='access collection "authors" or it does not exist'):
        keys(related, query, NO_AUTHORS)


def test_fields_of_a_collection_that_may_not_be_read_are_left_out(related: sa.Connection) -> None:
    one: dict[str, Any] = {"limit": 1}
    assert found(related, {"fields": ["id", "author.name"], **one}, NO_AUTHORS) == [{"id": 1}]
    assert found(related, {"fields": ["author.name"], **one}, NO_AUTHORS) == [1]
    assert found(related, {"fields": ["author", "author.name"], **one}, NO_AUTHORS) == [
        {"author": 1}
    ]
    parent = {"fields": ["parent.author.name"], "filter": {"id": 2}}
    assert found(related, parent, NO_AUTHORS) == [{"parent": 1}], "the key, as in Directus"


def test_a_related_row_that_may_not_be_read_is_null_in_fields(related: sa.Connection) -> None:
    rows = found(related, {"fields": ["author.name", "author.secret"]}, ADA_ONLY)
    ada = {"author": {"name": "Ada", "secret": 7}}
    assert rows == [ada, {"author": None}, {"author": None}, ada]
    rows = found(related, {"fields": ["parent.author.*"], "filter": {"id": 3}}, ADA_ONLY)
    assert rows == [{"parent": {"author": None}}]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"author": {"name": {"_eq": "Bob"}}}, []),
        ({"author": {"name": {"_neq": "Ada"}}}, []),
        ({"author": {"name": {"_starts_with": "B"}}}, []),
        ({"author": {"name": {"_nin": ["Ada"]}}}, []),
        ({"author": {"secret": {"_lt": 5}}}, []),
        ({"author": {"secret": {"_between": [0, 5]}}}, []),
        ({"author": {"id": {"_eq": 2}}}, []),
        ({"author": {"id": {"_nnull": True}}}, [1, 4]),
        ({"author": {"name": {"_null": True}}}, [2, 3]),
        ({"author": {"year(born)": {"_eq": 1992}}}, []),
        ({"parent": {"author": {"name": {"_eq": "Bob"}}}}, []),
        ({"_or": [{"author": {"name": "Bob"}}, {"id": 4}]}, [4]),
    ],
    ids=str,
)
def test_a_related_row_that_may_not_be_read_is_null_in_filters(
    related: sa.Connection, condition: Any, expected: list[int]
) -> None:
    query = {"filter": condition, "meta": "*"}
    assert keys(related, query, ADA_ONLY) == expected
    counts = bound(query, ADA_ONLY).counts()
    assert related.scalar(counts["filter_count"]) == len(expected)


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("author.secret", [2, 3, 1, 4]),
        ("-author.secret", [1, 4, 2, 3]),
        ("-author.name", [1, 4, 2, 3]),
        ("parent.author.name", [1, 3, 4, 2]),
    ],
)
def test_a_related_row_that_may_not_be_read_is_null_in_sorts(
    related: sa.Connection, sort: str, expected: list[int]
) -> None:
    assert keys(related, {"sort": sort}, ADA_ONLY) == expected


def test_a_field_that_is_shown_in_some_rows_is_null_in_others(related: sa.Connection) -> None:
    fields = {"fields": ["author.name", "author.secret"], "limit": 2}
    assert found(related, fields, SECRET_OF_BOB) == [
        {"author": {"name": "Ada", "secret": None}},
        {"author": {"name": "Bob", "secret": 3}},
    ]
    alone = {"fields": ["author.secret"], "limit": 2}
    assert found(related, alone, SECRET_OF_BOB) == [{"author": None}, {"author": {"secret": 3}}]
    assert keys(related, {"filter": {"author": {"secret": 7}}}, SECRET_OF_BOB) == []
    assert keys(related, {"filter": {"author": {"secret": 3}}}, SECRET_OF_BOB) == [2]
    assert keys(related, {"sort": "-author.secret"}, SECRET_OF_BOB) == [2, 1, 3, 4]


def test_so_are_the_fields_of_the_rows_themselves(related: sa.Connection) -> None:
    rules = (
        Rule("notes", "read", ("id", "text")),
        Rule("notes", "read", ("*",), {"author": {"name": {"_eq": "Bob"}}}),
    )
    by = Accountability("m", (Policy("p", (*rules, Rule("authors", "read"))),))
    assert found(related, {"fields": ["id", "number"], "limit": 2}, by) == [
        {"id": 1, "number": None},
        {"id": 2, "number": 2},
    ]
    assert found(related, {"fields": ["number"]}, by) == [{"number": 2}]
    assert found(related, {"fields": ["id", "author.name"], "limit": 2}, by) == [
        {"id": 1, "author": None},
        {"id": 2, "author": {"name": "Bob"}},
    ]
    assert keys(related, {"filter": {"number": {"_gte": 1}}}, by) == [2]
    assert keys(related, {"filter": {"author": {"name": "Ada"}}}, by) == []
    assert keys(related, {"search": "4"}, by) == [4], "in the text, not in the number"
    assert keys(related, {"sort": "-number"}, by) == [2, 1, 3, 4]
    only_bobs = Accountability("m", (Policy("p", (rules[1],)),))
    assert keys(related, {}, only_bobs) == [2], "the rule itself sees all authors"


def test_a_key_that_may_not_be_read_hides_its_row_as_in_directus(related: sa.Connection) -> None:
    by = someone(
        Rule("authors", "read", ("name",)), Rule("authors", "read", ("*",), {"name": "Bob"})
    )
    query = {"fields": ["author.id", "author.name"], "limit": 2}
    assert found(related, query, by) == [
        {"author": None},
        {"author": {"id": 2, "name": "Bob"}},
    ]


@pytest.mark.parametrize(
    ("query", "code", "words"),
    [
        ({"fields": ["author.no"]}, "FORBIDDEN", '"no" in collection "authors".*in "author"'),
        ({"fields": ["no.name"]}, "FORBIDDEN", '"no" in collection "notes".*in root'),
        ({"fields": ["number.name"]}, "INVALID_QUERY", '"number" in .* is no relation'),
        ({"fields": ["author."]}, "FORBIDDEN", 'field "" in collection "authors"'),
        ({"fields": ["author.articles.title"]}, "FORBIDDEN", '"articles" in collection "authors"'),
        ({"filter": {"author": {"no": 1}}}, "FORBIDDEN", '"no" in collection "authors"'),
        ({"filter": {"no": {"x": 1}}}, "FORBIDDEN", 'fields "no", "x" in collection "notes"'),
        ({"filter": {"text": {"x": 1}}}, "FORBIDDEN", 'field "x" in collection "notes"'),
        ({"sort": "author.no"}, "FORBIDDEN", '"no" in collection "authors"'),
        ({"sort": "text.no"}, "FORBIDDEN", '"no" in collection "notes"'),
        ({"sort": "text.id"}, "INVALID_QUERY", '"text" in collection "notes" is no relation'),
        ({"filter": {"author": {"_some": {"name": 1}}}}, "INVALID_QUERY", '"_some" can only'),
        ({"filter": {"author": {"_none": {"name": 1}}}}, "INVALID_QUERY", '"_none" can only'),
        ({"filter": {"author": {"name": {"_gt": 1}}}}, "INVALID_QUERY", '"_gt" filter operator'),
        ({"fields": [".".join(["parent"] * 10 + ["id"])]}, "INVALID_QUERY", "Max relational"),
        ({"sort": ".".join(["parent"] * 10 + ["id"])}, "INVALID_QUERY", "Max relational"),
        ({"fields": [".".join("*" * 10)]}, "INVALID_QUERY", "stands for more than 1,000 fields"),
        ({"fields": ["parent.text"] * 501}, "INVALID_QUERY", "more than 1,000 names"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_refusals(related: sa.Connection, query: dict[str, Any], code: str, words: str) -> None:
    with pytest.raises(DirectusError, match=words) as error:
        found(related, query)
    assert error.value.code == code


def test_a_filter_that_is_nested_too_deep(related: sa.Connection) -> None:
    condition: dict[str, Any] = {"id": 1}
    for _ in range(9):
        condition = {"parent": condition}
    assert keys(related, {"filter": condition}) == []
    with pytest.raises(DirectusError, match="Max relational depth exceeded"):
        keys(related, {"filter": {"parent": condition}})
    wide = {"_or": [condition] * 51}
    with pytest.raises(DirectusError, match="and 500 are supported"):
        keys(related, {"filter": wide})


def test_bounds_of_what_sqlite_joins(related: sa.Connection) -> None:
    paths = [p for length in range(5) for p in product(("teacher", "rival"), repeat=length)]
    names = [".".join(("author", *path, "name")) for path in paths]
    assert len(found(related, {"fields": names, "sort": names[:50]})) == 4
    more = [".".join(("parent", name)) for name in names]
    with pytest.raises(DirectusError, match="leads to more than 50 related rows"):
        found(related, {"fields": [*names, *more]})
    short = [f"author.{name}" for name in AUTHORS.by_name] + list(NOTES.by_name)
    many = [f"{sign}{name}" for name in (*names, *short) for sign in ("", "-")][:51]
    with pytest.raises(DirectusError, match='"sort" has more than 50 names and related rows'):
        found(related, {"sort": many})
    assert len(found(related, {"sort": ["author.name"] * 400})) == 4


def test_what_a_query_leads_to() -> None:
    def names(raw: dict[str, Any]) -> tuple[str, ...]:
        return touched(read_query(raw, NOW, Limits()), NOTES)

    assert names({}) == ("notes",)
    assert names({"fields": ["author", "text.name"]}) == ("notes",)
    assert names({"sort": "-author.name"}) == ("notes", "authors")
    assert names({"filter": {"parent": {"user_created": {"id": "m"}}}}) == ("notes", USERS.name)
    assert names({"fields": ["*.*"]}) == ("notes", "authors", USERS.name)
    assert names({"fields": [".".join("*" * 10)]}) == ("notes", "authors", USERS.name)


def test_all_of_one_collection(related: sa.Connection) -> None:
    every = BoundQuery(Query(), NOTES, everything_of(NOTES))
    assert len(every.rows(related.execute(every.select()))) == 4


def test_a_rule_names_what_it_does_not_know() -> None:
    with pytest.raises(DirectusError, match='"no" in collection "authors"'):
        Source.of(NOTES).value(["author", "no"])
