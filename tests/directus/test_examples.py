"""The examples once more, on a real Directus behind our relay."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.directus.conftest import Start
from tests.e2e.test_examples import *  # noqa: F403
from tests.support.directus import Node, version
from tests.support.embedded import Embedded
from tools.examples import find
from tools.provision_example import provision_example


@pytest.fixture(scope="module")
def node(start: Start) -> Node:
    """A Directus for both examples."""
    return start()


def provision(node: Node, name: str) -> list[str]:
    """Make what an example needs; return what is said."""
    said: list[str] = []
    with node.connect() as admin:
        provision_example(admin, find(name), said.append, token=node.token, as_written=True)
    return said


@pytest.fixture
def chat(node: Node, tmp_path: Path) -> Iterator[Embedded]:
    provision(node, "chat")
    with Embedded(tmp_path, "--directus", node.url, "--example", "chat") as server:
        assert server.log == ""
        yield server


@pytest.fixture
def poll(node: Node, tmp_path: Path) -> Iterator[Embedded]:
    provision(node, "poll")
    with Embedded(tmp_path, "--directus", node.url, "--example", "poll") as server:
        assert server.log == ""
        yield server


def test_an_example_is_provisioned_once(start: Start) -> None:
    node = start()
    with node.connect() as admin:
        planned: list[str] = []
        provision_example(admin, find("chat"), planned.append, dry_run=True)
    said = provision(node, "chat")
    made = [line for line in said if line.startswith("made  ")]
    notes = [line for line in said if "without a licence" in line]
    assert len(made) == len(planned) == 15
    assert len(notes) == (4 if version() >= (12,) else 0)
    assert provision(node, "chat") == ["everything is there, and nothing was changed"]
    node.close()
