"""Fixtures for tests in a real Chromium: pages, and what serves them.

A conftest imports those that it needs, and defines ``site``.
"""

import contextlib
import os
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import pytest
from playwright.sync_api import Browser, Page

from tests.support.observed_page import ObservedPage

_QUIET = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    # A page that a test answers for has no address, and could connect to nothing on this machine.
    "--disable-features=LocalNetworkAccessChecks",
)


class Site(Protocol):
    """What serves the page, with a Directus behind it that a test can kill and restart."""

    @property
    def url(self) -> str:
        """The page's address."""

    def kill(self) -> None:
        """Kill Directus."""

    def start(self) -> object:
        """Start Directus again."""


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    return {"executable_path": os.environ.get("CHROMIUM"), "args": list(_QUIET)}


@pytest.fixture
def blank(browser: Browser) -> Iterator[Page]:
    """A page at no address yet, in a browser context of its own."""
    with browser.new_context() as context:
        yield context.new_page()


Open = Callable[..., ObservedPage]


@pytest.fixture
def open_page(browser: Browser, site: Site) -> Iterator[Open]:
    """A function that opens the page in a browser context of its own and waits for a state.

    ``settings`` stand in for those of pyscript.toml; ``before`` is called with the page first.
    """
    with opener(browser, site.url) as open_it:
        yield open_it


@contextlib.contextmanager
def opener(browser: Browser, url: str) -> Iterator[Open]:
    """Yield a function that opens the page at an address; see :func:`open_page`."""

    def open_it(
        state: str = "open",
        *,
        settings: dict[str, object] | None = None,
        before: Callable[[Page], None] | None = None,
    ) -> ObservedPage:
        context = stack.enter_context(browser.new_context())
        observed = ObservedPage(context.new_page(), settings or {})
        if before:
            before(observed.page)
        observed.page.goto(url)
        observed.wait_for_state(state)
        if state == "open":
            observed.page.wait_for_function(
                "performance.getEntriesByName('realtime:subscribed').length"
            )
        return observed

    with contextlib.ExitStack() as stack:
        yield open_it
