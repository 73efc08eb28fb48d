"""A project with a user who may do everything with the messages, here and on a real Directus."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from server.background import EmbeddedServer
from server.config import AuthMode, Config
from tests.support.directus import Node
from tests.support.embedded import EDITORS, ROOT, TOKEN
from tools.provision import EMAIL, POLICY
from web.delivery import routes
from web.site import Site

LIFE = 3
"""Seconds that a short access token is good for, less up to one: Directus counts whole ones."""
HEARTBEAT = 3
"""Seconds between the pings of a server that is to be heard soon."""
PUBLIC = "abf8a154-5b1c-4a46-ac9c-7300570f4f17"
"""The key of Directus' policy of those who do not say who they are."""
_NOTES = {
    "collection": "notes",
    "meta": {},
    "schema": {},
    "fields": [
        {
            "field": "id",
            "type": "uuid",
            "meta": {"special": ["uuid"]},
            "schema": {"is_primary_key": True},
        },
        {"field": "text", "type": "text", "meta": {}, "schema": {}},
    ],
}
_SETTINGS = {
    "collection": "settings",
    "meta": {"singleton": True},
    "schema": {},
    "fields": [
        {
            "field": "id",
            "type": "integer",
            "meta": {},
            "schema": {"is_primary_key": True, "has_auto_increment": True},
        },
        {"field": "title", "type": "string", "meta": {}, "schema": {}},
    ],
}


CHAT = (
    EDITORS
    + """
[collections.messages.fields.user_created]
type = "uuid"
special = "user-created"

[policies.Names]
permissions = [{ collection = "directus_users", action = "read" }]

[[users]]
email = "ann@example.com"
password = "ann-password"
token = "ann-token"
first_name = "Ann"
policies = ["Editors", "Names"]
"""
)
"""The same with authors of messages, and Ann, who may read their names."""


@dataclass(frozen=True)
class Project:
    """Where the project is, and how its user signs in."""

    url: str
    email: str = "editor@example.com"
    password: str = "editor-password"
    token: str = TOKEN


def embedded(
    folder: Path, auth: AuthMode = "handshake", *, text: str = EDITORS, **options: Any
) -> EmbeddedServer:
    """Return the embedded server with the project and the page, in a thread of this process.

    ``text`` is that of the project's file, and ``options`` are more of the server's. In the auth
    mode public anybody has the user's rights.
    """
    project = folder / "project.toml"
    public = '[public]\npolicies = ["Editors"]\n' if auth == "public" else ""
    project.write_text(text + public)
    config = Config(
        database=folder / "messages.db",
        project=project,
        auth=auth,
        login_stall_time=0.0,
        **options,
    )
    return EmbeddedServer(config, pages=routes(Site(ROOT)))


def on_directus(node: Node, auth: str) -> Project:
    """Make the project on a real Directus that is empty."""
    node.provision()
    for collection in (_NOTES, _SETTINGS):
        _post(node, "/collections", collection)
    project = Project(node.url, email=EMAIL)
    change = {"password": project.password}
    user = _key(node, "/users", "email", EMAIL)
    node.admin.patch(f"/users/{user}", json=change).raise_for_status()
    policy = _key(node, "/policies", "name", POLICY)
    _allow(node, policy, "messages", "update", "delete")
    _allow(node, policy, "notes", "create", "read")
    _allow(node, policy, "settings", "read")
    if auth == "public":
        _allow(node, PUBLIC, "messages", "create", "read", "update", "delete")
    return project


def ann(url: str) -> Project:
    """Return the project of a chat as Ann has it."""
    return Project(url, email="ann@example.com", password="ann-password", token="ann-token")


def chat_on_directus(node: Node) -> Project:
    """Make the chat on a real Directus that is empty."""
    on_directus(node, "handshake")
    author = {"field": "user_created", "type": "uuid", "meta": {"special": ["user-created"]}}
    _post(node, "/fields/messages", author | {"schema": {}})
    relation = {"collection": "messages", "field": "user_created"}
    _post(node, "/relations", relation | {"related_collection": "directus_users", "schema": {}})
    policy = _key(node, "/policies", "name", POLICY)
    _allow(node, policy, "directus_users", "read")
    project = ann(node.url)
    user = {"email": project.email, "password": project.password, "token": project.token}
    _post(node, "/users", user | {"first_name": "Ann", "policies": [{"policy": policy}]})
    return project


def _allow(node: Node, policy: str, collection: str, *actions: str) -> None:
    all_of_it = {"fields": ["*"], "permissions": {}, "validation": {}}
    for action in actions:
        rule = {"policy": policy, "collection": collection, "action": action, **all_of_it}
        _post(node, "/permissions", rule)


def _key(node: Node, path: str, field: str, value: str) -> str:
    """Return the key of the only one whose field has a value."""
    found = node.admin.get(path, params={f"filter[{field}][_eq]": value})
    (row,) = found.raise_for_status().json()["data"]
    return str(row["id"])


def _post(node: Node, path: str, body: object) -> None:
    node.admin.post(path, json=body).raise_for_status()
