"""What holds for all tests."""

import signal

import pytest

from tests.support.pages import apart, blank, browser_type_launch_args, open_page, warm

__all__ = ["apart", "blank", "browser_type_launch_args", "open_page", "warm"]


def pytest_configure(config: pytest.Config) -> None:
    """Let Ctrl-C end children, and refuse the orders of workers' tests that do not work."""
    # A shell that starts the tests in the background has the signal ignored.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    distribution = config.getoption("dist", "no")
    if distribution not in ("no", "load"):
        raise pytest.UsageError(
            f"--dist {distribution} does not keep the order of the tests, in which those with a "
            "browser come last: use --dist load"
        )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the tests that use a browser last.

    From the first test with a browser on, Playwright's own event loop runs in this thread, and
    then no other can: those that call ``asyncio.run`` must come before. The distribution ``load``
    gives each worker its tests in this order.
    """
    items.sort(key=_place)


def _place(item: pytest.Item) -> tuple[bool, bool, bool]:
    fixtures = getattr(item, "fixturenames", ())
    # Each worker plays the contract's scenarios that come to it, in the background, and all of one
    # server's in a row: the first share of a worker is the largest, and takes in most of them. The
    # behaviours are short, so that at the end no worker waits long for the other.
    return "playwright" in fixtures, "replays" not in fixtures, "place" in fixtures
