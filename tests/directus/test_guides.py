"""The Python of Directus' guides, on a real Directus."""

from collections.abc import Callable, Iterator

import pytest

from tests.directus.conftest import Start
from tests.guides.test_actions import *  # noqa: F403
from tests.guides.test_authentication import *  # noqa: F403
from tests.guides.test_subscriptions import *  # noqa: F403
from tests.support import editors
from tests.support.directus import Node
from tests.support.editors import HEARTBEAT, Editors


@pytest.fixture(scope="module")
def start_project(start: Start) -> Iterator[Callable[[str], Editors]]:
    """A function that starts a project with an auth mode, once for each."""
    nodes: dict[str, Node] = {}
    started: dict[str, Editors] = {}

    def start_it(auth: str) -> Editors:
        if auth not in started:
            heartbeat = str(HEARTBEAT)
            nodes[auth] = start(WEBSOCKETS_REST_AUTH=auth, WEBSOCKETS_HEARTBEAT_PERIOD=heartbeat)
            started[auth] = editors.on_directus(nodes[auth], auth)
        return started[auth]

    yield start_it
    for node in nodes.values():
        node.close()


@pytest.fixture
def project(start_project: Callable[[str], Editors]) -> Editors:
    """A project in the auth mode handshake, whose user may do everything with the messages."""
    return start_project("handshake")
