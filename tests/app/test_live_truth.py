"""After any changes, once all is quiet, a live view's rows are those of a read over HTTP."""

import random
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.client import run
from tests.support.embedded import EDITORS, TOKEN, Embedded, with_project
from tests.support.live_truth import check, with_filters

SORTS: list[Any] = [None, ["-id"], ["text"], ["-text"], ["user", "-text"], "-user,id"]
OTHERS: list[dict[str, Any]] = [
    {"limit": -1, "search": "en"},
    {"limit": -1, "fields": ["user"], "sort": ["text"]},
    {"limit": 12, "sort": ["text", "user"]},
    {"limit": 5, "offset": 2, "sort": ["-text"]},
]
QUERIES = with_filters(SORTS) + OTHERS


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    with with_project(tmp_path_factory.mktemp("server"), EDITORS) as embedded:
        yield embedded


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_view_is_what_a_read_returns(server: Embedded, seed: int) -> None:
    where = {"view": server.url, "change": server.url, "token": TOKEN}
    run(lambda: check(QUERIES, random.Random(seed), **where))
