"""Requests: what waits for the connection, and what is written and not answered.

A message that is sent while the connection is down waits here, in order and within a bound.
When the connection is lost, a read that was written and not answered goes back to the front of
the queue; a create, update or delete never does, since Directus may have done it already.
"""

from collections import deque
from heapq import heapify, heappop, heappush
from typing import Any, Literal

from ..errors import (
    DeliveryUnknown,
    DirectusError,
    NotSent,
    OutboxFull,
    ReplyTimeout,
    ServerError,
)
from ..types import InspectedRequest
from . import codec
from .auth import AuthState
from .messages import Frame
from .unanswered import Unanswered

FailedRequest = tuple[str, DirectusError]
"""The uid of a request and why it has no result."""


_MOST_LOSSES = 4
"""How many connections may be lost over one read before it is given up."""


_FEW_EXPIRIES = 1000
"""Up to so many times of expiry are kept, whether their requests are settled or not."""


class PendingRequest:
    """A message that waits for the connection, or is written and not answered.

    Attributes:
        text: the frame.
        uid: the request's, or None where nobody waits for an answer.
        what: what it is called in an error.
        repeatable: whether it may be sent twice.
        timeout: how many seconds its answer may take after it was written, None for ever.
        queue_timeout: how many seconds it may wait for the connection, None for ever.
        expires: the time at which it has waited long enough, None for never.
        is_own: whether it is the core's own, such as a ping.
        losses: how often the connection was lost before it was answered.
        settled: whether it has a result or an error.
        period: the auth state's period in which it was written last.
        is_items: whether its answer is of type ``items``.
        is_read: whether such a message changes nothing.
        items_uid: the uid of such a message, also where nobody waits for its answer.
    """

    __slots__ = (
        "expires",
        "is_items",
        "is_own",
        "is_read",
        "items_uid",
        "losses",
        "period",
        "queue_timeout",
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
        queue_timeout: float | None = None,
        is_own: bool = False,
    ) -> None:
        self.text = message if isinstance(message, str) else codec.encode(message)
        self.uid = uid
        self.what = what
        self.repeatable = repeatable
        self.timeout = timeout
        self.queue_timeout = queue_timeout
        self.expires: float | None = None
        self.is_own = is_own
        self.losses = 0
        self.settled = False
        self.period = 0
        content = _content(message)
        self.is_items = content.get("type") == "items"
        self.is_read = self.is_items and content.get("action") == "read"
        given = content.get("uid")
        self.items_uid = given if isinstance(given, str) else None


