"""One's own messages: each waits, and is shown until it has its outcome."""

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.support.observed_page import ObservedPage
from tests.support.pages import Open, Site, outage
from tests.support.wire import Wire, is_create, passed_on, refusal_of


def write(page: Page, text: str) -> None:
    page.fill("#text", text)
    page.press("#text", "Enter")


def write_at_console(page: Page, text: str) -> None:
    page.evaluate("(text) => { createItem(text, 'Ben').catch(() => {}); }", text)


Wired = tuple[ObservedPage, Wire]


def open_wired(open_it: Open) -> Wired:
    """Open the page; return it, and what stands between it and its server."""
    wires: list[Wire] = []

    def prepare(page: Page) -> None:
        page.add_init_script(HOLD_MOMENTS)
        wires.append(Wire(page))

    return open_it(before=prepare), wires[0]


@pytest.fixture(scope="module")
def wired_once(open_lasting: Open) -> Wired:
    return open_wired(open_lasting)


@pytest.fixture
def wired(wired_once: Wired) -> Wired:
    """The page, connected, with nothing waiting, and messages of other tests; and its wire."""
    page, wire = wired_once
    wire.to_server = wire.to_page = passed_on
    page.begin_anew()
    page.page.evaluate(TIDY_UP)
    expect(page.page.locator("#waiting li")).to_have_count(0)
    return wired_once


@pytest.mark.parametrize("send", [write, write_at_console])
def test_what_is_written_in_an_outage_waits_in_sight_and_arrives_once(
    wired: Wired, lasting_site: Site, send: Callable[[Page, str], None]
) -> None:
    page, _ = wired
    earlier, count = page.texts(), page.count
    rows = page.page.locator("#waiting li")
    with outage(lasting_site, page):
        for text in ("one", "two"):
            send(page.page, text)
        expect(rows.locator("span")).to_have_text(["two", "one"])
        expect(rows.locator("em")).to_have_text(["waiting", "waiting"])
        expect(page.page.locator("#waiting li[data-outcome=waiting]")).to_have_count(2)
        expect(page.page.locator("#error")).not_to_be_empty()  # the connection's own sentence
        assert page.texts() == earlier
    expect(page.page.locator("#messages span")).to_have_text(["two", "one", *earlier])
    expect(rows).to_have_count(0)
    assert page.texts() == ["two", "one", *earlier]
    assert page.count == count + 2


def test_it_waits_for_longer_than_an_answer_may_take(apart: Page, site: Site) -> None:
    apart.clock.install()
    apart.goto(site.url)
    status = apart.locator("#status")
    expect(status).to_have_attribute("data-fresh", "live", timeout=60_000)
    site.kill()
    expect(status).to_have_attribute("data-state", "reconnecting")
    write(apart, "late")
    apart.clock.fast_forward(120_000)
    expect(apart.locator("#waiting li")).to_have_attribute("data-outcome", "waiting")
    site.start()
    apart.clock.fast_forward(120_000)
    apart.locator("#messages li", has_text="late").wait_for()


def test_what_waits_when_the_page_disconnects_was_not_sent_and_can_be_sent_again(
    wired: Wired, lasting_site: Site
) -> None:
    page, _ = wired
    earlier = page.texts()
    with outage(lasting_site, page):
        for text in ("again", "never"):
            write(page.page, text)
        page.page.evaluate("directus.disconnect()")
        expect(page.page.locator("#waiting li[data-outcome=not-sent]")).to_have_count(2)
        expect(page.page.locator("#waiting em").first).to_contain_text("not sent: ")
        row = page.page.locator("#waiting li", has_text="never")
        row.get_by_role("button", name="Discard").press("Enter")
        expect(page.page.locator("#waiting li")).to_have_count(1)
        expect(page.page.locator("#text")).to_be_focused()
    page.page.get_by_role("button", name="Connect").click()
    page.wait_for_state("open")
    page.page.get_by_role("button", name="Send again").click()
    page.wait_for_text("again")
    expect(page.page.locator("#waiting li")).to_have_count(0)
    assert page.texts() == ["again", *earlier]


def test_a_refused_message_says_why_and_gives_its_text_back(wired: Wired) -> None:
    page, wire = wired
    wire.refuse(is_create)
    write(page.page, "not allowed")
    row = page.page.locator("#waiting li[data-outcome=refused]")
    expect(row.locator("em")).to_contain_text("refused: You may not. (FORBIDDEN)")
    expect(page.page.locator("#text")).to_have_value("not allowed")
    expect(page.page.locator("#error")).to_be_hidden()
    wire.refuse(lambda _: False)
    write(page.page, "another")
    page.wait_for_text("another")
    expect(row).to_have_count(1)
    write(page.page, "not allowed")
    page.wait_for_text("not allowed")
    expect(row).to_have_count(0)


def test_a_text_that_is_being_written_is_not_overwritten(wired: Wired) -> None:
    page, wire = wired
    held = wire.hold(is_create)
    write(page.page, "first")
    page.page.fill("#text", "second")
    wire.send(refusal_of(wire.wait_for(held)))
    expect(page.page.locator("#waiting li[data-outcome=refused]")).to_have_count(1)
    expect(page.page.locator("#text")).to_have_value("second")


