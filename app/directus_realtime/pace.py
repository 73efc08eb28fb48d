"""How often something is sent, so that Directus' rate limiter lets it pass."""

import asyncio

_EVERY = 0.05  # seconds between two turns, in the long run
_AT_ONCE = 10  # turns that need not wait for each other


class Pace:
    """Gives turns: at most 30 in any second, of the 50 messages that Directus takes by default."""

    def __init__(self) -> None:
        self._due = 0.0  # when all turns so far would be over, one after the other

    async def turn(self) -> None:
        """Return when the next message may be sent; turns come in the order of the calls."""
        now = asyncio.get_running_loop().time()
        wait = self._due - now - _EVERY * (_AT_ONCE - 1)
        self._due = max(self._due, now) + _EVERY
        if wait > 0:
            await asyncio.sleep(wait)
