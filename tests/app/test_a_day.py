"""A day with a Directus that comes and goes, in simulated time: when it is tried, what is kept."""

import gc
import random
from collections.abc import Iterator
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

import pytest
from directus_realtime.core.auth import Credentials
from directus_realtime.core.events import CredentialsNeeded

from tests.support.timeline import AUTH_OK, Timeline

HOURS = 24
QUIET, AWAY = 400.0, 90.0  # mean seconds that Directus is there, and is not
LEAST = 20.0  # seconds that a connection must live for the attempts to be counted anew
STEP = 10.0  # seconds between the rows while it is there
CREDENTIALS = Credentials({"access_token": "secret"}, refresh_in=870.0, refreshable=True)


def longest_wait(attempt: int) -> float:
    """Return the most seconds before a retry, counted from 0, as the documentation states it."""
    return 0.25 if attempt == 0 else min(20.0, 0.5 * 2 ** (attempt - 1))


class Day:
    """A client that is subscribed and asks for things, and the Directus that it is meant for.

    Attributes:
        rows: how many rows were created; their keys count from 1.
        seen: the keys that the consumer has read.
        waits: each wait before an attempt: which in its row, and how many seconds it was.
        renewals: how often the token was renewed.
        sizes: how many objects the client's core held at the end of each hour.
    """

    def __init__(self, seed: int) -> None:
        self.rows = 0
        self.seen: list[int] = []
        self.waits: list[tuple[int, float]] = []
        self.renewals = 0
        self.sizes: list[int] = []
        self._random = random.Random(seed)
        self._line = Timeline(random=self._random.random)
        self._feed = self._line.subscribe(recover="id", since=None)

    def pass_by(self) -> None:
        """Let the day pass."""
        self._line.connect()
        self._accept()
        for _ in range(HOURS):
            end = self._line.now + 3600
            while self._line.now < end:
                self._be_there(LEAST + self._random.expovariate(1 / QUIET))
                self._be_away(self._random.expovariate(1 / AWAY))
            self._be_there(60.0)
            self.sizes.append(reachable(self._line.core))

    def _be_there(self, seconds: float) -> None:
        """Create rows, and serve what the client asks."""
        for _ in range(int(seconds / STEP) + 1):
            self._line.say({"type": "ping"})
            self._create(1)
            row = {"id": self.rows}
            self._line.say({"type": "subscription", "event": "create", "data": [row], "uid": "1"})
            self._line.request("update")
            self._serve()
            self._line.advance(STEP)
            self._serve()

    def _be_away(self, seconds: float) -> None:
        """Refuse every attempt, or let it wait for nothing, and create rows meanwhile."""
        line = self._line
        end = line.now + seconds
        attempt = 0
        line.cut()
        while True:
            self._note_wait(attempt)
            self._create(self._random.randrange(100))
            attempt += 1
            if line.now >= end:
                break
            if self._random.random() < 0.8:
                line.cut()
            else:
                line.advance(10.0)
        self._accept()

    def _note_wait(self, attempt: int) -> None:
        """Let the time pass until the next attempt, which is due next of all."""
        line = self._line
        lost_at, tries = line.now, len(line.opened_at)
        due = line.core.deadline()
        assert due is not None
        line.advance(due - line.now)
        assert len(line.opened_at) == tries + 1
        self.waits.append((attempt, line.now - lost_at))

    def _create(self, count: int) -> None:
        self.rows += count

    def _accept(self) -> None:
        self._line.core.prepared(self._line.number, CREDENTIALS)
        self._line.open(CREDENTIALS.fields)
        self._line.take()
        self._line.say(AUTH_OK)
        self._serve()

    def _serve(self) -> None:
        """Renew the token if that is asked for, answer everything, and let the consumer read."""
        line = self._line
        for needed in line.happened(CredentialsNeeded):
            self.renewals += 1
            line.core.refresh(needed.number, CREDENTIALS)
            line.step()
        line.events.clear()
        while sent := line.take():
            for message in sent:
                line.say(*self._answers(message))
            for read in line.read(self._feed):
                self.seen += read.keys_of_data

    def _answers(self, message: dict[str, Any]) -> Iterator[dict[str, Any]]:
        uid = message.get("uid")
        match message:
            case {"type": "auth"}:
                yield AUTH_OK
            case {"type": "subscribe"}:
                yield {"type": "subscription", "event": "init", "uid": uid}
            case {"type": "items", "action": "read", "query": query}:
                after = query["filter"].get("id", {}).get("_gt", 0)
                last = min(after + query["limit"], self.rows)
                rows = [{"id": key} for key in range(after + 1, last + 1)]
                yield {"type": "items", "data": rows, "uid": uid}
            case {"type": "items"}:
                yield {"type": "items", "data": {}, "uid": uid}
            case {"type": "ping"}:
                yield {"type": "pong", "uid": uid}


def reachable(root: object) -> int:
    """Return how many objects hang on ``root``, code left out."""
    code = (type, ModuleType, FunctionType, BuiltinFunctionType)
    seen = {id(root)}
    waiting = [root]
    while waiting:
        for found in gc.get_referents(waiting.pop()):
            if id(found) not in seen and not isinstance(found, code):
                seen.add(id(found))
                waiting.append(found)
    return len(seen)


@pytest.fixture(scope="module")
def day() -> Day:
    day = Day(seed=1)
    day.pass_by()
    return day


def test_retries_are_spread_evenly_up_to_the_stated_wait(day: Day) -> None:
    shares = sorted(wait / longest_wait(attempt) for attempt, wait in day.waits)
    count = len(shares)
    assert count > 1000
    assert max(attempt for attempt, _ in day.waits) > 10
    # Kolmogorov and Smirnov's distance from the even distribution, and its limit at 1 %.
    distance = max(abs(share - index / count) for index, share in enumerate(shares))
    assert distance < 1.63 / count**0.5


def test_the_first_retry_comes_within_a_quarter_second_after_every_outage(day: Day) -> None:
    firsts = [wait for attempt, wait in day.waits if attempt == 0]
    assert len(firsts) > 100
    assert max(firsts) <= 0.25


def test_no_retry_waits_longer_than_20_seconds(day: Day) -> None:
    assert 19 < max(wait for _, wait in day.waits) <= 20


def test_every_row_of_the_day_comes_once_however_often_it_was_away(day: Day) -> None:
    assert day.rows > 10_000
    assert sorted(day.seen) == list(range(1, day.rows + 1))


def test_the_token_is_renewed_all_day_long(day: Day) -> None:
    assert day.renewals > 10


def test_what_the_client_holds_does_not_grow(day: Day) -> None:
    early, late = day.sizes[2:12], day.sizes[12:]  # the margin takes its first hours to fill
    assert max(late) <= max(early) + 10
