"""The guide's page: calls at its console, and what console and list show then."""

import json
from typing import Any

from playwright.sync_api import expect

from tests.support.observed_page import UNDEFINED, ObservedPage
from tests.support.pages import Open, Site

CALLS = """
createItem('Hello World!', 'Ben');
createItem('Hello Universe!', 'Rijk');
createItem('Hello Everyone Everywhere All At Once!', 'Kevin');
"""
ITEMS = [
    ("Hello World!", "Ben"),
    ("Hello Universe!", "Rijk"),
    ("Hello Everyone Everywhere All At Once!", "Kevin"),
]
INIT = {"type": "subscription", "event": "init", "uid": "1"}
OPENING = [
    "New message of type auth",
    UNDEFINED,
    "Connection is open",
    "New message of type subscription",
    UNDEFINED,
    INIT,
]


def lines_of(item: dict[str, Any]) -> list[Any]:
    """Return what the guide's page prints for an item that it created itself."""
    row = {"user": item["user"], "text": item["text"]}
    return [
        "New message of type subscription",
        [row],
        {"type": "subscription", "event": "create", "data": [row], "uid": "1"},
        "New message of type items",
        item,
    ]


def create(page: ObservedPage, call: str) -> dict[str, Any]:
    """Type a call at the console; return the item."""
    item = page.page.evaluate(f"async () => await {call}")
    assert isinstance(item, dict)
    return item


def test_the_consoles_lines_are_those_of_the_guides_page(open_page: Open) -> None:
    page = open_page()
    assert page.wait_for_lines(6) == OPENING
    for text, user in ITEMS:
        page.clear_lines()
        item = create(page, f"createItem({text!r}, {user!r})")
        assert page.wait_for_lines(5) == lines_of(item)
    # The guide's three calls as they stand: none waits for another.
    page.clear_lines()
    page.page.evaluate(CALLS)
    lines = page.wait_for_lines(15)
    for text, user in ITEMS:
        row = {"user": user, "text": text}
        items = [v for v in lines if isinstance(v, dict) and v.get("text") == text]
        (item,) = items
        rest = [line for line in lines_of(item) if line in lines]
        assert rest == lines_of(item)
        assert lines.index([row]) < lines.index(item)
    expect(page.page.locator("#messages span")).to_have_text(
        2 * [text for text, _ in reversed(ITEMS)]
    )


def test_as_in_the_guide_the_frames_are_the_js_sdks(open_page: Open) -> None:
    page = open_page(settings={"history": 0, "recover": ""})
    create(page, "createItem('Hello World!', 'Ben')")
    create(page, "createItem('only text')")
    creates = '{"type":"items","collection":"messages","action":"create","data":'
    assert page.sent == [
        '{"access_token":"your_access_token","type":"auth"}',
        '{"event":"create","query":{"fields":"user,text"},"uid":"1",'
        '"collection":"messages","type":"subscribe"}',
        creates + '{"text":"Hello World!","user":"Ben"},"uid":"2"}',
        creates + '{"text":"only text"},"uid":"3"}',
    ]


def test_create_item_gives_the_item_and_every_page_shows_it(
    shared: ObservedPage, open_another: Open
) -> None:
    pages = (shared, open_another())
    counts = [page.count for page in pages]
    item = create(shared, "createItem('to every page', 'Ben')")
    assert item["text"] == "to every page"
    assert item["user"] == "Ben"
    for shown, count in zip(pages, counts, strict=True):
        shown.wait_for_text("to every page")
        row = shown.page.locator("#messages li").first
        assert row.get_attribute("data-id") == str(item["id"])
        assert row.locator("b, span").all_text_contents() == ["Ben", "to every page"]
        assert shown.count == count + 1


def test_a_missing_argument_is_left_out_and_null_is_null(shared: ObservedPage) -> None:
    page, earlier = shared, shared.texts()
    assert create(page, "createItem('only text')")["user"] is None
    assert create(page, "createItem(null, 'Ben')")["text"] is None
    assert create(page, "createItem()")["text"] is None
    sent = [json.loads(text) for text in page.sent]
    data = [frame["data"] for frame in sent if frame.get("action") == "create"]
    assert data == [{"text": "only text"}, {"text": None, "user": "Ben"}, {}]
    expect(page.page.locator("#messages span")).to_have_text(["", "", "only text", *earlier])


def test_the_last_messages_are_shown_at_the_start_and_not_counted(
    shared: ObservedPage, open_another: Open
) -> None:
    for number in range(60):
        create(shared, f"createItem('text {number}', 'Ben')")
    page = open_another()
    page.wait_for_text("text 59")
    assert page.texts() == [f"text {number}" for number in range(59, 9, -1)]
    assert page.page.text_content("#count") == "0"
    assert page.lines == OPENING
    assert page.problems == shared.problems == []


def test_the_server_killed_and_started_again(open_page: Open, site: Site) -> None:
    page = open_page()
    create(page, "createItem('before', 'Ben')")
    site.kill()
    page.wait_for_state("reconnecting")
    site.start()
    page.wait_for_state("open")
    create(page, "createItem('after', 'Rijk')")
    page.wait_for_text("after")
    assert page.texts() == ["after", "before"]
    assert page.page.text_content("#count") == "2"
    subscribes = [text for text in page.sent if text.startswith('{"event":"create"')]
    assert len(subscribes) == 2
    assert len(set(subscribes)) == 1


def test_what_others_create_while_the_page_is_away_is_shown_once(
    shared: ObservedPage, open_another: Open
) -> None:
    page, earlier = shared, shared.texts()
    other = open_another()
    counts = page.count, other.count
    page.page.evaluate("directus.disconnect()")
    page.wait_for_state("closed")
    create(other, "createItem('meanwhile', 'Rijk')")
    # Two nodes answer before they send the event: back by then, the page would get it too.
    expect(other.page.locator("#count")).to_have_text(str(counts[1] + 1))
    page.page.evaluate("directus.connect()")
    page.wait_for_text("meanwhile")
    assert page.texts() == ["meanwhile", *earlier]
    assert page.count == counts[0] + 1
    events = [line for line in page.lines if isinstance(line, dict)]
    assert events == [
        INIT,
        {
            "type": "subscription",
            "event": "create",
            "data": [{"user": "Rijk", "text": "meanwhile"}],
            "uid": "1",
            "recovered": True,
        },
    ]
