"""What others change and delete, in a page that shows the messages."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.test_guide import OPENING
from tests.support.embedded import EDITORS, Embedded, with_project
from tests.support.observed_page import ObservedPage, gather_infos
from tests.support.pages import Open, create
from tests.support.wire import Wire

ASK = """async ([method, path, body]) => {
  const headers = {
    "Content-Type": "application/json",
    Authorization: "Bearer your_access_token",
  };
  const answer = await fetch(path, { method, headers, body: JSON.stringify(body) });
  return answer.status === 204 ? null : (await answer.json()).data;
}"""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Embedded]:
    """A server whose user may change and delete messages."""
    with with_project(tmp_path, EDITORS) as server:
        yield server


def ask(page: ObservedPage, method: str, path: str, body: Any = None) -> Any:
    """Do over HTTP what another program does."""
    return page.page.evaluate(ASK, [method, f"/items/messages{path}", body])


def shows(page: ObservedPage, *texts: str) -> None:
    expect(page.page.locator("#messages span")).to_have_text(list(texts))


def subscribed_to(page: ObservedPage) -> list[str]:
    requests = [json.loads(text) for text in page.sent]
    return [each["event"] for each in requests if each["type"] == "subscribe"]


def test_what_others_change_and_delete_shows_and_the_console_shows_the_guides_lines(
    open_page: Open,
) -> None:
    page = open_page()
    for text in ("one", "two", "three"):
        page.page.evaluate("async (text) => await createItem(text, 'Ben')", text)
    shows(page, "three", "two", "one")
    lines = page.lines
    markup = "<img src=x>"
    ask(page, "PATCH", "/2", {"text": markup, "user": None})
    shows(page, "three", markup, "one")
    expect(page.page.locator("#messages b")).to_have_text(["Ben", "Anonymous", "Ben"])
    ask(page, "DELETE", "/1")
    shows(page, "three", markup)
    # What changes while the page is away is read when it is back.
    page.page.evaluate("directus.disconnect()")
    ask(page, "PATCH", "/3", {"text": "changed"})
    ask(page, "DELETE", "/2")
    page.page.evaluate("async () => await directus.connect()")
    shows(page, "changed")
    assert page.page.text_content("#count") == "3"
    assert page.lines[: len(lines)] == lines
    assert page.lines[len(lines) :] == ["Connection has closed", *OPENING]
    assert subscribed_to(page)[:3] == ["create", "update", "delete"]


def hold_what_is_read_again(wire: Wire) -> list[dict[str, Any]]:
    """Keep back each answer to a read of the rows that are shown; return the list of them."""
    uids: set[str] = set()
    held: list[dict[str, Any]] = []

    def note(text: str) -> list[str]:
        request = json.loads(text)
        if "_in" in (request.get("query") or {}).get("filter", {}).get("id", {}):
            uids.add(request["uid"])
        return [text]

    def keep(text: str) -> list[str]:
        frame = json.loads(text)
        if frame.get("uid") not in uids:
            return [text]
        held.append(frame)
        return []

    wire.to_server, wire.to_page = note, keep
    return held


def test_changes_before_the_subscriptions_begin_are_made_up_for_and_later_ones_stay(
    blank: Page, site: Embedded
) -> None:
    create(site.url, "one", "two", "three", "four")
    page, wire = ObservedPage(blank, {}), Wire(blank)
    held = wire.hold(lambda request: request.get("event") == "update")
    blank.goto(site.url)
    wire.wait_for(held)
    ask(page, "PATCH", "/1", {"text": "changed"})
    ask(page, "DELETE", "/2")
    shows(page, "four", "three", "two", "one")
    answers = hold_what_is_read_again(wire)
    wire.send_to_server(held[0])
    answer = wire.wait_for(answers)
    # An event that comes before an answer is newer than what the answer says.
    ask(page, "PATCH", "/3", {"text": "newer"})
    ask(page, "DELETE", "/4")
    ask(page, "POST", "", {"text": "new", "user": "Ben"})
    shows(page, "new", "newer", "two", "one")
    wire.send(answer)
    shows(page, "new", "newer", "two", "changed")
    wire.wait_until(lambda: len(answers) > 1)
    wire.send(answers[1])
    shows(page, "new", "newer", "changed")


def test_a_page_that_disconnects_before_they_begin_follows_them_when_it_is_back(
    blank: Page, site: Embedded
) -> None:
    page, wire = ObservedPage(blank, {}), Wire(blank)
    held = wire.hold(lambda request: request.get("event") == "update")
    blank.goto(site.url)
    page.wait_for_state("open")
    wire.wait_for(held)
    blank.evaluate("directus.disconnect()")
    page.wait_for_state("closed")
    wire.hold(lambda _: False)
    blank.evaluate("async () => await directus.connect()")
    page.wait_for_changes()
    blank.evaluate("async () => await createItem('one', 'Ben')")
    ask(page, "PATCH", "/1", {"text": "changed"})
    shows(page, "changed")
    assert page.problems == []


@pytest.mark.parametrize("recover", ["id", ""])
def test_where_they_cannot_be_read_or_are_not_wanted_nothing_is_subscribed_to(
    blank: Page, site: Embedded, recover: str
) -> None:
    page, wire = ObservedPage(blank, {"recover": recover}), Wire(blank)
    infos = gather_infos(blank)
    wire.refuse(lambda request: (request.get("query") or {}).get("limit") == 1)
    blank.goto(site.url)
    page.wait_for_subscription()
    blank.evaluate("async () => await createItem('heard', 'Ben')")
    page.wait_for_text("heard")
    assert subscribed_to(page) == ["create"]
    assert page.problems == []
    told = [text for text in infos if "change and delete may not be shown" in text]
    assert len(told) == (1 if recover else 0)
