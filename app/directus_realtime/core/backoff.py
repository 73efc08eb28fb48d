"""How long to wait before trying again."""

from collections.abc import Callable

FIRST_RETRY = 0.25
"""The first retry comes within this many seconds."""

_LONGEST = 20.0  # seconds
_SETTLED = 5.0  # seconds for which a connection must have been open to count as a success


def retry_delay(attempt: int, random: Callable[[], float]) -> float:
    """Return the seconds before retry number ``attempt``, counted from 0: full jitter."""
    most = FIRST_RETRY if attempt == 0 else min(_LONGEST, 0.5 * 2 ** min(attempt - 1, 31))
    return most * random()


class Backoff:
    """Counts the attempts in a row.

    The count starts over when a connection has lived for longer than the last delay and five
    seconds, not when it opened: a server that takes every connection and drops it at once is asked
    less and less often.

    Attributes:
        attempt: how many attempts there were since the last success.

    Args:
        random: returns numbers from 0 to 1.
    """

    def __init__(self, random: Callable[[], float]) -> None:
        self.attempt = 0
        self._random = random
        self._delay = 0.0
        self._opened_at: float | None = None

    def begin(self) -> None:
        """Reset the count: the program connects."""
        self.attempt = 0
        self._delay = 0.0

    def opened(self, now: float) -> None:
        """Record that the connection is open."""
        self._opened_at = now

    def lost(self, now: float) -> None:
        """Record that the connection is lost, or could not be opened."""
        opened_at, self._opened_at = self._opened_at, None
        if opened_at is not None and now - opened_at >= max(_SETTLED, self._delay):
            self.begin()

    def next_delay(self) -> float:
        """Return the seconds before the next attempt, and count it."""
        self._delay = retry_delay(self.attempt, self._random)
        self.attempt += 1
        return self._delay
