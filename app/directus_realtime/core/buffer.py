"""The bounded buffer between a subscription and its consumer."""

from collections import deque

from ..errors import DirectusError, SubscriptionOverflow
from .messages import SubscriptionMessage

Item = SubscriptionMessage | DirectusError
"""What a consumer reads: a message, or an error to raise."""


class Buffer:
    """The messages that the consumer has not read yet, oldest first.

    Args:
        limit: how many messages may wait, missed rows not counted.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._items: deque[Item] = deque()
        self._missed = 0  # how many of them are rows that were missed

    def __len__(self) -> int:
        return len(self._items)

    def push(self, item: Item) -> bool:
        """Append ``item``; return False, and change nothing, if the buffer is full.

        Missed rows are always accepted: there is at most one page of them, since the next page is
        read only when ``has_room`` is true.
        """
        if _is_missed(item):
            self._missed += 1
        elif len(self._items) - self._missed >= self._limit:
            return False
        self._items.append(item)
        return True

    def append(self, error: DirectusError) -> None:
        """Append an error that must reach the consumer, even if the buffer is full."""
        self._items.append(error)

    def overflow(self) -> None:
        """Append the error that ends a subscription whose consumer is too slow."""
        self._items.append(SubscriptionOverflow(self._limit))

    @property
    def has_room(self) -> bool:
        """Whether the consumer has read all missed rows, so that the next page may be read."""
        return not self._missed

    def pop(self) -> Item | None:
        """Return the oldest item, or None if there is none."""
        if not self._items:
            return None
        item = self._items.popleft()
        if self._missed:
            self._missed -= _is_missed(item)
        return item


def _is_missed(item: Item) -> bool:
    return type(item) is SubscriptionMessage and item.is_missed
