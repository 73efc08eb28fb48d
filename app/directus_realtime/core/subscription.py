"""Subscriptions as the core sees them: where each stands, and what waits to be read.

A :class:`Feed` is the bounded buffer behind one subscription; :class:`Subscriptions` brings all
of them through the phases below on every new connection.

Pure: the driver is told that there is something to read, and takes it from the feed.
"""

from collections import deque
from collections.abc import Callable, Iterable
from enum import Enum
from typing import Any

from ..errors import DirectusError, ReplyTimeout, ServerError, SubscriptionOverflow, UsageError
from . import messages
from .events import Event, FeedReady, MessageReceived, Warned
from .query import query_to_params
from .recovery import Recovery

GRACE = 0.5
"""Seconds for which a row of the first catching up waits for its own event, which may be late."""


class SubscriptionMessage(dict[str, Any]):
    """A subscription message, as Directus sent it.

    Attributes:
        keys_of_data: the primary keys of the rows in ``data``, where recovery asked for them;
            they are not among the fields that the subscriber named.
    """

    keys_of_data: tuple[Any, ...] = ()


class Phase(Enum):
    """Where a subscription stands on the current connection."""

    AWAY = "away"  # nothing sent yet on this connection
    MARKING = "marking"  # asked which rows exist already
    SUBSCRIBING = "subscribing"  # asked for events; no init yet
    CATCHING_UP = "catching up"  # events come; what was missed is being read
    LIVE = "live"
    ENDED = "ended"


class Feed:
    """What one subscription wants, where it stands, and its bounded buffer.

    Args:
        uid: its uid, the same on every connection.
        collection: the collection's name.
        event: ``create``, ``update``, ``delete``, or None for all.
        query: the query, in Directus' words, or None.
        recovery: how missed rows are found, or None for the plain subscription.
        limit: how many messages may wait to be read.
    """

    def __init__(
        self,
        uid: str,
        collection: str,
        *,
        event: str | None,
        query: dict[str, Any] | None,
        recovery: Recovery | None,
        limit: int,
    ) -> None:
        self.uid = uid
        self.collection = collection
        self.phase = Phase.AWAY
        self.was_live = False  # whether Directus has accepted it, on any connection
        self.was_caught_up = False  # whether it has caught up, on any connection
        self.recovery = recovery
        self.held: dict[Any, SubscriptionMessage] = {}  # rows that wait for their event, by key
        self.held_until = 0.0
        self._event = event
        self._query = query
        self._limit = limit
        self._buffer: deque[SubscriptionMessage | DirectusError] = deque()
        self._missed = 0  # how many of them are rows that were missed

    def request(self) -> dict[str, Any]:
        """Return the message that subscribes."""
        query = self._query
        if query is not None:
            if self.recovery is not None and query.get("fields"):
                query = {**query, "fields": self.recovery.fields()}
            query = query_to_params(query)
        return messages.subscribe(self.collection, self.uid, event=self._event, query=query)

    def accept(
        self, message: dict[str, Any]
    ) -> tuple[SubscriptionMessage, bool, list[SubscriptionMessage]]:
        """Return the message to show, whether anything of it is new, and the rows it overtakes.

        They are those that were created before and still wait for their own event.
        """
        rows = message.get("data")
        recovery = self.recovery
        if recovery is None or message.get("event") != "create" or not isinstance(rows, list):
            return SubscriptionMessage(message), True, []
        rows = [row for row in rows if isinstance(row, dict)]
        new = [row for row in rows if recovery.accept(row) or row.get(recovery.key) in self.held]
        overtaken = self._overtaken([row.get(recovery.key) for row in new])
        return self._deliverable(message, new or rows, recovery), bool(new) or not rows, overtaken

    def recovered(self, rows: list[dict[str, Any]]) -> list[SubscriptionMessage]:
        """Return the messages to deliver for a page of rows that were caught up."""
        recovery = self.recovery
        assert recovery is not None
        return [
            self._deliverable(
                {"type": "subscription", "event": "create", "data": [], "uid": self.uid},
                [row],
                recovery,
                recovered=True,
            )
            for row in recovery.accept_page(rows)
        ]

    def _overtaken(self, keys: list[Any]) -> list[SubscriptionMessage]:
        """Take out the held rows with `keys`, and those before them: all, where none is held."""
        before = []
        for key in list(self.held) if keys else []:
            if key in keys:
                break
            before.append(self.held.pop(key))
        for key in keys:
            self.held.pop(key, None)
        return before

    def push(self, item: SubscriptionMessage | DirectusError) -> bool:
        """Put a message, or an error to raise, where the consumer will read it.

        Returns False, and takes nothing, where the buffer is full. Missed rows are always taken:
        there is one page of them at most, since the next waits for :attr:`has_room`.
        """
        missed = _is_missed(item)
        if not missed and len(self._buffer) - self._missed >= self._limit:
            return False
        self._missed += missed
        self._buffer.append(item)
        return True

    def overflow(self) -> None:
        """Let the consumer know, after what it can still read, that there was more."""
        self._buffer.append(SubscriptionOverflow(self._limit))

    @property
    def has_room(self) -> bool:
        """Whether the next page of missed rows may come: once those of the last were read."""
        return not self._missed

    @property
    def ended(self) -> bool:
        """Whether nothing more will come."""
        return self.phase is Phase.ENDED

    @property
    def buffered(self) -> int:
        """How many messages wait to be read."""
        return len(self._buffer)

    def pop(self) -> SubscriptionMessage | DirectusError | None:
        """Return what comes next, or None if nothing is here."""
        item = self._buffer.popleft() if self._buffer else None
        self._missed -= _is_missed(item)
        return item

    @staticmethod
    def _deliverable(
        message: dict[str, Any],
        rows: list[dict[str, Any]],
        recovery: Recovery,
        **marks: bool,
    ) -> SubscriptionMessage:
        stripped = [recovery.strip(row) for row in rows]
        result = SubscriptionMessage({**message, "data": stripped, **marks})
        result.keys_of_data = tuple(row.get(recovery.key) for row in rows)
        return result


