"""Received frames, until they can be processed."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

Frames = deque[tuple[int, str]]


class Inbox:
    """Holds the frames of sockets, and has them processed while no task is running.

    Then each consumer can be resumed on the spot, and handles a message before handlers see the
    next one. In a browser frames come while no task is running; on CPython a task receives them,
    and they are processed in the next turn of the event loop.

    Args:
        take: processes frames, oldest first, until there are none.
    """

    def __init__(self, take: Callable[[Frames], None]) -> None:
        self._take = take
        self._frames: Frames = deque()
        self._is_due = False

    def put(self, number: int, texts: Sequence[str]) -> None:
        """Process frames of socket ``number``, now or in the next turn."""
        self._frames.extend([(number, text) for text in texts])
        if self._is_due:
            return
        loop = asyncio.get_running_loop()
        if asyncio.current_task(loop) is None:
            self.flush()
        else:
            self._is_due = True
            loop.call_soon(self.flush)

    def flush(self) -> None:
        """Process every frame now."""
        self._is_due = False
        self._take(self._frames)
