"""A live view of many rows while they change: what it reads, and how soon it has an update.

``python3 -m benchmarks.live [--rows 10000] [--rate 100] [--seconds 60] [--save]``. The view and who
writes the updates are one Python process with a connection each, to one embedded server. A proxy on
the view's connection counts. An update's time runs from the call that writes it until the view
tells the change. Then 20 views of one query are opened on one client, and 10 rows are updated.
"""

import asyncio
import json
import time
from contextlib import AsyncExitStack, ExitStack, suppress
from dataclasses import dataclass, field
from typing import Any

from directus_realtime import Query, create_directus, realtime, static_token
from websockets.asyncio.client import connect

from benchmarks.common import plot
from benchmarks.common.contestants import TOKEN
from benchmarks.common.counting import Counts
from benchmarks.common.figures import percentile
from benchmarks.common.processes import embedded, running
from benchmarks.common.report import Report, options
from benchmarks.common.table import table, whole

VIEWS, FEW_UPDATES = 20, 10
QUERY: Query = {"fields": ["id", "user", "text"], "sort": ["id"], "limit": -1}
PATIENCE = 30.0
"""Seconds in which the view must tell the last updates; what is later counts as not told."""
_AT_ONCE = 1_000  # rows in one create
_QUIET = 0.5  # seconds without a request after which nothing more is read

PROJECT = """
[collections.messages.fields]
id = { type = "integer", primary = true }
text = { type = "text" }
user = { type = "string" }

[policies.Editors]
permissions = [
  { collection = "messages", action = "create" },
  { collection = "messages", action = "read" },
  { collection = "messages", action = "update" },
]

[[users]]
email = "editor@example.com"
password = "editor-password"
token = "your_access_token"
policies = ["Editors"]
"""


@dataclass(slots=True)
class Outcome:
    """What was measured.

    Attributes:
        opened: the counts of opening one view.
        kept: the counts of all updates, for one view.
        several: the counts of opening VIEWS views.
        updated: the counts of FEW_UPDATES updates, for VIEWS views.
        sent: how many updates were written for the one view.
        took: seconds until it told each; one that it did not tell is missing.
    """

    opened: Counts
    kept: Counts
    several: Counts
    updated: Counts
    sent: int
    took: list[float] = field(default_factory=list)


def main() -> None:
    """Measure and print the table."""
    given = options(__doc__, rows=10_000, rate=100, seconds=60)
    outcome = measured(given.rows, given.rate, given.seconds)
    report(outcome, given.rows, given.rate).publish(save=given.save)


def measured(rows: int, rate: float, seconds: float) -> Outcome:
    """Start a server with so many rows, and measure views of them all."""
    with ExitStack() as stack:
        server = stack.enter_context(embedded(PROJECT))
        proxy = stack.enter_context(running("benchmarks.common.counting", server.url))
        return asyncio.run(_measured(server.url, proxy, rows, rate, seconds))


async def _measured(server: str, proxy: str, rows: int, rate: float, seconds: float) -> Outcome:
    async with AsyncExitStack() as stack:
        address = f"ws{proxy.removeprefix('http')}/counts"
        counts = _Counting(await stack.enter_async_context(connect(address)))
        author, viewer = await _client(server, stack), await _client(proxy, stack)
        items = author.items("messages")
        for at in range(0, rows, _AT_ONCE):
            count = min(_AT_ONCE, rows - at)
            await items.create([{"text": f"row {at + n}", "user": "Ben"} for n in range(count)])
        async with viewer.live("messages", query=QUERY) as view:
            opened = await counts.settled()
            print(f"a view of {len(view):,} rows is open", flush=True)
            updates = _Updates(items, rows)
            took = await updates.watched(view, rate, seconds)
            kept = await counts.settled()
        async with AsyncExitStack() as several:
            for _ in range(VIEWS):
                await several.enter_async_context(viewer.live("messages", query=QUERY))
            opened_all = await counts.settled()
            for key in range(1, FEW_UPDATES + 1):
                await items.update({"text": "updated"}, id=1 + key % rows)
            updated = await counts.settled()
        return Outcome(opened, kept, opened_all, updated, updates.sent, took)


async def _client(url: str, stack: AsyncExitStack) -> Any:
    directus = create_directus(url).with_(static_token(TOKEN)).with_(realtime())
    await directus.connect()
    stack.callback(directus.disconnect)
    return directus


class _Counting:
    """The proxy's counts."""

    def __init__(self, line: Any) -> None:
        self._line = line

    async def settled(self) -> Counts:
        """Wait until nothing more is read; return the counts since the last call."""
        total = Counts()
        while True:
            await self._line.send("")
            found = Counts(**json.loads(await self._line.recv()))
            total.requests += found.requests
            total.rows += found.rows
            total.received += found.received
            if not found.received and total.received:
                return total
            await asyncio.sleep(_QUIET)


class _Updates:
    """Updates of one row after the other, and when a view tells them."""

    def __init__(self, items: Any, rows: int) -> None:
        self._items = items
        self._rows = rows
        self._written: dict[str, float] = {}
        self._tasks: list[asyncio.Task[Any]] = []

    @property
    def sent(self) -> int:
        """How many were written."""
        return len(self._tasks)

    async def watched(self, view: Any, rate: float, seconds: float) -> list[float]:
        """Write ``rate`` updates a second; return the seconds until the view told each."""
        took: list[float] = []
        reading = asyncio.create_task(self._read(view, round(rate * seconds), took))
        await self._write(rate, seconds)
        await asyncio.gather(*self._tasks)
        with suppress(TimeoutError):
            await asyncio.wait_for(reading, PATIENCE)
        return took

    async def _write(self, rate: float, seconds: float) -> None:
        started = time.perf_counter()
        for number in range(round(rate * seconds)):
            await asyncio.sleep(max(0.0, started + number / rate - time.perf_counter()))
            text = f"update {number}"
            self._written[text] = time.perf_counter()
            update = self._items.update({"text": text}, id=1 + number % self._rows)
            self._tasks.append(asyncio.ensure_future(update))

    async def _read(self, view: Any, count: int, took: list[float]) -> None:
        async for change in view:
            written = self._written.pop(change.row["text"], None)
            if written is not None:
                took.append(time.perf_counter() - written)
            if len(took) == count:
                return


def report(outcome: Outcome, rows: int, rate: float) -> Report:
    """Return the table and the plot."""
    cases = {
        "one view, to open": outcome.opened,
        f"one view, {outcome.sent:,} updates": outcome.kept,
        f"{VIEWS} views of one query, to open": outcome.several,
        f"{VIEWS} views of one query, {FEW_UPDATES} updates": outcome.updated,
    }
    lines = [
        [name, whole(each.requests), whole(each.rows), f"{each.received / 1e6:.2f} MB"]
        for name, each in cases.items()
    ]
    head = (f"{rows:,} rows", "requests", "rows read", "bytes received")
    ends = [f"{percentile(outcome.took, share) * 1000:.0f} ms" for share in (50, 95)]
    notes = (
        f"From an update to the view, at {rate:,} a second: median {ends[0]}, 95th percentile "
        f"{ends[1]}; {len(outcome.took):,} of {outcome.sent:,} were told.",
    )
    drawn = plot.cumulative(
        {"ours": [each * 1000 for each in outcome.took]},
        "milliseconds from an update to the view",
        f"A live view of {rows:,} rows, {rate:,} updates a second",
    )
    return Report("live", table(head, lines), notes, drawn)


if __name__ == "__main__":
    main()
