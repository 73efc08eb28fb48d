"""Items: what is no item, key or query is refused in one sentence, before anything is sent.

What Directus answers is in `tests/behaviours/requesting.py`.
"""

import datetime
import uuid
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from directus_realtime import (
    Command,
    DeliveryUnknown,
    DirectusError,
    UsageError,
    create_directus,
    create_item,
    create_items,
    delete_item,
    delete_items,
    read_item,
    read_items,
    realtime,
    rest,
    update_item,
    update_items,
    update_items_batch,
    update_singleton,
)
from directus_realtime.checks import check_json
from directus_realtime.items import Items

from tests.support.client import connected, run
from tests.support.embedded import Embedded, with_project

PROJECT = """
[collections.messages.fields]
id = { type = "integer", primary = true }
text = { type = "text" }

[collections.settings]
singleton = true

[collections.settings.fields]
id = { type = "integer", primary = true }
title = { type = "string" }

[policies.Everything]
permissions = [
  { collection = "messages", action = "create" },
  { collection = "messages", action = "read" },
  { collection = "messages", action = "update" },
  { collection = "messages", action = "delete" },
  { collection = "settings", action = "create" },
  { collection = "settings", action = "read" },
  { collection = "settings", action = "update" },
]

[[users]]
email = "editor@example.com"
password = "editor-password"
token = "your_access_token"
policies = ["Everything"]
"""
TEXT: Any = "x"
NONE: Any = None
AN_HOUR = datetime.datetime(2026, 1, 2, 3, 4, tzinfo=datetime.UTC)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    with with_project(tmp_path_factory.mktemp("server"), PROJECT) as embedded:
        yield embedded


REFUSED = [
    pytest.param("create", {"data": "x"}, "`data`.* got a str", id="a text as item"),
    pytest.param("create", {"data": None}, "`data`.* got a NoneType", id="no item"),
    pytest.param("create", {"data": [{}, "x"]}, r"`data\[1\]`.* got a str", id="a text in a list"),
    pytest.param("create", {"data": [None]}, r"`data\[0\]`", id="null in a list"),
    pytest.param("create", {"data": ({},)}, r"a tuple: pass a list", id="a tuple"),
    pytest.param("create", {"data": {}, "query": "text"}, "`query` to be a dict", id="query"),
    pytest.param(
        "read", {"query": "id,text"}, "`query` to be a dict.* a str", id="a text as query"
    ),
    pytest.param("read", {"query": ["id"]}, "`query` to be a dict.* a list", id="a list as query"),
    pytest.param("read", {"query": 7}, "`query` to be a dict", id="a number as query"),
    pytest.param(
        "read",
        {"query": {"filter": {"at": {"_gt": AN_HOUR}}}},
        r"`query\.filter\.at\._gt`.* a datetime: .*isoformat",
        id="a datetime in a filter",
    ),
    pytest.param("read", {"id": 1.5}, "`id`.* a float", id="a float as key"),
    pytest.param("read", {"id": True}, "`id`.* a bool", id="a bool as key"),
    pytest.param("read", {"id": uuid.uuid4()}, r"`id`.* a UUID: .*str\(value\)", id="a UUID"),
    pytest.param("read", {"id": {"id": 1}}, "`id`.* a dict", id="an item as key"),
    pytest.param("read", {"id": 0}, "takes the key 0 for none", id="zero as key"),
    pytest.param("read", {"id": "a\ud800"}, "`id`.* position 2 of 2", id="half a character"),
    pytest.param("delete", {"ids": ["\udfff"]}, r"`ids\[0\]`.* half of a", id="half in a list"),
    pytest.param("read", {"ids": "12"}, "`ids` to be a list", id="a text as keys"),
    pytest.param("read", {"ids": [1, None]}, r"`ids\[1\]`", id="a null among keys"),
    pytest.param("delete", {"ids": 5}, "`ids` to be a list.* as `id`", id="one key as keys"),
    pytest.param("update", {"data": "x", "id": 1}, "`data`.* a str", id="a text as change"),
    pytest.param("update", {"data": [{"id": 1}, 2]}, r"`data\[1\]`", id="a key as change"),
    pytest.param("update", {"data": [{"id": 1}], "id": 1}, "leave out `id`", id="a list and a key"),
    pytest.param("update", {"data": {"text": "x"}}, r"singleton.*`query=\{\}`", id="nothing named"),
    pytest.param("delete", {"query": "x"}, "`query` to be a dict", id="a text as deletion's query"),
]


