"""Nested fields, as the JS SDK writes them: Directus never answers an items request with these.

`tests/directus/test_nested_fields.py` runs the same on a real Directus, which gives the row that is
nested, too; the embedded server leaves it out.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.client import client, run
from tests.support.embedded import ROOT, Embedded

PROJECT = ROOT / "tests" / "server" / "project.toml"
NESTED = {"fields": ["name", {"message": ["text"]}]}


@pytest.fixture
def access(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """The address of a project whose pieces belong to messages, and the token of an editor."""
    server = Embedded(tmp_path, "--project", str(PROJECT)).start()
    yield server.url, "editor"
    server.stop()


PIECE = {"name": "a piece", "message": {"text": "its message"}}


def test_nested_fields_of_a_request_are_answered_and_caught_up_with(
    access: tuple[str, str],
) -> None:
    async def scene() -> None:
        directus, other = client(*access), client(*access)
        subscription = await directus.subscribe("pieces", event="create", query=NESTED)
        assert (await anext(subscription))["event"] == "init"
        directus.disconnect()
        await other.connect()
        message = await other.items("messages").create({"text": "its message"})
        row = {"name": "a piece", "message": message["id"]}
        assert await other.items("pieces").create(row, query=NESTED) == PIECE
        assert await other.items("pieces").read(NESTED) == [PIECE]
        other.disconnect()
        await directus.connect()
        assert (await anext(subscription))["event"] == "init"
        assert (await anext(subscription))["data"] == [PIECE]
        directus.disconnect()

    run(scene)
