"""Upgrades byte by byte, and what may be switched off."""

import asyncio
import socket

from websockets.asyncio.client import ClientConnection

from tests.server.people import client
from tests.server.sockets import BEARER, Start, connect, on_socket, refused, say

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
