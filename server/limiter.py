"""Rate limiting. No I/O."""

from dataclasses import dataclass


@dataclass(slots=True)
class FixedWindowLimiter:
    """Allows ``points`` requests in a window of ``duration`` seconds.

    The first request after the end of a window starts the next one.
    """

    points: int
    duration: float
    _until: float = 0.0
    _spent: int = 0

    def consume(self, now: float) -> float | None:
        """Count a request; return the seconds to wait if it exceeds the limit, else None."""
        if self.expired(now):
            self._until, self._spent = now + self.duration, 0
        self._spent += 1
        return self._until - now if self._spent > self.points else None

    def expired(self, now: float) -> bool:
        """Return whether the window is over, so that the limiter holds no state."""
        return now >= self._until
