"""What an example's project file makes of a Directus."""

from typing import Any

import pytest
from starlette.responses import Response

from tests.tools.standin import StandIn, data, refusal
from tools.directus_admin import DirectusAdmin
from tools.examples import find
from tools.provision import provision
from tools.steps import SetupError

CHAT, POLL = find("chat"), find("poll")


def project(**found: Response) -> dict[tuple[str, str], Response]:
    """Return the answers of an empty project, but for what is ``found`` by its path."""
    absent = {f"collections/{name}" for name in (*CHAT.collections, *POLL.collections)}
    made = ("collections", "relations", "permissions", "access")
    return {
        ("GET", "/policies/me/globals"): data({"admin_access": True}),
        **{("GET", f"/{path}"): refusal(403, "FORBIDDEN") for path in absent},
        **{("GET", f"/{path}"): data([]) for path in ("policies", "users")},
        **{("POST", f"/{path}"): data({}) for path in made},
        ("POST", "/policies"): data({"id": "P"}),
        ("POST", "/users"): data({"id": "U"}),
        ("PATCH", "/users/U"): data({}),
        **{("GET", f"/{path.replace('__', '/')}"): answer for path, answer in found.items()},
    }


def bodies(stand_in: StandIn, path: str) -> list[Any]:
    """Return what was posted to a path."""
    return [body for _, where, body in stand_in.changes if where == path]


def test_an_empty_project_gets_everything(stand_in: StandIn, admin: DirectusAdmin) -> None:
    stand_in.answers = project()
    said: list[str] = []
    assert provision(admin, said.append, example=CHAT) is None
    assert len(said) == len(stand_in.changes) - 2  # a relation is made with its collection
    assert bodies(stand_in, "/relations") == [
        {
            "collection": name,
            "field": "user_created",
            "related_collection": "directus_users",
            "schema": {"on_delete": "SET NULL"},
        }
        for name in CHAT.collections
    ]
    messages, presence = bodies(stand_in, "/collections")
    assert [field["field"] for field in messages["fields"]] == [
        *("id", "date_created", "user_created", "text")
    ]
    assert messages["fields"][2]["meta"]["special"] == ["user-created"]
    assert presence["fields"][-1]["meta"]["special"] == ["cast-boolean"]
    update = bodies(stand_in, "/permissions")[2]
    assert (update["action"], update["permissions"]) == (
        "update",
        {"user_created": {"_eq": "$CURRENT_USER"}},
    )
    assert bodies(stand_in, "/access") == [{"user": "U", "policy": "P"}] * 2


def test_passwords_are_random_and_told_unless_they_are_to_be_as_written(
    stand_in: StandIn, admin: DirectusAdmin
) -> None:
    stand_in.answers = project()
    said: list[str] = []
    provision(admin, said.append, example=CHAT)
    passwords = [user["password"] for user in bodies(stand_in, "/users")]
    assert not set(passwords) & set(CHAT.logins.values())
    assert [line.split()[-1] for line in said if "the user" in line] == passwords
    stand_in.changes.clear()
    provision(admin, lambda line: None, example=CHAT, as_written=True)
    users = bodies(stand_in, "/users")
    assert {user["email"]: user["password"] for user in users} == CHAT.logins


def test_a_page_with_a_token_gets_a_new_one(stand_in: StandIn, admin: DirectusAdmin) -> None:
    stand_in.answers = project()
    token = provision(admin, lambda line: None, example=POLL)
    (user,) = bodies(stand_in, "/users")
    assert user["token"] == token != "your_access_token"


def test_a_dry_run_says_the_same_and_makes_nothing(stand_in: StandIn, admin: DirectusAdmin) -> None:
    stand_in.answers = project()
    planned: list[str] = []
    assert provision(admin, planned.append, example=POLL, dry_run=True) is None
    assert not stand_in.changes
    made: list[str] = []
    provision(admin, made.append, example=POLL)
    assert [line.partition(", with")[0] for line in planned] == [
        line.replace("made", "would make").partition(", with")[0] for line in made
    ]


def test_another_collection_of_this_name_is_left_alone(
    stand_in: StandIn, admin: DirectusAdmin
) -> None:
    kinds = {"id": "integer", "text": "string", "user_created": "integer"}
    fields = [{"field": name, "type": kind, "meta": None} for name, kind in kinds.items()]
    other = data({"schema": {}, "meta": None})
    stand_in.answers = project(collections__presence=other, fields__presence=data(fields))
    with pytest.raises(
        SetupError,
        match=r"is not the example's \(.*user_created is integer, not uuid, away is missing",
    ):
        provision(admin, lambda line: None, example=CHAT)
    assert not stand_in.changes


def test_who_is_there_gets_a_new_token_on_request(stand_in: StandIn, admin: DirectusAdmin) -> None:
    stand_in.answers = project(users=data([{"id": "U"}]))
    said: list[str] = []
    assert provision(admin, said.append, example=POLL, new_token=True, token="mine") == "mine"
    assert ("PATCH", "/users/U", {"token": "mine"}) in stand_in.changes
    assert "made  a new static token for poll@example.com; the old one ends" in said
