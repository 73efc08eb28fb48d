"""The whole server, by real sockets and real HTTP."""

import asyncio
import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection

from server.app import ProjectError, StoreError, serve
from server.background import EmbeddedServer
from server.config import Config
from tests.server.sockets import (
    AUTH,
    BEARER,
    Start,
    on_socket,
    say,
)
from tests.support import plain_http


def test_the_guide_line_for_line(start: Start) -> None:
    async def conversation(socket: ClientConnection) -> None:
        await socket.send(json.dumps(AUTH))
        assert await socket.recv() == '{"type":"auth","status":"ok"}'
        query = {"fields": ["user", "text"]}
        subscribe = {"type": "subscribe", "collection": "messages", "event": "create"}
        await socket.send(json.dumps({**subscribe, "query": query, "uid": "1"}))
        assert await socket.recv() == '{"type":"subscription","event":"init","uid":"1"}'
        data = {"text": "Hello World!", "user": "Ben"}
        create = {"type": "items", "collection": "messages", "action": "create"}
        await socket.send(json.dumps({**create, "data": data, "uid": "2"}))
        assert await socket.recv() == (
            '{"type":"subscription","event":"create",'
            '"data":[{"user":"Ben","text":"Hello World!"}],"uid":"1"}'
        )
        reply = json.loads(await socket.recv())
        assert list(reply) == ["type", "data", "uid"]
        assert list(reply["data"]) == ["id", "date_created", "text", "user"]
        assert reply["data"]["id"] == 1

    on_socket(start().address, conversation)


def test_others_are_told_of_what_rest_creates(start: Start) -> None:
    address = start().address

    async def conversation(socket: ClientConnection) -> None:
        await say(socket, AUTH)
        subscribe = {"type": "subscribe", "collection": "messages", "uid": "s"}
        assert (await say(socket, {**subscribe, "query": {"fields": ["id"]}}))["data"] == []
        async with plain_http.async_client(base_url=f"http://{address}", headers=BEARER) as client:
            await client.post("/items/messages", json=[{"text": "a"}, {"text": "b"}])
        for key in (1, 2):
            event = json.loads(await socket.recv())
            assert event == {
                "type": "subscription",
                "event": "create",
                "data": [{"id": key}],
                "uid": "s",
            }

    on_socket(address, conversation)


def test_a_wrong_path_is_left_without_an_answer(start: Start) -> None:
    with pytest.raises(TimeoutError):
        on_socket(start().address, lambda socket: socket.close(), path="/nope", open_timeout=0.2)


def test_clients_hear_goodbye_when_the_server_ends(start: Start) -> None:
    server = start()

    async def conversation(socket: ClientConnection) -> None:
        await say(socket, AUTH)
        await asyncio.to_thread(server.stop)
        await socket.wait_closed()
        assert socket.close_code == 1001

    on_socket(server.address, conversation)


def test_small_writes_do_not_wait_for_the_other_side(start: Start) -> None:
    server = start()
    assert server.listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_unknown_routes_and_methods(start: Start) -> None:
    with plain_http.client(base_url=f"http://{start().address}") as client:
        expected = {
            "errors": [
                {
                    "message": "Route /websocket doesn't exist.",
                    "extensions": {"path": "/websocket", "code": "ROUTE_NOT_FOUND"},
                }
            ]
        }
        for answer in (client.get("/websocket"), client.post("/websocket")):
            assert (answer.status_code, answer.json()) == (404, expected)
        assert client.delete("/server/ping").status_code == 404


def test_rows_and_the_new_token_are_there_after_a_restart(start: Start) -> None:
    first = start()
    plain_http.post(f"http://{first.address}/items/messages", json={"text": "kept"}, headers=BEARER)
    first.stop()
    second = f"http://{start(token='another').address}/items/messages"
    assert plain_http.get(second, headers=BEARER).status_code == 401
    rows = plain_http.get(second, headers={"Authorization": "Bearer another"}).json()["data"]
    assert [row["text"] for row in rows] == ["kept"]


def test_a_file_that_is_no_database_is_told_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "messages.db").write_text("not a database at all, by its length neither" * 50)
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        pytest.raises(StoreError, match=r"messages\.db, got: file is not a database.*--db"),
    ):
        serve(Config(database=tmp_path / "messages.db"), listener, lambda: None)


def test_one_in_the_background_that_cannot_start_says_why_and_gives_its_port_back(
    tmp_path: Path,
) -> None:
    (tmp_path / "my.toml").write_text("[collections]")
    server = EmbeddedServer(Config(database=tmp_path / "m.db", project=tmp_path / "my.toml"))
    with pytest.raises(ProjectError, match=r"my\.toml"), server:
        pass
    socket.create_server(("127.0.0.1", server.port)).close()


PROGRAM = """
import socket, sys
from pathlib import Path
from server.app import serve
from server.config import Config
config = Config(database=Path(sys.argv[1]))
listener = socket.create_server(('127.0.0.1', 0))
serve(config, listener, lambda: print('ready', flush=True))
"""
# Another start takes the database as soon as it is free.
RIVAL = """
import sys
from pathlib import Path
from server.database.lock import DatabaseLock
from server.database.store import Store
close = Store.close
taken = []

def lose(store):
    close(store)
    taken.append(DatabaseLock(Path(sys.argv[1])))

Store.close = lose
"""


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize(
    ("before", "end"), [("", signal.SIGINT), ("", signal.SIGTERM), (RIVAL, signal.SIGINT)]
)
def test_it_keeps_its_database_and_ends_quietly(
    tmp_path: Path, before: str, end: signal.Signals
) -> None:
    root = Path(__file__).resolve().parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", before + PROGRAM, str(tmp_path / "m.db")],
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(end)
        assert process.communicate(timeout=10) == (b"", b"")
