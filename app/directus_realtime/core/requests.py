"""Requests: what waits for the connection, and what is written and not answered.

A message that is sent while the connection is down waits here, in order and within a bound.
When the connection is lost, a read that was written and not answered goes back to the front of
the queue; a create, update or delete never does, since it may have been carried out.
"""

from collections import deque
from heapq import heappop, heappush
from typing import Any

from ..errors import DeliveryUnknown, DirectusError, OutboxFull, ReplyTimeout, ServerError
from . import codec
from .auth import AuthState
from .unanswered import Unanswered

FailedRequest = tuple[str, DirectusError]
"""The uid of a request and why it has no result."""


class PendingRequest:
    """One message on its way.

    Attributes:
        text: the frame.
        uid: the request's, or None where nobody waits for an answer.
        what: what it is called in an error.
        repeatable: whether sending it twice does no harm.
        timeout: how many seconds its answer may take, None for ever.
        expires: the time at which ``timeout`` is over, None for never.
        settled: whether it has its outcome.
        period: the auth state's period in which it was written last.
        is_items: whether its answer is of type ``items``.
        items_uid: the uid that such a message has, whether or not somebody waits for it.
    """

    __slots__ = (
        "expires",
        "is_items",
        "items_uid",
        "period",
        "repeatable",
        "settled",
        "text",
        "timeout",
        "uid",
        "what",
    )

    def __init__(
        self,
        message: dict[str, Any] | str,
        *,
        uid: str | None = None,
        what: str = "message",
        repeatable: bool = False,
        timeout: float | None = None,
        now: float = 0.0,
    ) -> None:
        self.text = message if isinstance(message, str) else codec.encode(message)
        self.uid = uid
        self.what = what
        self.repeatable = repeatable
        self.timeout = timeout
        self.expires = None if timeout is None else now + timeout
        self.settled = False
        self.period = 0
        content = _content(message)
        self.is_items = content.get("type") == "items"
        given = content.get("uid")
        self.items_uid = given if isinstance(given, str) else None


class Requests:
    """The queue of what waits and the table of what is unanswered.

    Args:
        limit: how many messages may wait for the connection.
        auth: tells in which period of a token a request is written.
        unanswered: follows the items messages of the connection.
    """

    def __init__(self, limit: int, auth: AuthState, unanswered: Unanswered) -> None:
        self._limit = limit
        self._auth = auth
        self._unanswered_items = unanswered
        self._waiting: deque[PendingRequest] = deque()
        self._unanswered: dict[str, PendingRequest] = {}
        self._expiries: list[tuple[float, int, PendingRequest]] = []  # a heap
        self._count = 0

    @property
    def waiting(self) -> int:
        """How many messages wait for the connection."""
        return sum(not request.settled for request in self._waiting)

    def hold(self, request: PendingRequest) -> None:
        """Keep ``request`` until there is a connection.

        Raises:
            OutboxFull: as many messages as may wait do so already.
        """
        if len(self._waiting) >= self._limit and self.waiting >= self._limit:
            raise OutboxFull(self._limit)
        self._waiting.append(request)
        self._watch(request)

    def written(self, request: PendingRequest) -> None:
        """Record that ``request`` was written; its answer is waited for if it has a uid."""
        if request.is_items:
            self._unanswered_items.written(request.items_uid)
        if request.uid is not None:
            request.period = self._auth.period
            self._unanswered[request.uid] = request
            self._watch(request)

    def take(self) -> PendingRequest | None:
        """Return the next message to write, or None."""
        while self._waiting:
            request = self._waiting.popleft()
            if not request.settled:
                return request
        return None

    def awaits(self, uid: str) -> bool:
        """Return whether a request of this uid has no outcome yet."""
        return uid in self._unanswered or any(
            request.uid == uid and not request.settled for request in self._waiting
        )

    def answered(self, uid: str | None) -> bool:
        """Record an answer; return whether a request was waiting for it."""
        request = self._unanswered.pop(uid, None) if uid is not None else None
        if request is None:
            return False
        request.settled = True
        return True

    def is_suspect(self, uid: str | None) -> bool:
        """Return whether a refusal of this request may be due to an expired token alone."""
        request = self._unanswered.get(uid) if uid is not None else None
        return request is not None and request.period != self._auth.period

    def resend(self, uid: str) -> FailedRequest | None:
        """Put a suspect read back in front; return the failure of a write."""
        request = self._unanswered.pop(uid)
        if not request.repeatable:
            message = f"The token expired while the {request.what} was under way."
            return self._fail(request, ServerError("TOKEN_EXPIRED", message))
        self._waiting.appendleft(request)
        return None

    def connection_lost(self) -> list[FailedRequest]:
        """Put the unanswered reads back in front; return the writes, whose fate is unknown."""
        unanswered, self._unanswered = list(self._unanswered.values()), {}
        self._waiting.extendleft(r for r in reversed(unanswered) if r.repeatable)
        return [
            self._fail(request, DeliveryUnknown(request.what))
            for request in unanswered
            if not request.repeatable
        ]

    def give_up(self, error: DirectusError) -> list[FailedRequest]:
        """Drop everything: what was not written fails with ``error``."""
        failures = self.connection_lost()
        while (request := self.take()) is not None:
            if request.uid is not None:
                failures.append(self._fail(request, error))
        return failures

    def deadline(self) -> float | None:
        """Return the earliest time at which a request has waited long enough, or None."""
        while self._expiries and self._expiries[0][2].settled:
            heappop(self._expiries)
        return self._expiries[0][0] if self._expiries else None

    def expire(self, now: float) -> list[FailedRequest]:
        """Settle the requests that have waited long enough, and return them."""
        failures: list[FailedRequest] = []
        while (due := self.deadline()) is not None and due <= now:
            request = heappop(self._expiries)[2]
            sent = self._unanswered.pop(request.uid or "", None) is not None
            error: DirectusError = ReplyTimeout(request.what, request.timeout or 0.0, sent)
            if sent and not request.repeatable and self._unanswered_items.has_errors:
                error = DeliveryUnknown(request.what, "Directus refused a request, naming none")
            failures.append(self._fail(request, error))
        return failures

    def _watch(self, request: PendingRequest) -> None:
        """Remember when ``request`` expires; twice does no harm, it is settled only once."""
        if request.uid is not None and request.expires is not None:
            self._count += 1
            heappush(self._expiries, (request.expires, self._count, request))

    @staticmethod
    def _fail(request: PendingRequest, error: DirectusError) -> FailedRequest:
        request.settled = True
        return request.uid or "", error


def _content(message: dict[str, Any] | str) -> dict[str, Any]:
    """Return a message's fields; nothing for a text that is no JSON object."""
    if isinstance(message, dict):
        return message
    try:
        content = codec.decode(message)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
