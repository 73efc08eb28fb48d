"""What holds for all tests."""

import os
from collections.abc import Callable

import pytest


@pytest.fixture(scope="session")
def count() -> Callable[[int], int]:
    """A function that takes how often a soak does something: a tenth of it without --soak."""
    share = 1 if "SOAK" in os.environ else 10
    return lambda full: full // share


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the tests that use a browser last.

    From the first of them on Playwright's own event loop runs in this thread, and then no other
    can: those that call ``asyncio.run`` must come before.
    """
    items.sort(key=lambda item: "browser" in getattr(item, "fixturenames", ()))
