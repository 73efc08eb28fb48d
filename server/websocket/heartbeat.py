"""The heartbeat: when each client gets a ping. No I/O."""

from dataclasses import dataclass


@dataclass(slots=True)
class Heartbeat:
    """The heartbeat that all clients share; it starts with the first one and stops without any.

    ``period`` is in seconds; None for no heartbeat.
    """

    period: float | None
    _since: float = 0.0
    _clients: int = 0

    def join(self, now: float) -> None:
        """Count a new client."""
        if self._clients == 0:
            self._since = now
        self._clients += 1

    def leave(self) -> None:
        """Count a client that is gone."""
        self._clients -= 1

    def after(self, now: float) -> float | None:
        """Return the time of the first ping after ``now``, or None without a heartbeat."""
        if self.period is None:
            return None
        beats = (now - self._since) // self.period + 1
        return self._since + beats * self.period
