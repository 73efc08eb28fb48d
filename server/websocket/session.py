"""The protocol of one connection: authentication, messages, heartbeat, expiry. Sans-I/O.

Its driver passes it frames (``receive``), the results of work (``authenticated``, ``answer``) and
the time (``tick``). Each call returns effects: text to send, work to do, the end. The session has
one ``deadline``; the driver arms one timer for it and calls ``tick``. Times are seconds of any one
clock.

In handshake mode a session starts in HANDSHAKE and reads one frame. It drops frames that arrive
while it is AUTHENTICATING, as Directus does. Public and strict sockets start OPEN. The requests of
an open session run concurrently, so replies may overtake each other.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from math import ceil
from typing import Any

from server.auth.access import Accountability
from server.config import MAX_SUBSCRIBE_SIZE, AuthMode
from server.errors import DirectusError, invalid_payload
from server.frames import check_message, credentials_of, error_frame, frame
from server.items.request import Outcome
from server.limiter import FixedWindowLimiter
from server.parsing import parse
from server.websocket.effects import (
    Authenticate,
    Close,
    Effect,
    Note,
    Perform,
    Send,
    StartSubscription,
    Uid,
)
from server.websocket.handlers import Handlers
from server.websocket.heartbeat import Heartbeat


class State(Enum):
    """The state of a session."""

    HANDSHAKE = auto()  # waits for its auth frame
    AUTHENTICATING = auto()  # its credentials are checked; other frames are dropped
    OPEN = auto()
    CLOSED = auto()


@dataclass(frozen=True, slots=True)
class SessionConfig:
    """What all sessions of a server share; ``auth_timeout`` in seconds.

    ``public`` is the accountability of clients that have not authenticated. ``limiter`` makes the
    rate limiter of one session; None for no limit.
    """

    handlers: Handlers
    heartbeat: Heartbeat
    public: Accountability
    auth: AuthMode
    auth_timeout: float
    limiter: Callable[[], FixedWindowLimiter] | None = None


class Session:
    """One connection.

    ``accountability`` is that of the upgrade's token, None without one. ``expires`` is the time at
    which the token expires; None for never.
    """

    def __init__(
        self,
        config: SessionConfig,
        accountability: Accountability | None,
        now: float,
        expires: float | None = None,
    ) -> None:
        self.accountability = accountability or config.public
        self._config = config
        self._limiter = config.limiter() if config.limiter else None
        self._auth_due: float | None = None
        self._expires = expires
        self._next_ping: float | None = None
        self._alive = True
        if accountability is None and config.auth == "handshake":
            self._state = State.HANDSHAKE
            self._auth_due = now + config.auth_timeout
        else:
            self._open(now)

    @property
    def is_open(self) -> bool:
        """Whether the handshake is over and the session is not closed."""
        return self._state is State.OPEN

    @property
    def deadline(self) -> float | None:
        """The time at which to call ``tick``, or None."""
        if self._state is State.CLOSED:
            return None
        times = (self._auth_due, self._expires, self._next_ping)
        return min((time for time in times if time is not None), default=None)

    def receive(self, text: str, now: float) -> list[Effect]:
        """Handle a frame of the client."""
        if self._state is State.HANDSHAKE:
            return self._handshake(text)
        if self._state is not State.OPEN:
            return [Note(f"dropped a frame in the state {self._state.name}")]
        wait = self._limiter.consume(now) if self._limiter else None
        if wait is not None:
            return [Send(error_frame("server", _too_many(wait)))]
        try:
            effects = self._message(text)
        except DirectusError as error:
            return [Send(error_frame("server", error))]
        if any(isinstance(effect, Close) for effect in effects):
            self._state = State.CLOSED
        return effects

    def tick(self, now: float) -> list[Effect]:
        """Handle the deadlines that have passed."""
        if self._state is State.CLOSED:
            return []
        effects: list[Effect] = []
        if _due(self._auth_due, now):
            if self._state is not State.OPEN:
                return self._handshake_failed()
            self._auth_due = None
            effects += self._auth_failed("AUTH_TIMEOUT", "Authentication timed out.", None)
        if _due(self._expires, now):
            self._expires, self._auth_due = None, now + self._config.auth_timeout
            self.accountability = self._config.public
            effects.append(Send(_auth_error("TOKEN_EXPIRED", "Token expired.")))
        if self._state is State.OPEN and _due(self._next_ping, now):
            effects += self._ping(now)
        return effects

    def authenticated(
        self,
        work: Authenticate,
        accountability: Accountability | None,
        now: float,
        *,
        expires: float | None = None,
        refresh_token: str | None = None,
    ) -> list[Effect]:
        """Handle a check of credentials; ``accountability`` is None if they are wrong.

        ``expires`` is the time at which they expire. ``refresh_token`` goes to the client.
        """
        if self._state is State.CLOSED:
            return []
        if self._state is State.AUTHENTICATING:
            if accountability is None:
                return self._handshake_failed()
            self._open(now)
        self._auth_due, self._expires = None, expires
        self.accountability = accountability or self._config.public
        if accountability is None:
            return self._auth_failed("AUTH_FAILED", "Authentication failed.", work.uid)
        given = {"uid": work.uid, "refresh_token": refresh_token}
        reply = {name: value for name, value in given.items() if value is not None}
        return [Send(frame(type="auth", status="ok", **reply))]

    def answer(
        self, work: Perform | StartSubscription, result: Outcome | DirectusError
    ) -> list[Effect]:
        """Handle the result of a request."""
        if self._state is State.CLOSED:
            return []
        return self._config.handlers.answer(work, result)

    def close(self) -> None:
        """Handle the end of the connection: close, and remove the subscriptions."""
        self._state = State.CLOSED
        self._config.handlers.hub.remove(self)

    def _open(self, now: float) -> None:
        self._state = State.OPEN
        self._next_ping = self._config.heartbeat.after(now)

    def _handshake(self, text: str) -> list[Effect]:
        try:
            message = parse(text)
            check_message(message)
        except (ValueError, DirectusError):
            return self._handshake_failed()
        credentials = credentials_of(message) if message["type"] == "auth" else None
        if credentials is None:
            return self._handshake_failed()
        self._state = State.AUTHENTICATING
        return [Authenticate(credentials, message.get("uid"))]

    def _handshake_failed(self) -> list[Effect]:
        self._state = State.CLOSED
        return [Send(_auth_error("AUTH_FAILED", "Authentication handshake failed.")), Close()]

    def _auth_failed(self, code: str, message: str, uid: Uid) -> list[Effect]:
        effects: list[Effect] = [Send(_auth_error(code, message, uid))]
        if self._config.auth != "public":
            self._state = State.CLOSED
            effects.append(Close())
        return effects

    def _ping(self, now: float) -> list[Effect]:
        if not self._alive:
            self._state = State.CLOSED
            return [Note("a ping was not answered within a heartbeat period"), Close()]
        self._alive = False
        period = self._config.heartbeat.period
        while period is not None and self._next_ping is not None and self._next_ping <= now:
            self._next_ping += period
        return [Send(frame(type="ping"))]

    def _message(self, text: str) -> list[Effect]:
        try:
            message = parse(text)
        except ValueError:
            words = "Unable to parse the incoming message."
            raise DirectusError("INVALID_PAYLOAD", words, status=400) from None
        if isinstance(message, dict) and message.get("type") == "auth":
            return self._reauthenticate(message)
        check_message(message)
        self._alive = True
        if message["type"] == "subscribe" and len(text) > MAX_SUBSCRIBE_SIZE:
            return [Send(_subscribe_too_large(message.get("uid")))]
        return self._config.handlers.handle(self, message)

    def _reauthenticate(self, message: dict[str, Any]) -> list[Effect]:
        # Directus stops its timeout at any auth frame, even at one that it then ignores.
        self._auth_due = None
        credentials = credentials_of(message)
        uid = message.get("uid")
        if credentials is None or not (uid is None or isinstance(uid, str | int | float)):
            return [Note("ignored an auth message without usable credentials")]
        return [Authenticate(credentials, uid)]


def _due(time: float | None, now: float) -> bool:
    return time is not None and time <= now


def _too_many(wait: float) -> DirectusError:
    words = f"Too many messages, retry after {ceil(wait * 1000)}ms."
    return DirectusError("REQUESTS_EXCEEDED", words, status=429)


def _subscribe_too_large(uid: Uid) -> str:
    words = f"The message is longer than {MAX_SUBSCRIBE_SIZE:,} characters"
    return error_frame("subscribe", invalid_payload(words), None if uid is None else str(uid))


def _auth_error(code: str, message: str, uid: Uid = None) -> str:
    return error_frame("auth", DirectusError(code, message, status=401), uid)
