"""The core: one realtime connection to Directus, without sockets, clocks or tasks.

Theory of operation
    The driver tells the core what happened (a socket opened, a text came, time has passed) and
    at what time, in seconds on any clock that only goes forward. The core answers with events,
    which ``Protocol.events`` returns and the driver handles in order. After every call the driver
    asks for ``Protocol.deadline`` and calls ``Protocol.tick`` at that time.

    A state is left only through the table in ``states``, in one place that logs. The log's marks
    are ``>`` sent, ``<`` received, ``=`` state.

    Every socket has a number. What any but the current socket reports is ignored, so that a
    socket that was given up cannot disturb its successor.

Rules for this file
    1. Nothing is written before Directus has said ``auth ok``: it would be dropped silently.
       Nor between the expiry of a token and the next ``auth ok``: it would be refused.
    2. The core never uses a uid twice. A subscription keeps its uid over reconnects.
    3. Every wait has a deadline: some of the server's errors bring no answer.
"""

import logging
import random as random_module
import re
from collections.abc import Callable
from typing import Any

from ..errors import (
    AuthenticationFailed,
    ConnectionFailed,
    DirectusError,
    NotConnected,
    ServerError,
    UsageError,
)
from ..types import Freshness, InspectedRequest, InspectedSubscription, Query
from . import codec, messages
from .auth import AuthOutcome, AuthState, Credentials
from .backoff import Backoff
from .events import (
    Authenticated,
    Closed,
    CloseSocket,
    CredentialsNeeded,
    Errored,
    Event,
    FreshnessChanged,
    MessageReceived,
    Opened,
    OpenSocket,
    Replied,
    RequestFailed,
    SendText,
    StateChanged,
    Warned,
)
from .heartbeat import Heartbeat
from .messages import Failure, Frame
from .own_reads import OwnReads
from .recovery import Recovery
from .requests import FailedRequest, PendingRequest, Requests
from .states import TRANSITIONS, Cause, State
from .subscription import Connection, SubscriptionProtocol
from .subscriptions import Subscriptions
from .unanswered import Unanswered

log = logging.getLogger("directus")

_OWN = "directus-py:"
"""The prefix of the uids of pings, of our own reads and of what is quiet; no other uid has it."""

_NUMERAL = re.compile("[1-9][0-9]{0,14}")
"""A uid as the sequence has it."""

WAKE_TIMEOUT = 3.0
"""Seconds in which a frame must come after ``wake`` has sent a ping."""

_WITHOUT_CONNECTION = (State.CLOSED, State.FAILED, State.NEEDS_SIGN_IN)
_WITH_SOCKET = (State.CONNECTING, State.AUTHENTICATING, State.OPEN, State.REAUTHENTICATING)


