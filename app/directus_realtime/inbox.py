"""Frames that have come, and the consumer's turn between them."""

import asyncio
from collections import deque
from collections.abc import Callable


class Inbox:
    """Hands frames to the core, one after the other.

    After a frame that is for a consumer the loop takes a turn, in which the consumer reads it.
    So what a consumer does with a message comes before what handlers do with the next one.

    Args:
        take: takes a frame, its socket's number and its text; returns whether a consumer was
            woken by it.
    """

    def __init__(self, take: Callable[[int, str], bool]) -> None:
        self._take = take
        self._frames: deque[tuple[int, str]] = deque()
        self._is_waiting = False  # for the consumer's turn

    def put(self, number: int, text: str) -> None:
        """Take a frame of socket ``number`` that came, now or after those before it."""
        self._frames.append((number, text))
        if not self._is_waiting:
            self._take_frames()

    def flush(self) -> None:
        """Take every frame at once: the socket is closed, and no other will come."""
        while self._frames:
            self._take(*self._frames.popleft())

    def _take_frames(self) -> None:
        self._is_waiting = False
        while self._frames:
            if self._take(*self._frames.popleft()):
                self._is_waiting = True
                asyncio.get_running_loop().call_soon(self._take_frames)
                return
