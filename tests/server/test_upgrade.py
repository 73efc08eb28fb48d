"""Upgrades byte by byte, and what may be switched off."""

import asyncio
import socket
from types import SimpleNamespace
from typing import cast

from websockets.asyncio.client import ClientConnection

from server.websocket.upgrade import UpgradeProtocol
from tests.server.people import client
from tests.server.sockets import BEARER, Start, connect, on_socket, refused, say
from tests.server.turns import turns_during

KEY = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
REST = ["Connection: Upgrade", "Upgrade: websocket"]


def answer(address: str, *lines: str) -> bytes:
    """Return all that comes until the server closes the connection."""
    host, port = address.split(":")
    with socket.create_connection((host, int(port)), timeout=10) as plain:
        head = "\r\n".join([lines[0], f"Host: {address}", *REST, *lines[1:], "", ""])
        plain.sendall(head.encode())
        return b"".join(iter(lambda: plain.recv(4096), b""))


def test_refusals_are_bare(start: Start) -> None:
    address = start(auth="strict").address
    got = answer(address, "GET /websocket HTTP/1.1", "Sec-WebSocket-Version: 13", KEY)
    assert got == b"HTTP/1.1 401 Unauthorized\r\n\r\n"


def test_what_is_no_upgrade_is_told_so(start: Start) -> None:
    address = start().address
    assert answer(address, "GET /websocket HTTP/1.1", KEY) == (
        b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: text/html\r\n"
        b"Content-Length: 47\r\nSec-WebSocket-Version: 13, 8\r\n\r\n"
        b"Missing or invalid Sec-WebSocket-Version header"
    )
    assert answer(address, "POST /websocket HTTP/1.1", KEY).endswith(b"\r\n\r\nInvalid HTTP method")


def test_a_control_ping_gets_no_pong(start: Start) -> None:
    async def conversation(ws: ClientConnection) -> None:
        pong = asyncio.ensure_future(await ws.ping())
        assert (await say(ws, {"type": "ping"})) == {"type": "pong"}
        assert not pong.done()

    on_socket(start(auth="public").address, conversation)


def test_large_and_many_messages_in_one_write(start: Start) -> None:
    async def conversation(ws: ClientConnection) -> None:
        texts = ["x" * size for size in (1, 125, 126, 65_535, 65_536, 100_000)]
        data = [{"text": text} for text in texts]
        create = {"type": "items", "collection": "messages", "action": "create", "data": data}
        reply = await say(ws, create)
        assert [row["text"] for row in reply["data"]] == texts

    on_socket(start().address, conversation, path="/websocket?access_token=your_access_token")


def test_a_large_frame_gives_way_after_each_piece() -> None:
    """Also where the system takes all of it at once."""
    written: list[bytes] = []

    async def run() -> int:
        protocol = UpgradeProtocol.__new__(UpgradeProtocol)
        protocol.disconnected = protocol.close_sent = False
        protocol.writable = asyncio.Event()
        protocol.writable.set()
        taking = SimpleNamespace(write=written.append, is_closing=lambda: False)
        protocol.transport = cast(asyncio.Transport, taking)
        large = {"type": "websocket.send", "texts": ["a", "x" * 3_000_000]}
        return await turns_during(protocol.send(large))

    turns = asyncio.run(run())
    assert len(written) == 13
    assert turns >= 12


def test_a_frame_that_is_announced_too_large_is_not_awaited(start: Start) -> None:
    host, port = start(auth="public").address.split(":")
    upgrade = ["GET /websocket HTTP/1.1", f"Host: {host}", *REST, "Sec-WebSocket-Version: 13", KEY]
    with socket.create_connection((host, int(port)), timeout=10) as plain:
        plain.sendall("\r\n".join([*upgrade, "", ""]).encode())
        assert b"101 Switching" in plain.recv(4096)
        # A fragment within the limit, and then the head and a part of another.
        plain.sendall(b"\x01\xff" + (60_000).to_bytes(8) + bytes(4) + bytes(60_000))
        plain.sendall(b"\x00\xff" + (60_000).to_bytes(8) + bytes(4) + bytes(20_000))
        assert b"\x88\x02\x03\xf1" in plain.recv(4096), "1009, at once"


def test_no_more_connections_than_allowed(start: Start) -> None:
    address = start(websockets_rest_conn_limit=1).address
    path = "/websocket?access_token=your_access_token"

    async def conversation(_waits: ClientConnection) -> None:
        async with connect(address, path) as one:
            await say(one, {"type": "ping"})
            assert await asyncio.to_thread(refused, address, path) == 403

    # The connection that waits for its handshake does not count.
    on_socket(address, conversation)


def test_another_path(start: Start) -> None:
    server = start(websockets_rest_path="/ws", auth="public")

    async def conversation(ws: ClientConnection) -> None:
        assert await say(ws, {"type": "ping"}) == {"type": "pong"}

    on_socket(server.address, conversation, path="/ws")
    with client(server.address) as http:
        info = http.get("/server/info", headers=BEARER).json()["data"]
        assert info["websocket"]["rest"]["path"] == "/ws"


def test_without_websockets(start: Start) -> None:
    address = start(websockets=False).address
    assert refused(address) == 404
    with client(address) as http:
        assert http.get("/server/info", headers=BEARER).json()["data"]["websocket"] is False
