"""So many requests in so much time, and no more. No I/O."""

from dataclasses import dataclass


@dataclass(slots=True)
class Window:
    """A window of ``duration`` seconds that opens with a first request and takes ``points``."""

    points: int
    duration: float
    _until: float = 0.0
    _spent: int = 0

    def spend(self, now: float) -> float | None:
        """Count a request; return how many seconds to wait if it is one too many, else None."""
        if self.closed(now):
            self._until, self._spent = now + self.duration, 0
        self._spent += 1
        return self._until - now if self._spent > self.points else None

    def closed(self, now: float) -> bool:
        """Whether the window is over, and with it all that was counted."""
        return now >= self._until
