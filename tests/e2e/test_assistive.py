"""The page by keyboard, to a screen reader, and for a reader who has scrolled."""

from playwright.sync_api import Page, expect

from tests.e2e.test_burst import KEEP_SOCKET, RECEIVE, creates
from tests.support.observed_page import FOLLOWS
from tests.support.pages import Open, Site

# What is set in a live region is read out.
RECORD_AT_LOADING = """addEventListener("DOMContentLoaded", () => {
  window.announced = [];
  const regions = document.querySelectorAll("[role=status], [role=alert], [aria-live], output");
  for (const region of regions) {
    new MutationObserver(() => region.textContent && announced.push(region.textContent))
      .observe(region, { childList: true, characterData: true, subtree: true });
  }
});"""
PLACE = "document.getElementById('text').getBoundingClientRect().top + scrollY"
WITHOUT_ANCHORING = """
const supports = CSS.supports.bind(CSS);
CSS.supports = (name, ...given) => name !== "overflow-anchor" && supports(name, ...given);
addEventListener("DOMContentLoaded", () => {
  document.documentElement.style.overflowAnchor = "none";
});
"""


def announced(page: Page) -> list[str]:
    texts: list[str] = page.evaluate("window.announced")
    return texts


def test_changes_are_announced_once_and_messages_are_summed_up_and_move_nothing(
    apart: Page, site: Site
) -> None:
    apart.clock.install()
    apart.add_init_script(RECORD_AT_LOADING + KEEP_SOCKET)
    apart.goto(site.url)
    place = apart.evaluate(PLACE)
    status = apart.locator("#status")
    expect(status).to_have_attribute("data-fresh", "live", timeout=60_000)
    begun = announced(apart)
    assert begun[0] == "Connecting"
    assert begun[-1] == "Live"
    assert len(begun) == len(set(begun))
    apart.evaluate("async () => await createItem('alone', 'Ben')")
    apart.clock.fast_forward(1_000)
    expect(apart.locator("#announcement")).to_have_text("Ben: alone")
    apart.wait_for_function(FOLLOWS)
    apart.evaluate(RECEIVE, creates(100, 12))
    apart.locator("#messages li", has_text="n111").wait_for()
    apart.clock.fast_forward(1_000)
    expect(apart.locator("#announcement")).to_have_text("12 new messages")
    site.kill()
    expect(apart.locator("#error")).to_contain_text("Nothing answers", timeout=60_000)
    for _ in range(10):
        apart.clock.fast_forward(5_000)
        assert apart.evaluate(PLACE) == place
    summed, in_outage = announced(apart)[len(begun) :][:2], announced(apart)[len(begun) + 2 :]
    assert summed == ["Ben: alone", "12 new messages"]
    assert in_outage == ["Reconnecting"]
    # What came before is no news after a reload.
    site.start()
    apart.reload()
    expect(status).to_have_attribute("data-fresh", "live", timeout=60_000)
    expect(apart.locator("#messages li")).to_have_count(1)
    apart.clock.fast_forward(2_000)
    assert set(announced(apart)) <= set(begun)


def test_a_reader_who_has_scrolled_is_not_moved_where_the_browser_would(open_page: Open) -> None:
    page = open_page(before=lambda page: page.add_init_script(WITHOUT_ANCHORING + KEEP_SOCKET))
    page.wait_for_changes()
    page.page.evaluate(RECEIVE, creates(1, 60))
    page.wait_for_text("n60")
    row = page.page.locator("#messages li", has_text="n30")
    row.scroll_into_view_if_needed()
    before = row.bounding_box()
    page.page.evaluate(RECEIVE, creates(61, 3))
    button = page.page.get_by_role("button", name="3 new")
    expect(button).to_be_visible()
    assert row.bounding_box() == before
    assert page.page.text_content("#count") == "63"
    button.press("Enter")
    page.wait_for_text("n63")
    expect(button).to_be_hidden()
    assert page.texts()[:4] == ["n63", "n62", "n61", "n60"]
    # They come too when the reader goes back to the top.
    row.scroll_into_view_if_needed()
    page.page.evaluate(RECEIVE, creates(64, 1))
    expect(page.page.get_by_role("button", name="1 new")).to_be_visible()
    page.page.evaluate("scrollTo(0, 0)")
    expect(page.page.locator("#messages li").first).to_contain_text("n64")


def test_all_of_it_by_keyboard(open_page: Open, site: Site) -> None:
    page = open_page()
    keyboard = page.page.keyboard
    keyboard.press("Tab")
    expect(page.page.locator("#user")).to_be_focused()
    keyboard.press("ControlOrMeta+a")
    keyboard.type("Kevin")
    keyboard.press("Tab")
    keyboard.type("typed")
    keyboard.press("Enter")
    page.wait_for_text("typed")
    expect(page.page.locator("#text")).to_be_focused()
    site.kill()
    page.wait_for_state("reconnecting")
    keyboard.type("later")
    keyboard.press("Tab")
    keyboard.press("Enter")  # on Send
    expect(page.page.locator("#waiting li")).to_have_count(1)
    page.page.evaluate("directus.disconnect()")
    site.start()
    expect(page.page.locator("#waiting li[data-outcome=not-sent]")).to_have_count(1)
    keyboard.press("Tab")
    keyboard.press("Tab")
    expect(page.page.get_by_role("button", name="Connect")).to_be_focused()
    keyboard.press("Enter")
    page.wait_for_state("open")
    keyboard.press("Tab")
    expect(page.page.get_by_role("button", name="Send again")).to_be_focused()
    keyboard.press("Enter")
    page.wait_for_text("later")
    expect(page.page.locator("#waiting li")).to_have_count(0)
