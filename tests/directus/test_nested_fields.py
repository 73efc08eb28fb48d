"""Nested fields on a real Directus."""

import pytest

from tests.app.test_nested_fields import *  # noqa: F403
from tests.directus.conftest import Start
from tools.local_directus import ADMIN_TOKEN

FIELDS = [
    {
        "field": "id",
        "type": "integer",
        "schema": {"is_primary_key": True, "has_auto_increment": True},
    },
    {"field": "name", "type": "string", "schema": {}},
    {"field": "message", "type": "integer", "schema": {}},
]


@pytest.fixture  # type: ignore[no-redef]
def access(start: Start) -> tuple[str, str]:
    """The address of a project whose pieces belong to messages, and an administrator's token."""
    node = start()
    node.provision()
    pieces = {"collection": "pieces", "meta": {}, "schema": {}, "fields": FIELDS}
    node.admin.post("/collections", json=pieces).raise_for_status()
    belongs = {"collection": "pieces", "field": "message", "related_collection": "messages"}
    node.admin.post("/relations", json=belongs).raise_for_status()
    return node.url, ADMIN_TOKEN
