"""When the last frame was received, and when to ask whether Directus is still there."""


class Heartbeat:
    """The deadline of the next ping, or of its answer.

    Attributes:
        due: the time of the next ping, or of the end of the wait for its answer; or None.
        asked: whether a ping was sent and no frame has come since.
        heard_at: the time at which a frame came last.
        round_trip: how many seconds the answer to the last ping took, None if none was sent.

    Args:
        after: seconds of silence before a ping is sent; None sends none.
        timeout: seconds in which a frame must come after that ping.
    """

    def __init__(self, after: float | None, timeout: float) -> None:
        self.due: float | None = None
        self.asked = False
        self.heard_at = 0.0
        self.round_trip: float | None = None
        self._asked_at = 0.0
        self.timeout = timeout
        self._after = after

    def heard(self, now: float) -> None:
        """Record that a frame came."""
        self.asked = False
        self.heard_at = now
        self.due = None if self._after is None else now + self._after

    def ask(self, now: float, timeout: float | None = None) -> None:
        """Record that a ping is sent; within ``timeout`` seconds a frame must come."""
        self.asked = True
        self._asked_at = now
        self.due = now + (self.timeout if timeout is None else timeout)

    def answered(self, now: float) -> None:
        """Record that the answer to the last ping came."""
        self.round_trip = now - self._asked_at

    def stop(self) -> None:
        """Send no ping and wait for none until ``heard`` is called."""
        self.asked = False
        self.due = None
