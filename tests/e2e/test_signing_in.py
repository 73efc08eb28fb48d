"""Signing in and out, where the page has no token."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.test_reading import REFUSE_STORAGE
from tests.support.embedded import EDITORS, Embedded, with_project
from tests.support.observed_page import ObservedPage
from tests.support.pages import Open

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
    page.fill("#email", "editor@example.com")
    page.fill("#password", password)
    page.press("#password", "Enter")


def is_live(page: ObservedPage) -> None:
    expect(page.page.locator("#status")).to_have_attribute("data-fresh", "live", timeout=60_000)


def test_who_may_not_read_signs_in_and_out(open_page: Open) -> None:
    page = open_page("failed", settings={"token": ""})
    why, composer = page.page.locator("#why"), page.page.locator("#composer")
    expect(page.page.locator("#status")).to_have_text("Signed out")
    expect(why).to_have_text("Sign in to read and write messages.")
    expect(composer).to_be_hidden()
    expect(page.page.locator("#error")).to_be_hidden()
    sign_in(page.page, "wrong")
    expect(why).to_contain_text("See that the e-mail address and the password are right")
    sign_in(page.page, "editor-password")
    is_live(page)
    expect(composer).to_be_visible()
    page.page.evaluate("async () => await createItem('mine', 'Ben')")
    page.wait_for_text("mine")
    page.page.get_by_role("button", name="Sign out").click()
    page.wait_for_state("failed")
    expect(page.page.locator("#sign-in")).to_be_visible()
    assert page.page.evaluate("localStorage.getItem('directus')") is None
    # A browser that keeps nothing has the form too.
    page.page.add_init_script(REFUSE_STORAGE)
    page.page.reload()
    expect(page.page.locator("#sign-in")).to_be_visible(timeout=60_000)
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
