"""Fixtures for tests in a real Chromium: pages, and what serves them.

``open_page`` needs a fixture ``site``, and ``shared`` and ``open_another`` need a ``lasting_site``,
which each conftest defines.
"""

import contextlib
import os
from collections.abc import Callable, Iterator
from typing import Any, Protocol
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support import plain_http
from tests.support.embedded import ROOT, TOKEN
from tests.support.observed_page import ObservedPage
from web.config import runtime_folders

# Milliseconds. A busy machine may take more than the five seconds that Playwright waits.
expect.set_options(timeout=30_000)

_QUIET = (
    "--no-sandbox",
    # For `Warm`: pages of one context and one host share a process.
    "--process-per-site",
    "--disable-background-networking",
    "--disable-component-update",
    # Compile WebAssembly a second time, for speed, later: few pages live long enough to gain by it.
    "--js-flags=--wasm-tiering-budget=200000000",
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


def create(url: str, *texts: str) -> None:
    """Create messages of Ben's at a Directus over HTTP, as another program does."""
    rows = [{"text": text, "user": "Ben"} for text in texts]
    headers = {"Authorization": f"Bearer {TOKEN}"}
    plain_http.post(f"{url}/items/messages", headers=headers, json=rows).raise_for_status()


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    return {"executable_path": os.environ.get("CHROMIUM"), "args": list(_QUIET)}


class Warm:
    """A browser context whose pages share a process in which Pyodide is compiled already.

    That saves each page more than a second of CPU time. What a page has stored is cleared when it
    is closed, but for the browser's cache.
    """

    def __init__(self, browser: Browser) -> None:
        # Nothing is decompressed here that comes from this machine: that takes a tenth of a load.
        self._context = browser.new_context(extra_http_headers={"Accept-Encoding": "identity"})
        # It keeps the process alive, and what is compiled in it.
        keeper = self._context.new_page()
        wasm = runtime_folders(ROOT)["pyodide"] / "pyodide.asm.wasm"
        keeper.route("**/", lambda route: route.fulfill(body="", content_type="text/html"))
        keeper.route("**/*.wasm", lambda route: route.fulfill(path=wasm))
        keeper.goto("http://127.0.0.1/")
        keeper.evaluate(
            "async () => { self.kept = await WebAssembly.compileStreaming(fetch('/py.wasm')) }"
        )
        self._devtools = self._context.new_cdp_session(keeper)

    @contextlib.contextmanager
    def page(self) -> Iterator[Page]:
        """Yield a page at no address yet."""
        page = self._context.new_page()
        try:
            yield page
        finally:
            page.close()
            self._context.clear_cookies()
            stored = {"origin": origin_of(page.url), "storageTypes": "local_storage"}
            self._devtools.send("Storage.clearDataForOrigin", stored)


def origin_of(url: str) -> str:
    """Return the origin of a page's address."""
    return "{0.scheme}://{0.netloc}".format(urlsplit(url))


@pytest.fixture(scope="session")
def warm(browser: Browser) -> Warm:
    """A context for pages that need none of their own."""
    return Warm(browser)


@pytest.fixture
def blank(warm: Warm) -> Iterator[Page]:
    """A page at no address yet."""
    with warm.page() as page:
        yield page


@pytest.fixture
def apart(browser: Browser) -> Iterator[Page]:
    """A page at no address yet, in a browser context and a process of its own.

    For tests that change the context, as one does with the clock. That there is no network is told
    to all pages of a process at once, and takes effect in one after the other: a page of
    :class:`Warm` may connect again in between.
    """
    with browser.new_context() as context:
        yield context.new_page()


Open = Callable[..., ObservedPage]


@pytest.fixture
def open_page(warm: Warm, site: Site) -> Iterator[Open]:
    """A function that opens the page and waits for a state.

    ``settings`` stand in for those of pyscript.toml; ``before`` is called with the page first.
    """
    with opener(warm, site.url) as open_it:
        yield open_it


@contextlib.contextmanager
def opener(warm: Warm, url: str) -> Iterator[Open]:
    """Yield a function that opens the page at an address; see :func:`open_page`."""

    def open_it(
        state: str = "open",
        *,
        settings: dict[str, object] | None = None,
        before: Callable[[Page], None] | None = None,
    ) -> ObservedPage:
        observed = ObservedPage(stack.enter_context(warm.page()), settings or {})
        if before:
            before(observed.page)
        observed.page.goto(url)
        observed.wait_for_state(state)
        if state == "open":
            observed.wait_for_subscription()
        return observed

    with contextlib.ExitStack() as stack:
        yield open_it


@pytest.fixture(scope="module")
def open_lasting(warm: Warm, lasting_site: Site) -> Iterator[Open]:
    """As :func:`open_page`, for pages that the tests of a module share."""
    with opener(warm, lasting_site.url) as open_it:
        yield open_it


@pytest.fixture(scope="module")
def opened_once(open_lasting: Open) -> ObservedPage:
    """The page, opened once for a module; a test uses :func:`shared`."""
    page = open_lasting()
    assert page.problems == [], "the usual start has no problem"
    return page


@pytest.fixture
def shared(opened_once: ObservedPage) -> ObservedPage:
    """The page, connected, and with what the module's other tests have left in its lists.

    For tests to which its beginning does not matter. It lasts so long that pings come and go, and
    the console tells of them.
    """
    opened_once.begin_anew()
    return opened_once


@pytest.fixture
def open_another(warm: Warm, lasting_site: Site) -> Iterator[Open]:
    """As :func:`open_page`, where :func:`shared` is."""
    with opener(warm, lasting_site.url) as open_it:
        yield open_it


@contextlib.contextmanager
def outage(site: Site, page: ObservedPage) -> Iterator[None]:
    """Keep Directus away for as long as the block takes, which begins when the page knows it."""
    site.kill()
    try:
        page.wait_for_state("reconnecting")
        yield
    finally:
        site.start()
