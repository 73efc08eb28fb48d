"""Events a second through the SDK on CPython, beside a loop that only parses and counts.

``python3 -m benchmarks.events [--events 50000] [--rounds 5] [--save]``. One sender writes all
events as fast as the socket takes them: to a subscription that loses nothing over a reconnect, to
one without that, and to a bare loop of websockets and json, in turn. The clock runs from the first
event to the last, in the loop that reads them.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable

from directus_realtime import UNSET, create_directus, realtime, static_token
from websockets.asyncio.client import connect

from benchmarks.common import plot
from benchmarks.common.contestants import TOKEN
from benchmarks.common.figures import median, ratio
from benchmarks.common.processes import Sender, sender
from benchmarks.common.report import Report, options
from benchmarks.common.table import listed, table, whole

QUERY = {"fields": ["user", "text"]}
SDK, PLAIN, BARE = "ours", "ours, without recovery", "websockets and json alone"

Count = Callable[[str, int, Callable[[], None]], Awaitable[float]]
"""Connects to an address, calls back once it is subscribed, reads events; returns the seconds."""
Taken = dict[str, list[float]]
"""Events a second, of each round."""


def main() -> None:
    """Measure all three and print the table."""
    given = options(__doc__, events=50_000, rounds=5)
    with sender() as source:
        taken = measured(source, given.events, given.rounds)
    report(taken, given.events).publish(save=given.save)


def measured(source: Sender, events: int, rounds: int) -> Taken:
    """Send ``events`` to each, in turn, ``rounds`` times."""
    taken: Taken = {name: [] for name in COUNTS}
    for number in range(1, rounds + 1):
        for name, rates in taken.items():
            rates.append(asyncio.run(_rate(source, events, COUNTS[name])))
            print(f"round {number}: {name}: {whole(rates[-1])} a second", flush=True)
    return taken


async def _rate(source: Sender, events: int, count: Count) -> float:
    took = await count(source.url, events, lambda: source.start(events, "event"))
    await asyncio.to_thread(source.finish)
    return (events - 1) / took


async def _sdk(url: str, events: int, subscribed: Callable[[], None]) -> float:
    return await _through_sdk(url, events, subscribed, recover="id")


async def _plain(url: str, events: int, subscribed: Callable[[], None]) -> float:
    return await _through_sdk(url, events, subscribed, recover=None)


async def _through_sdk(
    url: str, events: int, subscribed: Callable[[], None], recover: str | None
) -> float:
    directus = create_directus(url).with_(static_token(TOKEN)).with_(realtime())
    await directus.connect()
    subscription = await directus.subscribe(
        "messages", event="create", query=QUERY, recover=recover, since=UNSET
    )
    subscribed()
    started = 0.0
    async for message in subscription:
        if message["event"] == "create":
            started = started or time.perf_counter()
            events -= len(message["data"])
            if events == 0:
                break
    took = time.perf_counter() - started
    directus.disconnect()
    return took


async def _bare(url: str, events: int, subscribed: Callable[[], None]) -> float:
    address = f"ws{url.removeprefix('http')}/websocket"
    async with connect(address, compression=None, ping_interval=None) as connection:
        auth = {"type": "auth", "access_token": TOKEN}
        about = {"type": "subscribe", "collection": "messages", "event": "create"}
        for message in (auth, {**about, "query": QUERY}):
            await connection.send(json.dumps(message))
            await connection.recv()
        subscribed()
        started = 0.0
        async for text in connection:
            started = started or time.perf_counter()
            events -= len(json.loads(text)["data"])
            if events == 0:
                break
        return time.perf_counter() - started


COUNTS: dict[str, Count] = {SDK: _sdk, PLAIN: _plain, BARE: _bare}


def report(taken: Taken, events: int) -> Report:
    """Return the table of medians, all rounds, and the plot."""
    head = ("what reads them", "events a second", "beside the bare loop", "time for one")
    rows = []
    for name, rates in taken.items():
        rate = median(rates)
        cells = [whole(rate), f"{ratio(rates, taken[BARE]):.2f}", f"{1e6 / rate:.1f} µs"]
        rows.append([name, *cells])
    notes = [f"{name}, all rounds: {listed(rates)}" for name, rates in taken.items()]
    title = f"{events:,} events on CPython"
    drawn = plot.bars(taken, "events a second (medians; each round is a point)", title)
    return Report("events", table(head, rows), tuple(notes), drawn)


if __name__ == "__main__":
    main()
