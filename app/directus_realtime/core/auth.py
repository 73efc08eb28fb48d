"""Authentication of one connection: the one owner of "the token has expired".

Theory of operation
    A token that comes from a login expires. Directus then reports it on the open connection,
    withdraws the connection's rights, waits ten seconds for a new token, and closes. So the core
    asks for a new token ahead of time and sends it on the open connection; if the old one has
    expired already, it asks at once. The driver gets the token, which may take a while or fail,
    and passes it to the core.

    At most one request for new credentials is under way, and the answer to an ``auth`` message
    comes before the next one is sent: no token is sent twice on one connection. Refused
    credentials are replaced once; if the new ones are refused too, that is final.

    Directus answers requests in any order. So a request that was written before the token
    expired, and is answered with FORBIDDEN after it, is suspect: the expiry alone may be the
    reason. Each request and each subscribe remembers the ``period`` in which it was written; the
    period counts how often a token has expired.
"""

from collections.abc import Callable
from enum import Enum
from typing import NamedTuple

from ..errors import AuthenticationFailed
from .messages import Frame

_LEAD = 30.0  # seconds: a token is refreshed at least so long before it expires
_LEAD_SHARE = 0.1  # of the token's life, if that is longer
_SHORTEST = 1.0  # seconds between two refreshes, where tokens are valid for less, or for none
_LONGEST = 86_400.0  # seconds; a browser's timer holds no more than 24 days
_RETRY = 5.0  # seconds before the next attempt; up to as much again is added at random


class Credentials(NamedTuple):
    """What to authenticate a connection with.

    Attributes:
        fields: what the auth message holds.
        refresh_in: the seconds after which to ask for new credentials, None for never.
        refreshable: whether new credentials can be obtained if Directus refuses these.
    """

    fields: dict[str, str]
    refresh_in: float | None = None
    refreshable: bool = False


class AuthOutcome(Enum):
    """What an auth message from Directus means for the connection."""

    ACCEPTED = "accepted"
    EXPIRED = "expired"
    REFUSED = "refused"
    NOT_OURS = "not ours"  # the answer to an auth message that the program sent itself
    IGNORED = "ignored"


def refresh_after(life: float) -> float:
    """Return the age in seconds at which to refresh a token that is valid for ``life`` seconds."""
    lead = min(max(_LEAD, _LEAD_SHARE * life), life / 2)
    return max(_SHORTEST, min(life - lead, _LONGEST))


def retry_after(random: Callable[[], float]) -> float:
    """Return the seconds until the next attempt to refresh, after one that got no answer."""
    return _RETRY * (1 + random())


class AuthState:
    """The credentials of the connection, and whether they are valid.

    Attributes:
        used: the credentials last used, or None for public rights.
        refused: the fields that must not be used for the next attempt, or None.
        due: the time at which to ask for new credentials, or None.
        expired: whether the token has expired and no new one is accepted yet.
        period: how often a token has expired.
        signed_in: whether a login was accepted since the last ``begin``.

    Args:
        random: returns numbers from 0 to 1.
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
        self._asking = False  # whether new credentials are requested and not here yet
        self._answering = False  # whether an auth message on the open connection is unanswered
        self._replaced = False  # whether refused credentials were replaced since the last success
        self._errors_until = 0.0  # errors of events until then may be due to the expiry

    def begin(self) -> None:
        """Forget the earlier login: the program connects again."""
        self.signed_in = self._replaced = False
        self.refused = None

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
        """Record that the connection has public rights until a new token is accepted."""
        self.expired = True
        self.period += 1

    @property
    def answering(self) -> bool:
        """Whether an auth message on the open connection is unanswered."""
        return self._answering

    def may_be_expiry(self, now: float) -> bool:
        """Return whether an event's FORBIDDEN may be due to the expiry alone."""
        return self.expired or now < self._errors_until

    def ask(self) -> dict[str, str] | None:
        """Return the fields of the credentials to replace; None if new ones are on their way."""
        self.due = None
        if self._asking or self._answering or self.used is None:
            return None
        self._asking = True
        return self.used.fields

    def refresh_failed(self, now: float) -> None:
        """Record that no new credentials could be requested; they are asked for again later."""
        self._asking = False
        self.due = now + retry_after(self._random)

    def replace(self) -> bool:
        """Return whether to replace refused credentials: once, and only if new ones can be had."""
        if self.used is None or not self.used.refreshable or self._replaced:
            return False
        self._replaced = True
        self.refused = self.used.fields
        return True

    def connection_lost(self) -> None:
        """Reset what belongs to the lost connection."""
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
