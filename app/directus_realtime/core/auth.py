"""Authentication of one connection: the one owner of "the token has expired".

Theory of operation
    A token that a login gave expires. Directus then says so on the open connection, takes its
    rights away, waits ten seconds for another one, and closes. So another one is asked for ahead
    of time and sent on the open connection; where that came too late, at once. The driver gets
    it, which may take a while or fail, and hands it to the core.

    One request for other credentials is under way at a time, and an answer to ``auth`` is awaited
    before the next one: no token is sent twice on one connection. Refused credentials are
    replaced once; if those are refused too, it is final.

    Requests are answered in no promised order. So what was written before the token expired, and
    is answered with FORBIDDEN after it, is suspect: the expiry alone may be the reason. Each
    request and each subscribe remembers the ``period`` in which it was written; the period counts
    how often a token has expired.
"""

from collections.abc import Callable
from enum import Enum
from typing import NamedTuple

from ..errors import AuthenticationFailed
from .messages import Frame

_LEAD = 30.0  # seconds before its end at which a token is refreshed, at least
_LEAD_SHARE = 0.1  # of its life, if that is more
_LONGEST = 86_400.0  # seconds; a browser's timer holds no more than 24 days
_RETRY = 5.0  # seconds before another attempt, at least, and as much again at random


class Credentials(NamedTuple):
    """What to authenticate a connection with.

    Attributes:
        fields: what the auth message holds.
        refresh_in: the seconds after which other credentials should be asked for, None for never.
        refreshable: whether others can be had if Directus refuses these.
    """

    fields: dict[str, str]
    refresh_in: float | None = None
    refreshable: bool = False


class AuthOutcome(Enum):
    """What an auth message of Directus means for the connection."""

    ACCEPTED = "accepted"
    EXPIRED = "expired"
    REFUSED = "refused"
    NOT_OURS = "not ours"  # the answer to an auth message that the program sent itself
    IGNORED = "ignored"


def refresh_after(life: float) -> float:
    """Return how many seconds old a token may get that is good for ``life`` seconds."""
    lead = min(max(_LEAD, _LEAD_SHARE * life), life / 2)
    return min(life - lead, _LONGEST)


def retry_after(random: Callable[[], float]) -> float:
    """Return the seconds until the next attempt to refresh, after one that met no answer."""
    return _RETRY * (1 + random())


class AuthState:
    """The credentials of the connection, and whether they hold.

    Attributes:
        used: the credentials last used, or None for the public's rights.
        refused: the fields that must not be used for the next attempt, or None.
        due: the time at which other credentials should be asked for, or None.
        expired: whether the token has expired and no other one is accepted yet.
        period: how often a token has expired.
        signed_in: whether a login was accepted since the last :meth:`begin`.

    Args:
        random: gives numbers from 0 to 1.
        timeout: seconds in which Directus must answer a request.
    """

    def __init__(self, random: Callable[[], float], timeout: float) -> None:
        self.used: Credentials | None = None
        self.refused: dict[str, str] | None = None
        self.due: float | None = None
        self.expired = False
        self.period = 0
        self.signed_in = False
        self._random = random
        self._timeout = timeout
        self._asking = False  # whether other credentials are on their way here
        self._answering = False  # whether Directus owes an answer on the open connection
        self._replaced = False  # whether refused credentials were replaced since the last success
        self._errors_until = 0.0  # errors of events until then may be due to the expiry

    def begin(self) -> None:
        """Forget who was signed in: the program connects anew."""
        self.signed_in = False

    def use(self, credentials: Credentials) -> None:
        """Record what the next auth message, or the next attempt, is made with."""
        self.used = credentials
        self.refused = None
        self._asking = False

    def sent(self) -> None:
        """Record that an auth message was written on the open connection."""
        self._answering = True

    def take(self, frame: Frame) -> AuthOutcome:
        """Return what an auth message that came on the open connection means."""
        if frame.error is None:
            return AuthOutcome.ACCEPTED if self._answering else AuthOutcome.NOT_OURS
        code = frame.error[0]
        if code == "TOKEN_EXPIRED" and not self.expired and self.used is not None:
            return AuthOutcome.EXPIRED
        return AuthOutcome.REFUSED if code == "AUTH_FAILED" else AuthOutcome.IGNORED

    def accepted(self, now: float) -> None:
        """Record that Directus accepted what was used, on a new connection or on this one."""
        if self.expired:
            self._errors_until = now + self._timeout
        self.expired = self._answering = self._replaced = False
        self.signed_in = self.signed_in or (self.used is not None and self.used.refreshable)
        refresh_in = None if self.used is None else self.used.refresh_in
        self.due = None if refresh_in is None else now + refresh_in

    def expire(self) -> None:
        """Record that the connection has the public's rights until another token is accepted."""
        self.expired = True
        self.period += 1

    def may_be_expiry(self, now: float) -> bool:
        """Return whether an event's FORBIDDEN may be due to the expiry alone."""
        return self.expired or now < self._errors_until

    def ask(self) -> dict[str, str] | None:
        """Return the fields that others are needed for; None if those are on their way."""
        self.due = None
        if self._asking or self._answering or self.used is None:
            return None
        self._asking = True
        return self.used.fields

    def refresh_failed(self, now: float) -> None:
        """Record that nobody could be asked for others; they are asked for again later."""
        self._asking = False
        self.due = now + retry_after(self._random)

    def replace(self) -> bool:
        """Return whether to try others in place of what was refused: once, and if there are any."""
        if self.used is None or not self.used.refreshable or self._replaced:
            return False
        self._replaced = True
        self.refused = self.used.fields
        return True

    def connection_lost(self) -> None:
        """Forget what concerned the connection."""
        self.due = None
        self.expired = self._answering = self._asking = False
        self._errors_until = 0.0

    def refused_error(self, frame: Frame) -> AuthenticationFailed:
        """Return the error for Directus' refusal of what was used."""
        code, message = frame.error or ("AUTH_FAILED", "Authentication failed.")
        fields = self.used.fields if self.used is not None else {}
        what, cure = "token", "Make a new static token for the user in Directus, and use that."
        if "password" in fields:
            what = "e-mail address or the password"
            cure = "Correct them, and see that the user may in."
        elif "refresh_token" in fields:
            what = "refresh token"
            cure = "Each is good for one use and a limited time: log in again."
        return AuthenticationFailed(
            f"Directus refused the {what}: {message.rstrip('.')} ({code}). {cure}"
        )
