"""How long to wait before trying again."""

from collections.abc import Callable

FIRST_RETRY = 0.25
"""The first retry comes within this many seconds."""

_LONGEST = 20.0  # seconds


def retry_delay(attempt: int, random: Callable[[], float]) -> float:
    """Return the seconds before retry number ``attempt``, counted from 0: full jitter."""
    most = FIRST_RETRY if attempt == 0 else min(_LONGEST, 0.5 * 2 ** min(attempt - 1, 31))
    return most * random()
