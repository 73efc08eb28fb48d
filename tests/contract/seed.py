"""Makes the data that scenarios start from, over REST as an administrator."""

from collections.abc import Iterable, Mapping
from typing import Any

import httpx

from tests.contract.fixtures import ARTICLES, AUTHORS, COMMENTS, MESSAGES, User
from tests.support import plain_http

_KEY = {
    "field": "id",
    "type": "integer",
    "meta": {"hidden": True},
    "schema": {"is_primary_key": True, "has_auto_increment": True},
}
_UUID = {
    "field": "id",
    "type": "uuid",
    "meta": {"special": ["uuid"]},
    "schema": {"is_primary_key": True},
}


def administrator(url: str) -> httpx.Client:
    """Return a client that may do everything."""
    headers = {"Authorization": "Bearer admin-static-token"}
    return plain_http.client(base_url=url, headers=headers, timeout=30)


def seed(http: httpx.Client, users: Iterable[User]) -> None:
    """Make collections, ``users`` and items in an empty Directus."""
    for collection, fields, meta in _COLLECTIONS:
        body = {"collection": collection, "meta": meta, "schema": {}, "fields": fields}
        _post(http, "/collections", body)
    _relate(http)
    policies = [(user, _make(http, user)) for user in users]
    for user, policy in policies:
        if permissions := _permissions(user.more):
            _post(http, "/permissions", [{"policy": policy, **each} for each in permissions])
    seed_rows(http)


def seed_rows(http: httpx.Client) -> None:
    """Store all items but the messages."""
    _post(http, "/items/authors", AUTHORS)
    _post(http, "/items/articles", ARTICLES)
    for token, comment in COMMENTS.items():
        headers = {"Authorization": f"Bearer {token}"}
        http.post("/items/comments", json=comment, headers=headers).raise_for_status()


def set_messages(http: httpx.Client, name: str) -> None:
    """Put the rows of MESSAGES with this name in the place of those that are there."""
    rows = MESSAGES[name]
    everything = {"query": {"filter": {"id": {"_gt": 0}}, "limit": -1}}
    http.request("DELETE", "/items/messages", json=everything).raise_for_status()
    _post(http, "/items/messages", rows)
    # Directus puts its own time into a new row.
    http.patch("/items/messages", json=rows).raise_for_status()


def _permissions(rights: Mapping[str, tuple[str, ...]]) -> list[dict[str, Any]]:
    return [
        {"collection": collection, "action": action}
        | {"fields": ["*"], "permissions": {}, "validation": {}}
        for collection, actions in rights.items()
        for action in actions
    ]


def _make(http: httpx.Client, user: User) -> Any:
    """Make a user with a role and a policy, and return the policy's key."""
    role = _post(http, "/roles", _with_id(user.role, {"name": user.name}))
    permissions = _permissions(user.rights)
    permissions += [
        {"collection": custom.collection, "action": "read"}
        | {"fields": custom.fields, "permissions": custom.filter, "validation": {}}
        for custom in user.custom
    ]
    policy = {
        "name": user.name,
        "app_access": user.app_access,
        "admin_access": False,
        "permissions": permissions,
        "roles": [{"role": role["id"]}],
    }
    made = _post(http, "/policies", _with_id(user.policy, policy))
    account: dict[str, Any] = {"email": user.email, "password": user.password, "token": user.token}
    account |= {"role": role["id"], "status": "active", "first_name": user.first_name}
    _post(http, "/users", _with_id(user.id, account))
    return made["id"]


def _with_id(key: str | None, body: dict[str, Any]) -> dict[str, Any]:
    return body if key is None else {"id": key} | body


def _relate(http: httpx.Client) -> None:
    alias = {"field": "articles", "type": "alias", "meta": {"special": ["o2m"]}}
    _post(http, "/fields/authors", alias)
    relation = {
        "collection": "articles",
        "field": "author",
        "related_collection": "authors",
        "meta": {"one_field": "articles"},
        "schema": {"on_delete": "SET NULL"},
    }
    _post(http, "/relations", relation)
    for field, other in _RELATIONS.items():
        relation = {"collection": "comments", "field": field, "related_collection": other}
        _post(http, "/relations", relation | {"schema": {"on_delete": "SET NULL"}})


def _post(http: httpx.Client, path: str, body: Any) -> Any:
    response = http.post(path, json=body)
    assert response.is_success, f"POST {path} {body}: {response.text}"
    return response.json()["data"]


def _field(name: str, kind: str, special: str = "", **schema: Any) -> dict[str, Any]:
    specials = [special] if special else None
    return {"field": name, "type": kind, "meta": {"special": specials}, "schema": schema}


def _plain(kind: str, special: str = "") -> dict[str, Any]:
    return _field(f"f_{kind.lower()}", kind, special)


_RELATIONS = {
    "user_created": "directus_users",
    "user_updated": "directus_users",
    "article": "articles",
    "parent": "comments",
}
_COLLECTIONS: tuple[tuple[str, list[dict[str, Any]], Mapping[str, Any]], ...] = (
    (
        "messages",
        [
            _KEY,
            _field("date_created", "timestamp", "date-created"),
            _field("text", "text"),
            _field("user", "string"),
        ],
        {},
    ),
    ("authors", [_KEY, _field("name", "string")], {}),
    (
        "articles",
        [
            _KEY,
            _field("title", "string", is_nullable=False),
            _field("views", "integer"),
            _field("published", "boolean", "cast-boolean"),
            _field("tags", "json", "cast-json"),
            _field("slug", "string", is_unique=True),
            _field("author", "integer", "m2o"),
        ],
        {},
    ),
    ("things", [_UUID, _field("name", "string")], {}),
    ("profile", [_KEY, _field("title", "string")], {"singleton": True}),
    (
        "kinds",
        [
            _KEY,
            _plain("string"),
            _plain("text"),
            _plain("integer"),
            _plain("bigInteger"),
            _plain("float"),
            _plain("decimal"),
            _plain("boolean", "cast-boolean"),
            _plain("date"),
            _plain("dateTime"),
            _plain("time"),
            _plain("timestamp"),
            _plain("json", "cast-json"),
            _plain("csv", "cast-csv"),
            _plain("uuid"),
            _plain("hash", "hash"),
            _field("date_updated", "timestamp", "date-updated"),
            _field("user_created", "uuid", "user-created"),
        ],
        {},
    ),
    (
        "comments",
        [
            _KEY,
            _field("date_created", "timestamp", "date-created"),
            _field("date_updated", "timestamp", "date-updated"),
            _field("user_created", "uuid", "user-created"),
            _field("user_updated", "uuid", "user-updated"),
            _field("text", "string"),
            _field("article", "integer", "m2o"),
            _field("parent", "integer", "m2o"),
        ],
        {},
    ),
)