@pytest.mark.parametrize(("action", "given", "words"), REFUSED)
def test_what_is_no_item_key_or_query_is_refused_and_nothing_sent(
    server: Embedded, action: str, given: dict[str, Any], words: str
) -> None:
    async def scene() -> None:
        directus = await connected(server.url)
        sent = directus.stats()["sent"]
        with pytest.raises(UsageError, match=words):
            await getattr(directus.items("messages"), action)(**given)
        assert directus.stats()["sent"] == sent
        directus.disconnect()

    run(scene)


VALUES = [
    (Decimal("1.5"), "a Decimal", "float(value)"),
    (AN_HOUR, "a datetime", "value.isoformat()"),
    (AN_HOUR.date(), "a date", "value.isoformat()"),
    (datetime.timedelta(1), "a timedelta", "value.total_seconds()"),
    (uuid.UUID(int=1), "a UUID", "str(value)"),
    (b"bytes", "a bytes", "value.decode()"),
    ({1}, "a set", "list(value)"),
    (object(), "an object", "a dict, a list, a text"),
    (float("nan"), "nan", "None"),
]


@pytest.mark.parametrize(("value", "came", "cure"), VALUES, ids=[row[1] for row in VALUES])
def test_a_value_that_is_not_json_is_named_by_its_place_and_cure(
    server: Embedded, value: Any, came: str, cure: str
) -> None:
    async def scene() -> None:
        directus = await connected(server.url)
        messages = directus.items("messages")
        cases: list[Any] = [({"text": value}, "data.text"), ([{"a": [value]}], "data[0].a[0]")]
        for data, place in cases:
            with pytest.raises(UsageError) as raised:
                await messages.create(data)
            for words in (f"`{place}`", came, cure):
                assert words in str(raised.value)
        assert (await messages.create({"text": "goes on"}))["text"] == "goes on"
        directus.disconnect()

    run(scene)


def test_a_value_that_holds_itself_or_is_nested_too_deep_is_refused() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(UsageError, match=r"`data\.a\[0\]` holds itself"):
        check_json({"a": loop}, "data")
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(UsageError, match="nested too deep"):
        check_json(deep, "data")
    with pytest.raises(UsageError, match=r"names in `data` .* a tuple"):
        check_json({(1, 2): "x"}, "data")
    same = {"b": 1}
    check_json({"a": same, "c": same, 1: [True, None, 0.5, "x"]}, "data")


def test_a_singletons_item_is_changed_by_what_the_error_says(server: Embedded) -> None:
    async def scene() -> None:
        directus = await connected(server.url)
        settings = directus.items("settings")
        with pytest.raises(UsageError, match=r"`query=\{\}`"):
            await settings.update({"title": "x"})  # type: ignore[call-overload]
        changed: Any = await settings.update({"title": "x"}, query={})
        assert changed["title"] == "x"
        read: Any = await settings.read()
        assert read["title"] == "x"
        directus.disconnect()

    run(scene)


@pytest.mark.parametrize("answer", [None, "x", 7])
def test_an_answer_that_holds_no_rows_is_an_error_and_no_newest(answer: Any) -> None:
    async def ask(message: dict[str, Any], **_options: Any) -> dict[str, Any]:
        return {"type": message["type"], "data": answer}

    async def scene() -> None:
        with pytest.raises(DirectusError, match='rows of "messages" as a list'):
            await Items("messages", ask).newest(3)

    run(scene)


