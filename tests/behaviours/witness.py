"""Observers for the behaviours of signing in: storage, handlers and the log."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from directus_realtime import RealtimeClient

from tests.behaviours.context import States


class Memory:
    """A storage in memory, which a behaviour may change."""

    def __init__(self) -> None:
        self.data: dict[str, Any] = {}

    def get(self) -> dict[str, Any] | None:
        return self.data or None

    def set(self, data: dict[str, Any] | None) -> None:
        self.data = data or {}

    def change(self, **fields: Any) -> None:
        """Change the stored login without the client's knowledge."""
        self.data = {**self.data, **fields}


class Heard:
    """Records what a client's handlers get."""

    def __init__(self, directus: RealtimeClient) -> None:
        self.auth: list[Any] = []
        self.opened: list[Any] = []
        self.states = States(directus)
        self._changed = asyncio.Event()
        directus.on_web_socket("message", self._on_message)
        directus.on_web_socket("open", self.opened.append)

    def _on_message(self, message: dict[str, Any]) -> None:
        if message["type"] == "auth":
            self.auth.append(message)
            self._changed.set()

    async def authenticated(self, times: int) -> None:
        """Wait until Directus has accepted so many auth messages."""
        while len(self.auth) < times:
            self._changed.clear()
            await self._changed.wait()


async def works(directus: RealtimeClient) -> bool:
    """Return whether the client may read."""
    return isinstance(await directus.items("messages").read({"limit": 1}), list)


class _Texts(logging.Handler):
    """Appends what is logged to a list."""

    def __init__(self, texts: list[str]) -> None:
        super().__init__()
        self._texts = texts

    def emit(self, record: logging.LogRecord) -> None:
        self._texts.append(record.getMessage())


@contextmanager
def logged() -> Iterator[list[str]]:
    """Yield a list that grows by each text that the SDK logs, frames included."""
    log, texts = logging.getLogger("directus"), list[str]()
    handler = _Texts(texts)
    level, log.propagate = log.level, False
    log.addHandler(handler)
    log.setLevel(logging.DEBUG)
    try:
        yield texts
    finally:
        log.removeHandler(handler)
        log.setLevel(level)
        log.propagate = True
