"""Records the frames that the JS SDK sends, and those that ours sends.

`python -m tests.support.frames` records tests/peer/frames.json again. The calls are in calls.py.
"""

import asyncio
import json
import sysconfig
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from directus_realtime import (
    AuthMode,
    RealtimeClient,
    Subscription,
    SubscriptionMessage,
    create_directus,
    realtime,
    static_token,
)
from websockets.asyncio.server import ServerConnection, serve

from benchmarks.common.set_up import PEER
from tests.support.calls import SCENARIOS, Call
from tests.support.embedded import ROOT
from tests.support.peer import install
from tools import npm

RECORDING = ROOT / "tests" / "peer" / "frames.json"
_MADE = "What JS SDK 26.0.0 sends, recorded by `python -m tests.support.frames`."

Sent = dict[str, Any]
"""What one client sent: the ``path`` of its socket's address, and the texts of its ``frames``."""


@dataclass
class Recorder:
    """A server that records, and answers as much as both SDKs need to go on."""

    url: str = ""
    sent: list[Sent] = field(default_factory=list)

    async def serve(self, socket: ServerConnection) -> None:
        """Record one client until it sends "that is all"; close its connection then."""
        assert socket.request is not None
        frames: list[str] = []
        self.sent.append({"path": socket.request.path, "frames": frames})
        while (text := await socket.recv(decode=True)) != "that is all":
            frames.append(text)
            answer = _answer(text)
            if answer is not None:
                await socket.send(json.dumps(answer))


@asynccontextmanager
async def recorder() -> AsyncIterator[Recorder]:
    """A recorder that listens."""
    recorder = Recorder()
    async with serve(recorder.serve, "127.0.0.1", 0, ping_interval=None) as server:
        (listener,) = server.sockets
        recorder.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        yield recorder


def _answer(text: str) -> dict[str, Any] | None:
    if text == "ping me":
        return {"type": "ping"}
    if text == "expire me":
        error = {"code": "TOKEN_EXPIRED", "message": "Token expired."}
        return {"type": "auth", "status": "error", "error": error}
    match json.loads(text):
        case {"type": "auth"}:
            return {"type": "auth", "status": "ok"}
        case {"type": "subscribe", "uid": uid}:
            return {"type": "subscription", "event": "init", "uid": uid}
        case {"type": "pong"}:
            return {"type": "ponged"}
    return None


async def theirs() -> dict[str, Sent]:
    """Return what the JS SDK, which is installed unless it is there, sends in each scenario."""
    install()
    node = npm.node(Path(sysconfig.get_paths()["purelib"]))
    async with recorder() as server:
        process = await asyncio.create_subprocess_exec(
            node, "frames.mjs", server.url, cwd=PEER, stdin=asyncio.subprocess.PIPE
        )
        try:
            await process.communicate(json.dumps(SCENARIOS).encode())
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        assert process.returncode == 0, "the script of the JS SDK failed"
    return {name: sent for (name, *_), sent in zip(SCENARIOS, server.sent, strict=True)}


async def ours(mode: AuthMode, token: str | None, calls: list[Call]) -> Sent:
    """Return what our SDK sends in one scenario."""
    async with recorder() as server:
        client = create_directus(server.url)
        client = client if token is None else client.with_(static_token(token))
        directus = client.with_(realtime(auth_mode=mode))
        await directus.connect()
        subscriptions: list[Subscription[SubscriptionMessage]] = []
        for name, *rest in calls:
            await _do(directus, subscriptions, name, rest)
        closed = asyncio.Event()
        directus.on_web_socket("close", lambda _: closed.set())
        directus.send_message("that is all")
        await closed.wait()
        directus.disconnect()
    (sent,) = server.sent
    return sent


async def _do(
    directus: RealtimeClient,
    subscriptions: list[Subscription[SubscriptionMessage]],
    name: str,
    rest: list[Any],
) -> None:
    match name, rest:
        case "subscribe", [collection, options]:
            subscribed = await directus.subscribe(collection, **options, recover=None)
            subscriptions.append(subscribed)
        case "unsubscribe", [number]:
            subscriptions[number].unsubscribe()
        case "send", [message]:
            directus.send_message(message)
        case "set_token", [token]:
            await directus.set_token(token)
        case "ping", []:
            await _until(directus, "ping me", "ponged")
        case "expire", []:
            await _until(directus, "expire me", "auth")


async def _until(directus: RealtimeClient, text: str, kind: str) -> None:
    """Ask the server for something, and wait for a message of a type."""
    heard = asyncio.Event()

    def hear(message: dict[str, Any]) -> None:
        if message["type"] == kind:
            heard.set()

    directus.on_web_socket("message", hear)
    directus.send_message(text)
    await heard.wait()


def recorded() -> dict[str, Sent]:
    """Return what the JS SDK sent when the recording was made."""
    scenarios: dict[str, Sent] = json.loads(RECORDING.read_text(encoding="utf-8"))["scenarios"]
    return scenarios


def main() -> None:
    """Record again."""
    scenarios = asyncio.run(theirs())
    text = json.dumps({"made": _MADE, "scenarios": scenarios}, indent=1, ensure_ascii=True)
    RECORDING.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
