"""The page on the embedded server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.embedded import Embedded, free_port

pytest.register_assert_rewrite("tests.e2e.everywhere")


@pytest.fixture(scope="session")
def port() -> int:
    """The port of all servers of this worker: at one address Chromium keeps what it compiled."""
    return free_port()


@pytest.fixture
def site(tmp_path: Path, port: int) -> Iterator[Embedded]:
    """A server with an empty database."""
    with Embedded(tmp_path, port=port) as server:
        yield server


@pytest.fixture(scope="session")
def lasting_port() -> int:
    """The port of those servers of this worker that outlive a test."""
    return free_port()


@pytest.fixture(scope="module")
def lasting_site(tmp_path_factory: pytest.TempPathFactory, lasting_port: int) -> Iterator[Embedded]:
    """A server for a page that the tests of a module share."""
    with Embedded(tmp_path_factory.mktemp("lasting"), port=lasting_port) as server:
        yield server


@pytest.fixture
def chat(tmp_path: Path) -> Iterator[Embedded]:
    """The example chat."""
    with Embedded(tmp_path, "--example", "chat") as server:
        yield server


@pytest.fixture
def poll(tmp_path: Path) -> Iterator[Embedded]:
    """The example poll."""
    with Embedded(tmp_path, "--example", "poll") as server:
        yield server
