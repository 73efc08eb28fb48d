"""Memory of our page while messages come: JavaScript's heap, WebAssembly's memory, DOM nodes.

``python3 -m benchmarks.memory [--messages 100000] [--minutes 10] [--save]``. The messages come at
an even pace. Before each look the browser collects JavaScript's garbage. WebAssembly's memory,
which holds all of Python, grows in steps and never shrinks. The page keeps 500 rows at most.
"""

import time
from dataclasses import dataclass

from benchmarks.common import plot
from benchmarks.common.browser import Page, chromium_running
from benchmarks.common.contestants import OURS, hosted
from benchmarks.common.processes import Sender, sender
from benchmarks.common.report import Report, options
from benchmarks.common.table import table, whole

LOOKS = 20
EARLY = LOOKS // 10
"""The look that the last one is compared with: after a tenth of the messages."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a page uses: bytes, and DOM nodes.

    ``seconds`` and ``messages`` say when: since the first message, and how many have come.
    """

    seconds: float
    messages: int
    heap: int
    wasm: int
    nodes: int


def main() -> None:
    """Measure our page and print the table."""
    given = options(__doc__, messages=100_000, minutes=10)
    with sender() as source, hosted(source.url) as host, chromium_running() as browser:
        with browser.page() as page:
            page.open(host.address(OURS))
            looks = measured(page, source, given.messages, given.minutes * 60)
        report(looks, browser.version).publish(save=given.save)


def measured(page: Page, source: Sender, messages: int, seconds: float) -> list[Look]:
    """Send ``messages`` within ``seconds``; look at the page before, and after each part."""
    page.evaluate("() => probe.subscribed")
    started = time.monotonic()
    part = max(1, messages // LOOKS)
    looks = [look(page, 0.0, 0)]
    for number in range(1, LOOKS + 1):
        text = f"part {number}"
        page.evaluate("(text) => { window.shown = probe.row(text); }", f"{text} {part}")
        source.send(part, text, rate=messages / seconds)
        page.evaluate("() => window.shown")
        looks.append(look(page, time.monotonic() - started, number * part))
        heap, wasm = megabytes(looks[-1].heap), megabytes(looks[-1].wasm)
        print(f"{number * part:,} messages: heap {heap}, WebAssembly {wasm}", flush=True)
    return looks


def look(page: Page, seconds: float, messages: int) -> Look:
    """Collect the garbage, and return what the page uses."""
    page.send("HeapProfiler.enable")
    page.send("HeapProfiler.collectGarbage")
    heap = page.send("Runtime.getHeapUsage")["usedSize"]
    nodes = page.send("Memory.getDOMCounters")["nodes"]
    page.send("HeapProfiler.disable")
    return Look(seconds, messages, int(heap), page.evaluate("() => probe.wasm()"), nodes)


def report(looks: list[Look], chromium: str) -> Report:
    """Return the table and the plot over time."""
    early, last = looks[EARLY], looks[-1]
    times = [each.seconds / 60 for each in looks]
    heap, wasm = [each.heap for each in looks], [each.wasm for each in looks]
    nodes = [each.nodes for each in looks]
    head = ("", "at the start", f"after {early.messages:,}", f"after {last.messages:,}", "growth")
    rows = [
        ["JavaScript's heap", *_cells(heap), megabytes(last.heap - early.heap)],
        ["WebAssembly's memory", *_cells(wasm), megabytes(last.wasm - early.wasm)],
        [
            "DOM nodes",
            *(whole(nodes[at]) for at in (0, EARLY, -1)),
            whole(last.nodes - early.nodes),
        ],
    ]
    panels: dict[str, dict[str, plot.Line]] = {
        "heap, MB": {"heap": (times, [each / 1e6 for each in heap])},
        "WebAssembly, MB": {"wasm": (times, [each / 1e6 for each in wasm])},
        "DOM nodes": {"nodes": (times, nodes)},
    }
    drawn = plot.lines(panels, "minutes", f"Our page while {last.messages:,} messages come")
    notes = (f"{last.messages:,} messages in {last.seconds / 60:.1f} minutes.",)
    return Report("memory", table(head, rows), notes, drawn, chromium)


def _cells(values: list[int]) -> list[str]:
    return [megabytes(values[at]) for at in (0, EARLY, -1)]


def megabytes(count: float) -> str:
    """Return bytes as text."""
    return f"{count / 1e6:.2f} MB"


if __name__ == "__main__":
    main()
