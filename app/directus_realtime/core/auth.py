"""What a connection is authenticated with, and when something better is needed.

Theory of operation
    A token that a login gave expires. Directus then says so on the open connection, takes its
    rights away, waits ten seconds for a new one, and closes. So others are asked for ahead of
    time and sent on the open connection; where that came too late, at once. The driver gets
    them, which may take a while or fail, and hands them to the core.

    One request for others is under way at a time, and an answer to ``auth`` is awaited before
    the next one: no token is sent twice on one connection. Refused credentials are replaced
    once; those are refused too, it is final.

Pure: it knows credentials and times, no clock and no socket.
"""

from collections.abc import Callable
from typing import NamedTuple

_LEAD = 30.0  # seconds before its end at which a token is renewed, at least
_LEAD_SHARE = 0.1  # of its life, if that is more
_LONGEST = 86_400.0  # seconds; browsers' timers hold no more than 24 days
_RETRY = 5.0  # seconds before another attempt, at least, and as much again at random


class Credentials(NamedTuple):
    """What to authenticate a connection with.

    ``fields`` is what the auth message holds; ``renew_in`` the seconds after which others
    should be asked for, None for never; ``renewable`` whether others can be had if Directus
    refuses these.
    """

    fields: dict[str, str]
    renew_in: float | None = None
    renewable: bool = False


def renew_after(life: float) -> float:
    """Return how many seconds old a token may get that is good for ``life`` seconds."""
    lead = min(max(_LEAD, _LEAD_SHARE * life), life / 2)
    return min(life - lead, _LONGEST)


def retry_after(random: Callable[[], float]) -> float:
    """Return the seconds until the next attempt to renew, after one that met no answer."""
    return _RETRY * (1 + random())


class Renewal:
    """What the core knows of its connection's credentials.

    Attributes:
        used: the credentials last used, or None for the public's rights.
        refused: the fields that must not be used for the next attempt, or None.
        due: the time at which others should be asked for, or None.
        expired: whether Directus has taken the connection's rights away.
        answering: whether Directus owes an answer to an auth message on the open connection.

    Args:
        random: gives numbers from 0 to 1.
    """

    def __init__(self, random: Callable[[], float]) -> None:
        self.used: Credentials | None = None
        self.refused: dict[str, str] | None = None
        self.due: float | None = None
        self.expired = False
        self.answering = False
        self._random = random
        self._asking = False
        self._replaced = False  # whether refused credentials were replaced since the last success

    def use(self, credentials: Credentials | None) -> None:
        """Note what the next auth message, or the next attempt, is made with."""
        self.used = credentials
        self.refused = None
        self._asking = False

    def accepted(self, now: float) -> None:
        """Directus has let the connection in with what was used."""
        self.expired = self.answering = self._replaced = False
        renew_in = None if self.used is None else self.used.renew_in
        self.due = None if renew_in is None else now + renew_in

    def ask(self) -> dict[str, str] | None:
        """Return the fields that others are needed for; None if those are on their way."""
        self.due = None
        if self._asking or self.answering or self.used is None:
            return None
        self._asking = True
        return self.used.fields

    def failed(self, now: float) -> None:
        """Nobody answered who could give others: ask again, later."""
        self._asking = False
        self.due = now + retry_after(self._random)

    def replace(self) -> bool:
        """Return whether to try others in place of what was refused: once, and if there are any."""
        worth_it = self.used is not None and self.used.renewable and not self._replaced
        if worth_it and self.used is not None:
            self._replaced = True
            self.refused = self.used.fields
        return worth_it

    def connection_lost(self) -> None:
        """Forget what concerned the connection."""
        self.due = None
        self.expired = self.answering = self._asking = False
