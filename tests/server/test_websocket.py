"""The socket, by a real client."""

import asyncio
import contextlib
import json
from typing import Any

import pytest
import websockets
from websockets.asyncio.client import ClientConnection

from server.items.service import ItemsService
from server.realtime.dispatch import Dispatcher
from tests.server.conftest import TOKEN
from tests.server.session_harness import READ, SUBSCRIBE
from tests.server.sockets import (
    AUTH,
    HANDSHAKE_FAILED,
    Start,
    connect,
    on_socket,
    refused,
    say,
)


def test_the_sockets_own_closes_carry_no_code(start: Start) -> None:
    async def conversation(socket: ClientConnection) -> None:
        await socket.send('{"type":"ping"}')
        assert await socket.recv() == HANDSHAKE_FAILED
        await socket.wait_closed()
        assert socket.close_code == 1005

    on_socket(start().address, conversation)


def test_authentication_has_a_time_limit(start: Start) -> None:
    async def conversation(socket: ClientConnection) -> None:
        assert await socket.recv() == HANDSHAKE_FAILED
        await socket.wait_closed()
        assert socket.close_code == 1005

    on_socket(start(auth_timeout=0.05).address, conversation)


def test_a_client_that_answers_no_ping_is_closed(start: Start) -> None:
    async def conversation(socket: ClientConnection) -> None:
        await say(socket, AUTH)
        assert await socket.recv() == '{"type":"ping"}'
        await socket.wait_closed()
        assert socket.close_code == 1005

    on_socket(start(heartbeat_period=0.1).address, conversation)


def test_binary_frames_are_read_as_text(start: Start) -> None:
    async def conversation(socket: ClientConnection) -> None:
        await say(socket, AUTH)
        await socket.send(b'{"type":"ping","uid":"bin"}')
        assert await socket.recv() == '{"type":"pong","uid":"bin"}'
        await socket.send(b"\xff\xfe")
        assert "Unable to parse" in str(await socket.recv())

    on_socket(start().address, conversation)


def test_a_token_at_the_upgrade_needs_no_auth_message(start: Start) -> None:
    async def conversation(socket: ClientConnection) -> None:
        assert await say(socket, {"type": "ping"}) == {"type": "pong"}

    on_socket(start(auth="strict").address, conversation, path=f"/websocket?access_token={TOKEN}")


@pytest.mark.parametrize(
    ("auth", "path"),
    [
        pytest.param("strict", "/websocket", id="strict without a token"),
        pytest.param("public", "/websocket?access_token=wrong", id="wrong, though public"),
        pytest.param("handshake", f"/websocket?access_token={TOKEN}&access_token=x", id="two"),
    ],
)
def test_tokens_that_are_refused_at_the_upgrade(start: Start, auth: str, path: str) -> None:
    assert refused(start(auth=auth).address, path) == 401


def test_other_origins_are_refused(start: Start) -> None:
    address = start(auth="public").address
    assert refused(address, origin="http://evil.example") == 403
    assert refused(address, origin="null") == 403
    assert refused(address, "/graphql", origin="http://evil.example") == 403
    on_socket(address, lambda socket: socket.close(), origin=f"http://{address}")


def test_a_client_that_reads_nothing_is_dropped_and_the_others_are_not(start: Start) -> None:
    address = start(send_queue=2_000_000).address

    async def run() -> None:
        async with asyncio.timeout(30), connect(address) as deaf, connect(address) as busy:
            for socket in (deaf, busy):
                await say(socket, AUTH)
            subscribe = {"type": "subscribe", "collection": "messages", "event": "create"}
            await say(deaf, subscribe)
            deaf.transport.pause_reading()
            create = {"type": "items", "collection": "messages", "action": "create"}
            message = {**create, "data": {"text": "x" * 500_000}, "query": {"fields": ["id"]}}
            for key in range(1, 61):
                assert (await say(busy, message))["data"] == {"id": key}
            deaf.transport.resume_reading()
            told = 0
            with contextlib.suppress(websockets.ConnectionClosed):
                async for _ in deaf:
                    told += 1
            assert deaf.close_code == 1006
            assert told < 60

    asyncio.run(run())


