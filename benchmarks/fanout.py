"""Deliveries a second: 100 creates to 100 subscribers, by our server and by Directus.

``python3 -m benchmarks.fanout`` installs a Directus if there is none, which takes minutes once.
Each server is a process of its own, and so is what counts the frames. The clock runs from the
first create to the last frame of the last subscriber; connecting, subscribing and a warm-up of
ten creates are outside of it. The creates are sent at once, over a connection of their own.
"""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from websockets.asyncio.client import ClientConnection

from benchmarks.common.contestants import TOKEN
from benchmarks.common.lines import line, subscriber
from benchmarks.common.processes import embedded
from benchmarks.common.report import parser_of

SUBSCRIBERS, CREATES, WARM_UP, ROUNDS = 100, 100, 10, 3
GOAL = 20


def main() -> int:
    """Measure both in turn and print the results; return 0 if the goal is reached."""
    with tempfile.TemporaryDirectory() as folder:
        with embedded() as server:
            ours = _best("ours", server.url)
        with _directus(Path(folder)) as url:
            theirs = _best("Directus", url)
    print(f"ratio     {ours / theirs:8.1f}   (goal: {GOAL})")
    return 0 if ours >= GOAL * theirs else 1


def _best(name: str, url: str) -> float:
    rates = [asyncio.run(measure(url)) for _ in range(ROUNDS)]
    print(f"{name:9} {max(rates):8,.0f} deliveries a second   ({_listed(rates)})", flush=True)
    return max(rates)


def _listed(rates: list[float]) -> str:
    return ", ".join(f"{rate:,.0f}" for rate in rates)


async def measure(url: str) -> float:
    """Return how many frames a second reach the subscribers of the server at ``url``."""
    subscribers = [await subscriber(url) for _ in range(SUBSCRIBERS)]
    author = await line(url)
    await _round(author, subscribers, WARM_UP)
    taken = await _round(author, subscribers, CREATES)
    for connection in (author, *subscribers):
        await connection.close()
    return SUBSCRIBERS * CREATES / taken


async def _round(
    author: ClientConnection, subscribers: list[ClientConnection], creates: int
) -> float:
    message = {"type": "items", "collection": "messages", "action": "create"}
    data = {"text": "Hello World!", "user": "Ben"}
    counting = [asyncio.create_task(_count(each, creates)) for each in (author, *subscribers)]
    started = time.perf_counter()
    for number in range(creates):
        await author.send(json.dumps({**message, "data": data, "uid": str(number)}))
    await asyncio.gather(*counting)
    return time.perf_counter() - started


async def _count(connection: ClientConnection, frames: int) -> None:
    while frames:
        # The server pings every half minute; only events count.
        frames -= not (await connection.recv(decode=False)).startswith(b'{"type":"ping"')


@contextmanager
def _directus(folder: Path) -> Iterator[str]:
    from tools.local_directus import provisioned

    with provisioned(folder, TOKEN) as (url, _):
        yield url


if __name__ == "__main__":
    parser_of(__doc__).read(sys.argv[1:])
    sys.exit(main())
