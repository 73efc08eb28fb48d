"""A sender of events: ``python -m benchmarks.common.sender`` prints the address it listens on.

It answers what a page needs of Directus over its socket: credentials, subscriptions, pings, and
reads of items by their keys; what is asked for otherwise, as a history is, has none. Over
``/control`` a benchmark tells it to send: a JSON object with ``count``, the number of events,
``text``, with which each one's text begins, and ``rate``, events a second, or null for as fast as
the sockets take them. It waits for a subscription, sends to all those that hear of creates, and
answers with the seconds it took to write the events. All frames are built before the first is
written, so that a burst costs this process little.
"""

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode

_TICK = 0.02  # seconds between two writes of a paced burst
_PIECE = 1_000  # frames in one write of a burst


@dataclass(slots=True, eq=False)
class _Subscription:
    connection: ServerConnection
    uid: str | None
    fields: list[str]
    sent: dict[str, dict[str, Any]] = field(default_factory=dict)

    def frames(self, count: int, text: str) -> list[bytes]:
        """Return the next events as they are on the wire."""
        frames = [self._frame(f"{text} {number}") for number in range(1, count + 1)]
        return [Frame(Opcode.TEXT, frame).serialize(mask=False) for frame in frames]

    def _frame(self, text: str) -> bytes:
        item = {"user": "Ben", "text": text, "id": len(self.sent) + 1}
        row = {name: item[name] for name in self.fields if name in item}
        self.sent[str(item["id"])] = row
        return _encoded(type="subscription", event="create", data=[row], uid=self.uid)


@dataclass(slots=True)
class _Sender:
    subscriptions: list[_Subscription] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle(self, connection: ServerConnection) -> None:
        """Serve one connection to its end."""
        path = connection.request.path if connection.request else ""
        answer = self._control if path == "/control" else self._directus
        try:
            async for message in connection:
                await answer(connection, json.loads(message))
        except ConnectionClosed:
            pass
        finally:
            self.subscriptions = [s for s in self.subscriptions if s.connection is not connection]

    async def _directus(self, connection: ServerConnection, message: dict[str, Any]) -> None:
        uid = message.get("uid")
        match message["type"]:
            case "auth":
                await connection.send(_encoded(type="auth", status="ok", uid=uid), text=True)
            case "subscribe":
                init = _encoded(type="subscription", event="init", uid=uid)
                await connection.send(init, text=True)
                if message.get("event", "create") == "create":
                    self._add(connection, message)
            case "items":
                rows = self._rows(connection, message.get("query", {}))
                await connection.send(_encoded(type="items", data=rows, uid=uid), text=True)
            case "ping":
                await connection.send(_encoded(type="pong", uid=uid), text=True)

    def _add(self, connection: ServerConnection, message: dict[str, Any]) -> None:
        fields = _listed(message.get("query", {}).get("fields", "id,user,text"))
        self.subscriptions.append(_Subscription(connection, message.get("uid"), fields))
        self.changed.set()

    def _rows(self, connection: ServerConnection, query: dict[str, Any]) -> list[dict[str, Any]]:
        keys = query.get("filter", {}).get("id", {}).get("_in", [])
        sent = [each.sent for each in self.subscriptions if each.connection is connection]
        return [rows[key] for rows in sent for key in keys if key in rows]

    async def _control(self, connection: ServerConnection, order: dict[str, Any]) -> None:
        while not self.subscriptions:
            self.changed.clear()
            await self.changed.wait()
        took = await self._send(order["count"], order["text"], order["rate"])
        await connection.send(json.dumps(took))

    async def _send(self, count: int, text: str, rate: float | None) -> float:
        size = _PIECE if rate is None else max(1, round(rate * _TICK))
        everybody = [(each, each.frames(count, text)) for each in self.subscriptions]
        started = time.perf_counter()
        for at in range(0, count, size):
            for subscription, frames in everybody:
                await _write(subscription.connection, b"".join(frames[at : at + size]))
            if rate is not None:
                due = started + (at + size) / rate
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
        return time.perf_counter() - started


async def _write(connection: ServerConnection, data: bytes) -> None:
    """Write frames, and wait while the socket takes no more."""
    connection.transport.write(data)
    await connection.drain()


def _listed(fields: str | list[str]) -> list[str]:
    """Return fields as a list; both SDKs join their names with commas."""
    return fields.split(",") if isinstance(fields, str) else fields


def _encoded(**message: Any) -> bytes:
    return json.dumps(dict(_present(message)), separators=(",", ":")).encode()


def _present(message: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in message.items():
        if value is not None:
            yield name, value


async def main() -> None:
    """Listen until the process is ended."""
    sender = _Sender()
    options: dict[str, Any] = {"compression": None, "ping_interval": None}
    async with serve(sender.handle, "127.0.0.1", 0, **options) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        print(f"http://127.0.0.1:{port}", flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
