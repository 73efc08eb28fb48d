"""Live views beside reads over HTTP: after any changes, once all is quiet, both have one answer."""

import asyncio
import json
import random
from collections.abc import Sequence
from typing import Any

from directus_realtime import Live, RealtimeClient

from tests.support import plain_http
from tests.support.client import connected

Query = dict[str, Any]

TEXTS = [None, "", "a", "A", "ä", "Ä", "b", "B", "Zoë", "zoe", "ß", "SS", "é", "E", "10", "9", "ø"]
USERS = [None, "Ben", "ben", "BEN", "Jürgen", "jurgen"]

FILTERS: list[Any] = [
    None,
    {"user": {"_eq": "Ben"}},
    {"text": {"_null": True}},
    {"text": {"_icontains": "z"}},
    {"_or": [{"text": {"_in": ["ä", "Ä", "b"]}}, {"user": {"_empty": True}}]},
    {"text": {"_nin": ["a", "A"]}},
]

ROUNDS, CHANGES, VIEWS = 5, 12, 12


def with_filters(sorts: Sequence[Any]) -> list[Query]:
    """Return the queries of all rows, with each of the filters in each of the orders."""
    return [
        {"limit": -1, **{name: given for name, given in pair if given}}
        for sort in sorts
        for rules in FILTERS
        for pair in [(("sort", sort), ("filter", rules))]
    ]


async def _over_http(url: str, token: str, query: Query) -> list[dict[str, Any]]:
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
    headers = {"Authorization": f"Bearer {token}"}
    answer = await asyncio.to_thread(
        plain_http.get, f"{url}/items/messages", params=params, headers=headers
    )
    rows: list[dict[str, Any]] = answer.json()["data"]
    return rows


async def _change_something(
    directus: RealtimeClient, keys: set[int], chance: random.Random
) -> None:
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


async def _is_true(live: Live, query: Query, url: str, token: str) -> None:
    """Wait until the view shows what a read over HTTP does; the scene's limit ends the wait."""
    while live.rows != await _over_http(url, token, query):
        await live._changes.wait()


async def check(
    queries: Sequence[Query], chance: random.Random, *, view: str, change: str, token: str
) -> None:
    """Watch some of the queries at the address ``view``, and change rows at ``change``."""
    chosen = chance.sample(queries, VIEWS)
    directus, other = await connected(view, token), await connected(change, token)
    keys: set[int] = set()
    views = [directus.live("messages", query=query) for query in chosen]
    for each in views:
        await each.__aenter__()
    for _ in range(ROUNDS):
        for _ in range(CHANGES):
            await _change_something(other, keys, chance)
        for each, query in zip(views, chosen, strict=True):
            await _is_true(each, query, view, token)
    for each in views:
        await each.__aexit__(None, None, None)
    await other.items("messages").delete(ids=sorted(keys))
    for client in (directus, other):
        client.disconnect()