def _is_missed(item: SubscriptionMessage | DirectusError | None) -> bool:
    return isinstance(item, SubscriptionMessage) and "recovered" in item


class Subscriptions:
    """All subscriptions of a client, and how they are begun again on every connection.

    Args:
        send: writes a message to the open connection.
        emit: reports an event.
        new_uid: makes a uid for a read of recovery's own.
        timeout: seconds in which Directus must answer a subscribe or such a read.
    """

    def __init__(
        self,
        *,
        send: Callable[[dict[str, Any]], None],
        emit: Callable[[Event], None],
        new_uid: Callable[[], str],
        timeout: float,
    ) -> None:
        self._send = send
        self._emit = emit
        self._new_uid = new_uid
        self._timeout = timeout
        self._feeds: dict[str, Feed] = {}
        self._leaving: set[str] = set()  # unsubscribed before their init came
        self._waits: dict[str, float] = {}  # subscribes without an init yet, by uid
        self._reads: dict[str, tuple[Feed, float]] = {}  # recovery's own, by uid
        self._paused: set[str] = set()  # those whose next page waits for their consumer
        self._expired = False  # whether the connection has the public's rights only
        self._doubted: set[str] = set()  # subscribes that the token's expiry met on their way
        self._repeated: set[str] = set()  # those of them that were sent again, or will be
        self._excused_until = 0.0  # refusals of events until then may be due to the expiry
        self._goodbyes: list[str] = []  # unsubscribes that wait for a token
        self.recovered = 0  # rows that were missed and read afterwards

    @property
    def buffered(self) -> int:
        """How many messages wait to be read."""
        return sum(feed.buffered for feed in self._feeds.values())

    def add(self, feed: Feed) -> None:
        """Take a subscription on.

        Raises:
            UsageError: there is one of this uid already.
        """
        if feed.uid in self._feeds:
            raise UsageError(f'A subscription has the uid "{feed.uid}" already: leave `uid` out.')
        if feed.collection in messages.SILENT_COLLECTIONS:
            self._emit(
                Warned(
                    f'Directus sends no events of "{feed.collection}": this subscription will get '
                    "its init and nothing after it. Read the collection now and then instead."
                )
            )
        self._feeds[feed.uid] = feed

    def knows(self, uid: str) -> bool:
        """Return whether a subscription has this uid."""
        return uid in self._feeds

    def remove(self, feed: Feed) -> None:
        """Let a subscription go, on the server too if it is known there."""
        if self._feeds.get(feed.uid) is not feed:
            return
        self._release(feed)
        if feed.phase is Phase.SUBSCRIBING:
            self._leaving.add(feed.uid)  # Directus forgets an unsubscribe that overtakes its init
        elif feed.phase in (Phase.CATCHING_UP, Phase.LIVE):
            self._say_goodbye(feed.uid)
        self._drop(feed)
        self._emit(FeedReady(feed.uid))

    def connection_opened(self, now: float) -> None:
        """Begin every subscription on a new connection."""
        for feed in list(self._feeds.values()):
            self.start(feed, now)

    def connection_lost(self) -> None:
        """Forget what was under way; the subscriptions themselves stay."""
        self._expired = False
        self._excused_until = 0.0
        self._doubted.clear()
        self._repeated.clear()
        self._goodbyes.clear()
        self._leaving.clear()
        self._waits.clear()
        self._reads.clear()
        self._paused.clear()
        for feed in self._feeds.values():
            feed.phase = Phase.AWAY
            self._release(feed)

    def token_expired(self) -> None:
        """Take that events and answers are the public's from here on, or errors."""
        self._expired = True
        self._doubted = set(self._waits)
        self._reads.clear()  # their answers count for nothing: the public may see other rows

    def token_renewed(self, now: float) -> None:
        """Make up for what was not sent meanwhile; errors may still be on their way."""
        self._expired = False
        self._excused_until = now + self._timeout
        for uid in self._goodbyes:
            self._send(messages.unsubscribe(uid))
        self._goodbyes.clear()
        for feed in list(self._feeds.values()):
            if feed.phase in (Phase.CATCHING_UP, Phase.LIVE) and feed.recovery is not None:
                feed.recovery.begin_pages()
                feed.phase = Phase.CATCHING_UP
                self._read_page(feed, feed.recovery, now)
            elif feed.phase in (Phase.AWAY, Phase.MARKING):
                self.start(feed, now)

    def start(self, feed: Feed, now: float) -> None:
        """Ask for which rows there are already, where that must be known, else for events."""
        if feed.recovery is not None and feed.recovery.needs_mark:
            feed.phase = Phase.MARKING
            self._read(feed, feed.recovery, now)
            return
        if feed.recovery is not None:
            feed.recovery.begin_pages()
        feed.phase = Phase.SUBSCRIBING
        self._waits[feed.uid] = now + self._timeout
        self._send(feed.request())

    def take(self, message: dict[str, Any], error: tuple[str, str] | None, now: float) -> bool:
        """Take a message if it is a subscription's; return whether it was."""
        kind, uid = message.get("type"), message.get("uid")
        if isinstance(uid, str) and uid in self._reads:
            feed, _ = self._reads.pop(uid)
            self._take_read(feed, message, error, now)
            return True
        if kind == "subscribe" and error is not None:
            self._emit(MessageReceived(message))
            if not self._excuse(uid, error[0], now):
                self._fail(self._blamed(uid), ServerError(*error))
            return True
        if kind != "subscription":
            return False
        if isinstance(uid, str) and uid in self._leaving:
            self._leaving.discard(uid)
            self._say_goodbye(uid)
        subscribed = self._feeds.get(uid) if isinstance(uid, str) else None
        if subscribed is None:
            return False
        if uid in self._doubted and message.get("event") == "init":
            self._begin_again(subscribed, now)
        elif not self._expired or subscribed.recovery is None:
            self._take_message(subscribed, message, now)
        return True

    def resume(self, feed: Feed, now: float) -> bool:
        """Go on catching up if that waited for the consumer; return whether it did."""
        if feed.uid not in self._paused or self._expired:
            return False
        assert feed.recovery is not None
        self._read_page(feed, feed.recovery, now)
        return feed.uid not in self._paused

    def fail_all(self, error: DirectusError) -> None:
        """Raise ``error`` in every consumer."""
        for feed in list(self._feeds.values()):
            self._push(feed, error)

    def deadline(self) -> float | None:
        """Return the time at which something has waited long enough, or None."""
        reads = [due for _, due in self._reads.values()]
        held = [feed.held_until for feed in self._feeds.values() if feed.held]
        return min([*self._waits.values(), *reads, *held], default=None)

    def tick(self, now: float) -> bool:
        """Give up what has waited long enough; return whether the connection is of no more use.

        It is where Directus is silent on what it has answered before. On a first subscribe it may
        have its reasons, and the consumer is told.
        """
        for feed in list(self._feeds.values()):
            if feed.held and feed.held_until <= now:
                self._release(feed)
        overdue = [self._feeds[uid] for uid, due in self._waits.items() if due <= now]
        for feed in overdue:
            if not feed.was_live:
                self._fail(feed.uid, ReplyTimeout("subscription", self._timeout, sent=True))
        late = any(due <= now for _, due in self._reads.values())
        return late or any(feed.was_live for feed in overdue)

    def _take_message(self, feed: Feed, message: dict[str, Any], now: float) -> None:
        accepted, is_new, overtaken = feed.accept(message)
        self._emit(MessageReceived(accepted))
        if not is_new:
            return
        self._push_missed(feed, overtaken)
        if message.get("event") == "init" and feed.phase is Phase.SUBSCRIBING:
            self._waits.pop(feed.uid, None)
            feed.was_live = True
            feed.phase = Phase.LIVE if feed.recovery is None else Phase.CATCHING_UP
            self._push(feed, accepted)
            if feed.recovery is not None and not feed.ended:
                self._read_page(feed, feed.recovery, now)
        else:
            self._push(feed, accepted)

    def _begin_again(self, feed: Feed, now: float) -> None:
        """Subscribe once more, as soon as there is a token."""
        self._doubted.discard(feed.uid)
        self._repeated.add(feed.uid)
        self._waits.pop(feed.uid, None)
        feed.phase = Phase.AWAY
        if not self._expired:
            self.start(feed, now)

    def _excuse(self, uid: Any, code: str, now: float) -> bool:
        """Return whether an error is no more than what an expired token brings."""
        feed = self._feeds.get(uid) if isinstance(uid, str) else None
        if code != "FORBIDDEN" or feed is None:
            return False
        if uid in self._doubted:
            self._begin_again(feed, now)
            return True
        accepted = feed.was_live or uid in self._repeated
        return accepted and (self._expired or now < self._excused_until)

    def _say_goodbye(self, uid: str) -> None:
        if self._expired:
            self._goodbyes.append(uid)
        else:
            self._send(messages.unsubscribe(uid))

    def _read_page(self, feed: Feed, recovery: Recovery, now: float) -> None:
        """Read the next page of missed rows, as soon as the consumer has made room for it."""
        if feed.has_room:
            self._paused.discard(feed.uid)
            self._read(feed, recovery, now)
        else:
            self._paused.add(feed.uid)

    def _read(self, feed: Feed, recovery: Recovery, now: float) -> None:
        marking = feed.phase is Phase.MARKING
        query = recovery.mark_query() if marking else recovery.page_query()
        uid = self._new_uid()
        self._reads[uid] = (feed, now + self._timeout)
        self._send(messages.items("read", feed.collection, query=query, uid=uid))

    def _take_read(
        self, feed: Feed, message: dict[str, Any], error: tuple[str, str] | None, now: float
    ) -> None:
        recovery, rows = feed.recovery, message.get("data")
        assert recovery is not None
        if error is not None and recovery.relax(error[0]):
            self._read(feed, recovery, now)
        elif error is not None:
            self._go_plain(feed, str(ServerError(*error)), now)
        elif not isinstance(rows, list):
            self._go_plain(feed, "the answer holds no list of rows", now)
        elif feed.phase is Phase.MARKING:
            recovery.accept_mark(rows)
            self.start(feed, now)
        else:
            self._take_page(feed, recovery, rows, now)

    def _take_page(
        self, feed: Feed, recovery: Recovery, rows: list[dict[str, Any]], now: float
    ) -> None:
        found = {message.keys_of_data[0]: message for message in feed.recovered(rows)}
        is_last = recovery.is_last(rows)
        feed.held.update(found)
        feed.held_until = now + GRACE
        if feed.was_caught_up or not is_last:
            self._release(feed)
        if is_last:
            feed.was_caught_up = True
            feed.phase = Phase.LIVE
        else:
            self._read_page(feed, recovery, now)

    def _release(self, feed: Feed) -> None:
        """Deliver the rows whose events have not come: they were missed."""
        held, feed.held = feed.held, {}
        self._push_missed(feed, held.values())

    def _push_missed(self, feed: Feed, rows: Iterable[SubscriptionMessage]) -> None:
        for row in rows:
            self.recovered += 1
            self._push(feed, row)

    def _go_plain(self, feed: Feed, why: str, now: float) -> None:
        """Fall back to the plain subscription, and say so once."""
        assert feed.recovery is not None
        self._release(feed)
        field, feed.recovery = feed.recovery.field, None
        self._emit(
            Warned(
                f'What is created in "{feed.collection}" while the connection is down will be '
                f'missed, since its rows cannot be read by "{field}": {why} Let the policy read '
                "that field, or name another one with `recover`."
            )
        )
        if feed.phase is Phase.MARKING:
            self.start(feed, now)
        else:
            feed.phase = Phase.LIVE

    def _blamed(self, uid: Any) -> Any:
        """Return whose an error is: Directus names no uid where a subscribe had a bad form."""
        return next(iter(self._waits)) if uid is None and len(self._waits) == 1 else uid

    def _push(self, feed: Feed, item: SubscriptionMessage | DirectusError) -> None:
        if feed.ended:
            return
        if not feed.push(item):
            self.remove(feed)
            feed.overflow()
        self._emit(FeedReady(feed.uid))

    def _fail(self, uid: Any, error: DirectusError) -> None:
        """Raise an error in its consumer; one that comes before the init ends it."""
        feed = self._feeds.get(uid) if isinstance(uid, str) else None
        if feed is not None:
            self._push(feed, error)
            if feed.phase is Phase.SUBSCRIBING:
                self._drop(feed)

    def _drop(self, feed: Feed) -> None:
        self._feeds.pop(feed.uid, None)
        self._waits.pop(feed.uid, None)
        self._doubted.discard(feed.uid)
        self._paused.discard(feed.uid)
        for uid in [uid for uid, (owner, _) in self._reads.items() if owner is feed]:
            del self._reads[uid]
        feed.phase = Phase.ENDED
