"""What one client asks for harms no other: its own request or view fails, and all else goes on."""

import asyncio
import base64
import json
import sqlite3
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection

from server.errors import DirectusError
from server.parsing import parse
from tests.server.people import client
from tests.server.sockets import AUTH, BEARER, Start, connect, say
from tests.server.sockets import refused as refused_upgrade

PROJECT = """
[collections.messages.fields]
id = { type = "integer", primary = true }
text = { type = "text" }
tags = { type = "json" }

[policies.all]
admin = true

[[users]]
email = "a@example.com"
token = "your_access_token"
password = "secret"
policies = ["all"]
"""
CREATE = {"type": "items", "collection": "messages", "action": "create", "data": {"text": "a"}}
SUBSCRIBE = {"type": "subscribe", "collection": "messages", "event": "create", "uid": "s"}
ODD_QUERIES: list[dict[str, Any]] = [
    {"sort": ["*"]},
    {"sort": "-*"},
    {"sort": "year(*)"},
    {"sort": "-"},
    {"sort": "--id"},
    {"fields": ["year(*)"]},
    {"fields": ["id", "count(*)"]},
    {"fields": ["nope(id)"]},
    {"filter": {"*": {"_eq": 1}}},
    {"filter": {"year(*)": {"_eq": 1}}},
    {"filter": {"id": {"_nope": 1}}},
]


def deep(levels: int, inner: str = "") -> str:
    return "[" * levels + inner + "]" * levels


@pytest.fixture
def project(tmp_path: Path) -> Path:
    path = tmp_path / "project.toml"
    path.write_text(PROJECT)
    return path


def talk(address: str, conversation: Any) -> None:
    """Run ``conversation`` with two authenticated sockets."""

    async def run() -> None:
        async with asyncio.timeout(20), connect(address) as odd, connect(address) as other:
            for socket in (odd, other):
                await say(socket, AUTH)
            await conversation(odd, other)

    asyncio.run(run())


def failed(caplog: pytest.LogCaptureFixture) -> int:
    return sum(record.exc_info is not None for record in caplog.records)


