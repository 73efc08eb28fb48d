"""One connection's rules: who it is, what it asks, whether it lives. Sans-I/O.

Theory of operation. A session is told of texts (``receive``), of the outcome of work that it asked
for (``authenticated``, ``answer``) and of time (``tick``), and returns effects: text to send, work
to do, to close. It names one ``deadline``; whoever drives it arms one timer for that and calls
``tick``. Times are seconds of any one clock.

In handshake mode it starts in HANDSHAKE, reads one frame, and drops what comes while that is being
CHECKED, as Directus does; public and strict sockets start OPEN. An open session lets messages be
worked on side by side, so replies may overtake each other.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from math import ceil
from typing import Any

from server.access import Rights
from server.config import AuthMode
from server.effects import Authenticate, Close, Effect, Note, Perform, Send, Snapshot, Uid
from server.errors import DirectusError
from server.frames import check_message, credentials_of, error_frame, frame, parse
from server.handlers import Handlers
from server.limits import Window
from server.pulse import Pulse
from server.request import Outcome


class State(Enum):
    """Where a session is in its life."""

    HANDSHAKE = auto()  # waits for its one auth frame
    CHECKED = auto()  # that is being looked at; what else comes is lost
    OPEN = auto()
    CLOSED = auto()


@dataclass(frozen=True, slots=True)
class Rules:
    """What is the same for all sessions of a server; ``auth_timeout`` in seconds.

    ``window`` makes what limits the frames of one session; None for no limit.
    """

    handlers: Handlers
    pulse: Pulse
    public: Rights
    auth: AuthMode
    auth_timeout: float
    window: Callable[[], Window] | None = None


class Session:
    """One connection. It was let in with ``rights``, or None if it has not said whose it is.

    ``expires`` is when these rights end; None for never.
    """

    def __init__(
        self, rules: Rules, rights: Rights | None, now: float, expires: float | None = None
    ) -> None:
        self.rights = rights or rules.public
        self._rules = rules
        self._window = rules.window() if rules.window else None
        self._auth_due: float | None = None
        self._expires = expires
        self._beat: float | None = None
        self._answered = True
        if rights is None and rules.auth == "handshake":
            self._state = State.HANDSHAKE
            self._auth_due = now + rules.auth_timeout
        else:
            self._open(now)

    @property
    def admitted(self) -> bool:
        """Whether it is past its handshake, and not closed."""
        return self._state is State.OPEN

    @property
    def deadline(self) -> float | None:
        """When ``tick`` is to be called, or None."""
        if self._state is State.CLOSED:
            return None
        times = (self._auth_due, self._expires, self._beat)
        return min((time for time in times if time is not None), default=None)

    def receive(self, text: str, now: float) -> list[Effect]:
        """Take a frame from the client."""
        if self._state is State.HANDSHAKE:
            return self._handshake(text)
        if self._state is not State.OPEN:
            return [Note(f"lost a frame of a client that is {self._state.name}")]
        wait = self._window.spend(now) if self._window else None
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
        """Do what is due."""
        if self._state is State.CLOSED:
            return []
        effects: list[Effect] = []
        if _due(self._auth_due, now):
            if self._state is not State.OPEN:
                return self._handshake_failed()
            self._auth_due = None
            effects += self._auth_failed("AUTH_TIMEOUT", "Authentication timed out.", None)
        if _due(self._expires, now):
            self._expires, self._auth_due = None, now + self._rules.auth_timeout
            self.rights = self._rules.public
            effects.append(Send(_auth_error("TOKEN_EXPIRED", "Token expired.")))
        if self._state is State.OPEN and _due(self._beat, now):
            effects += self._heartbeat(now)
        return effects

    def authenticated(
        self,
        work: Authenticate,
        rights: Rights | None,
        now: float,
        *,
        expires: float | None = None,
        refresh_token: str | None = None,
    ) -> list[Effect]:
        """Take whose credentials they were, None for nobody's, and when they cease to be good.

        ``refresh_token`` is told to the client: with it, it may come again.
        """
        if self._state is State.CLOSED:
            return []
        if self._state is State.CHECKED:
            if rights is None:
                return self._handshake_failed()
            self._open(now)
        self._auth_due, self._expires = None, expires
        self.rights = rights or self._rules.public
        if rights is None:
            return self._auth_failed("AUTH_FAILED", "Authentication failed.", work.uid)
        given = {"uid": work.uid, "refresh_token": refresh_token}
        told = {name: value for name, value in given.items() if value is not None}
        return [Send(frame(type="auth", status="ok", **told))]

    def answer(self, work: Perform | Snapshot, result: Outcome | DirectusError) -> list[Effect]:
        """Take what came of a request."""
        if self._state is State.CLOSED:
            return []
        return self._rules.handlers.answer(work, result)

    def close(self) -> None:
        """Take that the connection is gone."""
        self._state = State.CLOSED
        self._rules.handlers.hub.remove(self)

    def _open(self, now: float) -> None:
        self._state = State.OPEN
        self._beat = self._rules.pulse.after(now)

    def _handshake(self, text: str) -> list[Effect]:
        try:
            message = parse(text)
            check_message(message)
        except (ValueError, DirectusError):
            return self._handshake_failed()
        credentials = credentials_of(message) if message["type"] == "auth" else None
        if credentials is None:
            return self._handshake_failed()
        self._state = State.CHECKED
        return [Authenticate(credentials, message.get("uid"))]

    def _handshake_failed(self) -> list[Effect]:
        self._state = State.CLOSED
        return [Send(_auth_error("AUTH_FAILED", "Authentication handshake failed.")), Close()]

    def _auth_failed(self, code: str, message: str, uid: Uid) -> list[Effect]:
        effects: list[Effect] = [Send(_auth_error(code, message, uid))]
        if self._rules.auth != "public":
            self._state = State.CLOSED
            effects.append(Close())
        return effects

    def _heartbeat(self, now: float) -> list[Effect]:
        if not self._answered:
            self._state = State.CLOSED
            return [Note("a ping was not answered within a heartbeat period"), Close()]
        self._answered = False
        period = self._rules.pulse.period
        while period is not None and self._beat is not None and self._beat <= now:
            self._beat += period
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
        self._answered = True
        return self._rules.handlers.handle(self, message)

    def _reauthenticate(self, message: dict[str, Any]) -> list[Effect]:
        # Directus stops waiting at any auth frame, even at one that it then ignores.
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


def _auth_error(code: str, message: str, uid: Uid = None) -> str:
    return error_frame("auth", DirectusError(code, message, status=401), uid)
