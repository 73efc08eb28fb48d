"""Gathers the events of a run, from several threads, and waits until they are there."""

import json
import threading
import time
from collections.abc import Callable

from tests.history.events import (
    Acknowledged,
    Delivered,
    Event,
    Expired,
    History,
    Invoked,
    Refused,
    Unknown,
)

PATIENCE = 90.0
"""Seconds in which anything must come about that a run waits for."""
_OUTCOMES = (Acknowledged, Refused, Unknown)


class Recorder:
    """The history of a run, as it becomes."""

    def __init__(self) -> None:
        self._events: list[tuple[float, Event]] = []
        self._changed = threading.Condition()
        self._unsettled = 0
        self._expired = 0
        self._delivered: dict[str, int] = {}

    def record(self, event: Event, at: float | None = None) -> None:
        """Take an event, of now or of the time ``at`` in seconds since 1970."""
        with self._changed:
            self._events.append((time.time() if at is None else at, event))
            self._unsettled += isinstance(event, Invoked) - isinstance(event, _OUTCOMES)
            self._expired += isinstance(event, Expired)
            if isinstance(event, Delivered):
                count = self._delivered.get(event.subscriber, 0)
                self._delivered[event.subscriber] = count + 1
            self._changed.notify_all()

    def wait_settled(self) -> None:
        """Wait until each create that was recorded has an outcome."""
        assert self.wait(lambda: not self._unsettled), f"{self._unsettled} have no outcome"

    def wait_delivered(self, subscriber: str, count: int) -> None:
        """Wait until a subscriber has so many rows; the checker says what it lacks in the end."""
        self.wait(lambda: self._delivered.get(subscriber, 0) >= count)

    def wait_expired(self) -> bool:
        """Wait until one more token has expired on an open connection; return whether one has."""
        before = self._expired
        return self.wait(lambda: self._expired > before)

    def wait(self, condition: Callable[[], bool]) -> bool:
        """Wait for a condition that events or their senders bring about; return whether it came."""
        with self._changed:
            return self._changed.wait_for(condition, PATIENCE)

    def wake(self) -> None:
        """Have conditions looked at that depend on other things than events."""
        with self._changed:
            self._changed.notify_all()

    def history(self) -> History:
        """Return all events in the order of their times."""
        with self._changed:
            return [event for _, event in sorted(self._events, key=lambda entry: entry[0])]

    def count(self) -> dict[str, int]:
        """Return how many events of each kind there are."""
        counts: dict[str, int] = {}
        for event in self.history():
            name = type(event).__name__.lower()
            counts[name] = counts.get(name, 0) + 1
        return counts


def create_in(frame: str) -> str | None:
    """Return the create that a client's frame asks for, if it asks for one."""
    message = json.loads(frame)
    if message.get("type") != "items" or message.get("action") != "create":
        return None
    return str(message["data"]["text"])
