"""What provisioning makes of what it finds."""

from typing import Any

import pytest
from starlette.responses import Response

from tests.tools.standin import StandIn, data, refusal
from tools.directus_admin import DirectusAdmin
from tools.provision import EMAIL, provision
from tools.steps import SetupError

FIELDS = [
    {"field": name, "type": kind, "meta": None}
    for name, kind in {
        "id": "uuid",
        "date_created": "dateTime",
        "text": "string",
        "user": "text",
    }.items()
]
GUIDES = {"schema": {}, "meta": {"singleton": False}}


def project(
    *,
    collection: Response | None = None,
    fields: Any = FIELDS,
    policies: Any = (),
    users: Any = (),
    is_admin: bool = True,
) -> dict[tuple[str, str], Response]:
    """Return the answers of a project that has these things."""
    return {
        ("GET", "/policies/me/globals"): data({"admin_access": is_admin}),
        ("GET", "/collections/messages"): collection or refusal(403, "FORBIDDEN"),
        ("GET", "/fields/messages"): data(fields),
        ("GET", "/policies"): data(list(policies)),
        ("GET", "/users"): data(list(users)),
        ("POST", "/collections"): data({}),
        ("POST", "/policies"): data({"id": "P"}),
        ("POST", "/permissions"): data({}),
        ("POST", "/users"): data({"id": "U"}),
        ("PATCH", "/users/U"): data({}),
        ("POST", "/access"): data({}),
    }


def policy(*actions: str, users: tuple[str, ...] = ("U",)) -> dict[str, Any]:
    permissions = [{"collection": "messages", "action": action} for action in actions]
    permissions.append({"collection": "others", "action": "create"})
    return {"id": "P", "permissions": permissions, "users": [{"user": user} for user in users]}


READY: dict[str, Any] = {"collection": data(GUIDES), "users": [{"id": "U"}]}


def test_an_empty_project_gets_everything(stand_in: StandIn, admin: DirectusAdmin) -> None:
    stand_in.answers = project()
    said: list[str] = []
    token = provision(admin, said.append)
    assert [(method, path) for method, path, _ in stand_in.changes] == [
        ("POST", "/collections"),
        ("POST", "/policies"),
        ("POST", "/permissions"),
        ("POST", "/permissions"),
        ("POST", "/users"),
        ("POST", "/access"),
    ]
    bodies = [body for _, _, body in stand_in.changes]
    assert [body.get("action") for body in bodies[2:4]] == ["read", "create"]
    assert all(body["policy"] == "P" for body in bodies[2:4])
    assert bodies[4]["token"] == token
    assert bodies[5] == {"user": "U", "policy": "P"}
    assert len(said) == 6


def test_a_dry_run_says_the_same_and_makes_nothing(stand_in: StandIn, admin: DirectusAdmin) -> None:
    stand_in.answers = project()
    planned: list[str] = []
    assert provision(admin, planned.append, dry_run=True) is None
    assert not stand_in.changes
    made: list[str] = []
    provision(admin, made.append)
    assert planned == [line.replace("made", "would make") for line in made]


def test_every_token_is_another(stand_in: StandIn, admin: DirectusAdmin) -> None:
    stand_in.answers = project()
    first, second = (provision(admin, lambda what: None) for _ in range(2))
    assert first
    assert second
    assert first != second


@pytest.mark.parametrize(
    ("has", "changed"),
    [
        pytest.param({"policies": [policy("read", "create")]}, [], id="nothing"),
        pytest.param({"policies": [policy("read")]}, ["/permissions"], id="a right"),
        pytest.param(
            {"policies": [policy("read", "create", users=("other",))]}, ["/access"], id="the holder"
        ),
        pytest.param(
            {"policies": [policy("read", "create")], "users": []},
            ["/users", "/access"],
            id="the user",
        ),
    ],
)
def test_only_what_is_missing_is_made(
    stand_in: StandIn, admin: DirectusAdmin, has: dict[str, Any], changed: list[str]
) -> None:
    stand_in.answers = project(**READY | has)
    provision(admin, lambda what: None)
    assert [path for _, path, _ in stand_in.changes] == changed


def test_a_new_token_on_request(stand_in: StandIn, admin: DirectusAdmin) -> None:
    stand_in.answers = project(**READY, policies=[policy("read", "create")])
    said: list[str] = []
    token = provision(admin, said.append, new_token=True, token="mine")
    assert token == "mine"
    assert stand_in.changes == [("PATCH", "/users/U", {"token": "mine"})]
    assert said == [f"made  a new static token for {EMAIL}; the old one ends"]


@pytest.mark.parametrize(
    ("has", "fault"),
    [
        pytest.param(
            {"fields": FIELDS[:2]}, "text is missing, not text, user is missing", id="fields"
        ),
        pytest.param(
            {"fields": [*FIELDS[1:3], {"field": "user", "type": "uuid", "meta": None}]},
            "user is uuid, not string",
            id="type",
        ),
        pytest.param(
            {"fields": [*FIELDS, {"field": "a", "type": "json", "meta": {"required": True}}]},
            "a is required",
            id="required",
        ),
        pytest.param({"collection": data({"schema": None})}, "it is a folder", id="folder"),
        pytest.param(
            {"collection": data({"schema": {}, "meta": {"singleton": True}})},
            "it holds a single item",
            id="singleton",
        ),
    ],
)
def test_a_different_collection_is_left_alone(
    stand_in: StandIn, admin: DirectusAdmin, has: dict[str, Any], fault: str
) -> None:
    stand_in.answers = project(**READY | has)
    with pytest.raises(SetupError, match=f"is not the guide's .*{fault}.* nothing was changed"):
        provision(admin, lambda what: None)
    assert not stand_in.changes


def test_only_administrators(stand_in: StandIn, admin: DirectusAdmin) -> None:
    stand_in.answers = project(is_admin=False)
    with pytest.raises(SetupError, match="only an administrator may set up"):
        provision(admin, lambda what: None)
    stand_in.answers["GET", "/policies/me/globals"] = refusal(403, "FORBIDDEN")
    with pytest.raises(SetupError, match="only an administrator may set up"):
        provision(admin, lambda what: None)


def test_a_directus_without_policies(stand_in: StandIn, admin: DirectusAdmin) -> None:
    stand_in.answers = project()
    # Answers as 10.13.4 does.
    route = "/policies/me/globals"
    stand_in.answers["GET", route] = refusal(
        404, "ROUTE_NOT_FOUND", f"Route {route} doesn't exist."
    )
    with pytest.raises(SetupError) as raised:
        provision(admin, lambda what: None)
    assert str(raised.value) == (
        f"{admin.url} is a Directus before version 11, which has no policies: update it to 11 or "
        "newer"
    )
    assert not stand_in.changes


def test_a_licence_that_does_not_allow_it(stand_in: StandIn, admin: DirectusAdmin) -> None:
    stand_in.answers = project()
    stand_in.answers["POST", "/permissions"] = refusal(403, "RESOURCE_RESTRICTED")
    said: list[str] = []
    with pytest.raises(SetupError, match="the licence of"):
        provision(admin, said.append)
    assert said == [
        "made  the collection messages, with date_created, text and user",
        'made  the policy "Public Posts"',
    ]