CREATE = {"type": "items", "collection": "messages", "action": "create"}


def test_a_reply_may_be_larger_than_what_may_wait(start: Start) -> None:
    address = start(send_queue=2_000_000).address

    async def run() -> None:
        async with asyncio.timeout(60), connect(address, max_size=None) as socket:
            await say(socket, AUTH)
            await say(socket, {**SUBSCRIBE, "event": "update"})
            for _ in range(6):
                row = {"text": "x" * 1_000_000}
                await say(socket, {**CREATE, "data": row, "query": {"fields": ["id"]}})
            for _ in range(3):
                assert len((await say(socket, READ))["data"]) == 6
            assert len((await say(socket, SUBSCRIBE))["data"]) == 6

    asyncio.run(run())


def test_who_does_not_read_replies_gets_no_further_ones_until_then(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = start(send_queue=2_000_000).address
    performed = 0
    original = ItemsService.perform

    def perform(*parts: Any) -> Any:
        nonlocal performed
        performed += 1
        return original(*parts)

    async def run() -> None:
        deaf = connect(address, max_size=None)
        async with asyncio.timeout(60), deaf as socket, connect(address) as other:
            for each in (socket, other):
                await say(each, AUTH)
            for _ in range(3):
                row = {"text": "x" * 1_000_000}
                await say(other, {**CREATE, "data": row, "query": {"fields": ["id"]}})
            monkeypatch.setattr(ItemsService, "perform", perform)
            socket.transport.pause_reading()
            for number in range(60):
                await socket.send(json.dumps({**READ, "uid": number}))
            for _number in range(200):
                assert (await say(other, {**READ, "query": {"fields": []}}))["data"] == [1, 2, 3]
            assert performed - 200 < 20, "replies pile up behind a client that does not read"
            socket.transport.resume_reading()
            uids = [json.loads(await socket.recv())["uid"] for _ in range(60)]
            assert sorted(uids) == list(range(60))

    asyncio.run(run())


def test_some_requests_of_a_connection_are_performed_at_the_same_time(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.websocket.connection._CONCURRENT", 5)
    original, now, most = Dispatcher.perform, 0, 0

    async def perform(*parts: Any) -> None:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await original(*parts)
        now -= 1

    monkeypatch.setattr(Dispatcher, "perform", perform)

    async def conversation(socket: ClientConnection) -> None:
        await say(socket, AUTH)
        for number in range(50):
            await socket.send(json.dumps({**CREATE, "data": {}, "uid": number}))
        uids = [json.loads(await socket.recv())["uid"] for _ in range(50)]
        assert sorted(uids) == list(range(50))

    on_socket(start().address, conversation)
    assert 1 < most <= 5


@pytest.mark.parametrize("where", ["server.frames", "server.query.values"])
def test_an_answer_that_is_too_large_is_refused(
    start: Start, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{where}.MAX_ANSWER_SIZE", 1_000)
    address = start().address

    async def conversation(socket: ClientConnection) -> None:
        await say(socket, AUTH)
        row = {"text": "x" * 400}
        for _ in range(3):
            await say(socket, {**CREATE, "data": row, "query": {"fields": ["id"]}})
        words = "Invalid query. The answer is too large: ask for fewer rows or fields at a time."
        error = {"code": "INVALID_QUERY", "message": words}
        assert (await say(socket, READ))["error"] == error
        assert (await say(socket, SUBSCRIBE))["error"] == error
        # What was written stays, as when the rows may not be read.
        assert (await say(socket, {**CREATE, "data": [row] * 3}))["error"] == error
        assert (await say(socket, {**READ, "query": {"fields": []}}))["data"] == [1, 2, 3, 4, 5, 6]

    on_socket(address, conversation)


def test_a_refused_value_is_not_logged(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "server")
    address = start().address

    async def conversation(socket: ClientConnection) -> None:
        await say(socket, AUTH)
        await socket.send(json.dumps({**CREATE, "data": {"date_created": "a secret"}}))
        assert (await say(socket, {"type": "ping"}))["type"] == "pong"
        while "without a reply" not in caplog.text:
            await asyncio.sleep(0)

    on_socket(address, conversation)
    assert '"date_created" has to be a valid timestamp' in caplog.text
    assert "secret" not in caplog.text


TO_CREATES = {**SUBSCRIBE, "event": "create"}


def fail(*_: Any, **__: Any) -> Any:
    raise RuntimeError("a mistake of ours")


def failures(caplog: pytest.LogCaptureFixture) -> int:
    return sum(record.exc_info is not None for record in caplog.records)


@pytest.mark.parametrize(
    ("broken", "message", "type_", "uid"),
    [
        (
            "websocket.handlers.Hub.remove",
            {"type": "unsubscribe", "uid": 7},
            "subscribe",
            {"uid": 7},
        ),
        (
            "websocket.handlers.read_query",
            {**SUBSCRIBE, "query": {}, "uid": 7},
            "subscribe",
            {"uid": "7"},
        ),
        (
            "websocket.handlers.Hub.add",
            {**SUBSCRIBE, "event": "create", "uid": "s"},
            "subscribe",
            {"uid": "s"},
        ),
        ("websocket.handlers.Hub.add", {**SUBSCRIBE, "uid": "s"}, "subscribe", {"uid": "s"}),
        ("websocket.handlers.check_items", {**READ, "uid": 7}, "items", {"uid": 7}),
        ("items.service.ItemsService.perform", {**READ, "uid": 7}, "items", {"uid": 7}),
        ("websocket.handlers._body", {**READ, "uid": 7}, "items", {"uid": 7}),
        ("websocket.handlers._collab", {"type": "collab"}, "server", {}),
        ("websocket.session.check_message", {"type": "ping"}, "server", {}),
    ],
)
def test_a_mistake_of_ours_costs_a_request_and_not_the_connection(
    start: Start,
    broken: str,
    message: dict[str, Any],
    type_: str,
    uid: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def conversation(socket: ClientConnection) -> None:
        await say(socket, AUTH)
        with monkeypatch.context() as patch:
            patch.setattr(f"server.{broken}", fail)
            assert await say(socket, message) == {
                "type": type_,
                "status": "error",
                "error": {
                    "code": "INTERNAL_SERVER_ERROR",
                    "message": "An unexpected error occurred.",
                },
                **uid,
            }
        assert await say(socket, {"type": "ping"}) == {"type": "pong"}

    on_socket(start().address, conversation)
    assert "a mistake of ours" in caplog.text
    assert failures(caplog) == 1


def test_an_authentication_that_fails_unexpectedly_is_refused_at_once(
    start: Start, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def conversation(socket: ClientConnection) -> None:
        await socket.send(json.dumps(AUTH))
        assert await socket.recv() == HANDSHAKE_FAILED
        await socket.wait_closed()
        assert socket.close_code == 1005

    server = start(auth_timeout=60)
    monkeypatch.setattr("server.auth.authentication.Authentication.authenticate", fail)
    on_socket(server.address, conversation)
    assert failures(caplog) == 1


def test_an_upgrade_whose_token_cannot_be_checked_is_answered(
    start: Start, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    address = start().address
    monkeypatch.setattr("server.auth.authentication.Authentication.identify", fail)
    assert refused(address, path=f"/websocket?access_token={TOKEN}") == 500
    assert failures(caplog) == 1


def test_a_connection_whose_timer_fails_is_closed(
    start: Start, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def conversation(socket: ClientConnection) -> None:
        await say(socket, AUTH)
        await socket.wait_closed()
        assert socket.close_code == 1005

    monkeypatch.setattr("server.websocket.session.Session.tick", fail)
    on_socket(start(heartbeat_period=0.1).address, conversation)
    assert failures(caplog) == 1
