"""The checker is right: good histories pass, and each planted fault is caught as what it is."""

import pytest

from tests.history.checker import Promise, check, explain
from tests.history.events import (
    Acknowledged,
    Delivered,
    Ended,
    Event,
    Expired,
    Injected,
    Invoked,
    Refused,
    Resubscribed,
    Stored,
    Subscribed,
    Unknown,
    Written,
)

BEGIN: list[Event] = [Subscribed("s"), Resubscribed("s"), Subscribed("t"), Resubscribed("t")]
ASKED: list[Event] = [Invoked("a"), Written("a")]
SHOWN: list[Event] = [Delivered("s", "a", 1), Delivered("t", "a", 1)]
A: list[Event] = [*ASKED, Acknowledged("a", 1), *SHOWN]
B: list[Event] = [
    *(Invoked("b"), Written("b"), Acknowledged("b", 2)),
    *(Delivered("s", "b", 2), Delivered("t", "b", 2)),
]
STORED_A = Stored("a", 1)
STORED: list[Event] = [STORED_A, Stored("b", 2)]

GOOD: dict[str, list[Event]] = {
    "empty": [],
    "one create": [*BEGIN, *A, STORED_A],
    "two creates": [*BEGIN, *A, *B, *STORED],
    "delivered before acknowledged": [*BEGIN, *ASKED, *SHOWN, Acknowledged("a", 1), STORED_A],
    "unknown and carried out": [
        *BEGIN,
        *ASKED,
        Injected("cut"),
        Unknown("a", ""),
        *SHOWN,
        STORED_A,
    ],
    "unknown and not carried out": [*BEGIN, *ASKED, Injected("cut"), Unknown("a", "")],
    "refused": [*BEGIN, Invoked("a"), Refused("a", "NOT_CONNECTED")],
    "written again after an expiry": [*BEGIN, *ASKED, Expired("s"), Written("a"), *A[2:], STORED_A],
    "created before one subscribed": [*BEGIN, *A, Subscribed("late"), STORED_A],
    "live rows in any order": [
        *(*BEGIN, Invoked("a"), Invoked("b"), Delivered("s", "b", 2), Delivered("s", "a", 1)),
        *(Delivered("t", "b", 2), Delivered("t", "a", 1)),
        *(Acknowledged("a", 1), Acknowledged("b", 2), *STORED),
    ],
    "another recovery begins before the last": [
        *(*BEGIN, Invoked("a"), Invoked("b"), Acknowledged("a", 1), Acknowledged("b", 2)),
        *(Delivered("t", "a", 1), Delivered("t", "b", 2)),
        *(Delivered("s", "b", 2, recovered=True), Resubscribed("s")),
        *(Delivered("s", "a", 1, recovered=True), *STORED),
    ],
    "a live row between recovered ones": [
        *(*BEGIN, Invoked("a"), Invoked("b"), Acknowledged("a", 1), Acknowledged("b", 2)),
        *(Delivered("t", "a", 1), Delivered("t", "b", 2)),
        *(Delivered("s", "b", 2), Delivered("s", "a", 1, recovered=True), *STORED),
    ],
    "items that others created": [*BEGIN, *A, STORED_A, Stored("older", 0)],
}