@pytest.mark.parametrize("key", [0, "", 1.5, True, {"a": 1}, "a\ud800"])
def test_a_create_that_cannot_be_looked_up_is_not_said_to_be_unsent(key: Any) -> None:
    """The item may be there: a UsageError would say that nothing was sent."""

    async def ask(message: dict[str, Any], **_options: Any) -> dict[str, Any]:
        asked.append(message["action"])
        raise DeliveryUnknown("create")

    async def scene() -> None:
        with pytest.raises(DeliveryUnknown):
            await Items("messages", ask).create({"id": key, "text": "x"})

    asked: list[str] = []
    run(scene)
    assert asked == ["create"]


@pytest.mark.parametrize(
    ("name", "words"),
    [(None, "a NoneType"), (5, "an int"), ("", "is empty"), ("\ud800", "half of")],
)
def test_what_is_no_collections_name_is_refused(server: Embedded, name: Any, words: str) -> None:
    async def scene() -> None:
        directus = await connected(server.url)
        for use in (directus.items, directus.live, read_items):
            with pytest.raises(UsageError, match=words):
                use(name)
        with pytest.raises(UsageError, match=words):
            await directus.subscribe(name)
        directus.disconnect()

    run(scene)


@pytest.mark.parametrize(("uid", "words"), [(5, "got an int"), ("", "is empty")])
def test_a_uid_by_which_no_answer_would_be_found_is_refused(
    server: Embedded, uid: Any, words: str
) -> None:
    async def scene() -> None:
        directus = await connected(server.url)
        with pytest.raises(UsageError, match=words):
            await directus.subscribe("messages", uid=uid)
        directus.disconnect()

    run(scene)


@pytest.mark.parametrize(
    "command",
    [
        lambda: create_item("messages", TEXT),
        lambda: create_items("messages", [TEXT]),
        lambda: update_item("messages", 1, TEXT),
        lambda: update_items("messages", [1], TEXT),
        lambda: update_items("messages", TEXT, {}),
        lambda: update_items_batch("messages", [NONE]),
        lambda: update_singleton("about", TEXT),
        lambda: read_item("messages", NONE),
        lambda: delete_item("messages", NONE),
        lambda: delete_items("messages", [NONE]),
    ],
)
def test_over_http_the_same_is_refused(command: Any) -> None:
    with pytest.raises(UsageError, match="got a"):
        command()


def test_over_http_half_a_character_in_a_key_is_refused() -> None:
    for command in (read_item, delete_item):
        with pytest.raises(UsageError, match=r"`key`.* half of a character"):
            command("messages", "a\ud800")


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (create_item("messages", {"price": Decimal(1)}), r"`data\.price`.* a Decimal"),
        (read_items("messages", {"filter": {"id": {"_eq": Decimal(1)}}}), r"`query\.filter\.id"),
        (Command("GET", "/items/messages", "id"), "`query` to be a dict"),  # type: ignore[arg-type]
    ],
)
def test_over_http_a_value_that_is_not_json_is_named(
    server: Embedded, command: Command, words: str
) -> None:
    async def scene() -> None:
        with pytest.raises(UsageError, match=words):
            await create_directus(server.url).with_(rest()).request(command)

    run(scene)


def test_a_subscription_a_message_and_a_sockets_address_are_looked_at_too(server: Embedded) -> None:
    async def scene() -> None:
        directus = await connected(server.url)
        with pytest.raises(UsageError, match="`query` to be a dict"):
            await directus.subscribe("messages", query=TEXT)
        with pytest.raises(UsageError, match=r"`query\.filter\.id`.* a Decimal"):
            await directus.subscribe("messages", query={"filter": {"id": Decimal(1)}})
        with pytest.raises(UsageError, match=r"`message\.data`.* a datetime"):
            directus.send_message({"type": "items", "data": AN_HOUR})
        wrong: list[tuple[Any, str]] = [(7, "an int"), ([], "a list"), (None, "a NoneType")]
        for message, found in wrong:
            with pytest.raises(UsageError, match=f"`message` to be a dict, or a str .* {found}:"):
                directus.send_message(message)
        directus.disconnect()

    run(scene)
    with pytest.raises(UsageError, match="user or a password"):
        realtime(url="wss://user:secret@example.com/websocket")