class Requests:
    """The queue of waiting messages and the table of unanswered requests.

    Args:
        limit: how many messages may wait for the connection.
        auth: knows in which period of a token a request is written.
        unanswered: follows the items messages of the connection.
    """

    def __init__(self, limit: int, auth: AuthState, unanswered: Unanswered) -> None:
        self._limit = limit
        self._auth = auth
        self._unanswered_items = unanswered
        self._waiting: deque[PendingRequest] = deque()
        self._unanswered: dict[str, PendingRequest] = {}
        self._expiries: list[tuple[float, int, PendingRequest]] = []  # a heap
        self._most_expiries = _FEW_EXPIRIES  # beyond it, what is stale is dropped
        self._count = 0
        self._recent: deque[PendingRequest] = deque(maxlen=limit)  # written on this connection

    @property
    def waiting(self) -> int:
        """How many messages wait for the connection."""
        return sum(not request.settled for request in self._waiting)

    @property
    def pending(self) -> int:
        """How many requests have no result or error yet."""
        waiting = sum(r.uid is not None and not r.settled for r in self._waiting)
        return waiting + len(self._unanswered)

    def inspect(self, now: float) -> list[InspectedRequest]:
        """Return what waits, in its order: for an answer first, then for the connection."""
        answers = [_inspected(r, "answer", now) for r in self._unanswered.values()]
        waiting = [r for r in self._waiting if not r.settled]
        return answers + [_inspected(r, "connection", now) for r in waiting]

    def hold(self, request: PendingRequest, now: float) -> None:
        """Keep ``request`` until there is a connection.

        Raises:
            OutboxFull: as many messages as may wait do so already.
        """
        if len(self._waiting) >= self._limit:
            self._waiting = deque(each for each in self._waiting if not each.settled)
        if len(self._waiting) >= self._limit:
            raise OutboxFull(self._limit)
        self._waiting.append(request)
        self._expire_in(request, request.queue_timeout, now)

    def written(self, request: PendingRequest, now: float) -> None:
        """Record that ``request`` was written; an answer is expected if it has a uid."""
        self._recent.append(request)
        if request.is_items:
            self._unanswered_items.written(request.items_uid)
        if request.uid is not None:
            request.period = self._auth.period
            self._unanswered[request.uid] = request
            self._expire_in(request, request.timeout, now)

    def take(self) -> PendingRequest | None:
        """Return the next message to write, or None."""
        while self._waiting:
            request = self._waiting.popleft()
            if not request.settled:
                return request
        return None

    def awaits(self, uid: str) -> bool:
        """Return whether a request of this uid is not settled yet."""
        return uid in self._unanswered or any(
            request.uid == uid and not request.settled for request in self._waiting
        )

    def answered(self, uid: str, frame: Frame) -> bool:
        """Record an answer; return whether a request was waiting for it.

        A message of another type is none, such as that of an extension; an error may be of any.
        """
        request = self._unanswered.get(uid)
        if request is None or (request.is_items and not frame.error and frame.kind != "items"):
            return False
        del self._unanswered[uid]
        request.settled = True
        return True

    def is_suspect(self, uid: str | None) -> bool:
        """Return whether a refusal of this request may be due to an expired token alone."""
        request = self._unanswered.get(uid) if uid is not None else None
        return request is not None and request.period != self._auth.period

    def resend(self, uid: str) -> FailedRequest | None:
        """Put a suspect read back to the front of the queue; return the failure of a write."""
        request = self._unanswered.pop(uid)
        if not request.repeatable:
            message = f"The token expired while the {request.what} was under way."
            return self._fail(request, ServerError("TOKEN_EXPIRED", message))
        self._waiting.appendleft(request)
        return None

    def forget(self, uid: str) -> None:
        """Drop a request that nobody waits for any more, if it is not written yet."""
        for request in self._waiting:
            request.settled = request.settled or request.uid == uid

    def connection_lost(self, now: float, unsent: int = 0) -> list[FailedRequest]:
        """Put back to the front what may be sent again; return writes whose result is unknown.

        Args:
            now: the time.
            unsent: how many of the frames written last never reached the socket.
        """
        again = self._never_sent(unsent)
        unanswered, self._unanswered = self._unanswered, {}
        never = set(map(id, again))
        unknown = [r for r in unanswered.values() if id(r) not in never]
        for request in unknown:
            request.losses += 1
        again += [r for r in unknown if _may_repeat(r)]
        for request in again:
            self._expire_in(request, request.queue_timeout, now)
        self._waiting.extendleft(reversed(again))
        return [
            self._fail(request, DeliveryUnknown(request.what, is_read=request.is_read))
            for request in unknown
            if not _may_repeat(request)
        ]

    def _never_sent(self, unsent: int) -> list[PendingRequest]:
        """Return the program's messages among the last ``unsent`` frames, in their order."""
        last = list(self._recent)[-unsent:] if unsent else []
        self._recent.clear()
        return [r for r in last if not r.is_own and not r.settled]

    def give_up(
        self, now: float, error: DirectusError | None, unsent: int = 0
    ) -> list[FailedRequest]:
        """Drop everything: what was not written fails with ``error``, or NotSent if None."""
        failures = self.connection_lost(now, unsent)
        while (request := self.take()) is not None:
            if request.uid is not None:
                dropped = NotSent(request.what, "The client was disconnected")
                failures.append(self._fail(request, error or dropped))
        return failures

    def deadline(self) -> float | None:
        """Return the earliest time at which a request has waited long enough, or None."""
        while self._expiries and self._is_stale(*self._expiries[0]):
            heappop(self._expiries)
        return self._expiries[0][0] if self._expiries else None

    def expire(self, now: float) -> list[FailedRequest]:
        """Settle the requests that have waited long enough, and return them."""
        failures: list[FailedRequest] = []
        while (due := self.deadline()) is not None and due <= now:
            request = heappop(self._expiries)[2]
            was_written = self._unanswered.pop(request.uid or "", None) is not None
            error = self._timeout_error(request, was_written)
            failures.append(self._fail(request, error))
        return failures

    def _timeout_error(self, request: PendingRequest, was_written: bool) -> DirectusError:
        if not was_written:
            seconds = request.queue_timeout or 0.0
            return NotSent(request.what, f"There was no connection for {seconds:g} s")
        if not request.repeatable and self._unanswered_items.has_errors:
            reason = "Directus refused a request, naming none"
            return DeliveryUnknown(request.what, reason, is_read=request.is_read)
        return ReplyTimeout(request.what, request.timeout or 0.0)

    def _expire_in(self, request: PendingRequest, seconds: float | None, now: float) -> None:
        """Let ``request`` expire in ``seconds`` from now, in place of an earlier time."""
        request.expires = None if seconds is None or request.uid is None else now + seconds
        if request.expires is not None:
            self._count += 1
            heappush(self._expiries, (request.expires, self._count, request))
            if len(self._expiries) > self._most_expiries:
                self._drop_stale()

    def _drop_stale(self) -> None:
        """Drop what is settled and expires late, as with a long timeout."""
        self._expiries = [each for each in self._expiries if not self._is_stale(*each)]
        heapify(self._expiries)
        self._most_expiries = max(_FEW_EXPIRIES, 2 * len(self._expiries))

    @staticmethod
    def _is_stale(expires: float, _count: int, request: PendingRequest) -> bool:
        return request.settled or request.expires != expires

    @staticmethod
    def _fail(request: PendingRequest, error: DirectusError) -> FailedRequest:
        request.settled = True
        return request.uid or "", error


def _may_repeat(request: PendingRequest) -> bool:
    """Return whether to send a request again: a read, unless its answer may be what is fatal."""
    return request.repeatable and request.losses < _MOST_LOSSES


def _inspected(
    request: PendingRequest, waits_for: Literal["connection", "answer"], now: float
) -> InspectedRequest:
    return {
        "uid": request.uid or request.items_uid,
        "what": request.what,
        "waits_for": waits_for,
        "expires_in": None if request.expires is None else request.expires - now,
    }


def _content(message: dict[str, Any] | str) -> dict[str, Any]:
    """Return a message's fields; nothing for a text that is no JSON object."""
    if isinstance(message, dict):
        return message
    try:
        content = codec.decode(message)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
