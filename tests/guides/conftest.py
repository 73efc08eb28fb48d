"""The project that the code of the guides is run on."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.support.project import CHAT, HEARTBEAT, Project, ann, embedded

StartProject = Callable[[str], Project]


@pytest.fixture(scope="module")
def start_project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartProject]:
    """A function that starts a project with an auth mode, once for each."""
    with ExitStack() as stack:
        started: dict[str, Project] = {}

        def start(auth: Any) -> Project:
            if auth not in started:
                folder = tmp_path_factory.mktemp(auth)
                server = stack.enter_context(embedded(folder, auth, heartbeat_period=HEARTBEAT))
                started[auth] = Project(server.url)
            return started[auth]

        yield start


@pytest.fixture
def project(start_project: StartProject) -> Project:
    """A project in the auth mode handshake, whose user may do everything with the messages."""
    return start_project("handshake")


@pytest.fixture(scope="module")
def chat_project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """The project of the chat, as Ann has it."""
    with embedded(tmp_path_factory.mktemp("chat"), text=CHAT) as server:
        yield ann(server.url)
