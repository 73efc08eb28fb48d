"""Received frames, and the consumer's turn between them."""

import asyncio
from collections import deque
from collections.abc import Callable


class Inbox:
    """Passes frames to the core, one after the other.

    After a frame for a consumer the event loop runs once, and the consumer reads the frame. So a
    consumer handles a message before handlers see the next one.

    Args:
        take: processes a frame, given its socket's number and its text; returns whether that woke
            a consumer.
    """

    def __init__(self, take: Callable[[int, str], bool]) -> None:
        self._take = take
        self._frames: deque[tuple[int, str]] = deque()
        self._is_waiting = False  # for the consumer's turn

    def put(self, number: int, text: str) -> None:
        """Process a frame of socket ``number``, now or after the earlier ones."""
        self._frames.append((number, text))
        if not self._is_waiting:
            self._take_frames()

    def flush(self) -> None:
        """Process every frame at once: the socket is closed, and no other will come."""
        while self._frames:
            self._take(*self._frames.popleft())

    def _take_frames(self) -> None:
        self._is_waiting = False
        while self._frames:
            if self._take(*self._frames.popleft()):
                self._is_waiting = True
                asyncio.get_running_loop().call_soon(self._take_frames)
                return
