"""The reads that subscriptions make for themselves: one at a time, until errors name their uid.

An error without a uid can be assigned only while a single message is unanswered. So these reads
are sent one at a time until Directus has named a uid in an error on this connection.
"""

from collections import deque
from collections.abc import Callable
from typing import Any

from .unanswered import Unanswered


class OwnReads:
    """The queue of reads, and the deadline of those that are written.

    Args:
        send: writes a message.
        unanswered: tells whether errors name their uid.
        timeout: seconds in which Directus must answer one.
    """

    def __init__(
        self, send: Callable[[dict[str, Any]], None], unanswered: Unanswered, timeout: float
    ) -> None:
        self._send = send
        self._unanswered = unanswered
        self._timeout = timeout
        self._waiting: deque[dict[str, Any]] = deque()
        self._due: dict[str, float] = {}  # of those that are written, by uid

    def send(self, message: dict[str, Any], now: float) -> None:
        """Write a read, or queue it behind the earlier ones."""
        self._waiting.append(message)
        self._write(now)

    def answered(self, uid: str, now: float) -> None:
        """Record an answer, and write the next read."""
        self._due.pop(uid, None)
        self._write(now)

    def forget(self, uid: str, now: float) -> None:
        """Stop waiting for the answer to a read."""
        if uid in self._due:
            self.answered(uid, now)
        else:
            self._waiting = deque(read for read in self._waiting if read["uid"] != uid)

    def clear(self) -> None:
        """Forget everything: the connection is lost, or the token has expired."""
        self._waiting.clear()
        self._due.clear()

    def deadline(self) -> float | None:
        """Return the time at which an answer is overdue, or None."""
        return min(self._due.values(), default=None)

    def overdue(self, now: float) -> list[str]:
        """Return the uids of the reads whose answers are overdue."""
        return [uid for uid, due in self._due.items() if due <= now]

    def _write(self, now: float) -> None:
        while self._waiting and (self._unanswered.names_uids or not self._due):
            message = self._waiting.popleft()
            self._due[message["uid"]] = now + self._timeout
            self._send(message)
