"""A live view's rows are those of a read over HTTP, on SQLite and over two nodes on PostgreSQL.

Each sort ends with the key: where rows share a value, PostgreSQL orders them as it likes.
"""

import random
from typing import Any

import pytest

from tests.support.client import run
from tests.support.directus import Cluster, Node
from tests.support.live_truth import check, with_filters
from tools.local_directus import ADMIN_TOKEN

SORTS: list[Any] = [None, ["-id"], ["text", "id"], ["-text", "id"], ["user", "-text", "-id"]]
OTHERS: list[dict[str, Any]] = [
    {"limit": -1, "search": "en"},
    {"limit": 12, "sort": ["text", "user", "id"]},
    {"limit": 5, "offset": 2, "sort": ["-text", "id"]},
]
QUERIES = with_filters(SORTS) + OTHERS


@pytest.mark.parametrize("seed", [1, 2])
def test_on_sqlite(directus: Node, seed: int) -> None:
    directus.clear()
    where = {"view": directus.url, "change": directus.url, "token": ADMIN_TOKEN}
    run(lambda: check(QUERIES, random.Random(seed), **where))


@pytest.mark.parametrize("seed", [1, 2])
def test_on_postgresql_with_the_changes_at_the_other_node(cluster: Cluster, seed: int) -> None:
    cluster.a.clear()
    where = {"view": cluster.a.url, "change": cluster.b.url, "token": ADMIN_TOKEN}
    run(lambda: check(QUERIES, random.Random(seed), **where))
