"""What holds for all tests."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support.pages import (
    apart,
    blank,
    browser_type_launch_args,
    open_another,
    open_lasting,
    open_page,
    opened_once,
    shared,
    warm,
)
from tests.support.spreading import spread

__all__ = [
    "apart",
    "blank",
    "browser_type_launch_args",
    "open_another",
    "open_lasting",
    "open_page",
    "opened_once",
    "shared",
    "warm",
]


def pytest_configure() -> None:
    """Let Ctrl-C end children."""
    # A shell that starts the tests in the background has the signal ignored.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Spread the files whose tests use a browser evenly over the others.

    A browser takes a core; most of the others wait. Side by side they take the least time.
    """
    browser = [item for item in items if _uses_browser(item)]
    others = [item for item in items if not _uses_browser(item)]
    parts = [sorted(part, key=_place) for part in (browser, others)]
    items[:] = spread(parts, key=lambda item: item.path)


def _uses_browser(item: pytest.Item) -> bool:
    return "playwright" in getattr(item, "fixturenames", ())


def _place(item: pytest.Item) -> tuple[bool, bool]:
    fixtures = getattr(item, "fixturenames", ())
    # Each worker plays the contract's scenarios that come to it, in the background, and all of one
    # server's in a row: the first share of a worker is the largest, and takes in most of them. The
    # behaviours are short, so that at the end no worker waits long for the other.
    return "replays" not in fixtures, "place" in fixtures


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    with _loop_hidden_from(item):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    with _loop_hidden_from(item):
        return (yield)


@contextmanager
def _loop_hidden_from(item: pytest.Item) -> Iterator[None]:
    """Let a test that uses no browser run event loops, also when a worker has a browser by then.

    From the first test with a browser on, Playwright's event loop counts as running in this
    thread. While no test of Playwright's own is under way, it rests. It is needed again when
    fixtures end, since the last test of a file may end a page that others have used.
    """
    loop = None if _uses_browser(item) else asyncio._get_running_loop()
    if loop is None:
        yield
        return
    asyncio._set_running_loop(None)
    try:
        yield
    finally:
        asyncio._set_running_loop(loop)
