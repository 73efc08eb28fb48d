"""Messages with authors, as chats have them, over REST and on sockets: who is shown what."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection

from tests.server.people import client, refusal
from tests.server.sockets import Start, connect, on_socket, say

PROJECT = Path(__file__).with_name("chat.toml")
WITH_NAMES = {"fields": ["text", "user_created.first_name", "channel.name"]}
NESTED = (
    'Invalid payload. "channel" has to be a key of "channels": nested writes are not supported by '
    "this server."
)


class Chat:
    """A running server with two channels, and a client for each of the people."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.admin, self.ann, self.bob = (client(address, who) for who in ("admin", "ann", "bob"))
        for name in ("open", "closed"):
            self.admin.post("/items/channels", json={"name": name}).raise_for_status()


@pytest.fixture
def chat(start: Start) -> Iterator[Chat]:
    chat = Chat(start(project=PROJECT).address)
    yield chat
    for each in (chat.admin, chat.ann, chat.bob):
        each.close()


def write(by: httpx.Client, **data: Any) -> Any:
    return by.post("/items/messages", json=data).json()["data"]


def read(by: httpx.Client, fields: str) -> Any:
    return by.get(f"/items/messages?fields={fields}").json()["data"]


def test_the_server_fills_in_who_and_when(chat: Chat) -> None:
    made = write(chat.ann, text="hi", user_created="nobody")
    ann = chat.admin.get("/users?filter[first_name][_eq]=Ann&fields=id").json()["data"][0]["id"]
    assert made["user_created"] == ann
    assert (made["user_updated"], made["date_updated"]) == (None, None)
    bob = chat.bob.get("/users/me").json()["data"]["id"]
    changed = chat.bob.patch("/items/messages/1", json={"text": "ho", "user_updated": None})
    row = changed.json()["data"]
    assert (row["user_created"], row["user_updated"]) == (ann, bob)
    assert row["date_updated"].endswith("Z")


def test_who_may_not_read_the_users_gets_the_messages_without_them(chat: Chat) -> None:
    write(chat.ann, text="hi", channel=1)
    assert read(chat.ann, "text,user_created.first_name") == [
        {"text": "hi", "user_created": {"first_name": "Ann"}}
    ]
    assert read(chat.bob, "text,user_created.first_name") == [{"text": "hi"}]
    for query in ("sort=user_created.first_name", "filter[user_created][first_name][_eq]=Ann"):
        status, code, words = refusal(chat.bob.get(f"/items/messages?{query}"))
        assert (status, code) == (403, "FORBIDDEN")
        assert 'collection "directus_users" or it does not exist' in words
    status, code, words = refusal(chat.ann.get("/items/messages?fields=user_created.email"))
    assert (status, code) == (403, "FORBIDDEN")
    assert words.endswith('Queried in "user_created".')


def test_a_channel_that_may_not_be_read_is_null_and_is_not_found(chat: Chat) -> None:
    write(chat.ann, text="a", channel=1)
    write(chat.ann, text="b", channel=2)
    assert read(chat.ann, "text,channel.name") == [
        {"text": "a", "channel": {"name": "open"}},
        {"text": "b", "channel": None},
    ]
    assert chat.ann.get("/items/messages?filter[channel][name][_eq]=closed").json()["data"] == []
    chosen = {"query": {"filter": {"channel": {"name": {"_eq": "closed"}}}}, "data": {"text": "c"}}
    chat.ann.patch("/items/messages", json=chosen).raise_for_status()
    assert read(chat.admin, "text") == [{"text": "a"}, {"text": "b"}]


