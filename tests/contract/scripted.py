"""A server that says what a scenario recorded, for the tests of what plays scenarios."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import groupby
from typing import Any

from websockets.asyncio.server import ServerConnection, serve

from tests.contract.recording import NOTHING, Step

Answers = Mapping[int, Sequence[Any]]
"""What is sent in answer to the step with this number, in place of what was recorded."""


@asynccontextmanager
async def scripted(steps: Sequence[Step], answers: Answers) -> AsyncIterator[str]:
    """Serve one WebSocket at a time by the script of `steps`; yield the server's address."""

    async def play(connection: ServerConnection) -> None:
        for number, frames in _script(steps, answers):
            if number and not await _heard(connection):
                return
            for frame in frames:
                await _say(connection, frame)
        while await _heard(connection):
            pass

    async with serve(play, "127.0.0.1", 0, compression=None, ping_interval=None) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        yield f"http://127.0.0.1:{port}"


async def _heard(connection: ServerConnection) -> bool:
    """Take the next message that the script knows of; a fence is answered besides."""
    async for text in connection:
        uid = _uid(text)
        if not str(uid).startswith("fence"):
            return True
        await connection.send(json.dumps({"type": "items", "data": [], "uid": uid}))
    return False


def _uid(text: str | bytes) -> Any:
    try:
        message = json.loads(text)
    except ValueError:
        return None
    return message.get("uid") if isinstance(message, dict) else None


async def _say(connection: ServerConnection, frame: Any) -> None:
    if isinstance(frame, float):
        await asyncio.sleep(frame)
    elif set(frame) == {"code", "reason"}:
        await connection.close(frame["code"], frame["reason"])
    else:
        await connection.send(json.dumps(frame))


def _script(steps: Sequence[Step], answers: Answers) -> list[tuple[int, Sequence[Any]]]:
    """Return what to say after each message, by the number of its step; 0 is the opening."""
    script: list[tuple[int, Sequence[Any]]] = []
    for sends, run in groupby(steps, key=lambda step: step.direction == ">>"):
        if sends:
            script += [(step.number, answers.get(step.number, ())) for step in run]
        elif script and script[-1][0] not in answers:
            said = [step.frame for step in run if step.frame != NOTHING]
            script[-1] = (script[-1][0], said)
    return script
