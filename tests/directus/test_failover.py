"""Two nodes at one address: the one that all clients are connected to is killed, five times.

Items are created at the other node all the while. Two pages, one of them through our relay, and
a client on CPython have each item exactly once.
"""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pytest
from directus_realtime import Stats, Subscription, SubscriptionMessage
from playwright.sync_api import Page

from tests.support.client import client
from tests.support.directus import Cluster, Node, Relayed
from tests.support.observed_page import ObservedPage
from tests.support.pages import Open
from tests.support.proxy import TcpProxy
from tests.support.tier import runs

KILLS = 5
ITEMS = max(100, runs(1000))
PART = ITEMS // KILLS // 10  # items, of the ten parts between two kills
AT_ONCE = 4
PATIENCE = 60.0  # seconds

RECORD_ROWS = """addEventListener("DOMContentLoaded", () => {
  window.shown = [];
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes)
      for (const row of addedNodes) window.shown.push(row.querySelector("span").textContent);
  }).observe(document.getElementById("messages"), { childList: true });
})"""
IS_BACK = "(n) => directus.state() === 'open' && directus.stats().reconnects > n"
HAS_COUNTED = "(n) => Number(document.getElementById('count').textContent) >= n"


class Creator:
    """Creates items at a node, as many at once as a pool has threads, each with its own text.

    Attributes:
        texts: those of all items.
        acknowledged: when the node had answered, for each item.
    """

    def __init__(self, node: Node, pool: ThreadPoolExecutor) -> None:
        self.texts: list[str] = []
        self.acknowledged: list[float] = []
        self._node = node
        self._pool = pool
        self._creates: list[Future[None]] = []

    def begin(self, count: int) -> None:
        """Begin to create items."""
        for _ in range(count):
            self.texts.append(f"item {len(self.texts)}")
            self._creates.append(self._pool.submit(self._create, self.texts[-1]))

    def finish(self, but: int = 0) -> None:
        """Wait until all items are created that were begun, except for the last ``but``."""
        for create in self._creates[: len(self._creates) - but]:
            create.result(PATIENCE)

    def _create(self, text: str) -> None:
        item = {"text": text, "user": "Ben"}
        self._node.admin.post("/items/messages", json=item).raise_for_status()
        self.acknowledged.append(time.monotonic())


class PageReader:
    """A page, and every row that it ever showed."""

    def __init__(self, page: ObservedPage) -> None:
        self._page = page.page

    @staticmethod
    def record(page: Page) -> None:
        """Have a page remember its rows, from its start on."""
        page.add_init_script(RECORD_ROWS)

    def stats(self) -> dict[str, int]:
        stats: dict[str, int] = self._page.evaluate("directus.stats()")
        return stats

    def texts(self) -> list[str]:
        shown: list[str] = self._page.evaluate("window.shown")
        return shown

    def wait_until_back(self, reconnects: int) -> None:
        self._page.wait_for_function(IS_BACK, arg=reconnects, timeout=PATIENCE * 1000)

    def wait_for_count(self, count: int) -> None:
        self._page.wait_for_function(HAS_COUNTED, arg=count, timeout=PATIENCE * 1000)


