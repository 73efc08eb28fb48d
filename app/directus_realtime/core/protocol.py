"""The core: one realtime connection to Directus, without sockets, clocks or tasks.

Theory of operation
    The driver tells the core what happened (a socket opened, a text came, time has passed) and
    at what time, in seconds on any clock that only goes forward. The core answers with events,
    to be handled in order: :meth:`Protocol.events` hands them out. After every call the driver
    asks for :meth:`Protocol.deadline` and calls :meth:`Protocol.tick` at that time.

    A state is left only through the table in ``states``, in one place that logs. The log's marks
    are ``>`` sent, ``<`` received, ``=`` state.

    Every socket has a number. What comes from any but the current one is not listened to, so
    that a socket which was given up cannot disturb its successor.

Rules for this file
    1. Nothing is written before Directus has said ``auth ok``: it would be dropped in silence.
       Nor from the end of a token to the next ``auth ok``: it would be refused.
    2. A uid is never used twice. A subscription keeps its own over reconnects.
    3. Every wait has a deadline: some of the server's errors bring no answer.
"""

import logging
import random as random_module
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
from . import codec, messages
from .auth import Credentials, Renewal
from .events import (
    Authenticated,
    Closed,
    CloseSocket,
    CredentialsNeeded,
    Errored,
    Event,
    MessageReceived,
    Opened,
    OpenSocket,
    Replied,
    RequestFailed,
    SendText,
    StateChanged,
    Warned,
)
from .requests import Failure, Outbox, Outgoing
from .states import TRANSITIONS, Cause, State
from .subscription import Feed, Subscriptions

log = logging.getLogger("directus")


_OWN = "directus-py:"
"""What the uids of our own pings and reads begin with, to be told from the program's."""

FIRST_RETRY = 0.25
"""The first retry comes within this many seconds."""

WAKE_TIMEOUT = 3.0
"""Seconds in which an open connection must show life when somebody looks again."""


def retry_delay(attempt: int, random: Callable[[], float]) -> float:
    """Return the seconds before retry number ``attempt``, counted from 0: full jitter."""
    most = FIRST_RETRY if attempt == 0 else min(20.0, 0.5 * 2 ** min(attempt - 1, 31))
    return most * random()


