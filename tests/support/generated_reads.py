"""Reads made by chance: fields, filters, sorts, searches and limits, well typed, along relations.

The collections are those of the contract's fixture, with more rows; see ``tests/contract/seed.py``.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from tests.contract.fixtures import FEW
from tests.contract.seed import set_messages
from tests.support import plain_http

Row = dict[str, Any]

_ORDERED = ("_eq", "_neq", "_lt", "_lte", "_gt", "_gte", "_in", "_nin", "_between", "_nbetween")
_LIKE = (
    *("_contains", "_ncontains", "_icontains", "_starts_with", "_nstarts_with"),
    *("_istarts_with", "_nistarts_with", "_ends_with", "_nends_with", "_iends_with"),
)
_TEXT = ("_eq", "_neq", "_in", "_nin", *_LIKE, "_empty", "_nempty")
_FLAGS = ("_null", "_nnull")


@dataclass(frozen=True)
class Kind:
    """What fields of a type may be asked: operators, and values to compare with."""

    operators: Sequence[str]
    values: Sequence[Any] = ()


_INTEGER = Kind(_ORDERED, (0, 1, 2, 3, 5, 7, 10, -1, "4"))
_STRING = Kind(_TEXT, ("Ada", "ada", "First", "two", "e", "A", "ü", "Zoë", "100%", "_", "2"))
_MOMENT = Kind(
    _ORDERED,
    ("2026-01-01T00:01:00Z", "2026-01-01T00:02:00.000Z", "2025-12-31", "2026-02-03T04:05:06"),
)
KINDS = {
    "integer": _INTEGER,
    "float": Kind(_ORDERED, (0, 0.5, -1.25, 2, "0.5")),
    "string": _STRING,
    "boolean": Kind(("_eq", "_neq"), (True, False)),
    "timestamp": _MOMENT,
    "dateTime": _MOMENT,
    "date": Kind(_ORDERED, ("2026-01-01", "2025-12-31", "2026-02-03")),
    "time": Kind(_ORDERED, ("00:00:00", "12:30:00", "23:59:59")),
    "uuid": Kind(("_eq", "_neq", "_in", "_nin"), ("6f1c0f3e-0000-4000-8000-000000000001",)),
    "csv": Kind(_TEXT, ("a", "a,b", "c")),
    "json": Kind(()),
    "user": Kind(("_eq", "_neq"), ("$CURRENT_USER",)),
}
_CALLS = {"timestamp": ("year", "month", "day", "hour", "minute"), "date": ("year", "weekday")}

Shape = Mapping[str, str]
"""The kinds of a collection's fields; of a relation "NAME -> COLLECTION"."""

AUTHORS: Shape = {"id": "integer", "name": "string"}
ARTICLES: Shape = {
    **{"id": "integer", "title": "string", "views": "integer", "published": "boolean"},
    **{"tags": "json", "slug": "string", "author": "integer -> authors"},
}
SHAPES: Mapping[str, Shape] = {
    "authors": AUTHORS,
    "articles": ARTICLES,
    "comments": {
        **{"id": "integer", "date_created": "timestamp", "text": "string"},
        **{"article": "integer -> articles", "parent": "integer -> comments"},
        "user_created": "user -> directus_users",
    },
    "messages": {
        **{"id": "integer", "date_created": "timestamp", "text": "string", "user": "string"}
    },
    "kinds": {
        **{"id": "integer", "f_string": "string", "f_text": "string", "f_integer": "integer"},
        **{"f_biginteger": "integer", "f_float": "float", "f_decimal": "float"},
        **{"f_boolean": "boolean", "f_date": "date", "f_datetime": "dateTime", "f_time": "time"},
        **{"f_timestamp": "timestamp", "f_json": "json", "f_csv": "csv", "f_uuid": "uuid"},
    },
    "directus_users": {"first_name": "string", "email": "string", "status": "string"},
}
GUEST = "guest-token"
READERS = {
    "comments": ("moderator-token", GUEST),
    "articles": ("moderator-token", "editor-token"),
    "authors": ("moderator-token", "editor-token"),
    "messages": ("editor-token", "reader-token"),
    "kinds": ("editor-token", "admin-static-token"),
}
"""Who reads a collection, in turn. All rows may be read, but authors and users not by the guest."""
# Directus finds parts of a uuid, so none of them is written in hexadecimal digits alone.
_SEARCHES = ("st", "two", "Zoë", "_x_", "kind", "HELLO", "zzz")


