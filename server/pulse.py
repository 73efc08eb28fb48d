"""The clock of the heartbeats. No I/O."""

from dataclasses import dataclass


@dataclass(slots=True)
class Pulse:
    """The one clock of all heartbeats: it starts with the first client and rests without any."""

    period: float | None
    _since: float = 0.0
    _clients: int = 0

    def join(self, now: float) -> None:
        """Count a client in."""
        if self._clients == 0:
            self._since = now
        self._clients += 1

    def leave(self) -> None:
        """Count a client out."""
        self._clients -= 1

    def after(self, now: float) -> float | None:
        """Return when the first beat after ``now`` is, or None if the heart is off."""
        if self.period is None:
            return None
        beats = (now - self._since) // self.period + 1
        return self._since + beats * self.period
