"""Cold starts: how long from a page's first byte until it is subscribed, ours beside its peers.

``python3 -m benchmarks.cold_start [ROUNDS]``. Each page is opened in a browser context of its own
and then once more in that context, the pages in turn, ROUNDS times (9); medians are printed. The
clock is the page's: from the start of its navigation to a mark. The guide's pages set the mark
when the first message of the subscription has come, MicroPython's when its first line runs, with
no connection. The servers run before the clock does; the browser does too, and has been used.
Stock PyScript is served twice, by our server's host and by Python's own server of files, neither
compressed. What is compared with is the faster of the two.
"""

import contextlib
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.common.report import parser_of
from benchmarks.engines import Engine, Tab, installed
from benchmarks.pages import PAGES, Pages
from tools import chromium
from tools.options import whole_number

ROUNDS = 9
QUIET = 1_000
"""Milliseconds before each load, in which the browser closes the last page."""

OTHERS_ROUNDS = 3
"""In browsers other than Chromium."""

_MARK = "realtime:subscribed"
# Seen by an observer: asking again and again would take time from the page that is measured.
_DONE = f"""async () => new Promise((resolve, reject) => {{
  setTimeout(reject, 60_000, "there was no {_MARK}");
  new PerformanceObserver((list) => {{
    if (list.getEntriesByName("{_MARK}").length) resolve();
  }}).observe({{ type: "mark", buffered: true }});
}})"""
_MEASURE = f"""async () => ({{
  took: performance.getEntriesByName('{_MARK}')[0].startTime,
  bytes: ["navigation", "resource"].flatMap((kind) => performance.getEntriesByType(kind))
    .reduce((sum, entry) => sum + entry.transferSize, 0),
}})"""


Load = Callable[[str], dict[str, float]]
"""Loads the page at an address; returns what it took, in milliseconds and bytes."""


@dataclass(slots=True)
class Samples:
    """What was measured of one page: milliseconds and bytes of first loads and of second ones."""

    took: tuple[list[float], list[float]] = field(default_factory=lambda: ([], []))
    size: tuple[list[float], list[float]] = field(default_factory=lambda: ([], []))

    def add(self, which: int, result: dict[str, float]) -> None:
        """Add what one load was measured to take."""
        self.took[which].append(result["took"])
        self.size[which].append(result["bytes"])


def main(rounds: int) -> int:
    """Measure all pages and print the tables; return 0 if the goals are reached, in Chromium."""
    with TemporaryDirectory() as folder, Pages(folder) as pages:
        with tests_browser() as browser:
            in_chromium = partial(_in_chromium, browser)
            _measure(in_chromium, pages, 1)  # to warm up
            taken = _measure(in_chromium, pages, rounds)
        print_table("Chromium", taken)
        goals = reached(taken)
        for goal, is_reached in goals.items():
            print(f"{'reached' if is_reached else 'MISSED ':<8} {goal}")
        for engine in installed():
            print_table(engine.name, _measure(partial(_in, engine), pages, OTHERS_ROUNDS))
    return 0 if all(goals.values()) else 1


def _measure(
    begin: Callable[[], AbstractContextManager[Load]], pages: Pages, rounds: int
) -> dict[str, Samples]:
    """Load each page twice in a new context of `begin`, the pages in turn."""
    taken = {name: Samples() for name in PAGES}
    for _ in range(rounds):
        for name in PAGES:
            with begin() as load_page:
                for which in (0, 1):
                    taken[name].add(which, load_page(pages.address(name)))
    return taken


@contextlib.contextmanager
def _in_chromium(browser: Browser) -> Iterator[Load]:
    context = browser.new_context()
    yield partial(load, context.new_page())
    context.close()


@contextlib.contextmanager
def _in(engine: Engine) -> Iterator[Load]:
    with engine.tab() as tab:
        yield partial(_load_in, tab)


def load(page: Page, url: str) -> dict[str, float]:
    """Load a page until nothing more comes; return what it took, in milliseconds and bytes."""
    page.wait_for_timeout(QUIET)
    page.goto(url)
    page.evaluate(_DONE)
    page.wait_for_load_state("networkidle")  # what comes later is transferred, too
    result: dict[str, float] = page.evaluate(_MEASURE)
    return result


def _load_in(tab: Tab, url: str) -> dict[str, float]:
    time.sleep(QUIET / 1000)
    tab.open(url)
    tab.evaluate(_DONE)
    time.sleep(QUIET / 1000)  # what comes later is transferred, too
    result: dict[str, float] = tab.evaluate(_MEASURE)
    return result


@contextlib.contextmanager
def tests_browser() -> Iterator[Browser]:
    """Start the Chromium that the tests use."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium.find(),
            args=["--no-sandbox", "--disable-background-networking"],
        )
        yield browser
        browser.close()


def _median(taken: Samples, load: int) -> float:
    return statistics.median(taken.took[load])


def faster(taken: dict[str, Samples]) -> Samples:
    """Return what was measured of the stock page, on the server where it starts sooner."""
    return min((taken[name] for name in ("stock", "plainly")), key=lambda each: _median(each, 0))


def print_table(browser: str, taken: dict[str, Samples]) -> None:
    """Print medians, bytes and ratios to the stock page's."""
    stock = faster(taken)
    print(f"{browser:<34}{'first load':>12}{'of stock':>10}{'second':>10}{'of stock':>10}", end="")
    print(f"{'bytes':>12}{'again':>11}")
    for name, title in PAGES.items():
        first, second = _median(taken[name], 0), _median(taken[name], 1)
        print(f"{title:<34}{first:>9.0f} ms{first / _median(stock, 0):>10.2f}", end="")
        print(f"{second:>7.0f} ms{second / _median(stock, 1):>10.2f}", end="")
        sizes = [statistics.median(taken[name].size[load]) for load in (0, 1)]
        print(f"{sizes[0]:>12,.0f}{sizes[1]:>11,.0f}")


def reached(taken: dict[str, Samples]) -> dict[str, bool]:
    """Return each goal, and whether it is reached."""
    ours, stock, printed = taken["ours"], faster(taken), taken["printed"]
    return {
        "first load at most 0.20 of stock's": _median(ours, 0) <= 0.20 * _median(stock, 0),
        "first load at most 0.25 of stock's": _median(ours, 0) <= 0.25 * _median(stock, 0),
        "second load at most 0.25 of stock's": _median(ours, 1) <= 0.25 * _median(stock, 1),
        "sooner than the guide's page as printed": _median(ours, 0) < _median(printed, 0),
        "first visit at most 9 MB": statistics.median(ours.size[0]) <= 9_000_000,
        "second visit under 50 KB": statistics.median(ours.size[1]) < 50_000,
    }


if __name__ == "__main__":
    parser = parser_of(__doc__)
    parser.add_argument(
        "rounds", nargs="?", type=whole_number(1), default=ROUNDS, help="(%(default)s)"
    )
    sys.exit(main(parser.read(sys.argv[1:]).rounds))
