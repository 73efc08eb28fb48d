"""The SDK's tests over real sockets once more, on a real Directus."""

from collections.abc import Callable, Iterator

import pytest

from tests.app.test_authentication import *  # noqa: F403
from tests.app.test_rest import *  # noqa: F403
from tests.directus.conftest import Start
from tests.support.directus import Node
from tests.support.project import LIFE, Project
from tools.provision import EMAIL

PUBLIC = "abf8a154-5b1c-4a46-ac9c-7300570f4f17"
"""The key of the policy of those who do not say who they are."""
ALL = {"fields": ["*"], "permissions": {}, "validation": {}}


@pytest.fixture(scope="module")
def start_project(start: Start) -> Iterator[Callable[[str], Project]]:
    """A function that starts a project with an auth mode, once for each."""
    nodes: dict[str, Node] = {}

    def start_it(auth: str) -> Project:
        if auth not in nodes:
            node = nodes[auth] = start(WEBSOCKETS_REST_AUTH=auth, ACCESS_TOKEN_TTL=f"{LIFE}s")
            node.provision()
            (user,) = node.admin.get("/users", params={"filter[email][_eq]": EMAIL}).json()["data"]
            change = {"password": Project.password}
            node.admin.patch(f"/users/{user['id']}", json=change).raise_for_status()
            for action in ("read", "create") if auth == "public" else ():
                rule = {"policy": PUBLIC, "collection": "messages", "action": action, **ALL}
                node.admin.post("/permissions", json=rule).raise_for_status()
        return Project(nodes[auth].url, email=EMAIL)

    yield start_it
    for node in nodes.values():
        node.close()


@pytest.fixture
def address(directus: Node) -> str:
    """The address of a project whose token may read and create messages."""
    return directus.url
