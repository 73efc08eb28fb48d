"""What holds for all tests."""

import signal

import pytest


def pytest_configure() -> None:
    """Let Ctrl-C end children: a shell that starts the tests in the background has it ignored."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the tests that use a browser last.

    From the first of them on Playwright's own event loop runs in this thread, and then no other
    can: those that call ``asyncio.run`` must come before.
    """
    items.sort(key=lambda item: "browser" in getattr(item, "fixturenames", ()))