class Protocol:
    """One realtime connection: states, handshake, heartbeat, replies, subscriptions, backoff.

    Args:
        connect_timeout: seconds in which an attempt must be open and authenticated.
        ping_after: seconds of silence before a ping is sent; None sends none.
        ping_timeout: seconds in which something must come after that ping.
        timeout: seconds in which Directus must answer a subscribe or a read of recovery's.
        retries: attempts in a row before giving up; None never gives up.
        outbox: messages that may wait for the connection.
        random: gives numbers from 0 to 1, for the backoff.
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
        self._ping_after = ping_after
        self._ping_timeout = ping_timeout
        self._retries = retries
        self._random = random
        self._outbox = Outbox(outbox)
        self._events: list[Event] = []
        self._number = 0
        self._uids = 0
        self._own_uids = 0
        self._attempt = 0
        self._due: float | None = None  # of the attempt, the retry, the ping or its answer
        self._pinged = False
        self._renewal = Renewal(random)
        self._subscriptions = Subscriptions(
            send=self._send, emit=self._emit, new_uid=self._own_uid, timeout=timeout
        )

    # What the driver asks

    def events(self) -> list[Event]:
        """Hand out what has happened since the last call."""
        events, self._events = self._events, []
        return events

    def deadline(self) -> float | None:
        """Return the time at which :meth:`tick` must be called, or None."""
        times = (
            self._due,
            self._renewal.due,
            self._outbox.deadline(),
            self._subscriptions.deadline(),
        )
        return min((due for due in times if due is not None), default=None)

    @property
    def buffered(self) -> int:
        """How many messages wait: for the connection, or for a consumer to read them."""
        return self._outbox.waiting + self._subscriptions.buffered

    @property
    def recovered(self) -> int:
        """How many rows were missed and read afterwards."""
        return self._subscriptions.recovered

    # What the program wants

    def connect(self, now: float) -> None:
        """Connect, unless that is done or under way."""
        if Cause.CONNECT in TRANSITIONS[self.state]:
            self._attempt = 0
            self._open_socket(Cause.CONNECT, now)

    def disconnect(self) -> None:
        """Close the connection and stay closed. Subscriptions go on at the next connect."""
        if self.state is State.CLOSED:
            return
        self._leave_socket(1005, "")
        error = ConnectionFailed("The client was disconnected before this was sent.")
        self._report(self._outbox.give_up(error))
        self._become(Cause.DISCONNECT)

    def send(self, message: dict[str, Any] | str, now: float) -> None:
        """Send ``message`` and wait for nothing; a dict gets a uid if it has none.

        Raises:
            NotConnected: there is no connection and none is being made.
            OutboxFull: too much waits for the connection already.
        """
        if isinstance(message, dict) and "uid" not in message:
            message = {**message, "uid": self.next_uid()}
        self._post(Outgoing(message if isinstance(message, str) else codec.encode(message)))

    def request(
        self,
        message: dict[str, Any],
        *,
        what: str,
        repeatable: bool,
        quiet: bool,
        timeout: float | None,
        now: float,
    ) -> str:
        """Send ``message`` and return its uid; one Replied or RequestFailed will carry it.

        Args:
            message: the request.
            what: what it is called in an error.
            repeatable: whether it may be written again if the connection falls.
            quiet: whether to keep the answer from those who see all messages.
            timeout: seconds in which it must be answered, None for ever.
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
        elif self._outbox.awaits(uid := str(message["uid"])):
            raise UsageError(f'A request with the uid "{uid}" is under way: leave `uid` out.')
        message = {**message, "uid": uid}
        outgoing = Outgoing(
            codec.encode(message),
            uid=uid,
            what=what,
            repeatable=repeatable,
            timeout=timeout,
            now=now,
        )
        self._post(outgoing)
        return uid

    def subscribe(self, feed: Feed, now: float) -> None:
        """Subscribe, now or as soon as the connection is open, and after every reconnect.

        Raises:
            UsageError: a subscription has this uid already.
        """
        self._subscriptions.add(feed)
        if self.state is State.OPEN:
            self._subscriptions.start(feed, now)

    def unsubscribe(self, feed: Feed) -> None:
        """End a subscription; its consumer reads what came so far and then ends."""
        self._subscriptions.remove(feed)

    def resume(self, feed: Feed, now: float) -> bool:
        """Go on reading what was missed, if that waited until its consumer had read enough.

        Returns whether it did; to be called after a message was taken from ``feed``.
        """
        return self._subscriptions.resume(feed, now)

    def next_uid(self) -> str:
        """Return the next uid of the one row that messages and subscriptions share.

        One that the program has given to something of its own is left out.
        """
        while True:
            self._uids += 1
            uid = str(self._uids)
            if not self._subscriptions.knows(uid) and not self._outbox.awaits(uid):
                return uid

    def wake(self, now: float) -> None:
        """There may be a network again, or somebody looks: try at once, or see that it lives."""
        if self.state is State.WAITING:
            self._open_socket(Cause.RETRY, now)
        elif self.state is State.OPEN and not self._pinged:
            self._ping(now, WAKE_TIMEOUT)

    def offline(self, now: float) -> None:
        """There is no network: the socket is dead, whatever it says."""
        if Cause.LOST in TRANSITIONS[self.state]:
            self._lose(ConnectionFailed("This computer is offline."), now)

    # What the transport reports

    def prepared(self, number: int, credentials: Credentials) -> None:
        """What the attempt of this number authenticates with is at hand."""
        if number == self._number:
            self._renewal.use(credentials)

    def opened(self, number: int, credentials: dict[str, str] | None, now: float) -> None:
        """A socket is open. With ``credentials`` the handshake begins; without, all is done."""
        if number != self._number or self.state is not State.CONNECTING:
            return
        if credentials is None:
            self._ready(now)
            return
        self._become(Cause.SOCKET_OPENED)
        self._send(messages.auth(credentials))

    def errored(self, number: int, detail: Any) -> None:
        """A socket reported an error; that it closed is reported separately."""
        if number == self._number:
            self._events.append(Errored(detail))

    def closed(self, number: int, code: int, reason: str, now: float) -> None:
        """A socket is gone, or could not be opened."""
        if number == self._number:
            self._lose(_closing_words(self.state, code, reason), now, code, reason)

    def renew(self, number: int, credentials: Credentials) -> None:
        """The credentials that were needed are at hand: authenticate on the open connection."""
        if number == self._number and self.state in (State.OPEN, State.AUTHENTICATING):
            self._renewal.use(credentials)
            self._renewal.answering = True
            self._send(messages.auth(credentials.fields))

    def not_renewed(self, number: int, now: float) -> None:
        """The credentials that were needed could not be got; they are asked for again later."""
        if number == self._number:
            self._renewal.failed(now)

    def reject(self, error: DirectusError, now: float) -> None:
        """Directus refused what was authenticated with: try others once, if there are any."""
        if Cause.RENEW not in TRANSITIONS[self.state] or not self._renewal.replace():
            self.refuse(error)
            return
        self._leave_socket(1005, "")
        self._report(self._outbox.connection_lost())
        self._open_socket(Cause.RENEW, now)

    def refuse(self, error: DirectusError) -> None:
        """Give up for a reason that trying again does not heal."""
        if Cause.REFUSED not in TRANSITIONS[self.state]:
            return
        self._leave_socket(1005, "")
        self._report(self._outbox.give_up(error))
        self._become(Cause.REFUSED, error)
        self._subscriptions.fail_all(error)

    def received(self, number: int, text: str, now: float) -> None:
        """A text frame came."""
        if number != self._number:
            return
        log.debug("< %s", codec.Masked(text))
        try:
            message = codec.decode(text)
        except (ValueError, RecursionError):
            self._events.append(Warned(f"Directus sent something that is not JSON: {text[:80]!r}"))
            return
        if not isinstance(message, dict):
            message = {"type": None, "data": message}
        if self.state is State.AUTHENTICATING and not self._renewal.expired:
            self._take_handshake(message, now)
        elif self.state in (State.OPEN, State.AUTHENTICATING):
            if self.state is State.OPEN:
                self._alive(now)
            self._take(message, now)

    def tick(self, now: float) -> None:
        """Time has passed."""
        self._report(self._outbox.expire(now))
        if self._subscriptions.tick(now):
            self._lose(ConnectionFailed("Directus has stopped answering on this connection."), now)
        if self._due is not None and self._due <= now:
            self._overdue(now)
        if self._renewal.due is not None and self._renewal.due <= now:
            self._need_credentials()

    # The connection

    def _become(
        self, cause: Cause, error: DirectusError | None = None, retry_in: float | None = None
    ) -> None:
        state = TRANSITIONS[self.state][cause]
        log.debug("= %s (%s)", state, cause)
        self.state = state
        self._events.append(StateChanged(state, error, retry_in))

    def _open_socket(self, cause: Cause, now: float) -> None:
        self._number += 1
        self._due = now + self._connect_timeout
        self._become(cause)
        self._events.append(OpenSocket(self._number, self._renewal.refused))

    def _leave_socket(self, code: int, reason: str) -> None:
        """Let go of the socket, if there is one: from here on its number is not listened to."""
        if self.state in (State.CONNECTING, State.AUTHENTICATING, State.OPEN):
            self._events += [CloseSocket(self._number), Closed(code, reason)]
        self._number += 1
        self._due = None
        self._renewal.connection_lost()
        self._subscriptions.connection_lost()

    def _lose(self, error: DirectusError, now: float, code: int = 1006, reason: str = "") -> None:
        self._leave_socket(code, reason)
        if self._retries is not None and self._attempt >= self._retries:
            self._report(self._outbox.give_up(error))
            self._become(Cause.LOST)
            self.refuse(error)
            return
        delay = retry_delay(self._attempt, self._random)
        self._attempt += 1
        self._due = now + delay
        self._become(Cause.LOST, error, delay)
        self._report(self._outbox.connection_lost())

    def _overdue(self, now: float) -> None:
        if self.state is State.WAITING:
            self._open_socket(Cause.RETRY, now)
        elif self.state is not State.OPEN:
            self._lose(_late_words(self.state, self._connect_timeout), now)
        elif self._pinged:
            self._lose(ConnectionFailed("Directus did not answer a ping in time."), now)
        else:
            self._ping(now, self._ping_timeout)

    def _ping(self, now: float, timeout: float) -> None:
        self._pinged = True
        self._due = now + timeout
        self._send(messages.ping(self._own_uid()))

    def _alive(self, now: float) -> None:
        self._pinged = False
        self._due = None if self._ping_after is None else now + self._ping_after

    def _take_handshake(self, message: dict[str, Any], now: float) -> None:
        if message.get("type") != "auth":
            return
        if error := messages.error_of(message):
            self._reject(error, now)
            return
        self._show_authenticated(message)
        self._ready(now)

    def _ready(self, now: float) -> None:
        self._attempt = 0
        self._renewal.accepted(now)
        self._alive(now)
        self._become(Cause.READY)
        self._events.append(Opened())
        self._subscriptions.connection_opened(now)
        self._write_waiting()

    # The token

    def _need_credentials(self) -> None:
        used = self._renewal.ask()
        if used is not None:
            self._events.append(CredentialsNeeded(self._number, used))

    def _take_auth(
        self, message: dict[str, Any], error: tuple[str, str] | None, now: float
    ) -> None:
        if error is None and self._renewal.answering:
            self._take_renewed(message, now)
        elif error is None:
            self._deliver(message.get("uid"), message, None)
        elif error[0] == "TOKEN_EXPIRED" and self.state is State.OPEN and self._renewal.used:
            self._expire(now)
        elif error[0] == "AUTH_FAILED":
            self._reject(error, now)

    def _expire(self, now: float) -> None:
        """Take that the connection has the public's rights from here on, until it has a token."""
        self._renewal.expired = True
        self._pinged = False
        self._due = now + self._connect_timeout
        self._outbox.token_expired()
        self._subscriptions.token_expired()
        self._become(Cause.EXPIRED)
        self._need_credentials()

    def _take_renewed(self, message: dict[str, Any], now: float) -> None:
        self._show_authenticated(message)
        self._renewal.accepted(now)
        if self.state is State.AUTHENTICATING:
            self._alive(now)
            self._become(Cause.READY)
            self._subscriptions.token_renewed(now)
            self._write_waiting()

    def _show_authenticated(self, message: dict[str, Any]) -> None:
        """Show the answer without its secret, which only the driver is given."""
        shown = {name: value for name, value in message.items() if name != "refresh_token"}
        self._events += [Authenticated(message), MessageReceived(shown)]

    def _reject(self, error: tuple[str, str], now: float) -> None:
        used = self._renewal.used
        self.reject(_refused_words(*error, used.fields if used else {}), now)

    # Messages

    def _take(self, message: dict[str, Any], now: float) -> None:
        kind, uid = message.get("type"), message.get("uid")
        error = messages.error_of(message)
        if kind == "ping":
            self._send(messages.PONG)
        elif kind == "auth":
            self._take_auth(message, error, now)
        elif kind == "pong" and _is_own(uid):
            pass  # the answer to a ping of ours; that it came was all
        elif not self._subscriptions.take(message, error, now):
            self._deliver(uid, message, error)

    def _deliver(self, uid: Any, message: dict[str, Any], error: tuple[str, str] | None) -> None:
        if not _is_own(uid):
            self._events.append(MessageReceived(message))
        if error and error[0] == "FORBIDDEN" and self._outbox.doubts(uid):
            self._retake(uid)
        elif self._outbox.answered(uid):
            self._events.append(
                RequestFailed(uid, ServerError(*error)) if error else Replied(uid, message)
            )

    def _own_uid(self) -> str:
        """Return a uid of our own, outside the numbers that the program's messages get."""
        self._own_uids += 1
        return f"{_OWN}{self._own_uids}"

    def _post(self, outgoing: Outgoing) -> None:
        if self.state in (State.CLOSED, State.FAILED):
            raise NotConnected
        if self.state is State.OPEN:
            self._write(outgoing)
        else:
            self._outbox.hold(outgoing)

    def _retake(self, uid: str) -> None:
        """Send a request again, or fail it, that was refused since the token had expired."""
        failure = self._outbox.refused(uid)
        if failure is not None:
            self._report([failure])
        elif self.state is State.OPEN:
            self._write_waiting()

    def _write_waiting(self) -> None:
        while (outgoing := self._outbox.take()) is not None:
            self._write(outgoing)

    def _write(self, outgoing: Outgoing) -> None:
        log.debug("> %s", codec.Masked(outgoing.text))
        self._events.append(SendText(self._number, outgoing.text))
        self._outbox.written(outgoing)

    def _send(self, message: dict[str, Any]) -> None:
        self._write(Outgoing(codec.encode(message)))

    def _emit(self, event: Event) -> None:
        self._events.append(event)

    def _report(self, failures: list[Failure]) -> None:
        self._events += [RequestFailed(uid, error) for uid, error in failures]


def _is_own(uid: Any) -> bool:
    return isinstance(uid, str) and uid.startswith(_OWN)


def _refused_words(code: str, message: str, used: dict[str, str]) -> AuthenticationFailed:
    what, cure = "token", "Make a new static token for the user in Directus, and use that."
    if "password" in used:
        what, cure = "e-mail address or the password", "Correct them, and see that the user may in."
    elif "refresh_token" in used:
        what, cure = "refresh token", "Each is good for one use and a limited time: log in again."
    return AuthenticationFailed(
        f"Directus refused the {what}: {message.rstrip('.')} ({code}). {cure}"
    )


def _late_words(state: State, seconds: float) -> ConnectionFailed:
    what = "answer the token" if state is State.AUTHENTICATING else "accept the connection"
    return ConnectionFailed(f"Directus did not {what} within {seconds:g} s.")


def _closing_words(state: State, code: int, reason: str) -> ConnectionFailed:
    if state is State.CONNECTING:
        return ConnectionFailed("The connection to Directus could not be opened.")
    words = f"{code}: {reason}" if reason else str(code)
    return ConnectionFailed(f"The connection to Directus was closed ({words}).")
