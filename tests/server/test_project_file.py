"""Project files: what they say, and what is told of those that are broken."""

from pathlib import Path

import pytest

from server.project import Collection, Field, Policy, Project, Rule, User
from server.project_file import ProjectError, read_project
from tests.server.guide import guide

WHOLE = """
[collections.notes]
singleton = true
[collections.notes.fields]
id = { type = "uuid", primary = true, special = "uuid" }
title = { type = "string", required = true, unique = true, default = "none" }
author = { type = "integer", references = "authors.id" }
[collections.authors.fields]
id = { type = "integer", primary = true }
[policies.all]
admin = true
[policies.own]
permissions = [
  { collection = "notes", action = "read", fields = ["id"], filter = { title = { _eq = "x" } } },
]
[[users]]
email = "a@example.com"
token = "your_access_token"
password = "secret"
policies = ["own", "all"]
[public]
policies = ["own"]
"""
OWN = Policy("own", (Rule("notes", "read", ("id",), {"title": {"_eq": "x"}}),))


def read(tmp_path: Path, text: str) -> Project:
    path = tmp_path / "project.toml"
    path.write_text(text)
    return read_project(path, "given")


def test_everything_that_a_file_may_say(tmp_path: Path) -> None:
    assert read(tmp_path, WHOLE) == Project(
        (
            Collection(
                "notes",
                (
                    Field("id", "uuid", special="uuid", primary=True),
                    Field("title", "string", required=True, unique=True, default="none"),
                    Field("author", "integer", references="authors.id"),
                ),
                singleton=True,
            ),
            Collection("authors", (Field("id", "integer", primary=True),)),
        ),
        (User("a@example.com", "given", (OWN, Policy("all", admin=True)), "secret"),),
        (OWN,),
    )


def test_a_byte_order_mark_is_no_part_of_a_file(tmp_path: Path) -> None:
    assert read(tmp_path, f"\ufeff{WHOLE}") == read(tmp_path, WHOLE)


def test_the_guides_project_is_a_file_like_any_other() -> None:
    assert guide("t").users == (
        User(
            "poster@example.com",
            "t",
            (Policy("Public Posts", (Rule("messages", "read"), Rule("messages", "create"))),),
        ),
    )


def test_a_file_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=r"none\.toml: .*, got: No such file or directory\.$"):
        read_project(tmp_path / "none.toml", "")
    (tmp_path / "bytes.toml").write_bytes(b"\xff")
    with pytest.raises(ProjectError, match=r"bytes\.toml: .*, got: it is not in UTF-8, as TOML is"):
        read_project(tmp_path / "bytes.toml", "")


KEY = "[collections.c.fields]\nid = { type = 'integer', primary = true }\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a =", "expected TOML, got: Invalid value"),
        ("", "collections: expected at least one collection, got none."),
        ("collections = 5", "collections: expected a table, got 5."),
        (KEY + "[other]", "other: expected no such key"),
        (KEY + "x = { type = 'int' }", "[collections.c.fields.x] type: expected one of string, "),
        (KEY + "x = {}", "[collections.c.fields.x] type: expected one of string, "),
        (KEY + "x = { type = 'text', special = 'y' }", "x] special: expected one of date-cr"),
        (KEY + "x = { type = 'text', primary = 1 }", "x] primary: expected true or false, got 1."),
        (KEY + "x = { type = 'text', size = 1 }", "x] size: expected no such key"),
        (KEY + "x = { type = 'integer', default = 'y' }", "x] default: expected what Directus"),
        (KEY + "x = { type = 'uuid', references = 'd.id' }", "references: expected collection.fi"),
        (KEY + "x = { type = 'uuid', references = 'c.no' }", "references: expected collection.fi"),
        (KEY + "x = { type = 'float', default = nan }", "fields.x.default: expected a number, got"),
        (
            KEY + "x = { type = 'date', default = 2026-01-31 }",
            'fields.x.default: expected a text in quotes, as in "2026-01-31", got 2026-01-31.',
        ),
        (
            KEY + "[policies.p]\npermissions = [{ collection = 'c', action = 'read', "
            "filter = { id = { _in = [1, 07:32:00] } } }]",
            "policies.p.permissions[0].filter.id._in[1]: expected a text in quotes, as in",
        ),
        (KEY + KEY.replace(".c.", ".C."), "collections: expected names that differ in more than"),
        (KEY + "ID = { type = 'text' }", "[collections.c] fields: expected names that differ in"),
        (KEY.replace(".c.", ".Sqlite_c."), "[collections.Sqlite_c] name: expected letters"),
        (KEY + "'a b' = { type = 'text' }", "[collections.c.fields.a b] name: expected letters"),
        (KEY + "x = 5", "[collections.c.fields] x: expected a table, got 5."),
        (KEY.replace("integer", "float"), "id] primary: expected a key that is integer"),
        (KEY.replace("true", "false"), "[collections.c] fields: expected one field with primary"),
        (KEY.replace(".c.", ".directus_c."), "[collections.directus_c] name: expected letters"),
        (KEY + "[policies.p]\npermissions = [5]", "[policies.p] permissions[0]: expected a table"),
        (
            KEY + "[policies.p]\npermissions = [{ collection = 'd', action = 'read' }]",
            "[policies.p.permissions[0]] collection: expected one of c, directus_users, got 'd'.",
        ),
        (
            KEY + "[policies.p]\npermissions = [{ collection = 'c', action = 'look' }]",
            "permissions[0]] action: expected one of create, read, update, delete, got 'look'.",
        ),
        (
            KEY
            + "[policies.p]\npermissions = [{ collection = 'c', action = 'read', fields = ['y'] }]",
            "permissions[0]] fields: expected fields of c, got 'y'.",
        ),
        (
            KEY
            + "[policies.p]\npermissions = [{ collection = 'c', action = 'read', fields = [1] }]",
            "permissions[0]] fields: expected a list of texts, got [1].",
        ),
        (
            KEY + "[policies.p]\npermissions = [{ collection = 'c', action = 'read', "
            "filter = { id = { _contains = 'x' } } }]",
            "permissions[0]] filter: expected what Directus takes, got: Invalid query.",
        ),
        (KEY + "[[users]]\nemail = 'x'", "[users[0]] email: expected an e-mail address, got 'x'."),
        (KEY + "[[users]]\ntoken = 'x'", "[users[0]] email: expected a text, got nothing."),
        (
            KEY + "[[users]]\nemail = 'a@b.c'\npolicies = ['p']",
            "[users[0]] policies: expected names under [policies], got 'p'.",
        ),
        (
            KEY + "[[users]]\nemail = 'a@b.c'\n[[users]]\nemail = 'A@b.c'",
            "users.email: expected each email once, got 'a@b.c' twice.",
        ),
        (KEY + "[public]\npolicies = ['p']", "[public] policies: expected names under"),
    ],
)
def test_a_broken_file_is_told_in_one_sentence(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ProjectError) as error:
        read(tmp_path, text)
    said = str(error.value)
    assert said.startswith(f"{tmp_path / 'project.toml'}: ")
    assert told in said
    assert "\n" not in said
