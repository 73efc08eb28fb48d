"""The socket, by a real client."""

import asyncio
import contextlib
import json
from typing import Any

import pytest
import websockets
from websockets.asyncio.client import ClientConnection

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
