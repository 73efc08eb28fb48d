"""Storages that a test looks into."""

import asyncio
from typing import Any


class Memory:
    """Keeps in ``data`` what it is given."""

    def __init__(self, data: dict[str, Any] | None = None) -> None:
        self.data = data

    def get(self) -> dict[str, Any] | None:
        return self.data

    def set(self, data: dict[str, Any] | None) -> None:
        self.data = data


class Shared(Memory):
    """One that only one of all who use it can hold at a time."""

    def __init__(self, data: dict[str, Any] | None = None) -> None:
        super().__init__(data)
        self._lock = asyncio.Lock()

    def lock(self) -> asyncio.Lock:
        return self._lock
