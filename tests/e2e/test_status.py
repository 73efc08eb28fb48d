"""What the page says of its connection: true, and with a button for what helps."""

import json

import pytest
from playwright.sync_api import Page, expect

from tests.support.observed_page import ObservedPage
from tests.support.pages import Open, Site, create
from tests.support.wire import Wire, is_history, passed_on

RECORD_STATUS = """
addEventListener("DOMContentLoaded", () => {
  const status = document.getElementById("status");
  window.seen = [];
  new MutationObserver(() => window.seen.push({ ...status.dataset, text: status.textContent }))
    .observe(status, { attributes: true, childList: true });
});
"""
SEEN = """() => window.seen.map(({ state, fresh }) => `${state} ${fresh}`)
  .filter((each, at, all) => each !== all[at - 1])"""


def is_fresh(page: ObservedPage, word: str) -> None:
    expect(page.page.locator("#status")).to_have_attribute("data-fresh", word, timeout=60_000)


def test_live_is_said_only_when_the_rows_are_complete(open_page: Open, site: Site) -> None:
    page = open_page(before=lambda page: page.add_init_script(RECORD_STATUS))
    is_fresh(page, "live")
    expect(page.page.locator("#status")).to_have_text("Live")
    seen = page.page.evaluate(SEEN)
    assert {each for each in seen if each.startswith("connecting")} == {"connecting loading"}
    assert seen.index("open loading") < seen.index("open live")
    site.kill()
    page.wait_for_state("reconnecting")
    is_fresh(page, "stale")
    expect(page.page.locator("#detail")).to_contain_text("Complete until")
    site.start()
    is_fresh(page, "live")
    expect(page.page.locator("#detail")).to_be_hidden()
    words = page.page.evaluate("window.seen.filter(({ text }) => text === 'Live')")
    assert {(word["state"], word["fresh"]) for word in words} == {("open", "live")}


def test_a_plain_subscription_that_may_have_missed_rows_says_so(
    open_page: Open, site: Site
) -> None:
    page = open_page(settings={"recover": ""})
    expect(page.page.locator("#status")).to_have_text("Live")
    site.kill()
    page.wait_for_state("reconnecting")
    site.start()
    page.wait_for_state("open")
    expect(page.page.locator("#status")).to_have_text("Incomplete")
    is_fresh(page, "stale")


def test_the_next_attempt_is_told_and_can_be_made_now_in_vain_too(apart: Page, site: Site) -> None:
    apart.clock.install()
    apart.goto(site.url)
    status = apart.locator("#status")
    expect(status).to_have_attribute("data-fresh", "live", timeout=60_000)
    site.kill()
    expect(apart.locator("#error")).to_contain_text("Nothing answers", timeout=60_000)
    apart.clock.pause_at(apart.evaluate("Date.now() / 1000 + 1"))  # no other attempt begins
    expect(apart.locator("#detail")).to_contain_text("Next try in")
    site.start()
    button = apart.get_by_role("button", name="Try now")
    button.focus()
    button.press("Enter")
    expect(status).to_have_attribute("data-state", "open")
    expect(apart.locator("#error")).to_be_hidden()
    apart.clock.resume()
    expect(status).to_have_attribute("data-fresh", "live")
    site.kill()
    expect(apart.locator("#detail")).to_contain_text("Next try in")
    button.click()
    apart.clock.fast_forward(60_000)
    expect(status).to_have_attribute("data-state", "reconnecting")


def test_a_refused_history_is_told_and_the_page_is_live_all_the_same(
    blank: Page, site: Site
) -> None:
    page, wire = ObservedPage(blank, {}), Wire(blank)
    wire.refuse(is_history)
    blank.goto(site.url)
    is_fresh(page, "live")
    expect(blank.locator("#error")).to_have_text(
        "Earlier messages cannot be shown: You may not. (FORBIDDEN): see that the collection "
        "exists, and give the token's user a policy that allows this, as the guide's Public "
        "Posts does."
    )
    blank.evaluate("async () => await createItem('live', 'Ben')")
    page.wait_for_text("live")


def test_a_refused_subscription_is_not_called_live_and_is_asked_for_after_a_reconnect(
    blank: Page, site: Site
) -> None:
    page, wire = ObservedPage(blank, {}), Wire(blank)
    wire.refuse(lambda request: request["type"] == "subscribe")
    blank.goto(site.url)
    page.wait_for_state("failed")
    expect(blank.locator("#error")).to_contain_text("FORBIDDEN")
    assert blank.evaluate("directus.state()") == "failed"
    wire.refuse(lambda _: False)
    blank.evaluate("async () => await createItem('before', 'Ben')")
    wire.cut()
    is_fresh(page, "live")
    blank.evaluate("async () => await createItem('after', 'Ben')")
    page.wait_for_text("after")
    assert page.texts() == ["after", "before"]


def test_a_page_that_was_disconnected_while_it_began_goes_on_when_it_connects(
    blank: Page, site: Site
) -> None:
    page, wire = ObservedPage(blank, {}), Wire(blank)
    held = wire.hold(is_history)
    blank.goto(site.url)
    wire.wait_for(held)
    blank.evaluate("directus.disconnect()")
    page.wait_for_state("closed")
    wire.refuse(lambda _: False)
    blank.evaluate("directus.connect()")
    is_fresh(page, "live")
    blank.evaluate("async () => await createItem('heard', 'Ben')")
    page.wait_for_text("heard")


@pytest.mark.parametrize("times", [1, 2])
def test_a_connection_that_falls_during_the_history_shows_it_once(
    blank: Page, site: Site, times: int
) -> None:
    create(site.url, "one", "two")
    page, wire = ObservedPage(blank, {}), Wire(blank)
    left = [None] * times

    def cut(text: str) -> list[str]:
        if not left or not is_history(json.loads(text)):
            return [text]
        left.pop()
        wire.cut()
        return []

    wire.to_server = cut
    blank.goto(site.url)
    is_fresh(page, "live")
    expect(blank.locator("#messages span")).to_have_text(["two", "one"])
    assert not left


def test_a_network_that_stalls_while_the_page_begins_leaves_nothing_deaf(
    apart: Page, site: Site
) -> None:
    wire = Wire(apart)
    apart.clock.install()
    late: list[str] = []

    def stall(text: str) -> list[str]:
        if '"type":"auth"' in text:
            return [text]
        late.append(text)
        return []

    wire.to_page = stall
    apart.goto(site.url)
    status = apart.locator("#status")
    expect(status).to_have_attribute("data-state", "open", timeout=60_000)
    wire.wait_until(lambda: bool(late))
    apart.clock.fast_forward(12_000)
    expect(apart.locator("#error")).to_contain_text("Earlier messages cannot be shown")
    wire.to_page = passed_on
    for text in late:
        wire.send(json.loads(text))
    expect(status).to_have_attribute("data-fresh", "live")
    for text in ("one", "two"):
        apart.evaluate("async (text) => await createItem(text, 'Ben')", text)
    expect(apart.locator("#messages span")).to_have_text(["two", "one"])
