"""Whatever happens between the client and Directus: each row once, each request one outcome.

A tape of numbers says what happens; Hypothesis writes it, and makes it shorter when it has found
something. At its end the network behaves, and what was promised must hold.
"""

from collections.abc import Callable, Iterator
from typing import Any

from directus_realtime.core.events import RequestFailed
from directus_realtime.errors import ServerError
from directus_realtime.types import UNSET
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.simulation import KINDS, LAZY, ServerKind, Simulation
from tests.support.tier import runs

MARGIN = 6
TAPES = st.lists(st.integers(0, 255), max_size=150)


def play(simulation: Simulation, tape: Iterator[int]) -> None:
    """Let happen what the tape says, to its end."""

    def choose(options: int) -> int:
        return next(tape) % options

    def connection() -> Any:
        return simulation.connections[choose(len(simulation.connections))]

    anytime: list[Callable[[], object]] = [
        lambda: simulation.begin(),
        lambda: simulation.begin() and simulation.commit(-1),
        lambda: simulation.commit(choose(8)),
        lambda: simulation.request(("create", "update", "read")[choose(3)]),
        lambda: simulation.wait(choose(8) * 2.0),
        lambda: simulation.read(),
        lambda: simulation.renew(),
        lambda: simulation.fail_to_renew(),
        lambda: simulation.refuse_token(),
        lambda: progress(simulation),
        lambda: progress(simulation),
        lambda: settle(simulation),
    ]
    with_a_connection: list[Callable[[], object]] = [
        lambda: simulation.open(connection()),
        lambda: connection().handle(),
        lambda: connection().register(),
        lambda: connection().send(choose(8)),
        lambda: simulation.deliver(connection()),
        lambda: connection().expire(choose(2)),
        lambda: fail_next(connection()),
        lambda: be_odd_next(simulation, connection(), choose(8)),
        lambda: simulation.cut(connection(), handled=bool(choose(2))),
    ]
    try:
        while True:
            moves = anytime + (with_a_connection if simulation.connections else [])
            moves[choose(len(moves))]()
    except StopIteration:
        return


def fail_next(connection: Any) -> None:
    """Let the next request fail, where requests may."""
    connection.fails_next = True


def be_odd_next(simulation: Simulation, connection: Any, which: int) -> None:
    """Let the next read be answered with rows that cannot be used, where the server does that."""
    if simulation.kind.has_odd_rows:
        connection.odd_next = which


def progress(simulation: Simulation) -> bool:
    """Let everything in flight come one step further; return whether there was anything."""
    moved = simulation.read() | simulation.renew()
    for each in simulation.connections:
        moved |= simulation.open(each) | each.handle() | each.register()
        moved |= each.send(0) | simulation.deliver(each)
    return moved


def settle(simulation: Simulation) -> None:
    """Let everything in flight arrive, and the client catch up."""
    for _ in range(500):
        if not progress(simulation):
            if simulation.settled:
                return
            simulation.wait(1.0)
    raise AssertionError("the client does not come to rest")


@settings(max_examples=runs(10_000), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(KINDS), TAPES)
def test_each_row_comes_once_and_each_request_has_one_outcome(
    kind: ServerKind, tape: list[int]
) -> None:
    simulation = Simulation(MARGIN, kind)
    simulation.connect()
    simulation.subscribe(since=None, patience=0)
    simulation.subscribe(since=UNSET, patience=LAZY)
    play(simulation, iter(tape))
    while simulation.commit(0):
        pass
    settle(simulation)
    rows = set(simulation.database.rows)
    assert not simulation.plain or simulation.warnings, "rows may be missed and nobody was told"
    assert not simulation.plain or "read" in kind.fails
    for uid in simulation.delivered.keys() - simulation.plain:
        keys = simulation.delivered[uid]
        assert len(keys) == len(set(keys)), f"delivered twice: {keys}"
        assert uid in simulation.refused or set(keys) == rows - simulation.known[uid]
    for uid, outcomes in simulation.outcomes.items():
        assert len(outcomes) == 1, (uid, outcomes)
    executed = simulation.executed + [u for c in simulation.connections for u in c.executed]
    assert len(executed) == len(set(executed)), "a write was carried out twice"
    for uid, (outcome,) in simulation.outcomes.items():
        if isinstance(outcome, RequestFailed) and isinstance(outcome.error, ServerError):
            assert uid not in executed, "a write was said to be refused and was not"
    numbers = [int(uid) for uid in simulation.written]
    assert numbers == sorted(set(numbers)), "the outbox lost its order"
