"""The socket, by a real client."""

import asyncio
import contextlib
from typing import Any

import pytest
import websockets
from websockets.asyncio.client import ClientConnection

from tests.server.conftest import TOKEN
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
    async def talk(socket: ClientConnection) -> None:
        await socket.send('{"type":"ping"}')
        assert await socket.recv() == HANDSHAKE_FAILED
        await socket.wait_closed()
        assert socket.close_code == 1005

    on_socket(start().address, talk)


def test_authentication_has_a_time_limit(start: Start) -> None:
    async def talk(socket: ClientConnection) -> None:
        assert await socket.recv() == HANDSHAKE_FAILED
        await socket.wait_closed()
        assert socket.close_code == 1005

    on_socket(start(auth_timeout=0.05).address, talk)


def test_a_client_that_answers_no_ping_is_closed(start: Start) -> None:
    async def talk(socket: ClientConnection) -> None:
        await say(socket, AUTH)
        assert await socket.recv() == '{"type":"ping"}'
        await socket.wait_closed()
        assert socket.close_code == 1005

    on_socket(start(heartbeat_period=0.1).address, talk)


def test_binary_frames_are_read_as_text(start: Start) -> None:
    async def talk(socket: ClientConnection) -> None:
        await say(socket, AUTH)
        await socket.send(b'{"type":"ping","uid":"bin"}')
        assert await socket.recv() == '{"type":"pong","uid":"bin"}'
        await socket.send(b"\xff\xfe")
        assert "Unable to parse" in str(await socket.recv())

    on_socket(start().address, talk)


def test_a_token_at_the_upgrade_needs_no_auth_message(start: Start) -> None:
    async def talk(socket: ClientConnection) -> None:
        assert await say(socket, {"type": "ping"}) == {"type": "pong"}

    on_socket(start(auth="strict").address, talk, path=f"/websocket?access_token={TOKEN}")


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


def test_a_mistake_of_ours_costs_a_frame_and_not_the_connection(
    start: Start, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("a mistake of ours")

    async def talk(socket: ClientConnection) -> None:
        await say(socket, AUTH)
        monkeypatch.setattr("server.handlers.Hub.remove", fail)
        await socket.send('{"type":"unsubscribe"}')
        assert await say(socket, {"type": "ping"}) == {"type": "pong"}
        monkeypatch.undo()

    on_socket(start().address, talk)
    assert "a mistake of ours" in caplog.text
