"""What waits to be sent, and what was sent and waits for its answer.

A message that is sent while the connection is down waits here, in order and within a bound.
When the connection falls, a read that was written and not answered goes back to the front of
the queue; a create, update or delete never does, since it may have been carried out.

Pure: it knows texts and deadlines, no clock and no socket.
"""

from collections import deque
from heapq import heappop, heappush
from typing import Any

from ..errors import DeliveryUnknown, DirectusError, OutboxFull, ReplyTimeout, ServerError

Failure = tuple[str, DirectusError]
"""The uid of a request and why it has no result."""


class Outgoing:
    """One message on its way.

    Attributes:
        text: the frame.
        uid: the request's, or None where nobody waits for an answer.
        what: what it is called in an error.
        repeatable: whether sending it twice does no harm.
        timeout: how many seconds its answer may take, None for ever.
        expires: the time at which ``timeout`` is over, None for never.
        settled: whether it has its outcome.
    """

    __slots__ = ("expires", "repeatable", "settled", "text", "timeout", "uid", "what")

    def __init__(
        self,
        text: str,
        *,
        uid: str | None = None,
        what: str = "message",
        repeatable: bool = False,
        timeout: float | None = None,
        now: float = 0.0,
    ) -> None:
        self.text = text
        self.uid = uid
        self.what = what
        self.repeatable = repeatable
        self.timeout = timeout
        self.expires = None if timeout is None else now + timeout
        self.settled = False


class Outbox:
    """The queue of what waits and the table of what is unanswered.

    Args:
        limit: how many messages may wait for the connection.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._waiting: deque[Outgoing] = deque()
        self._unanswered: dict[str, Outgoing] = {}
        self._doubted: set[str] = set()  # unanswered when the token expired
        self._expiries: list[tuple[float, int, Outgoing]] = []  # a heap
        self._count = 0

    @property
    def waiting(self) -> int:
        """How many messages wait for the connection."""
        return sum(not message.settled for message in self._waiting)

    def hold(self, message: Outgoing) -> None:
        """Keep ``message`` until there is a connection.

        Raises:
            OutboxFull: as many messages as may wait do so already.
        """
        if len(self._waiting) >= self._limit and self.waiting >= self._limit:
            raise OutboxFull(self._limit)
        self._waiting.append(message)
        self._watch(message)

    def written(self, message: Outgoing) -> None:
        """Note that ``message`` was written; its answer is waited for if it has a uid."""
        if message.uid is not None:
            self._unanswered[message.uid] = message
            self._watch(message)

    def take(self) -> Outgoing | None:
        """Return the next message to write, or None."""
        while self._waiting:
            message = self._waiting.popleft()
            if not message.settled:
                return message
        return None

    def awaits(self, uid: str) -> bool:
        """Return whether a request of this uid has no outcome yet."""
        return uid in self._unanswered or any(
            message.uid == uid and not message.settled for message in self._waiting
        )

    def answered(self, uid: Any) -> bool:
        """Note an answer; return whether a request was waiting for it."""
        message = self._unanswered.pop(uid, None) if isinstance(uid, str) else None
        if message is None:
            return False
        message.settled = True
        return True

    def token_expired(self) -> None:
        """Note that what is unanswered now may be refused for want of a token alone."""
        self._doubted = set(self._unanswered)

    def doubts(self, uid: Any) -> bool:
        """Return whether a refusal of this request may be due to the token alone."""
        return isinstance(uid, str) and uid in self._doubted and uid in self._unanswered

    def refused(self, uid: str) -> Failure | None:
        """Put a read that was refused for want of a token back in front; a write fails."""
        message = self._unanswered.pop(uid)
        if not message.repeatable:
            words = f"The token expired while the {message.what} was under way."
            return self._fail(message, ServerError("TOKEN_EXPIRED", words))
        self._doubted.discard(uid)
        self._waiting.appendleft(message)
        return None

    def connection_lost(self) -> list[Failure]:
        """Put the unanswered reads back in front; return the writes, whose fate is unknown."""
        self._doubted.clear()
        unanswered, self._unanswered = list(self._unanswered.values()), {}
        self._waiting.extendleft(m for m in reversed(unanswered) if m.repeatable)
        return [
            self._fail(message, DeliveryUnknown(message.what))
            for message in unanswered
            if not message.repeatable
        ]

    def give_up(self, error: DirectusError) -> list[Failure]:
        """Drop everything: what was not written fails with ``error``."""
        failures = self.connection_lost()
        while (message := self.take()) is not None:
            if message.uid is not None:
                failures.append(self._fail(message, error))
        return failures

    def deadline(self) -> float | None:
        """Return the earliest time at which a request has waited long enough, or None."""
        while self._expiries and self._expiries[0][2].settled:
            heappop(self._expiries)
        return self._expiries[0][0] if self._expiries else None

    def expire(self, now: float) -> list[Failure]:
        """Settle the requests that have waited long enough, and return them."""
        failures: list[Failure] = []
        while (due := self.deadline()) is not None and due <= now:
            message = heappop(self._expiries)[2]
            sent = self._unanswered.pop(message.uid or "", None) is not None
            error = ReplyTimeout(message.what, message.timeout or 0.0, sent)
            failures.append(self._fail(message, error))
        return failures

    def _watch(self, message: Outgoing) -> None:
        """Remember when ``message`` expires; twice does no harm, it is settled only once."""
        if message.uid is not None and message.expires is not None:
            self._count += 1
            heappush(self._expiries, (message.expires, self._count, message))

    @staticmethod
    def _fail(message: Outgoing, error: DirectusError) -> Failure:
        message.settled = True
        return message.uid or "", error
