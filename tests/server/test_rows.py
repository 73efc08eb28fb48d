"""What is written: values, keys, and what is refused."""

from typing import Any

import pytest

from server.auth.access import Accountability
from server.errors import DirectusError
from server.items.request import Outcome
from server.project import Action, Policy, Rule
from tests.server.items_harness import ACTIONS, ADMIN, CODE, POSTER, STAMP, ItemsHarness, events


@pytest.mark.parametrize(
    ("value", "stored"),
    [(123, "123"), (1.5, "1.5"), (True, "1"), ({"a": 1}, '{"a":1}'), ("\ud800", "\ufffd")],
    ids=repr,
)
def test_text_takes_any_value(harness: ItemsHarness, value: Any, stored: str) -> None:
    assert harness.do("create", data={"text": value}).data["text"] == stored


def test_explicit_keys_and_what_follows_them(harness: ItemsHarness) -> None:
    assert harness.do("create", data={"id": "20"}).data["id"] == 20
    assert harness.do("create", data={}).data["id"] == 21
    with pytest.raises(DirectusError) as error:
        harness.do("create", data=[{"text": "a"}, {"id": 20}])
    assert error.value.message == (
        'Value "20" for field "id" in collection "messages" has to be unique.'
    )
    assert error.value.extensions == {"collection": "messages", "field": "id", "value": 20}
    assert len(harness.texts()) == 5


@pytest.mark.parametrize(("data", "kind"), [({}, "required"), ({"name": None}, "nnull")])
def test_a_key_that_only_a_client_can_make_is_required(
    harness: ItemsHarness, data: dict[str, Any], kind: str
) -> None:
    with pytest.raises(DirectusError) as error:
        harness.do("create", "labels", data={"text": "a", **data})
    assert error.value.code == "FAILED_VALIDATION"
    assert error.value.extensions == {"field": "name", "path": [], "type": kind}


LARGEST = 2**53 - 1


@pytest.mark.parametrize("key", [2**53, 2**53 + 2, 2**62, 2**63 - 1024, 2**64, -(2**53), "9" * 30])
def test_keys_that_javascript_cannot_name_are_refused(harness: ItemsHarness, key: Any) -> None:
    with pytest.raises(DirectusError, match="has to be at most 9007199254740991") as error:
        harness.do("create", data={"id": key})
    assert (error.value.code, error.value.silent) == ("INVALID_PAYLOAD", False)
    for action in ("read", "update", "delete"):
        with pytest.raises(DirectusError) as error:
            harness.do(action, id=key, data={"text": "a"})
        assert error.value.code == "FORBIDDEN"
    assert harness.do("create", data={}).data["id"] == 4


@pytest.mark.parametrize("action", ["read", "update", "delete"])
def test_a_key_that_is_not_exact_names_no_other_row(harness: ItemsHarness, action: Action) -> None:
    harness.connection.exec_driver_sql(f"INSERT INTO messages (id) VALUES ({2**53})")
    with pytest.raises(DirectusError) as error:
        harness.do(action, id=str(2**53 + 1), data={"text": "a"})
    assert error.value.code == "FORBIDDEN"
    assert harness.texts()[2**53] is None


@pytest.mark.parametrize("action", ["create", "stored"])
def test_creates_go_on_after_the_highest_key(harness: ItemsHarness, action: str) -> None:
    if action == "create":
        assert harness.do("create", data={"id": LARGEST}).data["id"] == LARGEST
    else:
        # By an earlier version.
        harness.connection.exec_driver_sql(f"INSERT INTO messages (id) VALUES ({2**63 - 1})")
    assert [harness.do("create", data={}).data["id"] for _ in range(2)] == [4, 5]
    assert harness.do("create", data={"id": 7}).data["id"] == 7
    assert [harness.do("create", data={}).data["id"] for _ in range(3)] == [6, 8, 9]
    harness.do("delete", ids=[1, 2])
    assert harness.do("create", data={}).data["id"] == 1


def test_a_server_s_own_values(harness: ItemsHarness) -> None:
    given = {"date_created": "2020-01-01"}
    assert harness.do("create", data=given).data["date_created"] == STAMP
    note = harness.do("create", "notes", data={"title": "t"}).data
    assert len(note["id"]) == 36
    assert note["changed"] is None
    assert harness.do("read", "notes", query={"filter": {"changed": {"_lt": None}}}).data == []
    outcome = harness.do("update", "notes", id=note["id"], data={"title": "u"})
    assert outcome.data["changed"] == STAMP
    assert outcome.events == events("update", (note["id"],), name="notes")
    assert harness.do("create", "notes", data={"id": CODE, "title": "t"}).data["id"] == CODE


