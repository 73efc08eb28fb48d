"""The project that the code of the guides is run on."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.support import editors
from tests.support.editors import Editors

StartProject = Callable[[str], Editors]


@pytest.fixture(scope="module")
def start_project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartProject]:
    """A function that starts a project with an auth mode, once for each."""
    with ExitStack() as stack:
        started: dict[str, Editors] = {}

        def start(auth: Any) -> Editors:
            if auth not in started:
                folder = tmp_path_factory.mktemp(auth)
                server = stack.enter_context(editors.embedded(folder, auth))
                started[auth] = Editors(server.url)
            return started[auth]

        yield start


@pytest.fixture
def project(start_project: StartProject) -> Editors:
    """A project in the auth mode handshake, whose user may do everything with the messages."""
    return start_project("handshake")
