"""A queue between threads in which every client gets its turn."""

import threading
from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class FairQueue(Generic[T]):
    """Holds the items of several clients and returns one of each in turn, in their order."""

    def __init__(self) -> None:
        self._waiting: dict[object, deque[T]] = {}
        self._changed = threading.Condition()
        self._closed = False

    def put(self, client: object, item: T) -> None:
        """Add ``item`` behind the others of ``client``."""
        with self._changed:
            self._waiting.setdefault(client, deque()).append(item)
            self._changed.notify()

    def close(self) -> None:
        """Let ``get`` end when nothing waits."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def get(self) -> T | None:
        """Return the next item; wait for one if there is none. None when closed and empty."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            return self._next()

    def get_nowait(self) -> T | None:
        """Return the next item, or None if there is none."""
        with self._changed:
            return self._next()

    def _next(self) -> T | None:
        if not self._waiting:
            return None
        client = next(iter(self._waiting))
        items = self._waiting.pop(client)
        item = items.popleft()
        if items:
            self._waiting[client] = items  # behind those of the other clients
        return item
