"""Says which promises a history breaks, and by which events. Pure: no clock, no network.

The promises are those of docs/promises.md, under the same names.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Any, TypeVar

from tests.history.events import (
    Acknowledged,
    Create,
    Delivered,
    Ended,
    Event,
    Expired,
    History,
    Invoked,
    Refused,
    Resubscribed,
    Stored,
    Subscribed,
    Unknown,
    Written,
)

Kind = TypeVar("Kind", bound=Event)


class Promise(StrEnum):
    """What holds in every history."""

    DELIVERED = "delivered"  # what is stored is delivered to each recovering subscriber
    DELIVERED_ONCE = "delivered once"
    NOTHING_INVENTED = "nothing invented"  # what is delivered was asked for before, and is stored
    STORED = "stored"  # what was acknowledged is in the database, under the key that was told
    EXECUTED_ONCE = "executed once"
    SENT_ONCE = "sent once"  # again only after the server refused it unread
    REFUSED_IS_NOT_STORED = "refused is not stored"
    ONE_OUTCOME = "one outcome"
    UNKNOWN_WAS_WRITTEN = "unknown was written"
    RECOVERED_IN_ORDER = "recovered in order"  # within what follows one init
    SUBSCRIPTION_LASTS = "subscription lasts"


@dataclass(frozen=True)
class Violation:
    """A broken promise.

    Attributes:
        promise: which one.
        words: how it was broken.
        events: the positions in the history of the events that break it.
    """

    promise: Promise
    words: str
    events: tuple[int, ...]


class _Index:
    """Where a history has what."""

    def __init__(self, history: History) -> None:
        self.history = history
        self._places: dict[Any, dict[Any, list[int]]] = defaultdict(lambda: defaultdict(list))
        for place, event in enumerate(history):
            name = getattr(event, "create", None) or getattr(event, "subscriber", None)
            self._places[type(event)][name].append(place)

    def names(self, kind: type[Event]) -> list[Any]:
        """Return the creates, or the subscribers, that have events of a kind."""
        return list(self._places[kind])

    def places(self, name: Any, *kinds: type[Event]) -> tuple[int, ...]:
        """Return the positions of a create's or a subscriber's events of these kinds."""
        return tuple(sorted(place for kind in kinds for place in self._places[kind].get(name, ())))

    def all_of(self, kind: type[Kind]) -> Iterator[tuple[int, Kind]]:
        """Yield all events of a kind with their positions, in the order of the history."""
        for place in sorted(place for places in self._places[kind].values() for place in places):
            event = self.history[place]
            assert isinstance(event, kind)
            yield place, event

    def deliveries(self) -> dict[str, dict[Create, list[int]]]:
        """Return the positions of deliveries by subscriber and create."""
        found: dict[str, dict[Create, list[int]]] = {
            name: defaultdict(list) for name in self.names(Subscribed)
        }
        for place, event in self.all_of(Delivered):
            found.setdefault(event.subscriber, defaultdict(list))[event.create].append(place)
        return found


def check(history: History) -> list[Violation]:
    """Return every way in which a history breaks a promise; an empty list for a good one."""
    index = _Index(history)
    return [violation for checked in _CHECKS for violation in checked(index)]


def explain(history: History, violations: list[Violation], most: int = 10) -> str:
    """Return violations in words, with the events that break each promise."""
    lines = [f"{len(violations)} violations"]
    for violation in violations[:most]:
        lines.append(f"{violation.promise}: {violation.words}")
        lines += [f"  {place}: {history[place]}" for place in violation.events]
    return "\n".join(lines)


def _delivered(index: _Index) -> Iterator[Violation]:
    for subscriber, deliveries in index.deliveries().items():
        begins = index.places(subscriber, Subscribed)
        for create in index.names(Stored):
            invoked = index.places(create, Invoked)
            is_owed = begins and invoked and invoked[0] > begins[0]
            if is_owed and create not in deliveries:
                events = invoked + index.places(create, Acknowledged, Unknown, Stored)
                words = f"{create} is stored and never reached {subscriber}"
                yield Violation(Promise.DELIVERED, words, events)


def _delivered_once(index: _Index) -> Iterator[Violation]:
    for subscriber, deliveries in index.deliveries().items():
        for create, places in deliveries.items():
            if len(places) > 1:
                words = f"{create} reached {subscriber} {len(places)} times"
                yield Violation(Promise.DELIVERED_ONCE, words, tuple(places))


def _nothing_invented(index: _Index) -> Iterator[Violation]:
    for place, event in index.all_of(Delivered):
        invoked = index.places(event.create, Invoked)
        if not invoked or invoked[0] > place:
            words = f"{event.subscriber} got {event.create} before anybody asked for it"
        elif not index.places(event.create, Stored):
            words = f"{event.subscriber} got {event.create}, which is not stored"
        else:
            continue
        yield Violation(Promise.NOTHING_INVENTED, words, (place, *invoked))


def _stored(index: _Index) -> Iterator[Violation]:
    for place, event in index.all_of(Acknowledged):
        stored = index.places(event.create, Stored)
        keys = [index.history[each].key for each in stored]  # type: ignore[union-attr]
        if event.key not in keys:
            words = f"{event.create} was acknowledged as {event.key!r}, and stored as {keys}"
            yield Violation(Promise.STORED, words, (place, *stored))


def _executed_once(index: _Index) -> Iterator[Violation]:
    for create in index.names(Stored):
        stored = index.places(create, Stored)
        if len(stored) > 1:
            words = f"{create} is stored {len(stored)} times"
            yield Violation(Promise.EXECUTED_ONCE, words, stored)


def _sent_once(index: _Index) -> Iterator[Violation]:
    expiries = [place for place, _ in index.all_of(Expired)]
    for create in index.names(Written):
        written = index.places(create, Written)
        for first, second in pairwise(written):
            if not any(first < expiry < second for expiry in expiries):
                words = f"{create} was written again, and the server had not refused it"
                yield Violation(Promise.SENT_ONCE, words, (first, second))


def _refused_is_not_stored(index: _Index) -> Iterator[Violation]:
    for place, event in index.all_of(Refused):
        if stored := index.places(event.create, Stored):
            words = f"{event.create} was reported as {event.code}, and is stored"
            yield Violation(Promise.REFUSED_IS_NOT_STORED, words, (place, *stored))


def _one_outcome(index: _Index) -> Iterator[Violation]:
    outcomes = (Acknowledged, Refused, Unknown)
    creates = {name: None for kind in (Invoked, *outcomes) for name in index.names(kind)}
    for create in creates:
        invoked, ended = index.places(create, Invoked), index.places(create, *outcomes)
        if len(invoked) != 1 or len(ended) != 1 or ended[0] < invoked[0]:
            words = f"{create} was asked for {len(invoked)} times and has {len(ended)} outcomes"
            yield Violation(Promise.ONE_OUTCOME, words, (*invoked, *ended))


def _unknown_was_written(index: _Index) -> Iterator[Violation]:
    for place, event in index.all_of(Unknown):
        if not index.places(event.create, Written):
            words = f"{event.create} is {event.code}, and was never written"
            events = (*index.places(event.create, Invoked), place)
            yield Violation(Promise.UNKNOWN_WAS_WRITTEN, words, events)


def _recovered_in_order(index: _Index) -> Iterator[Violation]:
    last: dict[str, tuple[int, Any]] = {}
    for place, event in enumerate(index.history):
        if isinstance(event, Resubscribed):
            last.pop(event.subscriber, None)
        elif isinstance(event, Delivered) and event.recovered and event.order is not None:
            before, order = last.get(event.subscriber, (place, event.order))
            if event.order < order:
                words = f"{event.subscriber} got {event.order!r} after {order!r} in one recovery"
                yield Violation(Promise.RECOVERED_IN_ORDER, words, (before, place))
            last[event.subscriber] = (place, event.order)


def _subscription_lasts(index: _Index) -> Iterator[Violation]:
    for place, event in index.all_of(Ended):
        words = f"{event.subscriber} ended: {event.why}"
        yield Violation(Promise.SUBSCRIPTION_LASTS, words, (place,))


_CHECKS: tuple[Callable[[_Index], Iterator[Violation]], ...] = (
    _delivered,
    _delivered_once,
    _nothing_invented,
    _stored,
    _executed_once,
    _sent_once,
    _refused_is_not_stored,
    _one_outcome,
    _unknown_was_written,
    _recovered_in_order,
    _subscription_lasts,
)
