"""What was answered survives SIGKILL: writers at full speed, and a server that falls."""

import asyncio
import itertools
import json
import random
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from tests.support.embedded import TOKEN, Embedded
from tests.support.tier import runs

SECONDS = runs(600)
KILLS = 5  # at least
WRITERS, AHEAD = 4, 8
MOST = 400  # answers before a kill


class Answers:
    """The texts whose create was answered; the server is killed after so many."""

    def __init__(self, kill: Callable[[], None], after: int) -> None:
        self.texts: list[str] = []
        self._kill = kill
        self._left = after

    def take(self, text: str) -> None:
        self.texts.append(text)
        self._left -= 1
        if self._left == 0:
            self._kill()


async def write(server: Embedded, name: str, answers: Answers) -> None:
    """Create items, some of them ahead of the answers, until the server falls."""
    message = {"type": "items", "collection": "messages", "action": "create"}
    address = f"ws://127.0.0.1:{server.port}/websocket?access_token={TOKEN}"
    # It may fall while this one still connects.
    with suppress(ConnectionClosed, InvalidHandshake, OSError):
        async with connect(address, ping_interval=None) as socket:
            for number in itertools.count():
                uid = f"{name}.{number}"
                await socket.send(json.dumps({**message, "data": {"text": uid}, "uid": uid}))
                if number >= AHEAD:
                    answers.take(json.loads(await socket.recv())["uid"])


async def write_until_killed(server: Embedded, round_: int, after: int) -> list[str]:
    answers = Answers(server.kill, after)
    async with asyncio.timeout(30):
        names = [f"{round_}.{writer}" for writer in range(WRITERS)]
        await asyncio.gather(*(write(server, name, answers) for name in names))
    return answers.texts


def stored(database: Path) -> list[str]:
    """Return what is in the file, in which nothing may be broken."""
    with sqlite3.connect(database) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        rows = connection.execute("SELECT text FROM messages").fetchall()
    connection.close()
    return [text for (text,) in rows]


def test_every_answered_row_is_there_and_none_twice(tmp_path: Path) -> None:
    server = Embedded(tmp_path)
    answered: set[str] = set()
    until = time.monotonic() + SECONDS
    for round_ in itertools.count():
        if round_ >= KILLS and time.monotonic() > until:
            break
        server.start()
        after = random.randint(1, MOST)
        answered |= set(asyncio.run(write_until_killed(server, round_, after)))
        found = stored(tmp_path / "messages.db")
        assert not answered - set(found), "an answered row is lost"
        assert len(found) == len(set(found)), "a row is there twice"
    assert len(answered) >= KILLS
