"""Events shown a second, and long tasks: a burst of events to our page and to its peers.

``python3 -m benchmarks.burst [--events 20000] [--rounds 5] [--save]``. One sender writes all events
to the page's socket as fast as it takes them. The clock is the page's: from the first message until
the row of the last event is in the document. Each page is opened anew in each round, in turn, and
shows a short burst before the clock runs. Long tasks are those of more than 50 ms, in which the
page answers to nothing.
"""

from dataclasses import dataclass

from benchmarks.common import plot
from benchmarks.common.browser import Chromium, Page, chromium_running
from benchmarks.common.contestants import (
    GUIDE,
    GUIDE_LOGGING,
    NAIVE,
    OURS,
    OURS_LOGGING,
    Contestant,
    Host,
    hosted,
)
from benchmarks.common.figures import median, ratio
from benchmarks.common.processes import Sender, sender
from benchmarks.common.report import Report, options
from benchmarks.common.table import listed, table, whole

CONTESTANTS = (OURS, GUIDE, NAIVE, OURS_LOGGING, GUIDE_LOGGING)
WARM_UP = 500  # events


@dataclass(frozen=True, slots=True)
class Burst:
    """What one burst was measured to take.

    Attributes:
        rate: events shown a second.
        long_tasks: how many long tasks there were.
        longest: the longest of them, in milliseconds; 0 if there was none.
    """

    rate: float
    long_tasks: int
    longest: float


Taken = dict[Contestant, list[Burst]]


def main() -> None:
    """Measure all pages and print the table."""
    given = options(__doc__, events=20_000, rounds=5)
    with sender() as source, hosted(source.url) as host, chromium_running() as browser:
        taken = measured(browser, host, source, given.events, given.rounds)
        report(taken, given.events, browser.version).publish(save=given.save)


def measured(browser: Chromium, host: Host, source: Sender, events: int, rounds: int) -> Taken:
    """Give each page a burst of ``events``, in turn, ``rounds`` times."""
    taken: Taken = {contestant: [] for contestant in CONTESTANTS}
    for number in range(1, rounds + 1):
        for contestant, bursts in taken.items():
            with browser.page() as page:
                page.open(host.address(contestant))
                bursts.append(one(page, source, events))
            burst = bursts[-1]
            print(f"round {number}: {contestant.title}: {whole(burst.rate)} a second", flush=True)
    return taken


def one(page: Page, source: Sender, events: int) -> Burst:
    """Send a burst to a page that is loading or loaded. Raises RuntimeError if it shows others."""
    page.evaluate("() => probe.subscribed")
    _shown(page, source, WARM_UP, "warm-up")
    before = page.evaluate("() => probe.shown()")
    result = _shown(page, source, events, "burst")
    shown = page.evaluate("() => probe.shown()") - before
    if shown != events:
        raise RuntimeError(f"of {events} events the page has shown {shown}")
    rate = events / result["took"] * 1_000
    return Burst(rate, int(result["longTasks"]), result["longest"])


def _shown(page: Page, source: Sender, events: int, text: str) -> dict[str, float]:
    """Send events, and wait until the last one is shown."""
    page.evaluate("(text) => { window.shown = probe.burst(text); }", f"{text} {events}")
    source.send(events, text)
    result: dict[str, float] = page.evaluate("() => window.shown")
    return result


def report(taken: Taken, events: int, chromium: str) -> Report:
    """Return the table of medians, all rounds, and the plot."""
    rates = {each: [burst.rate for burst in bursts] for each, bursts in taken.items()}
    head = ("page", "events shown a second", "beside the JS SDK", "long tasks", "longest")
    rows = []
    for each, bursts in taken.items():
        long_tasks = median([burst.long_tasks for burst in bursts])
        longest = median([burst.longest for burst in bursts])
        beside = f"{ratio(rates[each], rates[GUIDE_LOGGING if each.logs else GUIDE]):.2f}"
        cells = [whole(median(rates[each])), beside, whole(long_tasks), f"{whole(longest)} ms"]
        rows.append([each.title, *cells])
    notes = [f"{each.title}, all rounds: {listed(rates[each])}" for each in taken]
    drawn = plot.bars(
        {each.title: found for each, found in rates.items()},
        "events shown a second (medians; each round is a point)",
        f"A burst of {events:,} events",
    )
    return Report("burst", table(head, rows), tuple(notes), drawn, chromium)


if __name__ == "__main__":
    main()