def test_types_keep_their_values(harness: ItemsHarness) -> None:
    data = {"title": "t", "size": 7, "done": True, "tags": {"a": [1, None]}}
    row = harness.do("create", "notes", data=data).data
    assert {name: row[name] for name in data} == data
    changed = {"size": None, "done": "false", "tags": '{"a":1}'}
    row = harness.do("update", "notes", id=row["id"], data=changed).data
    assert (row["size"], row["done"], row["tags"]) == (None, False, {"a": 1})


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("messages", {"date_created": "garbage"}),
        ("messages", [None]),
        ("messages", {"id": None}),
        ("notes", {"size": 1}),
        ("notes", {"title": None}),
    ],
    ids=str,
)
def test_values_that_directus_refuses_without_a_reply(
    harness: ItemsHarness, name: str, data: Any
) -> None:
    with pytest.raises(DirectusError) as error:
        harness.do("create", name, data=data)
    assert error.value.silent


def test_a_key_does_not_become_null(harness: ItemsHarness) -> None:
    code = harness.do("create", "notes", data={"id": None, "title": "t"}).data["id"]
    assert harness.do("update", "notes", id=code, data={"id": None}).data["id"] == code
    for name, data in (("messages", {"id": None}), ("notes", {"title": None})):
        with pytest.raises(DirectusError, match="Value can't be null") as error:
            harness.do("update", name, id=code if name == "notes" else 1, data=data)
        assert error.value.silent


def test_a_refusal_shows_the_beginning_of_a_long_value(harness: ItemsHarness) -> None:
    with pytest.raises(DirectusError, match="xxx") as error:
        harness.do("create", data={"date_created": "x" * 10_000})
    assert len(error.value.message) < 200
    assert error.value.status == 400


def test_a_singleton_is_not_written_without_data(harness: ItemsHarness) -> None:
    with pytest.raises(DirectusError) as error:
        harness.do("update", "profile")
    assert error.value.silent
    assert harness.do("read", "profile").data == {"id": None}
    written = harness.do("update", "profile", data={"words": ["a", None]}).data
    assert written == {"id": 1, "words": ["a", ""]}


@pytest.mark.parametrize("done", ["maybe", 2, [], {}], ids=repr)
def test_values_that_are_refused_by_name(harness: ItemsHarness, done: Any) -> None:
    with pytest.raises(DirectusError, match='"done" has to be a valid boolean, rec') as error:
        harness.do("create", "notes", data={"title": "t", "done": done})
    assert not error.value.silent


def test_what_an_html_form_leaves_empty(harness: ItemsHarness) -> None:
    row = harness.do("create", "notes", data={"id": "", "title": "", "done": "", "slug": ""}).data
    assert len(row["id"]) == 36
    assert (row["title"], row["done"], row["slug"]) == ("", None, "")
    with pytest.raises(DirectusError) as error:
        harness.do("create", "notes", data={"title": "t", "slug": ""})
    assert error.value.message == ('Value for field "slug" in collection "notes" has to be unique.')


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"id": 99, "data": {"text": "q"}}, 'to perform "update" for the field(s) "text"'),
        ({"ids": [1, 99], "data": {"text": "q"}}, 'to perform "update" for the field(s) "text"'),
        ({"ids": [], "data": {"text": "q"}}, 'to perform "update" for the field(s) "text"'),
        ({"id": 1, "data": {"nofield": 1}}, 'access field "nofield"'),
        ({"id": 1, "data": "str"}, 'access fields "0", "1", "2"'),
        ({"id": 1, "data": [{"id": 1}]}, 'access field "0"'),
        ({"data": [{"text": "x"}]}, "Invalid payload. Item in update misses primary key."),
        ({"id": 1, "data": {"text": "q"}, "by": POSTER}, 'access collection "messages"'),
    ],
    ids=str,
)
def test_updates_that_are_refused(harness: ItemsHarness, parts: dict[str, Any], words: str) -> None:
    with pytest.raises(DirectusError) as error:
        harness.do("update", **parts)
    assert words in error.value.message
    assert harness.texts() == {1: "one", 2: "two", 3: "three"}


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({}, "Either 'ids', 'id' or 'query' is required for a DELETE request."),
        ({"id": 0}, "Either 'ids', 'id' or 'query' is required for a DELETE request."),
        ({"ids": [1, 99]}, 'to perform "delete" for collection "messages"'),
        ({"ids": []}, 'to perform "delete" for collection "messages"'),
        ({"id": 1, "by": POSTER}, 'access collection "messages"'),
    ],
    ids=str,
)
def test_deletes_that_are_refused(harness: ItemsHarness, parts: dict[str, Any], words: str) -> None:
    with pytest.raises(DirectusError) as error:
        harness.do("delete", **parts)
    assert words in error.value.message
    assert len(harness.texts()) == 3