def test_what_was_sent_and_not_answered_is_unknown(wired: Wired) -> None:
    page, wire = wired

    def lose(text: str) -> list[str]:
        if not is_create(json.loads(text)):
            return [text]
        wire.cut()
        return []

    wire.to_server = lose
    code = page.page.evaluate("createItem('lost', 'Ben').catch((error) => error.code)")
    assert code == "DELIVERY_UNKNOWN"
    row = page.page.locator("#waiting li[data-outcome=unknown]")
    expect(row.locator("em")).to_contain_text("unknown: The connection was lost")
    page.wait_for_state("open")
    expect(row).to_have_count(1)  # the connection's recovery takes nothing away
    assert page.page.input_value("#text") == ""


def test_on_an_open_connection_only_what_has_no_answer_after_a_moment_is_drawn_as_waiting(
    wired: Wired,
) -> None:
    page, wire = wired
    page.page.evaluate("window.holds = true")
    page.page.evaluate(COUNT_DRAWINGS)
    write(page.page, "quick")
    page.wait_for_text("quick")
    page.page.evaluate("createItem('second', 'Ben')")
    wire.hold(is_create)
    write_at_console(page.page, "held")
    page.page.evaluate("new Promise(requestAnimationFrame)")
    assert page.page.evaluate("window.drawings") == 0
    page.page.wait_for_function(END_MOMENTS)
    expect(page.page.locator("#waiting li")).to_have_attribute("data-outcome", "waiting")
    expect(page.page.locator("#waiting span")).to_have_text(["held"])
    wire.cut()
    expect(page.page.locator("#waiting li")).to_have_attribute("data-outcome", "unknown")


def test_leaving_asks_while_a_message_is_unanswered_and_not_once_it_has_its_outcome(
    open_page: Open, site: Site
) -> None:
    page, wire = open_wired(open_page)
    with outage(site, page):
        write(page.page, "waits")
        with page.page.expect_event("dialog") as question:
            page.page.close(run_before_unload=True)
        assert question.value.type == "beforeunload"
        question.value.dismiss()
        wire.refuse(lambda request: is_create(request) and request["data"]["text"] == "refused")
        write(page.page, "refused")
    page.wait_for_text("waits")
    expect(page.page.locator("#waiting li")).to_have_attribute("data-outcome", "refused")
    asked: list[str] = []
    page.page.on("dialog", lambda dialog: asked.append(dialog.type))
    with page.page.expect_event("close"):
        page.page.close(run_before_unload=True)
    assert asked == []


def test_a_message_that_is_caught_up_with_is_always_in_one_of_the_two_lists(
    wired: Wired,
) -> None:
    page, wire = wired
    page.page.evaluate(RECORD_PLACES)
    late: list[str] = []

    def only_answers(text: str) -> list[str]:
        """Keep back all but the answers to the login and to the create."""
        if isinstance(json.loads(text).get("data", {}), dict):
            return [text]
        late.append(text)
        return []

    wire.cut()
    page.wait_for_state("reconnecting")
    wire.to_page = only_answers
    write(page.page, "looked for")
    expect(page.page.locator("#waiting li")).to_have_attribute("data-outcome", "saved")
    wire.to_page = passed_on
    for text in late:
        wire.send(json.loads(text))
    page.wait_for_text("looked for")
    expect(page.page.locator("#waiting li")).to_have_count(0)
    seen: list[str] = page.page.evaluate("window.places")
    assert seen == ["waiting"] * seen.count("waiting") + ["messages"] * seen.count("messages")
    assert set(seen) == {"waiting", "messages"}


# A ResizeObserver is called after the callbacks of a frame and before the page is painted: it sees
# what a person sees. A timer would see the page between a message and the frame that draws it too.
RECORD_PLACES = """() => {
  window.places = [];
  const probe = document.body.appendChild(document.createElement("div"));
  const look = () => {
    const rows = [...document.querySelectorAll("#waiting li, #messages li")];
    const found = rows.filter((row) => row.textContent.includes("looked for"));
    const place = found.map((row) => row.parentElement.id).join();
    if (place || window.places.length) window.places.push(place);
  };
  const move = () => {
    probe.style.width = probe.style.width === "1px" ? "2px" : "1px";
    requestAnimationFrame(move);
  };
  new ResizeObserver(look).observe(probe);
  move();
}"""

COUNT_DRAWINGS = """() => {
  window.drawings = 0;
  const watch = new MutationObserver(() => { window.drawings += 1; });
  watch.observe(document.querySelector("#waiting"), { childList: true, subtree: true });
}"""

# Python takes its setTimeout at the start. Moments are held while `holds` is true.
HOLD_MOMENTS = """
  const later = setTimeout;
  window.holds = false;
  window.moments = [];
  window.setTimeout = (call, delay, ...given) =>
    holds && delay === 100 ? moments.push(call) : later(call, delay, ...given);
"""

TIDY_UP = """() => {
  window.holds = false;
  for (const call of window.moments.splice(0)) call();
  for (const each of document.querySelectorAll("#waiting [data-action=discard]")) each.click();
  document.getElementById("text").value = "";
}"""

END_MOMENTS = """() => {
  for (const call of window.moments.splice(0)) call();
  return document.querySelector("#waiting li");
}"""