class ClientReader:
    """A client on CPython, in a thread of its own: Playwright's loop runs in the test's.

    Attributes:
        opened: when its connection was open, each time.
    """

    def __init__(self, url: str) -> None:
        self.opened: list[float] = []
        self._texts: list[str] = []
        self._changed = threading.Condition()
        self._directus = client(url)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._subscription: Subscription[SubscriptionMessage] | None = None
        self._thread = threading.Thread(target=asyncio.run, args=[self._read()], daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._wait_until(lambda: self._subscription is not None)
        return self

    def __exit__(self, *_: object) -> None:
        if self._loop is not None and self._subscription is not None:
            self._loop.call_soon_threadsafe(self._subscription.unsubscribe)
        self._thread.join()

    def stats(self) -> Stats:
        return self._directus.stats()

    def texts(self) -> list[str]:
        return list(self._texts)

    def wait_until_back(self, reconnects: int) -> None:
        self._wait_until(lambda: len(self.opened) > reconnects + 1)

    def wait_for_count(self, count: int) -> None:
        self._wait_until(lambda: len(self._texts) >= count)

    async def _read(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._directus.on_web_socket("open", lambda _: self._note(self.opened, time.monotonic()))
        query = {"fields": ["text"]}
        subscription = await self._directus.subscribe("messages", event="create", query=query)
        with self._changed:
            self._subscription = subscription
            self._changed.notify()
        async for message in subscription:
            for row in message.get("data", []):
                self._note(self._texts, row["text"])
        self._directus.disconnect()

    def _note(self, where: list[Any], what: Any) -> None:
        with self._changed:
            where.append(what)
            self._changed.notify()

    def _wait_until(self, condition: Callable[[], bool]) -> None:
        with self._changed:
            in_time = self._changed.wait_for(condition, PATIENCE)
        assert in_time, f"{self._directus.state}, {len(self._texts)} texts, {self.stats()}"


@dataclass(frozen=True)
class Scene:
    """The cluster, its proxy, the creator of items and the readers."""

    cluster: Cluster
    proxy: TcpProxy
    creator: Creator
    readers: Sequence[PageReader | ClientReader]

    def kill_the_node(self) -> float:
        """Kill node A, lead all to B, and start A again; return when it was killed."""
        self.creator.begin(2 * PART)
        self.wait_for_all()
        before = self.reconnects()
        self.creator.begin(PART)
        self.creator.finish(but=PART - 1)  # events of the others are on their way now
        killed = time.monotonic()
        self.cluster.a.kill()
        with ThreadPoolExecutor() as background:
            try:
                self.creator.begin(2 * PART)
                self.creator.finish()
            finally:  # other tests want the node too
                restarted = background.submit(self.cluster.a.start)
            self.proxy.lead_to(self.cluster.b.port)
            self.creator.begin(PART)
            self.wait_until_back(before)
            restarted.result()
        return killed

    def return_to_the_node(self) -> None:
        """Lead all back to node A."""
        self.creator.begin(PART)
        self.wait_for_all()
        before = self.reconnects()
        self.proxy.lead_to(self.cluster.a.port)
        self.creator.begin(PART)
        self.creator.finish(but=PART - 1)
        self.proxy.cut()
        self.wait_until_back(before)

    def reconnects(self) -> list[int]:
        return [reader.stats()["reconnects"] for reader in self.readers]

    def wait_until_back(self, before: list[int]) -> None:
        """Wait until all are connected again, and create items while they catch up."""
        self.readers[0].wait_until_back(before[0])
        self.creator.begin(PART)
        for reader, reconnects in zip(self.readers, before, strict=True):
            reader.wait_until_back(reconnects)

    def wait_for_all(self) -> None:
        """Wait until all have as many items as there are."""
        self.creator.finish()
        for reader in self.readers:
            reader.wait_for_count(len(self.creator.texts))

    def check_exactly_once(self) -> None:
        self.wait_for_all()
        for reader in self.readers:
            once, seen = Counter(self.creator.texts), Counter(reader.texts())
            assert not once - seen, "missed"
            assert not seen - once, "more than once"


@pytest.fixture
def proxy(cluster: Cluster) -> Iterator[TcpProxy]:
    """The address that leads to one node or the other."""
    with closing(TcpProxy(cluster.a.port)) as proxy:
        yield proxy


@pytest.fixture
def site(cluster: Cluster, proxy: TcpProxy, tmp_path: Path) -> Iterator[Relayed]:
    """The page, served by us, on the cluster without messages, by way of the proxy."""
    cluster.b.clear()
    with closing(Relayed(cluster.a, proxy.url, tmp_path)) as relayed:
        yield relayed
    cluster.b.clear()


def test_a_node_killed_five_times_and_every_item_is_shown_once(
    open_page: Open, cluster: Cluster, proxy: TcpProxy
) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool, ClientReader(proxy.url) as follower:
        creator = Creator(cluster.b, pool)
        relayed = open_page(before=PageReader.record)
        direct = open_page(before=PageReader.record, settings={"url": proxy.url})
        readers = (follower, PageReader(relayed), PageReader(direct))
        scene = Scene(cluster, proxy, creator, readers)
        kills = []
        for _ in range(KILLS):
            kills.append(scene.kill_the_node())
            scene.return_to_the_node()
        assert len(creator.texts) == ITEMS
        scene.check_exactly_once()
        creator.begin(1)
        scene.check_exactly_once()
        for killed in kills:
            back = next(opened for opened in follower.opened if opened > killed)
            assert sum(killed < at < back for at in creator.acknowledged) >= 2 * PART
        for reader in readers:
            stats = reader.stats()
            assert stats["reconnects"] >= 2 * KILLS
            assert KILLS * 2 * PART <= stats["recovered"] < ITEMS
