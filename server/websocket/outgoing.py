"""What waits to be sent to one client."""

import asyncio
from collections import deque

_ONE_WRITE = 65_536  # characters


class Outgoing:
    """A queue of texts: events, of which no more than ``room`` characters may wait, and replies.

    The text that is being sent does not wait. It counts for ``room_for_replies``, so that a client
    that reads slowly has few replies under way.
    """

    def __init__(self, room: int) -> None:
        self.changed = asyncio.Event()
        """Set when there is something new to do for the sender."""
        self._most = room
        self._texts: deque[tuple[str, bool]] = deque()
        self._events = 0  # characters that wait
        self._replies = 0  # characters that wait or are being sent
        self._sending = 0  # of those, being sent
        self._room = asyncio.Event()
        self._room.set()

    def put_event(self, text: str) -> bool:
        """Add an event; return False if too much waits."""
        self._events += len(text)
        self._put(text, is_event=True)
        return self._events <= self._most

    def put_reply(self, text: str) -> None:
        """Add a reply to a request of the client."""
        self._replies += len(text)
        if self._replies > self._most:
            self._room.clear()
        self._put(text, is_event=False)

    def _put(self, text: str, *, is_event: bool) -> None:
        self._texts.append((text, is_event))
        self.changed.set()

    def next(self) -> list[str]:
        """Take the texts of the next write. Only the last may be large."""
        texts: list[str] = []
        size = 0
        while self._texts and size < _ONE_WRITE:
            text, is_event = self._texts.popleft()
            size += len(text)
            texts.append(text)
            if is_event:
                self._events -= len(text)
            else:
                self._sending += len(text)
        return texts

    def sent(self) -> None:
        """Record that the texts of the last write are sent."""
        self._replies -= self._sending
        self._sending = 0
        if self._replies <= self._most:
            self._room.set()

    def clear(self) -> None:
        """Drop everything."""
        self._texts.clear()
        self._room.set()

    async def wait(self) -> None:
        """Wait until there is something new to do."""
        self.changed.clear()
        await self.changed.wait()

    async def room_for_replies(self) -> None:
        """Wait until so little waits that a further request may start."""
        await self._room.wait()
