"""What somebody meets who reads and writes on the page: times, days, the title, the draft."""

import json
import re

from playwright.sync_api import Page, expect

from tests.support.pages import Open, Site, create
from tests.support.wire import Wire

YEARS = [2023, 2023, 2024]
REFUSE_STORAGE = """for (const name of ["localStorage", "sessionStorage"]) {
  const get = () => { throw new DOMException("No.", "SecurityError"); };
  Object.defineProperty(window, name, { get });
}"""
HIDE = """(hidden) => {
  Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def write(page: Page, *texts: str) -> None:
    for text in texts:
        page.evaluate("async (text) => await createItem(text, 'Ben')", text)


def aged(text: str) -> list[str]:
    """Let the rows of the history have been created in the summers of YEARS."""
    frame = json.loads(text)
    rows = frame.get("data")
    if isinstance(rows, list) and rows and "date_created" in rows[0]:
        for row, year in zip(reversed(rows), YEARS, strict=True):
            row["date_created"] = f"{year}-07-01T11:30:00.000Z"
    return [json.dumps(frame)]


def test_each_message_has_its_time_and_each_day_but_today_its_name(
    open_page: Open, site: Site
) -> None:
    create(site.url, "one", "two", "three")
    wires: list[Wire] = []

    def age(page: Page) -> None:
        wires.append(Wire(page))
        wires[0].to_page = aged

    page = open_page(before=age)
    write(page.page, "today")
    page.wait_for_text("today")
    shown = page.page.locator("#messages li")
    assert page.texts() == ["today", "three", "two", "one"]
    days = [row.get_attribute("data-day") for row in shown.all()]
    assert [day and re.findall(r"20\d\d", day) for day in days] == [None, ["2024"], ["2023"], None]
    times = shown.locator("time")
    assert times.nth(3).get_attribute("datetime") == "2023-07-01T11:30:00.000Z"
    assert re.fullmatch(r"\d\d:\d\d( [AP]M)?", times.nth(3).text_content() or "", re.ASCII)
    times.nth(3).hover()
    expect(times.nth(3)).to_have_attribute("title", re.compile("^Created .*July 1, 2023"))
    times.nth(0).hover()
    expect(times.nth(0)).to_have_attribute("title", re.compile("^Came "))
    assert {each.get_attribute("dir") for each in shown.locator("b, span").all()} == {"auto"}
    # The day keeps its name when the row that has it is deleted.
    sent = [json.loads(text) for text in page.sent]
    uid = next(request["uid"] for request in sent if request.get("event") == "delete")
    wires[0].send({"type": "subscription", "event": "delete", "data": [2], "uid": uid})
    expect(shown.locator("span")).to_have_text(["today", "three", "one"])
    expect(shown.nth(2)).to_have_attribute("data-day", re.compile("2023"))


def test_the_draft_the_name_and_the_title_of_somebody_who_writes(open_page: Open) -> None:
    page = open_page()
    page.page.fill("#user", "Rijk")
    page.page.fill("#text", "   ")
    sent = len(page.sent)
    page.page.press("#text", "Enter")
    said = page.page.evaluate("document.getElementById('text').validationMessage")
    assert said == "A blank message is not sent: write something."
    page.page.fill("#text", "half a th")
    page.page.reload()
    page.wait_for_state("open")
    expect(page.page.locator("#text")).to_have_value("half a th")
    expect(page.page.locator("#user")).to_have_value("Rijk")
    assert not any('"create","data"' in text for text in page.sent[sent:])
    page.page.press("#text", "Enter")
    page.wait_for_text("half a th")
    page.page.locator("#text").press_sequentially("x")
    page.page.fill("#text", "x" * 1950)
    expect(page.page.locator("#limit")).to_have_text("Room for 50 more.")
    page.page.evaluate("document.getElementById('text').select()")
    page.page.keyboard.insert_text("y" * 2100)
    expect(page.page.locator("#text")).to_have_value("y" * 2000)
    expect(page.page.locator("#limit")).to_have_text("A message has 2000 characters at most.")
    page.page.fill("#text", "")
    expect(page.page.locator("#limit")).to_be_empty()
    # The title counts what comes while nobody looks.
    title = page.page.title()
    page.page.evaluate(HIDE, True)
    write(page.page, "one", "two")
    expect(page.page).to_have_title(f"(2) {title}")
    page.page.evaluate(HIDE, False)
    expect(page.page).to_have_title(title)
    write(page.page, "seen")
    page.wait_for_text("seen")
    assert page.page.title() == title


def test_a_browser_that_refuses_its_storage_has_the_page_all_the_same(open_page: Open) -> None:
    page = open_page(before=lambda page: page.add_init_script(REFUSE_STORAGE))
    page.page.fill("#text", "heard")
    page.page.press("#text", "Enter")
    page.wait_for_text("heard")
    assert page.problems == []


def test_only_a_page_that_has_read_the_messages_says_that_there_are_none(
    blank: Page, site: Site
) -> None:
    wire = Wire(blank)
    empty = blank.locator(".empty")
    held = wire.hold(lambda request: request.get("action") == "read")
    blank.goto(site.url, wait_until="commit")
    wire.wait_for(held)
    expect(empty).to_be_hidden()
    wire.hold(lambda _: False)
    wire.send_to_server(held[0])
    expect(empty).to_be_visible()
    blank.evaluate("directus.disconnect()")
    expect(empty).to_be_hidden()
