"""The pages under examples/, each in two windows."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Locator, Page, WebSocket, expect

from tests.support.pages import Site, Warm
from tests.support.proxy import TcpProxy
from tools.examples import find

LOGINS = find("chat").logins
STARTED_WITHIN = 60_000  # ms
HIDE = """(value) => {
  Object.defineProperty(document, "hidden", { value, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
"""Stands in for a person who looks at another window: a browser without a screen has none."""


class Chat:
    """A window with the chat."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.status = page.locator("#status")
        self.error = page.locator("#error")
        self.people = page.locator("#people li")
        self.messages = page.locator("#messages li")
        self.sent: list[dict[str, Any]] = []
        page.on("websocket", self._on_socket)
        page.goto(url)
        expect(self.status).to_have_text("not connected", timeout=STARTED_WITHIN)

    def log_in(self, name: str, password: str | None = None) -> None:
        """Log in, or fail to with a wrong password."""
        email = f"{name}@example.com"
        self.page.get_by_label("E-mail").fill(email)
        self.page.get_by_label("Password").fill(password or LOGINS[email])
        self.page.get_by_role("button", name="Log in").click()

    def write(self, text: str) -> None:
        """Send a message, or what the message in the form is changed to."""
        self.page.get_by_label("Your message").fill(text)
        self.page.get_by_role("button", name="Send").click()

    def button(self, name: str, text: str) -> Locator:
        """Return a button of the message with this text."""
        return self.messages.filter(has_text=text).get_by_role("button", name=name)

    def shows(self, *messages: tuple[str, str]) -> None:
        """Wait until these are the messages, each with its author."""
        authors, texts = zip(*messages, strict=True) if messages else ((), ())
        expect(self.messages.locator("b")).to_have_text(list(authors))
        expect(self.messages.locator("p")).to_have_text(list(texts))

    def _on_socket(self, socket: WebSocket) -> None:
        socket.on("framesent", lambda text: self.sent.append(json.loads(text)))


Two = tuple[Chat, Chat]


@pytest.fixture
def way(chat: Site) -> Iterator[TcpProxy]:
    """The first window's way to the chat, which can be cut."""
    with closing(TcpProxy(urlsplit(chat.url).port or 80)) as proxy:
        yield proxy


@pytest.fixture
def windows(chat: Site, way: TcpProxy, warm: Warm) -> Iterator[Two]:
    with ExitStack() as stack:
        first, second = (stack.enter_context(warm.page()) for _ in range(2))
        yield Chat(first, way.url), Chat(second, chat.url)


def test_two_people_chat(windows: Two, way: TcpProxy) -> None:
    ann, ben = windows
    ann.log_in("ann", "wrong")
    expect(ann.error).to_contain_text("password")
    expect(ann.page.locator("main")).to_be_hidden()
    ann.log_in("ann")
    ben.log_in("ben")
    for each in windows:
        expect(each.status).to_have_text("connected")
        expect(each.error).to_be_empty()
        expect(each.people).to_have_text(["Ann", "Ben"])

    ann.write("<b>Hello</b>")
    ben.write("Welcome")
    for each in windows:
        each.shows(("Ann", "<b>Hello</b>"), ("Ben", "Welcome"))
    expect(ann.button("Edit", "Hello")).to_be_visible()
    for name in ("Edit", "Delete"):
        expect(ben.button(name, "Hello")).to_be_hidden()

    ann.button("Edit", "Hello").click()
    expect(ann.page.get_by_label("Your message")).to_have_value("<b>Hello</b>")
    ann.write("Hello again")
    ben.shows(("Ann", "Hello again"), ("Ben", "Welcome"))
    ann.button("Delete", "Hello").click()
    for each in windows:
        each.shows(("Ben", "Welcome"))

    ben.page.evaluate(HIDE, True)
    expect(ann.people).to_have_text(["Ann", "Ben is away"])
    ben.page.evaluate(HIDE, False)
    expect(ann.people).to_have_text(["Ann", "Ben"])

    way.refuse()
    way.cut()
    expect(ann.status).to_have_text("reconnecting")
    ben.write("while you were away")
    ben.button("Delete", "Welcome").click()
    ben.shows(("Ben", "while you were away"))
    ann.sent.clear()
    way.admit()
    ann.shows(("Ben", "while you were away"))
    expect(ann.status).to_have_text("connected", timeout=STARTED_WITHIN)
    expect(ann.error).to_be_empty()
    subscribed = [(each["collection"], each["event"]) for each in ann.sent if "event" in each]
    assert sorted(subscribed) == sorted(
        (collection, event)
        for collection in ("messages", "presence")
        for event in ("create", "update", "delete")
    )
    assert fits_a_phone(ann.page)

    with (
        ann.page.expect_request("**/auth/logout"),
        ann.page.expect_navigation(wait_until="commit"),  # all that was shown is gone
    ):
        ann.page.get_by_role("button", name="Log out").click()


def test_a_poll_counts_in_every_window(poll: Site, warm: Warm) -> None:
    with ExitStack() as stack:
        pages = [stack.enter_context(warm.page()) for _ in range(2)]
        for page in pages:
            page.goto(poll.url)
        for page, choice in zip(pages, ("On a server", "In a browser"), strict=True):
            page.get_by_role("button", name=choice).click(timeout=STARTED_WITHIN)
            expect(page.get_by_role("button", name=choice)).to_be_disabled()
        for page in pages:
            expect(page.locator("output")).to_have_text(["1", "1", "0"])
            expect(page.locator("#status")).to_have_text("live")
            expect(page.locator("#error")).to_be_empty()
        assert fits_a_phone(pages[0])


def fits_a_phone(page: Page) -> bool:
    """Return whether nothing is wider than a narrow window."""
    page.set_viewport_size({"width": 320, "height": 640})
    return bool(page.evaluate("document.documentElement.scrollWidth <= 320"))