PLANTED: dict[str, tuple[Promise, list[Event], set[Event]]] = {
    "lost by one subscriber": (
        Promise.DELIVERED,
        [*BEGIN, *A[:-1], STORED_A],
        {Invoked("a"), Acknowledged("a", 1), STORED_A},
    ),
    "lost by all": (
        Promise.DELIVERED,
        [*BEGIN, *A[:3], STORED_A],
        {Invoked("a"), Acknowledged("a", 1), STORED_A},
    ),
    "carried out, unknown, and lost": (
        Promise.DELIVERED,
        [*BEGIN, *ASKED, Unknown("a", ""), SHOWN[0], STORED_A],
        {Invoked("a"), Unknown("a", ""), STORED_A},
    ),
    "doubled": (
        Promise.DELIVERED_ONCE,
        [*BEGIN, *A, Injected("cut"), Resubscribed("s"), Delivered("s", "a", 1, True), STORED_A],
        {Delivered("s", "a", 1), Delivered("s", "a", 1, True)},
    ),
    "nobody asked for it": (
        Promise.NOTHING_INVENTED,
        [*BEGIN, Delivered("s", "x", 1), Stored("x", 1)],
        {Delivered("s", "x", 1)},
    ),
    "delivered before it was asked for": (
        Promise.NOTHING_INVENTED,
        [*BEGIN, SHOWN[0], *ASKED, Acknowledged("a", 1), SHOWN[1], STORED_A],
        {SHOWN[0], Invoked("a")},
    ),
    "delivered and rolled back": (
        Promise.NOTHING_INVENTED,
        [*BEGIN, *ASKED, Unknown("a", ""), SHOWN[0]],
        {SHOWN[0], Invoked("a")},
    ),
    "acknowledged and not stored": (
        Promise.STORED,
        [*ASKED, Acknowledged("a", 1)],
        {Acknowledged("a", 1)},
    ),
    "acknowledged under another key": (
        Promise.STORED,
        [*ASKED, Acknowledged("a", 7), STORED_A],
        {Acknowledged("a", 7), STORED_A},
    ),
    "stored twice": (
        Promise.EXECUTED_ONCE,
        [*BEGIN, *A, STORED_A, Stored("a", 2)],
        {STORED_A, Stored("a", 2)},
    ),
    "unknown and stored twice": (
        Promise.EXECUTED_ONCE,
        [*ASKED, Unknown("a", ""), STORED_A, Stored("a", 2)],
        {STORED_A, Stored("a", 2)},
    ),
    "sent again after a cut": (
        Promise.SENT_ONCE,
        [*BEGIN, *ASKED, Injected("cut"), Written("a"), *A[2:], STORED_A],
        {Written("a")},
    ),
    "an expiry before the first write excuses nothing": (
        Promise.SENT_ONCE,
        [*BEGIN, Expired("s"), *ASKED, Written("a"), *A[2:], STORED_A],
        {Written("a")},
    ),
    "refused and stored": (
        Promise.REFUSED_IS_NOT_STORED,
        [*ASKED, Refused("a", "FORBIDDEN"), STORED_A],
        {Refused("a", "FORBIDDEN"), STORED_A},
    ),
    "no outcome": (Promise.ONE_OUTCOME, [*BEGIN, *ASKED, *SHOWN, STORED_A], {Invoked("a")}),
    "two outcomes": (
        Promise.ONE_OUTCOME,
        [*BEGIN, *A, Unknown("a", ""), STORED_A],
        {Invoked("a"), Acknowledged("a", 1), Unknown("a", "")},
    ),
    "an outcome of nothing": (
        Promise.ONE_OUTCOME,
        [Refused("a", "NOT_CONNECTED")],
        {Refused("a", "NOT_CONNECTED")},
    ),
    "unknown and never written": (
        Promise.UNKNOWN_WAS_WRITTEN,
        [*BEGIN, Invoked("a"), Injected("cut"), Unknown("a", "DELIVERY_UNKNOWN")],
        {Invoked("a"), Unknown("a", "DELIVERY_UNKNOWN")},
    ),
    "recovered backwards": (
        Promise.RECOVERED_IN_ORDER,
        [
            *(*BEGIN, Invoked("a"), Invoked("b"), Acknowledged("a", 1), Acknowledged("b", 2)),
            *(Delivered("t", "a", 1), Delivered("t", "b", 2), Resubscribed("s")),
            *(Delivered("s", "b", 2, True), Delivered("s", "a", 1, True), *STORED),
        ],
        {Delivered("s", "b", 2, True), Delivered("s", "a", 1, True)},
    ),
    "ended by itself": (
        Promise.SUBSCRIPTION_LASTS,
        [*BEGIN, *A, STORED_A, Ended("s", "FORBIDDEN")],
        {Ended("s", "FORBIDDEN")},
    ),
}


@pytest.mark.parametrize("name", GOOD)
def test_a_good_history_passes(name: str) -> None:
    assert check(GOOD[name]) == []


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_caught_with_the_events_that_show_it(name: str) -> None:
    promise, history, events = PLANTED[name]
    violations = check(history)
    assert {violation.promise for violation in violations} == {promise}
    (violation, *_) = violations
    assert {history[place] for place in violation.events} == events
    assert explain(history, violations).startswith(f"{len(violations)} violations\n{promise}: ")


def test_every_promise_has_a_planted_fault() -> None:
    assert {promise for promise, _, _ in PLANTED.values()} == set(Promise)


def test_one_event_less_or_twice_is_caught_wherever_it_is() -> None:
    """Of a history in which every event counts, none can be taken away or repeated."""
    history = GOOD["two creates"]
    counts = (Acknowledged, Delivered, Stored, Invoked)
    for place, event in enumerate(history):
        if isinstance(event, counts):
            assert check([*history[:place], *history[place + 1 :]]), f"without {event}"
            assert check([*history[:place], event, *history[place:]]), f"twice {event}"
