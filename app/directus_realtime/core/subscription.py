"""One subscription: its state, its deadlines, its buffer.

The state changes only by the table in ``states``, in ``SubscriptionProtocol._become``, which logs.
Nothing outside this file writes a subscription's fields.
"""

import logging
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from ..errors import DirectusError, NotSent, ReplyTimeout, ServerError
from ..types import Freshness, InspectedSubscription, Query
from . import messages
from .auth import AuthState
from .backoff import retry_delay
from .buffer import Buffer, Item
from .catch_up import CatchUp, RowCatchUp
from .events import Event, MessageReceived, Readable, Warned
from .heartbeat import Heartbeat
from .messages import Failure, Frame, SubscriptionMessage
from .own_reads import OwnReads
from .query import query_to_params
from .recovery import Recovery, UnusableRows
from .states import SUBSCRIPTION_TRANSITIONS, SubscriptionCause, SubscriptionState

log = logging.getLogger("directus")


_EVENTS = ("create", "update", "delete")
_ENDED = (SubscriptionState.LEAVING, SubscriptionState.ENDED)


class Connection(NamedTuple):
    """What a subscription uses of the connection that it shares.

    Attributes:
        send: writes a message.
        reads: sends the subscription's own reads.
        heartbeat: knows when the last frame came.
        check_life: sends a ping, unless one is unanswered.
        emit: reports an event.
        freshness_changes: records that the subscription's freshness may have changed.
        new_uid: makes a uid for a read of the subscription's own.
        next_number: returns the number of the next subscription.
        auth: knows whether the token has expired.
        timeout: seconds in which Directus must answer a subscribe or a read.
        random: returns numbers from 0 to 1, for the backoff.
    """

    send: Callable[[dict[str, Any]], None]
    reads: OwnReads
    heartbeat: Heartbeat
    check_life: Callable[[float], None]
    emit: Callable[[Event], None]
    freshness_changes: Callable[[], None]
    new_uid: Callable[[], str]
    next_number: Callable[[], int]
    auth: AuthState
    timeout: float
    random: Callable[[], float]


