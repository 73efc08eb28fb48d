"""A project with a user who may do everything with the messages, here and on a real Directus."""

from dataclasses import dataclass
from pathlib import Path

from server.app import create_server
from server.config import AuthMode, Config
from tests.support.background import Background
from tests.support.directus import Node
from tests.support.embedded import EDITORS, ROOT, TOKEN
from tools.provision import EMAIL, POLICY

HEARTBEAT = 3
"""Seconds between a server's pings."""
PUBLIC = "abf8a154-5b1c-4a46-ac9c-7300570f4f17"
"""The key of Directus' policy of those who do not say who they are."""
_ALL = {"collection": "messages", "fields": ["*"], "permissions": {}, "validation": {}}


@dataclass(frozen=True)
class Editors:
    """Where the project is, and how its user signs in."""

    url: str
    email: str = "editor@example.com"
    password: str = "editor-password"
    token: str = TOKEN


def embedded(folder: Path, auth: AuthMode) -> Background:
    """Return the embedded server with the project, in a thread of this process.

    In the auth mode public everybody may do what the user may.
    """
    project = folder / "project.toml"
    public = '\n[public]\npolicies = ["Editors"]\n' if auth == "public" else ""
    project.write_text(EDITORS + public)
    config = Config(
        root=ROOT,
        database=folder / "messages.db",
        project=project,
        auth=auth,
        heartbeat_period=HEARTBEAT,
        login_stall_time=0.0,
    )
    return Background(create_server(config, lambda: None))


def on_directus(node: Node, auth: str) -> Editors:
    """Make the project on a real Directus that is empty."""
    node.provision()
    editors = Editors(node.url, email=EMAIL)
    (user,) = node.admin.get("/users", params={"filter[email][_eq]": EMAIL}).json()["data"]
    change = {"password": editors.password}
    node.admin.patch(f"/users/{user['id']}", json=change).raise_for_status()
    (policy,) = node.admin.get("/policies", params={"filter[name][_eq]": POLICY}).json()["data"]
    rules = [(policy["id"], action) for action in ("update", "delete")]
    if auth == "public":
        rules += [(PUBLIC, action) for action in ("create", "read", "update", "delete")]
    for owner, action in rules:
        rule = {"policy": owner, "action": action, **_ALL}
        node.admin.post("/permissions", json=rule).raise_for_status()
    return editors
