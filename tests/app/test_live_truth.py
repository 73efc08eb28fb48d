"""After any changes, once all is quiet, a live view's rows are those of a read over HTTP."""

import asyncio
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
from directus_realtime import Live, RealtimeClient

from tests.support import plain_http
from tests.support.client import connected, run
from tests.support.embedded import EDITORS, TOKEN, Embedded, with_project

TEXTS = [None, "", "a", "A", "ä", "Ä", "b", "B", "Zoë", "zoe", "ß", "SS", "é", "E", "10", "9", "ø"]
USERS = [None, "Ben", "ben", "BEN", "Jürgen", "jurgen"]

SORTS: list[Any] = [None, ["-id"], ["text"], ["-text"], ["user", "-text"], "-user,id"]
FILTERS: list[Any] = [
    None,
    {"user": {"_eq": "Ben"}},
    {"text": {"_null": True}},
    {"text": {"_icontains": "z"}},
    {"_or": [{"text": {"_in": ["ä", "Ä", "b"]}}, {"user": {"_empty": True}}]},
    {"text": {"_nin": ["a", "A"]}},
]
REST: list[dict[str, Any]] = [
    {"search": "en"},
    {"fields": ["user"], "sort": ["text"]},
    {"limit": 12, "sort": ["text", "user"]},
    {"limit": 5, "offset": 2, "sort": ["-text"]},
]
QUERIES = [
    {name: value for name, value in (("sort", sort), ("filter", rules)) if value}
    for sort in SORTS
    for rules in FILTERS
]
ALL = [{"limit": -1, **query} for query in QUERIES + REST]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    with with_project(tmp_path_factory.mktemp("server"), EDITORS) as embedded:
        yield embedded


async def over_http(url: str, query: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of a query as REST answers it."""
    given = {"fields": ["*"], **query}
    given["fields"] = [*given["fields"], "id"]
    params = {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in given.items()
    }
    for name in ("fields", "sort"):
        if isinstance(given.get(name), list):
            params[name] = ",".join(given[name])
    headers = {"Authorization": f"Bearer {TOKEN}"}
    answer = await asyncio.to_thread(
        plain_http.get, f"{url}/items/messages", params=params, headers=headers
    )
    rows: list[dict[str, Any]] = answer.json()["data"]
    return rows


async def change_something(directus: RealtimeClient, keys: set[int], chance: random.Random) -> None:
    """Create, update or delete a few rows."""
    messages = directus.items("messages")
    some = chance.sample(sorted(keys), min(len(keys), chance.randint(1, 4)))
    kind = chance.choices(["create", "update", "delete"], [4, 5, 2])[0]
    if kind == "create" or not some:
        rows = [
            {"text": chance.choice(TEXTS), "user": chance.choice(USERS)}
            for _ in range(chance.randint(1, 3))
        ]
        keys.update(row["id"] for row in await messages.create(rows))
    elif kind == "update":
        name, values = chance.choice([("text", TEXTS), ("user", USERS)])
        await messages.update({name: chance.choice(values)}, ids=some)
    else:
        await messages.delete(ids=some)
        keys.difference_update(some)


async def is_true(live: Live, query: dict[str, Any], url: str) -> None:
    """Wait until the view shows what a read over HTTP does; the scene's limit ends the wait."""
    while live.rows != await over_http(url, query):
        await live._changes.wait()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_view_is_what_a_read_returns(server: Embedded, seed: int) -> None:
    async def scene() -> None:
        chance = random.Random(seed)
        queries = chance.sample(ALL, 12)
        directus, other = await connected(server.url), await connected(server.url)
        keys: set[int] = set()
        views = [directus.live("messages", query=query) for query in queries]
        for view in views:
            await view.__aenter__()
        for _ in range(5):
            for _ in range(12):
                await change_something(other, keys, chance)
            for view, query in zip(views, queries, strict=True):
                await is_true(view, query, server.url)
        for view in views:
            await view.__aexit__(None, None, None)
        await other.items("messages").delete(ids=sorted(keys))
        for client in (directus, other):
            client.disconnect()

    run(scene)
