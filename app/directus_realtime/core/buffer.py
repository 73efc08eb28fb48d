"""The bounded buffer between a subscription and its consumer."""

from collections import deque

from ..errors import DirectusError, SubscriptionOverflow
from .messages import SubscriptionMessage

Item = SubscriptionMessage | DirectusError
"""What a consumer reads: a message, or an error to raise."""


class Buffer:
    """What came and is not read yet, oldest first.

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
        """Append ``item``; return False, and take nothing, where the buffer is full.

        Missed rows are always taken: there is one page of them at most, since the next is read
        when :attr:`has_room`.
        """
        missed = _is_missed(item)
        if not missed and len(self._items) - self._missed >= self._limit:
            return False
        self._missed += missed
        self._items.append(item)
        return True

    def append(self, error: DirectusError) -> None:
        """Append an error that must reach the consumer, over the limit too."""
        self._items.append(error)

    def overflow(self) -> None:
        """Append the error that ends a subscription whose consumer is too slow."""
        self._items.append(SubscriptionOverflow(self._limit))

    @property
    def has_room(self) -> bool:
        """Whether all missed rows were read, so that the next page of them may come."""
        return not self._missed

    def pop(self) -> Item | None:
        """Return the oldest item, or None if there is none."""
        if not self._items:
            return None
        item = self._items.popleft()
        self._missed -= _is_missed(item)
        return item


def _is_missed(item: Item) -> bool:
    return isinstance(item, SubscriptionMessage) and "recovered" in item
