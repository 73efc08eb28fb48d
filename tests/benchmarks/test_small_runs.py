"""Each benchmark at a tiny count: they measure, and say what they measured."""

import asyncio
import json
from typing import Any

import pytest
from websockets.asyncio.client import connect

from benchmarks import burst, connections, events, fanout, latency, live, memory
from benchmarks.common.browser import chromium_running
from benchmarks.common.contestants import (
    GUIDE,
    NAIVE,
    OURS,
    hosted,
)
from benchmarks.common.processes import Sender, embedded, sender
from tests.support.tier import costly


@costly
def test_the_pages_benchmarks_measure(monkeypatch: pytest.MonkeyPatch) -> None:
    """One browser and one server of pages for all of them."""
    monkeypatch.setattr(burst, "WARM_UP", 10)
    monkeypatch.setattr(burst, "CONTESTANTS", (OURS, GUIDE, NAIVE))
    monkeypatch.setattr(latency, "CONTESTANTS", (OURS, GUIDE))
    monkeypatch.setattr(memory, "LOOKS", 10)
    with sender() as source, hosted(source.url) as host, chromium_running() as browser:
        bursts = burst.measured(browser, host, source, 50, 1)
        with browser.page() as page:
            page.open(host.address(OURS))
            looks = memory.measured(page, source, 20, 0.1)
        with hosted() as server:
            taken = latency.measured(browser, server, 2, 2, 1)
        version = browser.version
    assert set(bursts) == set(burst.CONTESTANTS)
    assert all(each.rate > 0 for found in bursts.values() for each in found)
    assert "| JS SDK " in burst.report(bursts, 50, version).table
    assert [len(samples) for samples in taken.values()] == [2, 2]
    assert all(sample > 0 for samples in taken.values() for sample in samples)
    assert "| 1.00 |" in latency.report(taken, version).table.replace("  ", "")
    assert [each.messages for each in looks] == list(range(0, 21, 2))
    assert all(each.heap > 1e6 and each.wasm > 1e7 and each.nodes for each in looks)
    assert "after 20" in memory.report(looks, version).table


def test_an_event_is_sent_once_and_can_be_read_by_its_key() -> None:
    """As a Directus does it: a page follows updates and deletes, and reads what it shows."""

    async def converse(url: str, source: Sender) -> list[Any]:
        async with connect(url) as line:
            for event in ("update", "create", "delete"):
                subscribe = {"type": "subscribe", "collection": "messages", "event": event}
                await line.send(json.dumps({**subscribe, "uid": event}))
                assert json.loads(await line.recv())["event"] == "init"
            await asyncio.to_thread(source.send, 2, "text")
            query = {"filter": {"id": {"_in": ["2", "7"]}}}
            await line.send(json.dumps({"type": "items", "action": "read", "query": query}))
            return [json.loads(await line.recv()) for _ in range(3)]

    with sender() as source:
        *events, read = asyncio.run(converse(f"ws{source.url.removeprefix('http')}/", source))
    assert [(event["uid"], event["data"][0]["text"]) for event in events] == [
        ("create", "text 1"),
        ("create", "text 2"),
    ]
    assert read["data"] == events[1]["data"]


def test_events_are_measured() -> None:
    with sender() as source:
        taken = events.measured(source, 50, 1)
    assert all(rate > 0 for rates in taken.values() for rate in rates)
    assert "bare loop" in events.report(taken, 50).table


def test_connections_are_measured() -> None:
    held = connections.measured(3, 2)
    assert held.subscribers == 3
    assert len(held.took) == 2
    assert connections.report([held]).notes == ("2 events each.",)


def test_the_fan_out_is_measured() -> None:
    with embedded(fanout.PROJECT) as server:
        taken = fanout.measured({"ours": server.url}, 2, 3, 1)
    assert all(rate > 0 for rates in taken["ours"].values() for rate in rates)
    assert "user_created.first_name" in fanout.report(taken, 2, 3).table


def test_live_views_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_QUIET", 0.1)
    outcome = live.measured(20, 50, 0.1)
    assert outcome.sent == len(outcome.took) == 5
    assert outcome.opened.rows >= 20
    assert outcome.several.requests >= 1
    assert outcome.updated.received > 0
    assert "5 of 5 were told" in live.report(outcome, 20, 50).notes[0]