class Reads:
    """Makes the queries of one collection, the same ones for the same seed."""

    def __init__(self, collection: str, seed: int) -> None:
        self._collection = collection
        self._chance = random.Random(seed)

    def queries(self, count: int) -> Iterator[dict[str, Any]]:
        """Yield queries."""
        for _ in range(count):
            yield self._query()

    def _query(self) -> dict[str, Any]:
        chance, query = self._chance, dict[str, Any]()
        query["fields"] = [self._shown() for _ in range(chance.randint(1, 4))]
        query["sort"] = [*(self._sorted() for _ in range(chance.randint(0, 2))), "id"]
        if chance.random() < 0.8:
            query["filter"] = self._filter(chance.randint(0, 2))
        if chance.random() < 0.15:
            query["search"] = chance.choice(_SEARCHES)
        if chance.random() < 0.5:
            query["limit"] = chance.choice((0, 1, 2, 3, 5, 10, -1))
        if chance.random() < 0.3:
            paged = chance.random() < 0.5 and query.get("limit", 0) > 0
            query["page" if paged else "offset"] = chance.randint(1, 3)
        return query

    def _path(self, chance_to_go_on: float = 0.6) -> tuple[list[str], str]:
        """Return the names that lead to a field, and its kind."""
        collection, path = self._collection, list[str]()
        while True:
            name = self._chance.choice(list(SHAPES[collection]))
            path.append(name)
            kind, _, other = SHAPES[collection][name].partition(" -> ")
            if not other or len(path) > 3 or self._chance.random() > chance_to_go_on:
                return path, kind
            collection = other

    def _shown(self) -> str:
        if self._chance.random() < 0.15:
            return "*"
        path, kind = self._path()
        if kind in _CALLS and len(path) == 1 and self._chance.random() < 0.3:
            return f"{self._chance.choice(_CALLS[kind])}({path[0]})"
        leads = {"article": "articles", "parent": "comments", "author": "authors"}
        if path[-1] in leads and self._chance.random() < 0.3:
            return ".".join([*path, "*"])
        return ".".join(path)

    def _sorted(self) -> str:
        while True:
            path, kind = self._path()
            if kind not in ("json", "user"):  # users have other keys on the other server
                return self._chance.choice(("", "-")) + ".".join(path)

    def _filter(self, depth: int) -> dict[str, Any]:
        if depth:
            parts = [self._filter(depth - 1) for _ in range(self._chance.randint(1, 3))]
            return {self._chance.choice(("_and", "_or")): parts}
        path, kind = self._path()
        name = path[-1]
        if kind in _CALLS and self._chance.random() < 0.2:
            call, kind = self._chance.choice(_CALLS[kind]), "integer"
            name = f"{call}({name})"
        found: dict[str, Any] = {name: self._condition(KINDS[kind])}
        for above in reversed(path[:-1]):
            found = {above: found}
        return found

    def _condition(self, kind: Kind) -> dict[str, Any]:
        operator = self._chance.choice((*kind.operators, *_FLAGS))
        if operator in _FLAGS or operator in ("_empty", "_nempty"):
            return {operator: self._chance.choice((True, True, False))}
        if operator in ("_in", "_nin"):
            return {operator: self._chance.choices(kind.values, k=self._chance.randint(1, 3))}
        if operator in ("_between", "_nbetween"):
            return {operator: self._chance.choices(kind.values, k=2)}
        return {operator: self._chance.choice(kind.values)}


_COMMENTERS = ("editor-token", "moderator-token", "guest-token", "desk2-token")
_MORE: Mapping[str, list[Row]] = {
    "authors": [{"name": name} for name in ("ada", "Zoë", None, "", "100%")],
    "articles": [
        {
            **{"title": title, "views": views, "published": published},
            **{"slug": slug, "author": author, "tags": tags},
        }
        for title, views, published, slug, author, tags in (
            ("two", 2, True, "two", 3, ["a"]),
            ("", 0, False, None, 4, {}),
            ("ü", -1, None, "u", None, None),
            ("Ada", None, True, "ada", 5, []),
            ("first", 10, False, "e", 2, [1]),
        )
    ],
    "kinds": [
        {
            **{"f_string": text, "f_text": text, "f_integer": number, "f_biginteger": number},
            **{"f_float": share, "f_decimal": share, "f_boolean": flag, "f_csv": words},
            **{"f_date": day, "f_time": time, "f_json": words},
            "f_datetime": day and f"{day}T{time}",
            "f_timestamp": day and f"{day}T{time}.000Z",
            "f_uuid": f"6f1c0f3e-0000-4000-8000-00000000000{number}",
        }
        for text, number, share, flag, words, day, time in (
            ("Ada", 1, 0.5, True, ["a", "b"], "2026-01-01", "00:00:00"),
            ("two", 2, -1.25, False, ["c"], "2025-12-31", "12:30:00"),
            (None, 3, None, None, None, None, None),
            ("", 5, 2, True, [], "2026-02-03", "23:59:59"),
            ("Zoë", 7, 0.0, False, ["a"], "2026-01-01", "04:05:06"),
        )
    ],
}


def add_rows(url: str) -> None:
    """Store more rows on a server with the contract's fixture, over REST."""
    with plain_http.client(base_url=url, timeout=30) as http:
        http.headers["Authorization"] = "Bearer admin-static-token"
        set_messages(http, FEW)
        for collection, rows in _MORE.items():
            http.post(f"/items/{collection}", json=rows).raise_for_status()
        for number in range(5, 25):
            comment = {
                "text": _STRING.values[number % len(_STRING.values)],
                "article": number % 9 or None,
                "parent": number // 2 if number % 3 else None,
            }
            token = _COMMENTERS[number % len(_COMMENTERS)]
            headers = {"Authorization": f"Bearer {token}"}
            http.post("/items/comments", json=comment, headers=headers).raise_for_status()
        times = [
            {"id": number, "date_created": f"2026-01-01T00:{number % 5:02}:00.000Z"}
            for number in range(1, 25)
        ]
        http.patch("/items/comments", json=times).raise_for_status()


def answer(http: httpx.Client, collection: str, token: str, query: dict[str, Any]) -> Any:
    """Return the rows that a server reads, or the code of its refusal, a text."""
    response = http.request(
        "SEARCH",
        f"/items/{collection}",
        json={"query": query},
        headers={"Authorization": f"Bearer {token}"},
    )
    body = response.json()
    return body["data"] if response.is_success else body["errors"][0]["extensions"]["code"]
