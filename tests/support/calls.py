"""The calls made on both SDKs, whose frames are compared.

Options are in the order in which our SDK writes them; the JS SDK keeps its caller's order.
"""

from typing import Any

from directus_realtime import AuthMode

Call = tuple[Any, ...]

HELLO = {
    "type": "items",
    "collection": "messages",
    "action": "create",
    "data": {"text": "Grüße ☃ 😀", "user": None},
}

# Every key that Directus knows, in each form that it may have, and what the JS SDK leaves out.
QUERIES: list[dict[str, Any]] = [
    {},
    {"fields": ["user", "text"]},
    {"fields": "user,text"},
    {"fields": ["*"]},
    {"fields": []},
    {"fields": None},
    {"fields": ["author.name", "year(date_created)"]},
    {"fields": ["id", {"author": ["name", {"articles": ["title"]}]}]},
    {"fields": ["id", {"item": {"headings": ["a"], "paras": ["b", {"of": ["c"]}]}}]},
    {"fields": [{"author": ["*"], "editor": ["name"]}, "id"]},
    {"filter": {"user": {"_eq": "Ben"}}},
    {"filter": {"_or": [{"id": {"_in": [1, 2]}}, {"text": {"_null": True}}, {"n": 0.5}]}},
    {"filter": {"author": {"name": {"_contains": 'é "quoted" \\ \u2028'}}}},
    {"filter": {}},
    {"search": "x"},
    {"search": ""},
    {"sort": "-id"},
    {"sort": ["-id", "user", "author.name"]},
    {"sort": []},
    {"limit": 2},
    {"limit": 0},
    {"limit": -1},
    {"limit": -2},
    {"limit": "5"},
    {"limit": 1.5},
    {"limit": None},
    {"offset": 3},
    {"offset": 0},
    {"offset": -1},
    {"offset": "3"},
    {"page": 1},
    {"page": 0},
    {"page": "2"},
    {"meta": "*"},
    {"meta": ["total_count", "filter_count"]},
    {"meta": True},
    {"meta": None},
    {"alias": {"body": "text"}, "fields": ["body"]},
    {"alias": {}},
    {"aggregate": {"count": "*"}},
    {"aggregate": {"count": ["id"], "max": ["id"]}, "groupBy": ["user", "year(date_created)"]},
    {"groupBy": "user"},
    {"groupBy": []},
    {"deep": {"author": {"articles": {"_limit": 1, "_sort": ["-views"], "_filter": {"n": 1}}}}},
    {"deep": {}},
    {"version": "main"},
    {"version": "draft", "versionRaw": True},
    {"versionRaw": False},
    {"backlink": False},
    {"custom": 0},
    {"custom": ""},
    {"custom": {"a": [1, 2]}},
    {
        "deep": {"a": {"_limit": 1}},
        "page": 2,
        "limit": 10,
        "sort": ["-id"],
        "search": "é",
        "custom": "c",
        "filter": {"t": {"_neq": "é\u2028"}},
        "fields": ["id", {"user": ["x"]}],
        "offset": 1,
    },
]

# Name, auth mode, token, calls.
SCENARIOS: list[tuple[str, AuthMode, str | None, list[Call]]] = [
    ("handshake", "handshake", "the-token", []),
    ("a token with signs in it", "handshake", 'a+token/with-"ü&=', []),
    ("a client without a token", "handshake", None, []),
    ("strict", "strict", "the-token", []),
    ("public", "public", "the-token", []),
    ("a token that expires", "handshake", "the-token", [("set_token", "another"), ("expire",)]),
    ("a ping", "handshake", "the-token", [("ping",)]),
    (
        "subscribe to everything, to one event, and under a uid",
        "handshake",
        "the-token",
        [
            ("subscribe", "messages", {}),
            ("subscribe", "messages", {"event": "create"}),
            ("subscribe", "messages", {"event": "update"}),
            ("subscribe", "notes", {"event": "delete"}),
            ("subscribe", "messages", {"uid": "mine"}),
            ("subscribe", "messages", {"event": "create", "query": {"limit": 1}, "uid": "too"}),
            ("subscribe", "directus_users", {}),
            ("unsubscribe", 4),
            ("unsubscribe", 1),
            ("unsubscribe", 0),
        ],
    ),
    (
        "messages share their numbers with subscriptions",
        "handshake",
        "the-token",
        [
            ("send", HELLO),
            ("subscribe", "messages", {"event": "create"}),
            ("send", {"type": "items", "collection": "messages", "action": "read", "uid": "r"}),
            ("send", {"type": "items", "collection": "messages", "action": "read", "uid": 7}),
            ("send", {"uid": "first", "type": "ping"}),
            ("send", {"type": "unsubscribe"}),
            ("send", '{ "type": "ping" }'),
            ("send", HELLO),
        ],
    ),
    (
        "every query with an event",
        "handshake",
        "the-token",
        [("subscribe", "messages", {"event": "create", "query": query}) for query in QUERIES],
    ),
    (
        "every query without one, under a uid",
        "handshake",
        "the-token",
        [
            ("subscribe", "messages", {"query": query, "uid": f"query {number}"})
            for number, query in enumerate(QUERIES)
        ],
    ),
]