@pytest.mark.parametrize("channel", [{"name": "new"}, {"id": 1}, [1], {}], ids=str)
def test_nested_writes_are_refused_by_name(chat: Chat, channel: Any) -> None:
    write(chat.ann, text="a", channel=1)
    answers = [
        chat.ann.post("/items/messages", json={"text": "b", "channel": channel}),
        chat.ann.patch("/items/messages/1", json={"channel": channel}),
    ]
    for answer in answers:
        assert refusal(answer) == (400, "INVALID_PAYLOAD", NESTED)

    async def conversation(socket: ClientConnection) -> None:
        await say(socket, {"type": "auth", "access_token": "ann"})
        for request in ({"action": "create"}, {"action": "update", "id": 1}):
            message = {"type": "items", "collection": "messages", **request}
            answer = await say(socket, message | {"data": {"channel": channel}})
            assert answer["error"] == {"code": "INVALID_PAYLOAD", "message": NESTED}

    on_socket(chat.address, conversation)
    assert read(chat.admin, "text,channel") == [{"text": "a", "channel": 1}]


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        ({"number": ""}, "INVALID_PAYLOAD", '"number" has to be a valid integer, received ""'),
        ({"number": "x"}, "INVALID_PAYLOAD", '"number" has to be a valid integer, received "x"'),
        ({"number": [None]}, "INVALID_PAYLOAD", "received an array"),
        ({"number": {"a": True}}, "INVALID_PAYLOAD", "received an object"),
        ({"date_updated": ""}, "INVALID_PAYLOAD", 'valid timestamp, received ""'),
        ({"channel": ""}, "INVALID_FOREIGN_KEY", "Invalid foreign key."),
        ({"channel": "x"}, "INVALID_FOREIGN_KEY", "Invalid foreign key."),
        ({"channel": 9}, "INVALID_FOREIGN_KEY", "Invalid foreign key."),
    ],
    ids=str,
)
def test_unusable_values_are_named_on_the_socket_and_by_rest(
    chat: Chat, data: dict[str, Any], code: str, words: str
) -> None:
    status, found, message = refusal(chat.ann.post("/items/messages", json=data))
    assert (status, found) == (400, code)
    assert words in message

    async def conversation(socket: ClientConnection) -> None:
        await say(socket, {"type": "auth", "access_token": "ann"})
        request = {"type": "items", "collection": "messages", "action": "create", "data": data}
        answer = await say(socket, request)
        assert answer["error"] == {"code": code, "message": message}

    on_socket(chat.address, conversation)


def test_events_show_each_subscriber_what_he_may_read(chat: Chat) -> None:
    async def run() -> None:
        async with connect(chat.address) as ann, connect(chat.address) as bob:
            for socket, token in ((ann, "ann"), (bob, "bob")):
                await say(socket, {"type": "auth", "access_token": token})
                message = {"type": "subscribe", "collection": "messages", "event": "create"}
                await say(socket, message | {"query": WITH_NAMES, "uid": token})
            message = {"type": "items", "collection": "messages", "action": "create"}
            event = await say(ann, message | {"data": {"text": "a", "channel": 2}})
            assert event["data"] == [
                {"text": "a", "user_created": {"first_name": "Ann"}, "channel": None}
            ]
            # The reply to the create is next; then Bob is asked.
            assert (await say(bob, {"type": "nothing"}))["data"] == [{"text": "a", "channel": None}]

    asyncio.run(run())


def test_users_are_read_with_the_permissions_on_them(chat: Chat) -> None:
    names = "/users?sort=first_name&fields=first_name"
    assert chat.ann.get(names).json()["data"] == [
        {"first_name": "Ann"},
        {"first_name": "Bob"},
        {"first_name": "Root"},
    ]
    for query in ("fields=email", "filter[email][_contains]=a", "sort=email"):
        assert refusal(chat.ann.get(f"/users?{query}"))[:2] == (403, "FORBIDDEN")
    assert refusal(chat.bob.get("/users"))[:2] == (403, "FORBIDDEN")
    search = {"query": {"filter": {"first_name": "Bob"}, "meta": ["filter_count"]}}
    answer = chat.ann.request("SEARCH", "/users", json=search).json()
    assert answer == {"data": [{"first_name": "Bob"}], "meta": {"filter_count": 1}}
    assert chat.ann.get("/users?search=example").json()["data"] == [], "the e-mail is not searched"
    bob = chat.bob.get("/users/me?fields=first_name").json()["data"]["id"]
    # Ann may not read the key, by which Directus filters here.
    assert refusal(chat.ann.get(f"/users/{bob}"))[:2] == (403, "FORBIDDEN")
    assert refusal(chat.ann.get("/users/nobody"))[:2] == (403, "FORBIDDEN")
    with client(chat.address) as nobody:
        assert refusal(nobody.get("/users"))[:2] == (403, "FORBIDDEN")


def test_who_am_i(chat: Chat) -> None:
    me = "/users/me?fields=id,email,first_name"
    assert chat.admin.get(me).json()["data"]["first_name"] == "Root"
    assert list(chat.ann.get(me).json()["data"]) == ["id"], "the e-mail may not be read"
    assert list(chat.ann.get("/users/me?fields=first_name").json()["data"]) == ["id"]
    assert refusal(chat.ann.get("/users/me?limit=x"))[:2] == (400, "INVALID_QUERY")


def test_a_relation_that_the_file_does_not_declare_is_told(chat: Chat) -> None:
    answer = chat.admin.get("/items/messages?fields=number.name")
    assert refusal(answer)[1:] == (
        "INVALID_QUERY",
        'Invalid query. "number" in collection "messages" is no relation: "references" in the '
        "project's file makes it one.",
    )
