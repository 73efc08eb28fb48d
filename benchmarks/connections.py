"""Subscribers that the embedded server holds: its memory for each, and an event's way to all.

``python3 -m benchmarks.connections [--most 1000] [--events 10] [--save]``. A server of its own for
a tenth, a half and all of ``--most`` subscribers. Memory is what the server's process has in RAM,
less what it had before the first of them. An event's time runs from the create until the last
subscriber has its frame, and includes the reading of all frames by one Python process.
"""

import asyncio
import contextlib
import json
import time
from dataclasses import dataclass

from websockets.asyncio.client import ClientConnection

from benchmarks.common import plot
from benchmarks.common.figures import median, percentile
from benchmarks.common.lines import FIELDS, line, subscriber
from benchmarks.common.processes import Embedded, embedded
from benchmarks.common.report import Report, options
from benchmarks.common.table import table, whole

SHARES = (0.1, 0.5, 1.0)
_QUERY = {"fields": FIELDS}
_CREATE = {"type": "items", "collection": "messages", "action": "create", "query": _QUERY}
_AT_ONCE = 20  # connections that are opened at the same time


@dataclass(frozen=True, slots=True)
class Held:
    """What so many subscribers take.

    Attributes:
        subscribers: how many there are.
        opening: seconds to connect and subscribe them all.
        memory: bytes of the server's for each; None where the system does not tell.
        took: seconds of each event until it was with all of them.
    """

    subscribers: int
    opening: float
    memory: float | None
    took: list[float]


def main() -> None:
    """Measure the embedded server and print the table."""
    given = options(__doc__, most=1_000, events=10)
    _allow_files(given.most * 2)
    held = [measured(max(1, round(given.most * share)), given.events) for share in SHARES]
    report(held).publish(save=given.save)


def _allow_files(count: int) -> None:
    """Let this process and the server open so many files, as far as that is allowed."""
    with contextlib.suppress(ImportError, ValueError):
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = max(soft, count + 100)
        if hard != resource.RLIM_INFINITY:
            wanted = min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def measured(subscribers: int, events: int) -> Held:
    """Start a server and subscribe to it so many times."""
    with embedded() as server:
        held = asyncio.run(_measured(server, subscribers, events))
    print(f"{subscribers:,} subscribers: an event in {median(held.took) * 1000:.0f} ms", flush=True)
    return held


async def _measured(server: Embedded, subscribers: int, events: int) -> Held:
    async with contextlib.AsyncExitStack() as stack:
        author = await stack.enter_async_context(await line(server.url))
        await _event([author])
        before, started = server.resident(), time.perf_counter()
        lines: list[ClientConnection] = []
        while len(lines) < subscribers:
            count = min(_AT_ONCE, subscribers - len(lines))
            lines += await asyncio.gather(*(subscriber(server.url) for _ in range(count)))
        stack.push_async_callback(_close, lines)
        opening, after = time.perf_counter() - started, server.resident()
        memory = None if before is None or after is None else (after - before) / subscribers
        took = [await _event([author, *lines]) for _ in range(events)]
        return Held(subscribers, opening, memory, took)


async def _event(lines: list[ClientConnection]) -> float:
    """Create an item over the first; return the seconds until each has a frame."""
    data = {"text": "Hello World!", "user": "Ben"}
    started = time.perf_counter()
    await lines[0].send(json.dumps({**_CREATE, "data": data}))
    await asyncio.gather(*(line.recv() for line in lines))
    return time.perf_counter() - started


async def _close(lines: list[ClientConnection]) -> None:
    await asyncio.gather(*(line.close() for line in lines))


def report(held: list[Held]) -> Report:
    """Return the table and the plot."""
    head = (
        *("subscribers", "all subscribed after", "memory for each"),
        *("an event to all, median", "95th percentile"),
    )
    rows = []
    for each in held:
        memory = "unknown" if each.memory is None else f"{each.memory / 1000:.0f} kB"
        ends = [f"{percentile(each.took, share) * 1000:.0f} ms" for share in (50, 95)]
        rows.append([whole(each.subscribers), f"{each.opening:.1f} s", memory, *ends])
    counts = [each.subscribers for each in held]
    took = [median(each.took) * 1000 for each in held]
    memories = [(each.memory or 0) * each.subscribers / 1e6 for each in held]
    panels = {
        "an event to all, ms": {"median": (counts, took)},
        "memory for all, MB": {"all": (counts, memories)},
    }
    drawn = plot.lines(panels, "subscribers", "Subscribers of one embedded server")
    notes = (f"{len(held[-1].took)} events each.",)
    return Report("connections", table(head, rows), notes, drawn)


if __name__ == "__main__":
    main()
