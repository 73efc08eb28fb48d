"""Deliveries a second: creates to many subscribers, by our server and by a real Directus.

``python3 -m benchmarks.fanout [--subscribers 100] [--creates 100] [--rounds 5] [--save]`` installs
a Directus if there is none, which takes minutes once. The subscribers ask for two fields of the
messages; then for the author's name too, which is a relation. Each server is a process of its own,
and so is what counts the frames. The clock runs from the first create to the last frame of the
last subscriber; connecting, subscribing and a warm-up of ten creates are outside of it. The
creates are sent at once, over a connection of their own.
"""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from websockets.asyncio.client import ClientConnection

from benchmarks.common import plot
from benchmarks.common.contestants import TOKEN
from benchmarks.common.figures import median, ratio
from benchmarks.common.lines import FIELDS, line, subscriber
from benchmarks.common.processes import embedded
from benchmarks.common.report import Report, options
from benchmarks.common.table import listed, table, whole
from tools.examples import Example
from tools.local_directus import provisioned

WARM_UP = 10
GOAL = 20
ASKED = {
    "user, text": FIELDS,
    "user, text, user_created.first_name": (*FIELDS, "user_created.first_name"),
}
"""What the subscribers ask for, by what the table says."""

PROJECT = f"""
[collections.messages.fields]
id = {{ type = "integer", primary = true }}
user_created = {{ type = "uuid", special = "user-created" }}
text = {{ type = "text" }}
user = {{ type = "string" }}

[policies.Fanout]
permissions = [
  {{ collection = "messages", action = "read" }},
  {{ collection = "messages", action = "create" }},
  {{ collection = "directus_users", action = "read" }},
]

[[users]]
email = "ben@example.com"
token = "{TOKEN}"
first_name = "Ben"
policies = ["Fanout"]
"""
"""The project of both servers."""

Rates = dict[str, list[float]]
"""Deliveries a second in each round, by the fields that were asked for."""


def main() -> int:
    """Measure both in turn and print the table; return 0 if the goal is reached."""
    given = options(__doc__, subscribers=100, creates=100, rounds=5)
    with tempfile.TemporaryDirectory() as folder:
        example = Example(Path(folder) / "fanout")
        example.folder.mkdir()
        example.project.write_text(PROJECT, encoding="utf-8")
        with (
            embedded(PROJECT) as server,
            provisioned(Path(folder), TOKEN, example) as (url, _),
        ):
            urls = {"ours": server.url, "Directus": url}
            taken = measured(urls, given.subscribers, given.creates, given.rounds)
    report(taken, given.subscribers, given.creates).publish(save=given.save)
    reached = [ratio(taken["ours"][asked], taken["Directus"][asked]) for asked in ASKED]
    return 0 if min(reached) >= GOAL else 1


def measured(urls: dict[str, str], subscribers: int, creates: int, rounds: int) -> dict[str, Rates]:
    """Measure each server with and without the relation, in turn, ``rounds`` times."""
    taken: dict[str, Rates] = {name: {asked: [] for asked in ASKED} for name in urls}
    for number in range(1, rounds + 1):
        for asked, fields in ASKED.items():
            for name, url in urls.items():
                rate = asyncio.run(_rate(url, fields, subscribers, creates))
                taken[name][asked].append(rate)
                print(f"round {number}: {name}: {asked}: {whole(rate)} a second", flush=True)
    return taken


async def _rate(url: str, fields: Sequence[str], subscribers: int, creates: int) -> float:
    """Return how many frames a second reach the subscribers of the server at ``url``."""
    connections = [await subscriber(url, fields) for _ in range(subscribers)]
    author = await line(url)
    await _round(author, connections, WARM_UP)
    took = await _round(author, connections, creates)
    for connection in (author, *connections):
        await connection.close()
    return subscribers * creates / took


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


def report(taken: dict[str, Rates], subscribers: int, creates: int) -> Report:
    """Return the table of medians, all rounds, and the plot. The last server is compared with."""
    head = ("server, fields asked for", "deliveries a second", "beside Directus")
    *_, theirs = taken.values()
    every: Rates = {}
    rows = []
    for asked in ASKED:
        for name, found in taken.items():
            rates = every[f"{name}: {asked}"] = found[asked]
            beside = f"{ratio(rates, theirs[asked]):.1f}"
            rows.append([f"{name}: {asked}", whole(median(rates)), beside])
    notes = [f"{creates:,} creates to {subscribers:,} subscribers; the goal is {GOAL}."]
    notes += [f"{name}, all rounds: {listed(rates)}" for name, rates in every.items()]
    drawn = plot.bars(
        every,
        "deliveries a second (medians; each round is a point)",
        f"{creates:,} creates to {subscribers:,} subscribers",
    )
    return Report("fanout", table(head, rows), tuple(notes), drawn)


if __name__ == "__main__":
    sys.exit(main())
