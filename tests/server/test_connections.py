"""Connections that lead to nothing: how many there may be, and how long."""

import asyncio
import contextlib
import gc
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import httpx
import pytest
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route
from websockets import InvalidStatus

from server.app import create_server
from server.config import Config
from server.websocket import connection, http_protocol, sockets, upgrade
from tests.server.sockets import AUTH, Start, connect, say
from tests.support import plain_http
from tests.support.embedded import Embedded

SOON = 0.05  # seconds
UPGRADE = (
    "Host: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


def opened(address: str) -> socket.socket:
    host, port = address.split(":")
    return socket.create_connection((host, int(port)), timeout=10)


def received(plain: socket.socket) -> bytes:
    """Return all that comes until the server ends the connection."""
    parts = []
    with contextlib.suppress(ConnectionResetError):
        while part := plain.recv(65_536):
            parts.append(part)
    return b"".join(parts)


PING = "GET /server/ping HTTP/1.1\r\nHost: {host}\r\n\r\n"


@pytest.mark.parametrize(
    ("sent", "answers"),
    [
        ("", 0),
        ("GET / HT", 0),
        ("GET /server/ping HTTP/1.1\r\nHost: {host}\r\n", 0),
        ("POST /items/messages HTTP/1.1\r\nHost: {host}\r\nContent-Length: 9\r\n\r\n{{", 0),
        (PING + "GET /server/pi", 1),
    ],
    ids=["nothing", "half a line", "half a head", "half a body", "half a second request"],
)
def test_a_request_that_does_not_come_ends(
    start: Start, sent: str, answers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_protocol, "_PATIENCE", SOON)
    address = start().address
    with opened(address) as plain:
        plain.sendall(sent.format(host=address).encode())
        assert received(plain).count(b"200 OK") == answers


@pytest.mark.parametrize("mode", ["embedded", "relayed"])
@pytest.mark.parametrize("path", ["/items/messages", "/auth/login"])
def test_a_client_that_leaves_in_the_middle_of_a_body_costs_no_line(
    start: Start, mode: str, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    server = start()
    if mode == "relayed":
        server = start(directus=server.url)
    with opened(server.address) as plain:
        head = f"POST {path} HTTP/1.1\r\nHost: {server.address}\r\nContent-Length: 9\r\n"
        plain.sendall(f"{head}Expect: 100-continue\r\n\r\n".encode())
        assert b"100 Continue" in plain.recv(1_000), "the body is awaited"
    server.stop()
    assert caplog.text == ""


def test_an_upgrade_of_a_wrong_path_ends_without_an_answer(
    start: Start, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sockets, "_UNANSWERED", SOON)
    address = start().address
    for path in ("/nope", "/graphql"):
        with opened(address) as plain:
            plain.sendall(f"GET {path} HTTP/1.1\r\n{UPGRADE.format(host=address)}".encode())
            assert received(plain) == b""
    assert all(record.exc_info is None for record in caplog.records)


def test_an_upgrade_whose_head_is_too_long_is_refused(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    address = start().address
    with opened(address) as plain:
        line = f"GET /websocket?a={'x' * 10_000} HTTP/1.1\r\n"
        plain.sendall((line + UPGRADE.format(host=address)).encode())
        assert received(plain).startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert all(record.exc_info is None for record in caplog.records)


@pytest.mark.parametrize("ended", ["dropped", "missed heartbeat"])
def test_a_client_that_does_not_read_its_end_is_cut_off(
    start: Start, ended: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upgrade, "_FLUSH", SOON)
    monkeypatch.setattr(connection, "_FLUSH", SOON)
    heartbeat = 0.5 if ended == "missed heartbeat" else None
    server = start(send_queue=30_000_000, heartbeat_period=heartbeat)
    open_ = server._server.server_state.connections

    async def run() -> None:
        async with asyncio.timeout(30), connect(server.address) as deaf:
            await say(deaf, AUTH)
            deaf.transport.pause_reading()
            async with connect(server.address, max_size=None) as other:
                await say(other, AUTH)
                row = {"text": "x" * 2_000_000}
                create = {"type": "items", "collection": "messages", "action": "create"}
                await say(other, {**create, "data": row, "query": {"fields": ["id"]}})
            read = '{"type":"items","collection":"messages","action":"read"}'
            for _ in range(20):
                await deaf.send(read)
            if ended == "dropped":
                uvicorn_server: Any = server._server
                for each in list(uvicorn_server._app.state.sockets._connections):
                    each.sent.get_loop().call_soon_threadsafe(each.finish, None)
            while open_:
                await asyncio.sleep(0.01)
            deaf.transport.abort()

    with contextlib.suppress(ConnectionError):
        asyncio.run(run())
    assert not open_


def endless() -> Iterator[bytes]:
    while True:
        yield b"x" * 100_000


@pytest.mark.parametrize("more", ["", "Connection: close\r\n"], ids=["kept", "closed"])
@pytest.mark.parametrize("path", ["/whole", "/endless"])
def test_who_does_not_read_an_answer_is_cut_off(
    start: Start, path: str, more: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_protocol, "_PATIENCE", SOON)
    pages = [
        Route("/whole", lambda _: PlainTextResponse("x" * 20_000_000)),
        Route("/endless", lambda _: StreamingResponse(endless())),
    ]
    server = start(pages=pages)
    open_ = server._server.server_state.connections

    async def run() -> None:
        with opened(server.address) as plain:
            plain.sendall(f"GET {path} HTTP/1.1\r\nHost: {server.address}\r\n{more}\r\n".encode())
            async with asyncio.timeout(10):
                while not open_:
                    await asyncio.sleep(0.01)
                while open_:
                    await asyncio.sleep(0.01)

    asyncio.run(run())


def test_who_goes_on_after_a_refusal_is_cut_off(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_protocol, "_LINGER_MOST", SOON)
    with opened(start().address) as plain:
        plain.sendall(b"no HTTP\r\n\r\n")
        until, is_open = time.monotonic() + 10, True
        while is_open:
            assert time.monotonic() < until, "it is read from for ever"
            try:
                plain.sendall(b"x")
            except ConnectionError:
                is_open = False


def test_a_relayed_connection_counts_twice(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(http_protocol, "_descriptor_limit", lambda: 100)
    limits = {}
    for directus in (None, "http://127.0.0.1:9"):
        config = Config(database=tmp_path / "m.db", directus=directus)
        protocol: Any = create_server(config, lambda: None).config.http
        limits[directus] = [protocol.descriptors.allow(number) for number in (30, 31, 60, 61)]
    assert limits[None] == [True, True, True, False]
    assert limits["http://127.0.0.1:9"] == [True, False, False, False]


def test_nothing_is_kept_of_connections_that_have_ended(start: Start) -> None:
    server = start()
    open_ = server._server.server_state.connections

    async def run() -> None:
        for _ in range(20):
            async with connect(server.address) as one:
                await say(one, AUTH)
            with opened(server.address) as plain:
                plain.sendall(PING.format(host=server.address).encode())
                assert plain.recv(1_000)
            with pytest.raises(InvalidStatus, match="401"):
                await connect(server.address, "/websocket?access_token=wrong")
        async with asyncio.timeout(10):
            while open_:
                await asyncio.sleep(0.01)

    asyncio.run(run())
    gc.collect()
    kinds = (http_protocol.HttpProtocol, upgrade.UpgradeProtocol, connection.Connection)
    kept = [each for each in gc.get_objects() if isinstance(each, kinds)]
    assert len(kept) < 10, "each keeps its memory for as long as its timers run"


@pytest.fixture
def limited(tmp_path: Path) -> Iterator[Embedded]:
    """A server of 64 descriptors."""

    class Limited(Embedded):
        def _start(self, log: IO[str]) -> subprocess.Popen[str]:
            return self._start_alone(["sh", "-c", 'ulimit -n 64; exec "$@"', "sh"], log)

    with Limited(tmp_path) as server:
        yield server


@pytest.mark.skipif(sys.platform == "win32", reason="has no such limit")
def test_more_connections_than_descriptors(limited: Embedded) -> None:
    idle = [opened(f"127.0.0.1:{limited.port}") for _ in range(120)]
    refused = [plain for plain in idle if was_closed(plain)]
    assert 60 < len(refused) < 120
    for plain in idle:
        plain.close()
    with plain_http.client(transport=httpx.HTTPTransport(retries=5)) as http:
        assert http.get(f"{limited.url}/server/ping").text == "pong"
    lines = limited.log.splitlines()
    assert sum("refused a connection" in line for line in lines) == 1
    assert len(lines) < 10


def was_closed(plain: socket.socket) -> bool:
    plain.settimeout(0.2)
    try:
        return plain.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionResetError:
        return True
