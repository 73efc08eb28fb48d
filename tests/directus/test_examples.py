"""The examples once more, on a real Directus behind our relay."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.directus.conftest import Start
from tests.directus.test_provision import run
from tests.e2e.test_examples import *  # noqa: F403
from tests.support.directus import Node, version
from tests.support.embedded import Embedded
from tools import provision as provisioning
from tools.examples import find
from tools.steps import SetupError


@pytest.fixture(scope="module")
def node(start: Start) -> Node:
    """A Directus for both examples; tests with a browser come last, and find it provisioned."""
    return start()


def provision(node: Node, name: str) -> list[str]:
    """Make what an example needs; return what is said."""
    said: list[str] = []
    with node.connect() as admin:
        provisioning.provision(
            admin,
            said.append,
            example=find(name),
            token=node.token,
            new_token=True,
            as_written=True,
        )
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


def test_a_collection_of_another_page_is_left_alone(node: Node) -> None:
    collection = {"collection": "messages", "meta": {}, "schema": {}}
    node.admin.post("/collections", json=collection).raise_for_status()
    with pytest.raises(
        SetupError, match=r"not the example's \(.*user_created is missing.*so nothing was changed"
    ):
        provision(node, "chat")
    node.admin.delete("/collections/messages").raise_for_status()


def test_what_to_run_next_has_the_new_token(node: Node) -> None:
    command = f"python3 serve.py --directus {node.url} --example poll"
    *planned, now = run(node, "--example", "poll", "--dry-run")
    assert [line.split("  ")[0] for line in planned] == ["would make"] * 6
    assert now == f"now   {command}"
    *_, made, attached, now = run(node, "--example", "poll")
    assert made.startswith("made  the user poll@example.com, with the token ")
    assert attached == 'made  poll@example.com a holder of "Poll"'
    assert now == f"now   {command} --token {made.split()[-1]}"


def test_an_example_is_provisioned_once(node: Node) -> None:
    with node.connect() as admin:
        planned: list[str] = []
        provisioning.provision(admin, planned.append, example=find("chat"), dry_run=True)
    said = provision(node, "chat")
    made = [line for line in said if line.startswith("made  ")]
    notes = [line for line in said if "without a licence" in line]
    assert len(made) == len(planned) == 15
    assert len(notes) == (4 if version() >= (12,) else 0)
    assert provision(node, "chat") == ["everything is there, and nothing was changed"]