@pytest.mark.parametrize("query", ODD_QUERIES, ids=json.dumps)
def test_an_odd_name_is_refused_wherever_it_stands(
    start: Start, project: Path, query: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    address = start(project=project).address

    async def conversation(odd: ClientConnection, other: ClientConnection) -> None:
        assert (await say(odd, {**SUBSCRIBE, "query": query}))["event"] == "init"
        for number in (1, 2):
            assert (await say(other, {**CREATE, "uid": number}))["uid"] == number
            told = json.loads(await odd.recv())
            assert told["error"]["code"] in ("FORBIDDEN", "INVALID_QUERY"), told
        read = {"type": "items", "collection": "messages", "action": "read", "query": query}
        assert (await say(odd, read))["error"]["code"] in ("FORBIDDEN", "INVALID_QUERY")

    talk(address, conversation)
    with client(address) as http:
        params = {k: v if isinstance(v, str) else json.dumps(v) for k, v in query.items()}
        if "sort" in params or "fields" in params:
            params = {k: ",".join(v) if isinstance(v, list) else v for k, v in query.items()}
        answer = http.get("/items/messages", params=params, headers=BEARER)
        assert answer.status_code in (400, 403), answer.text
    assert failed(caplog) == 0


def refused(answer: httpx.Response) -> str:
    assert answer.status_code in (400, 401, 403), answer.text
    return str(answer.json()["errors"][0]["extensions"]["code"])


@pytest.mark.parametrize("levels", [101, 980, 5_000])
def test_deep_json_is_refused_wherever_it_comes_in(
    start: Start, project: Path, levels: int, caplog: pytest.LogCaptureFixture
) -> None:
    address = start(project=project, login_stall_time=0).address
    row = f'{{"tags":{deep(levels)}}}'
    fields = f'{{"text":{deep(levels)}}}'

    async def conversation(odd: ClientConnection, other: ClientConnection) -> None:
        await say(odd, {**SUBSCRIBE, "uid": "own"})
        for body in (row, fields):
            await odd.send(
                f'{{"type":"items","collection":"messages","action":"create","data":{body}}}'
            )
            assert json.loads(await odd.recv())["error"]["code"] == "INVALID_PAYLOAD"
        for query in (f'{{"filter":{deep(levels)}}}', json.dumps({"filter": deep(levels)})):
            await odd.send(f'{{"type":"subscribe","collection":"messages","query":{query}}}')
            code = json.loads(await odd.recv())["error"]["code"]
            assert code in ("INVALID_PAYLOAD", "INVALID_QUERY")
        assert (await say(other, {**CREATE, "uid": 1}))["uid"] == 1

    talk(address, conversation)
    with client(address) as http:
        send: Any = {"headers": {**BEARER, "Content-Type": "application/json"}}
        for body in (row, fields):
            assert refused(http.post("/items/messages", content=body, **send)) == "INVALID_PAYLOAD"
        for path in ("/auth/login", "/auth/refresh", "/auth/logout"):
            for body in (row, deep(levels)):
                answer = http.post(path, content=body, headers={"Content-Type": "application/json"})
                assert refused(answer) == "INVALID_PAYLOAD"
        if levels < 5_000:
            answer = http.get("/items/messages", params={"filter": deep(levels)}, headers=BEARER)
            assert refused(answer) in ("INVALID_PAYLOAD", "INVALID_QUERY")
    assert failed(caplog) == 0


@pytest.mark.parametrize("levels", [100, 101, 980, 5_000])
def test_deep_json_in_a_text_is_refused_or_a_text(start: Start, project: Path, levels: int) -> None:
    with client(start(project=project).address) as http:
        answer = http.post("/items/messages", json={"tags": deep(levels)}, headers=BEARER)
        if answer.status_code == 200:
            assert answer.json()["data"]["tags"] in (deep(levels), json.loads(deep(100)))
        else:
            assert refused(answer) == "INVALID_PAYLOAD"


def test_a_row_that_cannot_be_shown_fails_its_readers_alone(
    start: Start, project: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    address = start(project=project).address

    async def conversation(odd: ClientConnection, other: ClientConnection) -> None:
        # An update event of a row that an earlier version has stored.
        await say(odd, {**SUBSCRIBE, "event": "update"})
        with sqlite3.connect(tmp_path / "messages.db") as database:
            database.execute("INSERT INTO messages (id, tags) VALUES (7, ?)", (deep(990),))
        database.close()
        change = {**CREATE, "action": "update", "id": "7", "uid": "u"}
        answer = await say(other, change)
        assert answer["error"]["code"] == "INTERNAL_SERVER_ERROR"
        assert answer["uid"] == "u"
        assert (await say(other, {**CREATE, "uid": 1}))["uid"] == 1

    talk(address, conversation)
    assert failed(caplog) == 1


@pytest.mark.parametrize("number", ["1e400", "-1e400", "9" * 400, "NaN", "-Infinity"])
def test_a_number_that_is_no_double_is_no_json(number: str) -> None:
    with pytest.raises(ValueError, match=r".") as error:
        parse(f"[{number}]")
    assert not isinstance(error.value, DirectusError)


def test_what_javascript_has_no_property_for_is_left_out() -> None:
    assert parse('{"a":{"__proto__":{"b":1},"c":2},"a2":1,"a2":-0.0}') == {"a": {"c": 2}, "a2": 0}


def test_the_deepest_json_that_is_read_can_be_shown() -> None:
    text = deep(100)
    assert json.dumps(parse(text)) == text


def test_a_token_of_deep_json_is_a_wrong_token(
    start: Start, project: Path, caplog: pytest.LogCaptureFixture
) -> None:
    address = start(project=project, auth="public").address
    head, body = (
        base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()
        for text in ('{"alg":"HS256"}', deep(2_000))
    )
    token = f"{head}.{body}.eHg"

    async def conversation(odd: ClientConnection, other: ClientConnection) -> None:
        assert (await say(odd, {"type": "auth", "access_token": token}))["status"] == "error"
        assert (await say(other, {**CREATE, "uid": 1}))["uid"] == 1

    talk(address, conversation)
    with client(address, token) as http:
        assert refused(http.get("/users/me")) == "INVALID_CREDENTIALS"
    assert refused_upgrade(address, f"/websocket?access_token={token}") == 401
    assert failed(caplog) == 0
