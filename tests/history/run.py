"""A run: clients create items and listen while a nemesis does harm; then the history is checked."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count
from typing import Protocol

from directus_realtime import (
    ConnectionFailed,
    DirectusClient,
    RealtimeClient,
    StateChanged,
    authentication,
    create_directus,
    realtime,
    static_token,
)

from tests.history.checker import check, explain
from tests.history.client import Client, Make, writes_recorded
from tests.history.events import Stored
from tests.history.nemesis import Nemesis, Server
from tests.history.recorder import Recorder
from tests.history.schedule import Fault
from tests.support.embedded import TOKEN
from tests.support.proxy import TcpProxy

FAST, SLOW = 10.0, 0.25
"""The pace of a client's clock: one comes back at once, the other refreshes its token too late."""
PATIENT = realtime(timeout=60.0)
"""For a fast clock: a create may take 6 s."""
WATCHFUL = realtime(timeout=5.0, ping_after=1.0, ping_timeout=1.0)
"""For a slow clock: a connection on which nothing goes through is given up after 8 s."""


class Participant(Protocol):
    """Creates items, and shows those of all."""

    name: str

    def begin(self, creates: Iterable[str]) -> None: ...
    def wait_settled(self) -> None: ...
    def wait_back(self) -> None: ...
    def wait_delivered(self, count: int) -> None: ...


@dataclass(frozen=True)
class Place:
    """Where a run takes place.

    Attributes:
        proxy: the way to the servers.
        servers: what the nemesis may kill.
        rows: reads all rows, at the end, past the proxy.
    """

    proxy: TcpProxy
    servers: Sequence[Server]
    rows: Callable[[], list[dict[str, object]]]


def run(
    place: Place,
    faults: Sequence[Fault],
    *,
    creates: int,
    recorder: Recorder,
    makes: Sequence[tuple[Make, float]],
    others: Sequence[Participant] = (),
) -> dict[str, int]:
    """Have each participant create so many items around each fault; check what has happened.

    Args:
        place: where.
        faults: what goes wrong, one after the other.
        creates: how many items are created around each fault, shared out to the participants.
        recorder: the recorder that ``others`` have.
        makes: how the clients on CPython are made that take part, and the pace of their clocks.
        others: more participants.

    Returns:
        How many events there were of each kind.
    """
    numbers = count()
    with ExitStack() as stack:
        stack.enter_context(writes_recorded(recorder))
        nemesis = Nemesis(place.proxy, place.servers, recorder)
        stack.callback(nemesis.close)
        clients = [
            Client(f"client {number}", make, pace, recorder)
            for number, (make, pace) in enumerate(makes)
        ]
        participants: list[Participant] = [*others, *map(stack.enter_context, clients)]

        def begin(creates: int) -> None:
            share = creates // len(participants)
            for participant in participants:
                participant.begin([f"item {next(numbers)}" for _ in range(share)])

        for fault in faults:
            healed = nemesis.arm(fault)
            begin(creates)
            for participant in participants:
                participant.wait_settled()
            nemesis.strike_now()
            healed.result()
            for participant in participants:
                participant.wait_back()
        begin(len(participants))  # and what was still to come has come before these
        for participant in participants:
            participant.wait_settled()
        rows = place.rows()
        for row in rows:
            recorder.record(Stored(str(row["text"]), row["id"]))
        for participant in participants:
            participant.wait_delivered(len(rows))
    history = recorder.history()
    violations = check(history)
    assert not violations, explain(history, violations)
    return recorder.count()


def with_token(url: str) -> Make:
    """Return how a client is made that has the static token."""

    async def make() -> RealtimeClient:
        return create_directus(url).with_(static_token(TOKEN)).with_(PATIENT)

    return make


def with_login(
    url: str,
    email: str,
    password: str,
    connection: Callable[[DirectusClient], RealtimeClient] = PATIENT,
) -> Make:
    """Return how a client is made that logs in, and refreshes its tokens only when it must.

    It logs in again where the login has ended: a refresh token is good for one use, and with the
    answer to that the next one is lost.
    """

    async def make() -> RealtimeClient:
        login = create_directus(url).with_(authentication(auto_refresh=False))
        directus = login.with_(connection)

        async def sign_in() -> None:
            while True:
                try:
                    await login.login(email, password)
                except ConnectionFailed:
                    await asyncio.sleep(1)  # as a person tries again
                else:
                    return

        def on_state(change: StateChanged) -> None:
            if change.state == "needs sign-in":
                signing_in.append(asyncio.ensure_future(sign_in()))

        signing_in: list[asyncio.Future[None]] = []
        directus.on_state(on_state)
        await sign_in()
        return directus

    return make
