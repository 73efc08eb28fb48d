"""The time from createItem to the item's row: our page and its peers on one embedded server.

``python3 -m benchmarks.latency [--items 200] [--block 20] [--warmup 5] [--save]``. Items are
created one after the other, each when the row of the one before is there. The clock is the page's:
from the call until an observer sees the row in the document. Each page creates a block of items and
is closed again, the pages in turn, until each has created all; the first ``--warmup`` items of a
block do not count. In its first hundred the browser still compiles Python's interpreter.
"""

from benchmarks.common import plot
from benchmarks.common.browser import Chromium, chromium_running
from benchmarks.common.contestants import GUIDE, NAIVE, OURS, Contestant, Host, hosted
from benchmarks.common.figures import median, percentile, ratio
from benchmarks.common.report import Report, options
from benchmarks.common.table import table

CONTESTANTS = (OURS, GUIDE, NAIVE)
Taken = dict[Contestant, list[float]]
"""Milliseconds of each item."""


def main() -> None:
    """Measure all pages and print the table."""
    given = options(__doc__, items=200, block=20, warmup=5)
    with hosted() as host, chromium_running() as browser:
        taken = measured(browser, host, given.items, given.block, given.warmup)
        report(taken, browser.version).publish(save=given.save)


def measured(browser: Chromium, host: Host, items: int, block: int, warmup: int) -> Taken:
    """Let each page create ``items``, ``block`` at a time, in turn."""
    taken: Taken = {contestant: [] for contestant in CONTESTANTS}
    for done in range(0, items, block):
        for contestant, samples in taken.items():
            count = min(block, items - done)
            found = one(browser, host.address(contestant), count, warmup)
            samples += found
            print(f"{contestant.title}: {median(found):.1f} ms", flush=True)
    return taken


def one(browser: Chromium, address: str, items: int, warmup: int) -> list[float]:
    """Open a page and let it create items; return the milliseconds until each one's row.

    ``warmup`` is how many it creates before.
    """
    with browser.page() as page:
        page.open(address)
        page.evaluate("() => probe.subscribed")
        page.evaluate("(count) => probe.createEach(count, 'warm-up')", warmup)
        found: list[float] = page.evaluate("(count) => probe.createEach(count, 'item')", items)
        return found


def report(taken: Taken, chromium: str) -> Report:
    """Return the table and the plot."""
    rows = []
    for each, samples in taken.items():
        beside = f"{ratio(samples, taken[GUIDE]):.2f}"
        low, high = median(samples), percentile(samples, 95)
        rows.append([each.title, f"{low:.1f} ms", f"{high:.1f} ms", beside])
    head = ("page", "median", "95th percentile", "median beside the JS SDK's")
    count = len(taken[OURS])
    drawn = plot.cumulative(
        {each.title: samples for each, samples in taken.items()},
        "milliseconds from createItem to its row",
        f"createItem to its row, {count:,} items each",
    )
    return Report("latency", table(head, rows), (f"{count:,} items each.",), drawn, chromium)


if __name__ == "__main__":
    main()
