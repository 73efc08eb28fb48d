"""Signing in and out, where the page has no token."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.test_reading import REFUSE_STORAGE
from tests.support.embedded import EDITORS, Embedded, with_project
from tests.support.observed_page import ObservedPage
from tests.support.pages import Open

FILL_STORAGE = """() => {
  let text = "";
  for (let size = 2 ** 23; size >= 1; size /= 2) {
    try {
      localStorage.setItem("full", text + "x".repeat(size));
      text += "x".repeat(size);
    } catch {
      // so much is too much
    }
  }
}"""
READERS = """
[policies.Readers]
permissions = [{ collection = "messages", action = "read" }]

[public]
policies = ["Readers"]
"""


@pytest.fixture
def site(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Embedded]:
    """A server whose public has no rights, or those and options that a test asks for."""
    project, options = getattr(request, "param", (EDITORS, ()))
    with with_project(tmp_path, project, *options) as server:
        yield server


def sign_in(page: Page, password: str) -> None:
    """Fill in the form by keyboard, where the focus is on its first field."""
    page.keyboard.type("editor@example.com")
    page.keyboard.press("Tab")
    page.keyboard.type(password)
    page.keyboard.press("Enter")


def is_live(page: ObservedPage) -> None:
    expect(page.page.locator("#status")).to_have_attribute("data-fresh", "live", timeout=60_000)


def test_who_may_not_read_signs_in_and_out_by_keyboard(open_page: Open) -> None:
    page = open_page("failed", settings={"token": ""})
    keyboard = page.page.keyboard
    why, composer = page.page.locator("#why"), page.page.locator("#composer")
    email, text = page.page.locator("#email"), page.page.locator("#text")
    expect(page.page.locator("#status")).to_have_text("Signed out")
    expect(why).to_have_text("Sign in to read and write messages.")
    expect(composer).to_be_hidden()
    expect(page.page.locator("#error")).to_be_hidden()
    keyboard.press("Tab")
    expect(email).to_be_focused()
    sign_in(page.page, "wrong")
    expect(why).to_contain_text("See that the e-mail address and the password are right")
    expect(page.page.locator("#password")).to_be_focused()
    # A browser whose storage is full could not stay signed in, and the page does not try.
    page.page.evaluate(FILL_STORAGE)
    keyboard.press("ControlOrMeta+a")
    keyboard.type("editor-password")
    keyboard.press("Enter")
    expect(why).to_contain_text("This browser stores nothing for this site")
    page.page.evaluate("localStorage.removeItem('full')")
    keyboard.press("Enter")
    is_live(page)
    expect(composer).to_be_visible()
    expect(text).to_be_focused()
    keyboard.type("mine")
    keyboard.press("Enter")
    page.wait_for_text("mine")
    keyboard.press("Tab")
    keyboard.press("Tab")
    expect(page.page.get_by_role("button", name="Sign out")).to_be_focused()
    keyboard.press("Enter")
    page.wait_for_state("failed")
    expect(email).to_be_focused()
    assert page.page.evaluate("localStorage.getItem('directus')") is None
    # A browser that keeps nothing has the form too, and says why nobody can sign in there.
    page.page.add_init_script(REFUSE_STORAGE)
    page.page.reload()
    expect(page.page.locator("#sign-in")).to_be_visible(timeout=60_000)
    expect(why).to_contain_text("This browser stores nothing for this site")
    expect(page.page.get_by_role("button", name="Sign in")).to_be_disabled()
    expect(page.page.locator("#fault")).to_be_hidden()


@pytest.mark.parametrize(
    "site", [(EDITORS + READERS, ("--auth", "public"))], indirect=True, ids=["public"]
)
def test_a_public_that_may_only_read_signs_in_when_a_message_is_refused(open_page: Open) -> None:
    page = open_page(settings={"token": "", "auth_mode": "public"})
    expect(page.page.locator("#composer")).to_be_visible()
    page.page.fill("#text", "refused at first")
    page.page.press("#text", "Enter")
    expect(page.page.locator("#why")).to_contain_text("The public may not write messages")
    expect(page.page.locator("#composer")).to_be_hidden()
    expect(page.page.locator("#email")).to_be_focused()
    sign_in(page.page, "editor-password")
    expect(page.page.locator("#composer")).to_be_visible(timeout=60_000)
    is_live(page)
    expect(page.page.locator("#text")).to_have_value("refused at first")
    page.page.press("#text", "Enter")
    page.wait_for_text("refused at first")
