"""axe finds nothing in any state of the page, in light, dark and forced colours, and in print."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from benchmarks.common.set_up import PEER
from tests.support import peer
from tests.support.observed_page import ObservedPage
from tests.support.pages import Site
from tests.support.wire import Wire, is_create

AUDIT = """async () => (await axe.run()).violations.map(({ id, nodes }) =>
  `${id}: ${nodes.map(({ html }) => html).join(" ")}`)"""


@pytest.fixture(scope="session")
def axe() -> str:
    """The script of axe."""
    peer.install()
    return (PEER / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture
def narrow(browser: Browser) -> Iterator[Page]:
    """A page as narrow as a small telephone."""
    with browser.new_context(viewport={"width": 320, "height": 800}) as context:
        yield context.new_page()


def audit(page: Page) -> None:
    """Let axe look at the page as it is, in each way in which it may be shown."""
    page.emulate_media(media="screen", color_scheme="light", forced_colors="none")
    assert page.evaluate(AUDIT) == [], "light"
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(AUDIT) == [], "dark"
    page.emulate_media(forced_colors="active")
    assert page.evaluate(AUDIT) == [], "forced colours"
    page.emulate_media(media="print", color_scheme="light", forced_colors="none")
    assert page.evaluate(AUDIT) == [], "in print"
    page.emulate_media(media="screen")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_axe_finds_nothing_in_any_state(narrow: Page, site: Site, axe: str) -> None:
    page, wire = ObservedPage(narrow, {}), Wire(narrow)
    held = wire.hold(lambda request: request.get("action") == "read")
    status = narrow.locator("#status")
    routes: list[Route] = []
    narrow.route("**/app/main.py", lambda route: routes.append(route))
    narrow.goto(site.url)
    narrow.wait_for_function("performance.getEntriesByName('runtime:asked').length")
    narrow.evaluate(axe)
    audit(narrow)  # loading Python
    for route in routes:
        route.continue_()
    wire.wait_for(held)
    audit(narrow)  # loading messages
    wire.hold(lambda _: False)
    wire.send_to_server(held[0])
    expect(status).to_have_attribute("data-fresh", "live")
    audit(narrow)  # none yet
    for user in ("Ben", "Somebody with a rather long name", "علي"):
        narrow.evaluate("async (user) => await createItem('Hello World! '.repeat(9), user)", user)
    narrow.locator("#messages li").nth(2).wait_for()
    narrow.fill("#text", "x" * 1950)
    audit(narrow)  # some
    narrow.fill("#text", "refused")
    wire.refuse(is_create)
    narrow.press("#text", "Enter")
    expect(narrow.locator("#waiting li[data-outcome=refused]")).to_have_count(1)
    audit(narrow)
    wire.hold(is_create)
    narrow.fill("#text", "waits")
    narrow.press("#text", "Enter")
    expect(narrow.locator("#waiting li[data-outcome=waiting]")).to_have_count(1)
    site.kill()
    page.wait_for_state("reconnecting")
    expect(narrow.locator("#error")).to_be_visible()
    audit(narrow)
    narrow.evaluate("directus.disconnect()")
    page.wait_for_state("closed")
    audit(narrow)
    # The form of a page without a token, which replaces the composer.
    show = "for (const id of ['composer', 'sign-in']) document.getElementById(id).hidden ^= true"
    narrow.evaluate("document.getElementById('why').textContent = 'Sign in to write messages.'")
    narrow.evaluate(f"() => {{ {show} }}")
    audit(narrow)
    narrow.evaluate(f"() => {{ {show} }}")
    narrow.evaluate("dispatchEvent(new Event('python:failed'))")
    page.wait_for_state("failed")
    audit(narrow)
