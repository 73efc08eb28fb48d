"""Frames by the million, made from a seed: the server says what is wrong, and serves the others."""

import asyncio
import json
import random
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.support.embedded import EDITORS, TOKEN, Embedded, with_project
from tests.support.tier import runs

COUNT = runs(1_000_000)
CLIENTS, AT_ONCE = 4, 100  # frames of each client between two pings
LATEST = 1.0  # seconds to another client's pong
GROWTH = 1.1  # of resident memory, once a fifth of the frames is sent

WORDS = [
    *("id", "text", "user", "date_created", "no", "*", "-id", "year(date_created)", "year(*)"),
    *("messages", "notes", "directus_users", "__proto__", "constructor", "a.b.c", "$NOW", "1", ""),
    *(
        "_eq",
        "_in",
        "_and",
        "_or",
        "_between",
        "_contains",
        "_null",
        "%a%",
        "\ud800",
        "\0",
        "é" * 9,
    ),
]
KEYS = ["type", "collection", "action", "event", "id", "ids", "item", "data", "query", "uid"]
QUERY_KEYS = ["fields", "filter", "sort", "search", "limit", "offset", "page", "meta", "deep"]
TYPES = ["items", "items", "subscribe", "unsubscribe", "ping", "auth", "no"]
ACTIONS = ["create", "read", "update", "delete"]
NUMBERS = [0, -1, 1.5, 2**31, 2**53, 2**63, -(2**64), 1e308, 7]


class Maker:
    """Makes frames, from the seed in the name of a failing test's message."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def frame(self) -> str | bytes:
        chance = self._random.random()
        if chance < 0.001:
            return '{"type":"collab"}'  # closes the connection
        if chance < 0.05:
            return self._random.randbytes(self._random.randint(0, 60))
        text = json.dumps(self._message())
        if chance < 0.2:
            return self._broken(text)
        return text if chance < 0.99 else self._large()

    def _message(self) -> dict[str, Any]:
        pick = self._random.choice
        message: dict[str, Any] = {"type": pick(TYPES), "collection": pick(["messages", "notes"])}
        message |= {"action": pick(ACTIONS), "uid": pick([1, "a", None, "b"])}
        for _ in range(self._random.randint(0, 3)):
            message[pick(KEYS)] = self._value(3)
        if self._random.random() < 0.7:
            names = self._random.sample(QUERY_KEYS, self._random.randint(0, 3))
            message["query"] = {name: self._value(3) for name in names}
        return message

    def _value(self, depth: int) -> Any:
        chance = self._random.random()
        if depth and chance < 0.25:
            return [self._value(depth - 1) for _ in range(self._random.randint(0, 3))]
        if depth and chance < 0.5:
            keys = self._random.choices(WORDS, k=self._random.randint(0, 3))
            return {key: self._value(depth - 1) for key in keys}
        return self._random.choice([*WORDS, *NUMBERS, None, True, False])

    def _broken(self, text: str) -> str:
        at = self._random.randrange(len(text))
        return (
            text[:at] + self._random.choice(["", '"', "}", "[", "\\", "\0", "é"]) + text[at + 1 :]
        )

    def _large(self) -> str:
        size = self._random.randint(1, 2_000)
        piece = self._random.choice(["[", '{"a":', '"",', "1,", "[],"])
        return f'{{"type":"items","data":[{piece * size}'


class Client:
    """One that sends frames, and connects again when the server has closed its connection."""

    def __init__(self, server: Embedded, seed: int) -> None:
        self._address = f"ws://127.0.0.1:{server.port}/websocket?access_token={TOKEN}"
        self._maker = Maker(seed)

    async def send(self, count: int) -> None:
        sent = 0
        while sent < count:
            with suppress(ConnectionClosed):
                async with connect(self._address, ping_interval=None, max_size=None) as socket:
                    while sent < count:
                        await self._send_some(socket)
                        sent += AT_ONCE

    async def _send_some(self, socket: ClientConnection) -> None:
        for _ in range(AT_ONCE):
            await socket.send(self._maker.frame())
        await pong(socket)


async def pong(socket: ClientConnection) -> None:
    await socket.send('{"type":"ping","uid":"mine"}')
    while await socket.recv() != '{"type":"pong","uid":"mine"}':
        pass


async def ping_until(done: asyncio.Event, server: Embedded) -> int:
    """Ping, one after the other, and return how often; each is answered in time."""
    address = f"ws://127.0.0.1:{server.port}/websocket?access_token={TOKEN}"
    number = 0
    async with connect(address, ping_interval=None) as socket:
        while not done.is_set():
            async with asyncio.timeout(LATEST):
                await pong(socket)
            number += 1
    return number


async def run(server: Embedded, seed: int) -> None:
    clients = [Client(server, seed + number) for number in range(CLIENTS)]
    done = asyncio.Event()
    pinging = asyncio.create_task(ping_until(done, server))
    resident = []
    for part in (1, 4):  # fifths
        count = COUNT * part // 5 // CLIENTS
        async with asyncio.TaskGroup() as group:
            for client in clients:
                group.create_task(client.send(count))
        if pinging.done():
            pinging.result()
        resident.append(server.resident)
    done.set()
    assert await pinging > 0
    before, after = resident
    if before is not None and after is not None:
        assert after < before * GROWTH, f"memory grew from {before} to {after}"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Embedded]:
    server = with_project(tmp_path, EDITORS, "--auth", "public").start()
    yield server
    server.stop()


def test_frames_by_the_million(server: Embedded) -> None:
    seed = random.randrange(2**32)
    try:
        asyncio.run(run(server, seed))
    except Exception as error:
        raise AssertionError(f"with the seed {seed}: {error!r}") from error
    assert "Traceback" not in server.log, f"with the seed {seed}: {server.log[-5000:]}"