class Protocol:
    """One realtime connection: states, handshake, heartbeat, replies, subscriptions, backoff.

    Args:
        connect_timeout: seconds in which an attempt must be open and authenticated.
        ping_after: seconds of silence before a ping is sent; None sends none.
        ping_timeout: seconds in which a frame must come after that ping.
        timeout: seconds in which Directus must answer a subscribe or a read for recovery.
        retries: attempts in a row before giving up; None never gives up.
        outbox: how many messages may wait for the connection.
        random: returns numbers from 0 to 1, for the backoff.
    """

    def __init__(
        self,
        *,
        connect_timeout: float = 10.0,
        ping_after: float | None = 25.0,
        ping_timeout: float = 5.0,
        timeout: float = 10.0,
        retries: int | None = None,
        outbox: int = 1000,
        random: Callable[[], float] = random_module.random,
    ) -> None:
        self.state = State.CLOSED
        self._connect_timeout = connect_timeout
        self._retries = retries
        self._events: list[Event] = []
        self._freshness: Freshness = "stale"  # as it was reported last
        self._is_freshness_unknown = False
        self._number = 0
        self._uids = 0
        self._own_uids = 0
        self._subscription_numbers = 0
        self._backoff = Backoff(random)
        self._due: float | None = None  # end of the attempt, or begin of the next one
        self._heartbeat = Heartbeat(ping_after, ping_timeout)
        self._auth = AuthState(random, timeout)
        self._unanswered = Unanswered()
        self._requests = Requests(outbox, self._auth, self._unanswered)
        self._own_reads = OwnReads(self._send, self._unanswered, timeout)
        self._subscriptions = Subscriptions(
            Connection(
                send=self._send,
                reads=self._own_reads,
                heartbeat=self._heartbeat,
                check_life=self._ask_for_life,
                emit=self._emit,
                freshness_changes=self._freshness_changes,
                new_uid=self._own_uid,
                next_number=self._next_number,
                auth=self._auth,
                timeout=timeout,
                random=random,
            )
        )

    # What the driver asks

    def events(self) -> list[Event]:
        """Return the events since the last call, in their order."""
        if not self._events and not self._is_freshness_unknown:
            return []
        if self._is_freshness_unknown:
            self._is_freshness_unknown = False
            if self.freshness != self._freshness:
                self._freshness = self.freshness
                self._events.append(FreshnessChanged(self._freshness))
        events, self._events = self._events, []
        return events

    def deadline(self) -> float | None:
        """Return the time at which ``tick`` must be called, or None."""
        times = (
            self._due,
            self._heartbeat.due,
            self._auth.due,
            self._requests.deadline(),
            self._own_reads.deadline(),
            self._subscriptions.deadline(),
        )
        return min([due for due in times if due is not None], default=None)

    @property
    def buffered(self) -> int:
        """How many messages wait: for the connection, or for a consumer to read them."""
        return self._requests.waiting + self._subscriptions.buffered

    @property
    def recovered(self) -> int:
        """How many rows were missed and read afterwards."""
        return self._subscriptions.recovered

    @property
    def pending(self) -> int:
        """How many requests have no result or error yet."""
        return self._requests.pending

    @property
    def round_trip(self) -> float | None:
        """How many seconds the answer to the last ping took, None if none was sent."""
        return self._heartbeat.round_trip

    @property
    def freshness(self) -> Freshness:
        """The worst freshness of the subscriptions; without a connection at best stale."""
        found = self._subscriptions.freshness
        return "stale" if found == "live" and self.state is not State.OPEN else found

    def subscriptions(self) -> list[InspectedSubscription]:
        """Return what there is to see of each subscription."""
        return self._subscriptions.inspect()

    def requests(self, now: float) -> list[InspectedRequest]:
        """Return the requests and messages that wait for an answer or for the connection."""
        return self._requests.inspect(now)

    # What the program wants

    def connect(self, now: float) -> None:
        """Connect, unless that is done or under way; a scheduled retry is made now."""
        if self.state is State.WAITING:
            self._open_socket(Cause.RETRY, now)
        elif Cause.CONNECT in TRANSITIONS[self.state]:
            self._backoff.begin()
            self._auth.begin()
            self._open_socket(Cause.CONNECT, now)

    def disconnect(self, now: float) -> None:
        """Close the connection and stay closed. Subscriptions continue at the next connect."""
        if self.state is State.CLOSED:
            return
        self._leave_socket(now, 1005, "")
        self._report(self._requests.give_up(now, None))
        self._become(Cause.DISCONNECT)

    def send(self, message: dict[str, Any] | str, now: float) -> None:
        """Send ``message`` and wait for no answer; a dict gets a uid if it has none.

        Raises:
            NotConnected: there is no connection and none is being made.
            OutboxFull: too much waits for the connection already.
        """
        if isinstance(message, dict) and "uid" not in message:
            message = {**message, "uid": self.next_uid()}
        request = PendingRequest(message)
        self._pass_over(request.items_uid)
        self._post(request, now)

    def request(
        self,
        message: dict[str, Any],
        *,
        what: str,
        repeatable: bool,
        quiet: bool,
        timeout: float | None,
        queue_timeout: float | None = None,
        now: float,
    ) -> str:
        """Send ``message`` and return its uid; one Replied or RequestFailed will carry it.

        Args:
            message: the request.
            what: what it is called in an error.
            repeatable: whether it may be written again if the connection is lost.
            quiet: whether to report the answer to its sender only.
            timeout: seconds in which it must be answered after it was written, None for ever.
            queue_timeout: seconds for which it may wait for the connection, None for ever.
            now: the time.

        Raises:
            NotConnected: there is no connection and none is being made.
            OutboxFull: too much waits for the connection already.
            UsageError: a request with this uid waits for its answer.
        """
        if quiet:
            uid = self._own_uid()
        elif "uid" not in message:
            uid = self.next_uid()
        elif self._requests.awaits(uid := str(message["uid"])):
            raise UsageError(f'A request with the uid "{uid}" is under way: leave `uid` out.')
        message = {**message, "uid": uid}
        self._post(
            PendingRequest(
                message,
                uid=uid,
                what=what,
                repeatable=repeatable,
                timeout=timeout,
                queue_timeout=queue_timeout,
            ),
            now,
        )
        return uid

    def forget(self, uid: str) -> None:
        """Drop a request that nobody waits for any more, if it is not written yet."""
        self._requests.forget(uid)

    def subscribe(
        self,
        collection: str,
        *,
        uid: str | None,
        event: str | None,
        query: Query | None,
        recovery: Recovery | None,
        limit: int,
        queue_timeout: float | None = None,
        quiet: bool = False,
        now: float,
    ) -> SubscriptionProtocol:
        """Subscribe, now or as soon as the connection is open, and after every reconnect.

        Args:
            collection: the collection's name.
            uid: the subscription's uid; None for one of the core's.
            event: ``create``, ``update``, ``delete``, or None for all.
            query: the query, in Directus' words, or None.
            recovery: how missed rows are found, or None for the plain subscription.
            limit: how many messages may wait to be read.
            queue_timeout: seconds for which it may wait for the connection until it was live once;
                None for ever.
            quiet: whether to keep its messages from the handlers of ``message``, and it from
                ``freshness``; it takes no uid of the program's sequence.
            now: the time.

        Raises:
            UsageError: a subscription has this uid already.
        """
        if uid is None:
            uid = self._own_uid() if quiet else self.next_uid()
        subscription = self._subscriptions.add(
            uid,
            collection,
            event=event,
            query=query,
            recovery=recovery,
            limit=limit,
            queue_timeout=queue_timeout,
            quiet=quiet,
        )
        self._subscriptions.begin(subscription, now, is_open=self.state is State.OPEN)
        return subscription

    def unsubscribe(self, subscription: SubscriptionProtocol, now: float) -> None:
        """End a subscription; its consumer reads what came so far and then ends."""
        self._subscriptions.remove(subscription, now)

    def resume(self, subscription: SubscriptionProtocol, now: float) -> bool:
        """Continue to read missed rows, if that waited for the consumer; return whether it did.

        Call it after a message was taken from ``subscription``.
        """
        return subscription.resume(now)

    def next_uid(self) -> str:
        """Return the next uid; messages and subscriptions share one sequence.

        A uid that the program has chosen itself is skipped.
        """
        while True:
            self._uids += 1
            uid = str(self._uids)
            if not self._subscriptions.knows(uid) and not self._requests.awaits(uid):
                return uid

    def _pass_over(self, uid: str | None) -> None:
        """Give no uid up to that of a message of the program's own: its answer is not ours."""
        if uid is not None and _NUMERAL.fullmatch(uid):
            self._uids = max(self._uids, int(uid))

    def wake(self, now: float) -> None:
        """Retry at once, or send a ping: the network may be back, or the page is visible again."""
        if self.state is State.WAITING:
            self._open_socket(Cause.RETRY, now)
        elif self.state is State.OPEN and not self._heartbeat.asked:
            self._ping(now, WAKE_TIMEOUT)

    def offline(self, now: float) -> None:
        """Drop the socket: there is no network."""
        self.drop(ConnectionFailed("This computer is offline."), now)

    def drop(self, error: ConnectionFailed, now: float) -> None:
        """Drop the socket, and try again as after any loss; ``error`` says why."""
        if Cause.LOST in TRANSITIONS[self.state]:
            self._lose(error, now)

    # What the transport reports

    def prepared(self, number: int, credentials: Credentials) -> None:
        """Record what the attempt of this number authenticates with."""
        if number == self._number:
            self._auth.use(credentials)

    def opened(self, number: int, credentials: dict[str, str] | None, now: float) -> None:
        """Authenticate with ``credentials`` on the socket that opened; with None it is ready."""
        if number != self._number or self.state is not State.CONNECTING:
            return
        if credentials is None:
            self._ready(now)
            return
        self._become(Cause.SOCKET_OPENED)
        self._send(messages.auth(credentials))

    def errored(self, number: int, detail: Any) -> None:
        """Report the error of a socket; that it closed is reported separately."""
        if number == self._number:
            self._events.append(Errored(detail))

    def closed(self, number: int, code: int, reason: str, now: float, *, unsent: int = 0) -> None:
        """Record that a socket is closed, or could not be opened."""
        if number == self._number:
            error = _closed_error(self.state, code, reason)
            self._lose(error, now, code, reason, unsent)

    def refresh(self, number: int, credentials: Credentials) -> None:
        """Authenticate on the open connection with the credentials that were asked for."""
        if number == self._number and self.state in (State.OPEN, State.REAUTHENTICATING):
            self._auth.use(credentials)
            self._auth.sent()
            self._send(messages.auth(credentials.fields))

    def refresh_failed(self, number: int, now: float) -> None:
        """Ask for new credentials again later: they could not be requested now."""
        if number == self._number:
            self._auth.refresh_failed(now)

    def reject(self, error: DirectusError, now: float) -> None:
        """Replace refused credentials once, if new ones can be obtained; else give up."""
        if Cause.REPLACE not in TRANSITIONS[self.state] or not self._auth.replace():
            self.refuse(error, now)
            return
        self._leave_socket(now, 1005, "")
        self._report(self._requests.connection_lost(now))
        self._open_socket(Cause.REPLACE, now)

    def refuse(self, error: DirectusError, now: float) -> None:
        """Give up for a reason that a retry does not cure.

        Where a login that was accepted before has ended, a new login continues the
        subscriptions; any other error is raised in every consumer.
        """
        if Cause.REFUSED not in TRANSITIONS[self.state]:
            return
        if isinstance(error, AuthenticationFailed) and self._auth.signed_in:
            self._give_up(Cause.SIGN_IN, error, now)
        else:
            self._give_up(Cause.REFUSED, error, now)

    def received(self, number: int, text: str, now: float) -> None:
        """Process a text frame."""
        if number != self._number:
            return
        if log.isEnabledFor(logging.DEBUG):
            log.debug("< %s", codec.Masked(text))
        try:
            frame = messages.parse(text)
        except ValueError:
            self._events.append(Warned(f"Directus sent something that is not JSON: {text[:80]!r}"))
            return
        if self.state is State.AUTHENTICATING:
            self._take_handshake(frame, now)
        elif self.state in (State.OPEN, State.REAUTHENTICATING):
            if self.state is State.OPEN:
                self._heartbeat.heard(now)
            self._take(frame, now)

    def tick(self, now: float) -> None:
        """Do what is due."""
        self._report(self._requests.expire(now))
        late = [self._subscriptions.read_overdue(uid, now) for uid in self._own_reads.overdue(now)]
        if self._subscriptions.tick(now) or any(late):
            self._lose(ConnectionFailed("Directus has stopped answering on this connection."), now)
        if self._due is not None and self._due <= now:
            self._overdue(now)
        if self._heartbeat.due is not None and self._heartbeat.due <= now:
            self._check_life(now)
        if self._auth.due is not None and self._auth.due <= now:
            self._need_credentials()

    # The connection

    def _become(
        self, cause: Cause, error: DirectusError | None = None, retry_in: float | None = None
    ) -> None:
        state = TRANSITIONS[self.state][cause]
        log.debug("= %s (%s)", state, cause)
        self.state = state
        self._freshness_changes()
        self._events.append(StateChanged(state, error, retry_in))

    def _open_socket(self, cause: Cause, now: float) -> None:
        self._number += 1
        self._due = now + self._connect_timeout
        self._become(cause)
        self._events.append(OpenSocket(self._number, self._auth.refused))

    def _leave_socket(self, now: float, code: int, reason: str) -> None:
        """Close the socket, if there is one: from here on its number is ignored."""
        if self.state in _WITH_SOCKET:
            self._events += [CloseSocket(self._number), Closed(code, reason)]
        self._number += 1
        self._due = None
        self._heartbeat.stop()
        self._auth.connection_lost()
        self._unanswered.connection_lost()
        self._own_reads.clear()
        self._subscriptions.connection_lost(now)

    def _lose(
        self,
        error: DirectusError,
        now: float,
        code: int = 1006,
        reason: str = "",
        unsent: int = 0,
    ) -> None:
        self._backoff.lost(now)
        if self._retries is not None and self._backoff.attempt >= self._retries:
            self._give_up(Cause.GIVE_UP, error, now, code, reason, unsent)
            return
        self._leave_socket(now, code, reason)
        delay = self._backoff.next_delay()
        self._due = now + delay
        self._become(Cause.LOST, error, delay)
        self._report(self._requests.connection_lost(now, unsent))

    def _give_up(
        self,
        cause: Cause,
        error: DirectusError,
        now: float,
        code: int = 1005,
        reason: str = "",
        unsent: int = 0,
    ) -> None:
        self._leave_socket(now, code, reason)
        self._report(self._requests.give_up(now, error, unsent))
        self._become(cause, error)
        if cause is not Cause.SIGN_IN:
            self._subscriptions.raise_in_consumers(error)

    def _overdue(self, now: float) -> None:
        if self.state is State.WAITING:
            self._open_socket(Cause.RETRY, now)
        else:
            is_asked = self.state is not State.REAUTHENTICATING or self._auth.answering
            self._lose(_late_error(self.state, self._connect_timeout, is_asked), now)

    def _check_life(self, now: float) -> None:
        if self._heartbeat.asked:
            self._lose(ConnectionFailed("Directus did not answer a ping in time."), now)
        else:
            self._ping(now)

    def _ask_for_life(self, now: float) -> None:
        """Send a ping, unless one is unanswered; at its deadline a dead connection is given up."""
        if self.state is State.OPEN and not self._heartbeat.asked:
            self._ping(now)

    def _ping(self, now: float, timeout: float | None = None) -> None:
        self._heartbeat.ask(now, timeout)
        self._send(messages.ping(self._own_uid()))

    def _take_handshake(self, frame: Frame, now: float) -> None:
        if frame.kind != "auth":
            return
        if frame.error is not None:
            self.reject(self._auth.refused_error(frame), now)
            return
        self._show_authenticated(frame)
        self._ready(now)

    def _ready(self, now: float) -> None:
        self._backoff.opened(now)
        self._due = None
        self._auth.accepted(now)
        self._heartbeat.heard(now)
        self._become(Cause.READY)
        self._events.append(Opened())
        self._subscriptions.connection_opened(now)
        self._write_waiting(now)

    # The token

    def _need_credentials(self) -> None:
        used = self._auth.ask()
        if used is not None:
            self._events.append(CredentialsNeeded(self._number, used))

    def _take_auth(self, frame: Frame, now: float) -> None:
        match self._auth.take(frame):
            case AuthOutcome.ACCEPTED:
                self._reauthenticated(frame, now)
            case AuthOutcome.EXPIRED:
                self._expire(now)
            case AuthOutcome.REFUSED:
                self.reject(self._auth.refused_error(frame), now)
            case AuthOutcome.NOT_OURS:
                self._events.append(MessageReceived(frame.message))
                self._settle(frame, now)

    def _expire(self, now: float) -> None:
        """Record that the connection has public rights until it has a new token."""
        self._auth.expire()
        self._heartbeat.stop()
        self._due = now + self._connect_timeout
        self._own_reads.clear()
        self._subscriptions.token_expired()
        self._become(Cause.EXPIRED)
        self._need_credentials()

    def _reauthenticated(self, frame: Frame, now: float) -> None:
        self._show_authenticated(frame)
        self._auth.accepted(now)
        if self.state is State.REAUTHENTICATING:
            self._due = None
            self._heartbeat.heard(now)
            self._become(Cause.READY)
            self._subscriptions.token_refreshed(now)
            self._write_waiting(now)

    def _show_authenticated(self, frame: Frame) -> None:
        """Report the answer; the program does not see its refresh token, the driver does."""
        shown = {name: value for name, value in frame.message.items() if name != "refresh_token"}
        self._events += [Authenticated(frame.message), MessageReceived(shown)]

    # Messages

    def _take(self, frame: Frame, now: float) -> None:
        if self._subscriptions.take(frame, now):
            return
        if frame.kind == "ping":
            self._send(messages.PONG)
        elif frame.kind == "auth":
            self._take_auth(frame, now)
        elif frame.kind == "pong" and _is_own(frame.uid):
            self._heartbeat.answered(now)
        else:
            self._take_answer(frame, now)

    def _take_answer(self, frame: Frame, now: float) -> None:
        """Give the answer to the request that it is for, also where an error names no uid."""
        failed: list[tuple[str, Failure]] = []
        if frame.kind == "items" and frame.uid is not None:
            self._unanswered.answered(frame.uid, frame.error)
            failed = self._unanswered.failed()
        elif frame.kind == "items" and frame.error is not None:
            self._unanswered.fail_one(frame.error)
            failed = self._unanswered.failed()
        belongs_to = [uid for uid, _ in failed] if frame.uid is None else [frame.uid]
        is_own = bool(belongs_to) and all(map(_is_own, belongs_to))
        if not is_own:
            self._events.append(MessageReceived(frame.message))
        if frame.uid is not None:
            self._settle(frame, now)
        for uid, error in failed:
            self._settle(Frame(frame.message, "items", uid, error), now)

    def _settle(self, frame: Frame, now: float) -> None:
        """Settle the request or the read that a frame answers, if there is one."""
        uid, error = frame.uid, frame.error
        if uid is None:
            return
        if _is_own(uid) and self._subscriptions.take_read(frame, now):
            self._own_reads.answered(uid, now)
        elif error and error[0] == "FORBIDDEN" and self._requests.is_suspect(uid):
            self._resend(uid, now)
        elif self._requests.answered(uid, frame):
            self._events.append(
                RequestFailed(uid, ServerError(*error)) if error else Replied(uid, frame.message)
            )

    def _own_uid(self) -> str:
        """Return a uid of our own, outside the sequence of the program's uids."""
        self._own_uids += 1
        return f"{_OWN}{self._own_uids}"

    def _next_number(self) -> int:
        self._subscription_numbers += 1
        return self._subscription_numbers

    def _post(self, request: PendingRequest, now: float) -> None:
        if self.state in _WITHOUT_CONNECTION:
            raise NotConnected(needs_sign_in=self.state is State.NEEDS_SIGN_IN)
        if self.state is State.OPEN:
            self._write(request, now)
        else:
            self._requests.hold(request, now)

    def _resend(self, uid: str, now: float) -> None:
        """Send a read again that was refused because the token had expired; fail a write."""
        failure = self._requests.resend(uid)
        if failure is not None:
            self._report([failure])
        elif self.state is State.OPEN:
            self._write_waiting(now)

    def _write_waiting(self, now: float) -> None:
        while (request := self._requests.take()) is not None:
            self._write(request, now)

    def _write(self, request: PendingRequest, now: float) -> None:
        log.debug("> %s", codec.Masked(request.text))
        self._events.append(SendText(self._number, request.text))
        self._requests.written(request, now)

    def _send(self, message: dict[str, Any]) -> None:
        self._write(PendingRequest(message, is_own=True), 0.0)

    def _freshness_changes(self) -> None:
        self._is_freshness_unknown = True

    def _emit(self, event: Event) -> None:
        self._events.append(event)

    def _report(self, failures: list[FailedRequest]) -> None:
        self._events += [RequestFailed(uid, error) for uid, error in failures]


def _is_own(uid: str | None) -> bool:
    return uid is not None and uid.startswith(_OWN)


def _late_error(state: State, seconds: float, is_asked: bool) -> ConnectionFailed:
    if not is_asked:
        return ConnectionFailed(
            f"The token expired, and there was no new one within {seconds:g} s: see that the "
            "project's /auth/refresh answers."
        )
    what = "accept the connection" if state is State.CONNECTING else "answer the token"
    return ConnectionFailed(f"Directus did not {what} within {seconds:g} s.")


def _closed_error(state: State, code: int, reason: str) -> ConnectionFailed:
    if state is State.CONNECTING:
        return ConnectionFailed("The connection to Directus could not be opened.")
    what = f"{code}: {reason}" if reason else str(code)
    return ConnectionFailed(f"The connection to Directus was closed ({what}).")