class SubscriptionProtocol:
    """One subscription, on every connection of its client.

    Attributes:
        number: its number, which no other one has; a uid may be used again.
        uid: its uid, the same on every connection.
        collection: the collection's name.
        state: its state.
        was_live: whether Directus has accepted it, on any connection.
        recovered: how many rows were missed and read afterwards.
        successor: the subscription that takes over the uid when this one has left, or None.
        quiet: whether its messages are kept from the handlers of ``message``.
        is_unanswered: whether it has ended before its subscribe was answered.
        is_held: whether Directus has it with the public's rights, and it is subscribed again.

    Args:
        connection: what it shares with the others.
        uid: its uid.
        collection: the collection's name.
        event: ``create``, ``update``, ``delete``, or None for all.
        query: the query, in Directus' words, or None.
        recovery: how missed rows are found, or None for the plain subscription.
        limit: how many messages may wait to be read.
        queue_timeout: seconds for which it may wait for the connection until it was live once;
            None for ever.
        quiet: whether to keep its messages from the handlers of ``message``.
    """

    def __init__(
        self,
        connection: Connection,
        uid: str,
        collection: str,
        *,
        event: str | None,
        query: Query | None,
        recovery: Recovery | None,
        limit: int,
        queue_timeout: float | None,
        quiet: bool,
    ) -> None:
        self.number = connection.next_number()
        self._readable = Readable(self.number, ended=False)  # one for all messages
        self.uid = uid
        self.collection = collection
        self.state = SubscriptionState.AWAY
        self.was_live = False
        self.recovered = 0
        self.successor: SubscriptionProtocol | None = None
        self.quiet = quiet
        self.is_unanswered = self.is_held = False
        self._connection = connection
        self._event = event
        self._query = query
        self._catch_up = CatchUp() if recovery is None else RowCatchUp(uid, recovery)
        self._buffer = Buffer(limit)
        self._queue_timeout = queue_timeout
        self._give_up_at: float | None = None  # if it was never live
        self._due: float | None = None  # time of the retry, or end of the wait for an answer
        self._read_uid: str | None = None  # of a read of its own that is unanswered
        self._read_at = 0.0
        self._silent_reads = 0  # in a row
        self._subscribed_at = 0.0
        self._suspected: Failure | None = None
        self._is_paused = False  # whether the next page waits for the consumer
        self._period = 0  # the auth state's period in which its subscribe was written
        self._was_resent = False  # whether its subscribe was answered without a token
        self._may_have_missed = False  # which a plain subscription does not make up for
        self._refusals = 0  # in a row
        self._has_warned = False  # of events that could not be shown
        self._awaits_init = False  # whether the unsubscribe waits for the init
        self._owes_unsubscribe = False  # whether it waits for a token

    # What its consumer and its owner ask

    @property
    def ended(self) -> bool:
        """Whether nothing more will come than what is buffered."""
        return self.state in _ENDED

    @property
    def awaits_init(self) -> bool:
        """Whether its subscribe is sent and not answered."""
        return self.state is SubscriptionState.SUBSCRIBING or self._awaits_init

    @property
    def is_registered(self) -> bool:
        """Whether Directus knows it on this connection, and may send its events."""
        return self.state in (
            SubscriptionState.CATCHING_UP,
            SubscriptionState.LIVE,
            SubscriptionState.SUSPENDED,
        )

    @property
    def is_paused(self) -> bool:
        """Whether it waits for its consumer before it reads more missed rows."""
        return self._is_paused

    @property
    def buffered(self) -> int:
        """How many messages wait to be read."""
        return len(self._buffer)

    @property
    def freshness(self) -> Freshness:
        """Whether its consumer has got everything that there is.

        It is live only after a read that began after the last init. A plain subscription reads
        nothing: after a reconnect it stays stale, since rows may be missing.
        """
        if not self.was_live:
            return "loading"
        if self.state is SubscriptionState.LIVE and self._catch_up.held_until is None:
            return "live" if self.is_recovering or not self._may_have_missed else "stale"
        if self.state in (SubscriptionState.CATCHING_UP, SubscriptionState.LIVE):
            return "catching up"
        return "stale"

    @property
    def is_recovering(self) -> bool:
        """Whether missed rows are read."""
        return isinstance(self._catch_up, RowCatchUp)

    @property
    def remembered(self) -> int:
        """How many keys are remembered to deliver each row once."""
        return self._catch_up.recovery.remembered if isinstance(self._catch_up, RowCatchUp) else 0

    def inspect(self) -> InspectedSubscription:
        """Return what there is to see of it."""
        mark = self._catch_up.recovery.mark if isinstance(self._catch_up, RowCatchUp) else None
        return {
            "uid": self.uid,
            "collection": self.collection,
            "event": self._event,
            "state": self.state.value,
            "freshness": self.freshness,
            "mark": mark,
            "recovered": self.recovered,
            "buffered": self.buffered,
        }

    def pop(self) -> Item | None:
        """Return the next message or error, or None if there is none."""
        return self._buffer.pop()

    def awaits(self, uid: str) -> bool:
        """Return whether a read of its own has this uid."""
        return self._read_uid == uid

    def deadline(self) -> float | None:
        """Return the earliest time at which ``tick`` must be called, or None."""
        times = (self._due, self._catch_up.held_until)
        return min([due for due in times if due is not None], default=None)

    # What happens to the connection

    def begin(self, now: float) -> None:
        """Read the newest rows, where they must be known, else subscribe; only if AWAY."""
        if self.state is not SubscriptionState.AWAY:
            return
        self._due = None
        query = self._catch_up.mark_query()
        if query is None:
            self._subscribe(now)
        else:
            self._become(SubscriptionCause.MARK)
            self._read(query, now)

    def wait(self, now: float) -> None:
        """Wait for the connection, or for the uid to be free; not for ever until it was live."""
        if self.was_live or self._queue_timeout is None:
            return
        if self._give_up_at is None:
            self._give_up_at = now + self._queue_timeout
        self._due = self._give_up_at

    def connection_lost(self, now: float) -> None:
        """Reset what was under way; a subscription in LEAVING ends."""
        was_reading = self.state is SubscriptionState.CATCHING_UP and self._read_uid is not None
        self._catch_up.connection_lost(was_reading)
        if self.state not in (SubscriptionState.AWAY, SubscriptionState.ENDED):
            self._become(SubscriptionCause.LOST)
        self._read_uid = self._due = None
        self._is_paused = self._was_resent = self.is_held = False
        self._awaits_init = self._owes_unsubscribe = False
        self._deliver_missed(self._catch_up.release())
        if self.state is SubscriptionState.AWAY:
            self.wait(now)

    def token_expired(self) -> None:
        """Record that from now on events and answers have public rights, or are errors."""
        self._read_uid = None  # ignore the answer: with public rights it may hold other rows
        if SubscriptionCause.EXPIRED in SUBSCRIPTION_TRANSITIONS[self.state]:
            self._become(SubscriptionCause.EXPIRED)

    def token_refreshed(self, now: float) -> None:
        """Do what could not be done without a token."""
        if self.state is SubscriptionState.LEAVING and self._owes_unsubscribe:
            self._send_unsubscribe(now)
        elif self.state is SubscriptionState.SUSPENDED:
            self._catch_up.begin()
            self._become(SubscriptionCause.REFRESHED)
            self._read_page(now)
        else:
            self.begin(now)

    # What comes for it

    def take(self, frame: Frame, now: float) -> None:
        """Process a subscription message."""
        is_init = frame.message.get("event") == "init"
        if self.state is SubscriptionState.LEAVING:
            self._show_to_handlers(frame.message)
            self._take_leave(frame.message.get("event"), now)
        elif frame.message.get("event") == "unsubscribe":
            self._show_to_handlers(frame.message)
            self.left(now)
        elif is_init and self.state is SubscriptionState.SUBSCRIBING and self._is_suspect:
            self.is_held = True
            self._resend(now)
        elif not self._connection.auth.expired or not self.is_recovering:
            self._take_message(frame.message, is_init, now)

    def left(self, now: float) -> None:
        """End it where Directus has ended it: the program has sent an unsubscribe of its own."""
        if not self.is_registered:
            return
        self._stop_reading(now)
        self._finish(SubscriptionCause.LEFT)
        self._report_readable()

    def take_error(self, error: Failure, now: float) -> None:
        """Process an error of a subscribe, or of one event."""
        if self.state is SubscriptionState.LEAVING:
            if self._awaits_init:  # there is nothing to unsubscribe
                self._finish(SubscriptionCause.LEFT)
        elif error[0] == "FORBIDDEN" and self._is_suspect:
            self._resend(now)
        elif error[0] == "FORBIDDEN" and self._may_be_expiry(now):
            return
        elif self.state is SubscriptionState.SUBSCRIBING:
            self._refused(ServerError(*error), now)
        elif not self._has_warned:
            self._has_warned = True
            self._connection.emit(
                Warned(
                    f'An event of "{self.collection}" could not be shown to this subscription: '
                    f"{ServerError(*error)}"
                )
            )

    def suspect(self, error: Failure) -> None:
        """Remember an error that may be the answer to its subscribe: it is, if no init comes."""
        self._suspected = error

    def take_read(self, frame: Frame, now: float) -> None:
        """Process the answer to a read of its own."""
        self._read_uid = None
        self._silent_reads = 0
        catch_up, rows = self._catch_up, frame.message.get("data")
        assert isinstance(catch_up, RowCatchUp), "a plain subscription reads nothing"
        marking = self.state is SubscriptionState.MARKING
        if frame.error is not None and catch_up.relax(frame.error):
            query = catch_up.mark_query() if marking else catch_up.page_query()
            assert query is not None, "a read was under way"
            self._read(query, now)
        elif frame.error is not None:
            self._go_plain(str(ServerError(*frame.error)), now)
        elif not isinstance(rows, list):
            self._go_plain("the answer holds no list of rows.", now)
        else:
            self._take_rows(catch_up, rows, now)

    def caught_up(self) -> None:
        """Record that the program itself has read what may have been missed."""
        if self.state is SubscriptionState.LIVE:
            self._may_have_missed = False
            self._connection.freshness_changes()

    def resume(self, now: float) -> bool:
        """Continue to catch up, if that waited for the consumer; return whether it did."""
        if not self._is_paused or self._connection.auth.expired:
            return False
        self._read_page(now)
        return not self._is_paused

    def tick(self, now: float) -> bool:
        """Do what is due; return whether Directus no longer answers on this connection.

        That is so if it leaves a subscribe unanswered that it accepted before. If it leaves the
        first subscribe unanswered and sends other frames, the consumer gets an error.
        """
        if (held_until := self._catch_up.held_until) is not None and held_until <= now:
            self._deliver_missed(self._catch_up.release())
            self._connection.freshness_changes()
        if self._due is None or self._due > now:
            return False
        self._due = None
        if self.state is SubscriptionState.LEAVING:
            self.is_unanswered = self._awaits_init
            self._finish(SubscriptionCause.LEFT)
        elif self.state is SubscriptionState.AWAY:
            reason = f"There was no connection for {self._queue_timeout:g} s"
            self._fail(NotSent("subscription", reason))
        elif self.state is SubscriptionState.REFUSED:
            self._become(SubscriptionCause.RETRY)
            if not self._connection.auth.expired:
                self.begin(now)
        elif self._suspected is not None:
            self._refused(ServerError(*self._suspected), now)
        elif self.was_live:
            return True
        elif self._connection.heartbeat.heard_at > self._subscribed_at:
            self.is_unanswered = True
            self._fail(ReplyTimeout("subscription", self._connection.timeout))
        else:  # nothing at all has come since: the connection may be dead
            self._connection.check_life(now)
            self._due = now + self._connection.heartbeat.timeout
        return False

    def read_overdue(self, now: float) -> bool:
        """Record that its own read was not answered; return whether to give up the connection.

        If Directus sends other frames and leaves a second read unanswered, the rows cannot be
        read: the subscription goes on without recovery.
        """
        self._silent_reads += 1
        if self._silent_reads == 1 or self._connection.heartbeat.heard_at <= self._read_at:
            return True
        self._forget_read(now)
        self._go_plain("Directus does not answer that.", now)
        return False

    # How it ends

    def unsubscribe(self, now: float) -> None:
        """End it, on the server too if it is known there."""
        if self.ended:
            return
        self._stop_reading(now)
        was_subscribing = self.state is SubscriptionState.SUBSCRIBING
        self._become(SubscriptionCause.UNSUBSCRIBE)
        if self.state is SubscriptionState.ENDED:
            self._due = None
        elif was_subscribing:  # Directus ignores an unsubscribe that comes before the init
            self._awaits_init = True
        else:
            self._send_unsubscribe(now)
        self._report_readable()

    def raise_in_consumer(self, error: DirectusError) -> None:
        """Raise ``error`` in the consumer; the subscription continues with the next connection."""
        self._buffer.append(error)
        self._report_readable()

    # Its own steps

    def _become(self, cause: SubscriptionCause) -> None:
        self.state = SUBSCRIPTION_TRANSITIONS[self.state][cause]
        if cause in (SubscriptionCause.LOST, SubscriptionCause.EXPIRED):
            self._may_have_missed = self.was_live
        log.debug("= subscription %s: %s (%s)", self.uid, self.state, cause)
        self._connection.freshness_changes()

    def _subscribe(self, now: float) -> None:
        self._catch_up.begin()
        self._become(SubscriptionCause.SUBSCRIBE)
        self._due = now + self._connection.timeout
        self._subscribed_at = now
        self._suspected = None
        self.is_held = False  # what is subscribed now takes its place
        self._period = self._connection.auth.period
        query = self._catch_up.subscribe_query(self._query)
        params = None if query is None else query_to_params(query)
        self._connection.send(
            messages.subscribe(self.collection, self.uid, event=self._event, query=params)
        )

    @property
    def _is_suspect(self) -> bool:
        """Whether the token expired after the subscribe was written and before it was answered."""
        subscribing = self.state is SubscriptionState.SUBSCRIBING
        return subscribing and self._period != self._connection.auth.period

    def _resend(self, now: float) -> None:
        """Subscribe once more, as soon as there is a token."""
        self._become(SubscriptionCause.RESEND)
        self._due = None
        self._was_resent = True
        if not self._connection.auth.expired:
            self.begin(now)

    def _may_be_expiry(self, now: float) -> bool:
        """Return whether an event's FORBIDDEN may be due to an expired token alone."""
        return (self.was_live or self._was_resent) and self._connection.auth.may_be_expiry(now)

    def _take_message(self, message: dict[str, Any], is_init: bool, now: float) -> None:
        if message.get("event") in _EVENTS and not self._is_well_formed(message):
            self._show_to_handlers(message)
            self._connection.emit(
                Warned(f'An event of "{self.collection}" holds no list of rows, and is left out.')
            )
            return
        held_until = self._catch_up.held_until
        shown, is_new, overtaken = self._catch_up.accept(message)
        if self._catch_up.held_until != held_until:
            self._connection.freshness_changes()
        self._show_to_handlers(shown)
        if not is_new:
            return
        if overtaken:
            self._deliver_missed(overtaken)
        if is_init and self.state is SubscriptionState.SUBSCRIBING:
            self._become(SubscriptionCause.INIT)
            self._due = None
            self.was_live = True
            self._refusals = 0
            self._push(shown, now)
            if not self.ended:
                self._read_page(now)
        else:
            self._push(shown, now)

    def _show_to_handlers(self, message: dict[str, Any]) -> None:
        if not self.quiet:
            self._connection.emit(MessageReceived(message))

    @staticmethod
    def _is_well_formed(message: dict[str, Any]) -> bool:
        """Return whether an event's data is a list of rows, or of keys for a delete."""
        data = message.get("data")
        if not isinstance(data, list):
            return False
        if message["event"] != "delete":
            for row in data:  # which is quicker than all() for the one row that there mostly is
                if not isinstance(row, dict):
                    return False
        return True

    def _take_rows(self, catch_up: RowCatchUp, rows: list[Any], now: float) -> None:
        try:
            if self.state is SubscriptionState.MARKING:
                catch_up.accept_mark(rows)
                self._subscribe(now)
            else:
                self._deliver_missed(catch_up.take_page(rows, now))
                self._read_page(now)
        except UnusableRows as error:
            self._go_plain(str(error), now)

    def _read_page(self, now: float) -> None:
        """Read the next page of missed rows, as soon as the consumer has made room for it."""
        query = self._catch_up.page_query()
        if query is None:
            self._is_paused = False
            self._become(SubscriptionCause.CAUGHT_UP)
        elif self._buffer.has_room:
            self._is_paused = False
            self._read(query, now)
        else:
            self._is_paused = True

    def _read(self, query: Query, now: float) -> None:
        self._read_uid = self._connection.new_uid()
        self._read_at = now
        read = messages.items("read", self.collection, query=query, uid=self._read_uid)
        self._connection.reads.send(read, now)

    def _stop_reading(self, now: float) -> None:
        """Deliver the rows that are here, and read no more of them."""
        self._deliver_missed(self._catch_up.release())
        self._forget_read(now)
        self._is_paused = False

    def _forget_read(self, now: float) -> None:
        uid, self._read_uid = self._read_uid, None
        if uid is not None:
            self._connection.reads.forget(uid, now)

    def _go_plain(self, why: str, now: float) -> None:
        """Fall back to the plain subscription, and say so once."""
        self._deliver_missed(self._catch_up.release())
        field, self._catch_up = self._catch_up.field, CatchUp()
        self._may_have_missed = self.was_live
        self._connection.emit(
            Warned(
                f'What is created in "{self.collection}" while the connection is down will be '
                f'missed, since its rows cannot be read by "{field}": {why} Let the policy read '
                "that field, or name with `recover` one that is a number or a date and ascends, "
                'such as recover="date_created".'
            )
        )
        if self.state is SubscriptionState.MARKING:
            self._subscribe(now)
        else:
            self._read_page(now)

    def _refused(self, error: DirectusError, now: float) -> None:
        """Handle a refused subscribe: the first one is final, a later one is sent again."""
        if not self.was_live:
            self._fail(error)
            return
        self._become(SubscriptionCause.REFUSE)
        if not self._refusals:
            self._connection.emit(
                Warned(
                    f'Directus no longer lets this client subscribe to "{self.collection}": '
                    f"{error} It is asked again."
                )
            )
        self._due = now + retry_delay(self._refusals, self._connection.random)
        self._refusals += 1

    def _take_leave(self, event: Any, now: float) -> None:
        """Handle what comes in LEAVING: the init, then the confirmation."""
        if event == "init" and self._awaits_init:
            self._awaits_init = False
            self._send_unsubscribe(now)
        elif event == "unsubscribe" and not self._awaits_init and not self._owes_unsubscribe:
            self._finish(SubscriptionCause.LEFT)

    def _send_unsubscribe(self, now: float) -> None:
        """Send the unsubscribe; without a valid token, as soon as there is one."""
        self._owes_unsubscribe = self._connection.auth.expired
        self._due = None if self._owes_unsubscribe else now + self._connection.timeout
        if not self._owes_unsubscribe:
            self._connection.send(messages.unsubscribe(self.uid))

    def _finish(self, cause: SubscriptionCause) -> None:
        self._become(cause)
        self._due = None

    def _fail(self, error: DirectusError) -> None:
        """End it with an error for its consumer."""
        self._buffer.append(error)
        self._finish(SubscriptionCause.FAIL)
        self._report_readable()

    def _deliver_missed(self, rows: Iterable[SubscriptionMessage]) -> None:
        for row in rows:
            self.recovered += 1
            self._buffer.push(row)
            self._report_readable()

    def _push(self, item: Item, now: float) -> None:
        if not self._buffer.push(item):
            self.unsubscribe(now)
            self._buffer.overflow()
        self._report_readable()

    def _report_readable(self) -> None:
        self._connection.emit(Readable(self.number, True) if self.ended else self._readable)