def test_administrators_are_not_asked_whether_rows_are_there(harness: ItemsHarness) -> None:
    assert harness.do("delete", by=ADMIN, id=99).events == events("delete", (99,))
    assert harness.do("delete", by=ADMIN, ids=[]) == Outcome([])
    assert harness.do("update", by=ADMIN, id=1, data={"nofield": 1}).data["text"] == "one"
    missing = harness.do("update", by=ADMIN, id=99, data={"text": "a"})
    assert missing.error is not None


def test_rows_of_others_are_as_if_not_there(harness: ItemsHarness) -> None:
    own = {"user": {"_eq": "$CURRENT_USER"}}
    rules = tuple(Rule("messages", action, ("*",), own) for action in ACTIONS)
    ben = Accountability("Ben", (Policy("own", rules),))
    assert harness.do("read", by=ben, query={"fields": [], "meta": "*"}) == Outcome(
        [1], {"total_count": 1, "filter_count": 1}
    )
    assert harness.do("update", by=ben, id=1, data={"text": "mine"}).data["text"] == "mine"
    for action in ("update", "delete"):
        with pytest.raises(DirectusError):
            harness.do(action, by=ben, id=2, data={"text": "x"})


def test_fields_that_may_not_be_written(harness: ItemsHarness) -> None:
    rules = tuple(Rule("messages", action, ("id", "text")) for action in ACTIONS)
    narrow = Accountability("n", (Policy("narrow", rules),))
    for parts in ({"data": {"user": "x"}}, {"data": {"user": "x"}, "id": 1}):
        with pytest.raises(DirectusError, match='access field "user"'):
            harness.do("update" if "id" in parts else "create", by=narrow, **parts)
    assert harness.do("create", by=narrow, data={"text": "x"}).data == {"id": 4, "text": "x"}


def test_fields_that_may_be_written_in_some_rows(harness: ItemsHarness) -> None:
    own = {"user": {"_eq": "$CURRENT_USER"}}
    rules = (
        Rule("messages", "read"),
        Rule("messages", "update", ("text",), own),
        Rule("messages", "update", ("user",)),
    )
    ben = Accountability("Ben", (Policy("cases", rules),))
    assert harness.do("update", by=ben, id=2, data={"user": "x"}).data["user"] == "x"
    assert harness.do("update", by=ben, id=1, data={"text": "a", "user": "Ben"}).data["text"] == "a"
    for data in ({"text": "b"}, {"text": "b", "user": "y"}):
        for parts in ({"id": 2}, {"ids": [1, 2]}):
            with pytest.raises(DirectusError, match='to perform "update" for the field'):
                harness.do("update", by=ben, data=data, **parts)
    with pytest.raises(DirectusError, match='to perform "update" for the field'):
        harness.do("update", by=ben, data=[{"id": 2, "text": "b"}])
    assert harness.texts() == {1: "a", 2: "two", 3: "three"}


def test_a_batch_of_updates_needs_no_right_to_write_the_key(harness: ItemsHarness) -> None:
    rules = (Rule("messages", "read"), Rule("messages", "update", ("text",)))
    narrow = Accountability("n", (Policy("narrow", rules),))
    harness.do("update", by=narrow, data=[{"id": 1, "text": "a"}, {"id": 2, "text": "b"}])
    assert harness.texts() == {1: "a", 2: "b", 3: "three"}


def test_who_may_not_read_the_key_reads_no_row_by_its_key(harness: ItemsHarness) -> None:
    rules = (
        Rule("messages", "create"),
        Rule("messages", "read", ("text", "user")),
        Rule("messages", "update"),
    )
    keyless = Accountability("k", (Policy("keyless", rules),))
    sorted_by_the_first_field = [{"text": text} for text in ("one", "three", "two")]
    assert (
        harness.do("read", by=keyless, query={"fields": "text"}).data == sorted_by_the_first_field
    )
    hidden = 'access field "id" in collection "messages"'
    for parts in ({"id": 1}, {"ids": [1, 2]}):
        with pytest.raises(DirectusError, match=hidden):
            harness.do("read", by=keyless, query={"fields": "text"}, **parts)
    created = harness.do("create", by=keyless, data={"text": "new"})
    updated = harness.do("update", by=keyless, id=1, data={"text": "new"})
    for written in (created, updated):
        assert written.error is not None
        assert hidden in written.error.message
    assert harness.texts() == {1: "new", 2: "two", 3: "three", 4: "new"}


@pytest.mark.parametrize(
    ("name", "key"), [("messages", "abc"), ("messages", 1.5), ("notes", "no uuid")]
)
def test_a_key_that_no_row_can_have_is_forbidden(
    harness: ItemsHarness, name: str, key: Any
) -> None:
    with pytest.raises(DirectusError, match=r"^You don't have permission to access this\.$"):
        harness.do("create", name, data={"title": "t", "id": key})
