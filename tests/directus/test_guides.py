"""The Python of Directus' guides, on a real Directus."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.directus.conftest import Start
from tests.guides.test_actions import *  # noqa: F403
from tests.guides.test_authentication import *  # noqa: F403
from tests.guides.test_chat import *  # noqa: F403
from tests.guides.test_subscriptions import *  # noqa: F403
from tests.support.project import HEARTBEAT, Project, chat_on_directus, on_directus


@pytest.fixture(scope="module")
def start_project(start: Start) -> Iterator[Callable[[str], Project]]:
    """A function that starts a project with an auth mode, once for each."""
    started: dict[str, Project] = {}

    def start_it(auth: str) -> Project:
        if auth not in started:
            heartbeat = str(HEARTBEAT)
            node = start(WEBSOCKETS_REST_AUTH=auth, WEBSOCKETS_HEARTBEAT_PERIOD=heartbeat)
            stack.callback(node.close)
            started[auth] = on_directus(node, auth)
        return started[auth]

    with ExitStack() as stack:
        yield start_it


@pytest.fixture
def project(start_project: Callable[[str], Project]) -> Project:
    """A project in the auth mode handshake, whose user may do everything with the messages."""
    return start_project("handshake")


@pytest.fixture(scope="module")
def chat_project(start: Start) -> Iterator[Project]:
    """The project of the chat, as Ann has it."""
    node = start(LOGIN_STALL_TIME="0")
    yield chat_on_directus(node)
    node.close()
