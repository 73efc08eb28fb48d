"""Before Python is there: what the page says while it loads, and where it cannot load."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.embedded import ROOT
from tests.support.pages import Site

DID_NOT_COME = re.compile("could not be loaded.* did not come")


def test_while_python_loads_the_page_says_so(blank: Page, site: Site) -> None:
    blank.goto(site.url, wait_until="commit")
    status = blank.locator("#status")
    expect(status).to_have_text(re.compile("^Loading Python"))
    expect(status).to_have_attribute("data-state", "open", timeout=60_000)


@pytest.mark.parametrize(
    "missing",
    [
        "runtime/pyscript/core.js",
        "runtime/pyodide/pyodide.mjs",
        "runtime/pyodide/pyodide.asm.wasm",
        "pyscript.toml",
        "app/main.py",
    ],
)
def test_what_cannot_be_loaded_is_named(blank: Page, site: Site, missing: str) -> None:
    blank.route(f"**/{missing}", lambda route: route.abort())
    blank.goto(site.url)
    expect(blank.locator("#status")).to_have_attribute("data-state", "failed", timeout=60_000)
    expect(blank.locator("#error")).to_contain_text(DID_NOT_COME)
    expect(blank.locator("#error")).not_to_contain_text("Traceback")


def test_a_broken_main_is_told_without_a_traceback(blank: Page, site: Site) -> None:
    blank.route("**/app/main.py", lambda route: route.fulfill(body="import no_such_module"))
    blank.goto(site.url)
    expect(blank.locator("#status")).to_have_attribute("data-state", "failed", timeout=60_000)
    expect(blank.locator("#error")).to_contain_text("no_such_module")
    expect(blank.locator("#error")).not_to_contain_text("Traceback")


def test_broken_settings_are_told_with_the_files_name(blank: Page, site: Site) -> None:
    blank.route("**/pyscript.toml", lambda route: route.fulfill(body="token = = 1"))
    blank.goto(site.url)
    expect(blank.locator("#status")).to_have_attribute("data-state", "failed", timeout=60_000)
    expect(blank.locator("#error")).to_contain_text("Invalid TOML @ pyscript.toml")
    expect(blank.locator(".py-error")).to_have_count(0)


def test_the_connection_opens_before_python_is_there(blank: Page, site: Site) -> None:
    blank.clock.install()
    blank.route("**/app/main.py", lambda route: route.abort())
    with blank.expect_websocket() as opening:
        blank.goto(site.url, wait_until="commit")
    blank.wait_for_function("window.earlySocket?.readyState === WebSocket.OPEN")
    with opening.value.expect_event("close"):  # nobody wants it
        blank.clock.fast_forward(5_000)


AGE = """
const age = () => (earlySocket.openedAt -= 5_000);
if (earlySocket.openedAt) age();
else earlySocket.addEventListener("open", age);
"""


@pytest.mark.parametrize(
    ("script", "count"),
    [
        pytest.param("", 1, id="usual"),
        pytest.param("earlySocket.dispatchEvent(new MessageEvent('message'))", 2, id="a message"),
        pytest.param("earlySocket.close()", 2, id="ended"),
        pytest.param(AGE, 2, id="old"),
    ],
)
def test_python_takes_that_connection_over_where_it_is_fresh_and_has_missed_nothing(
    blank: Page, site: Site, script: str, count: int
) -> None:
    sockets: list[str] = []
    blank.on("websocket", lambda socket: sockets.append(socket.url))
    blank.add_init_script(f"addEventListener('DOMContentLoaded', () => {{ {script} }});")
    blank.goto(site.url)
    expect(blank.locator("#status")).to_have_attribute("data-state", "open", timeout=60_000)
    assert sockets == [site.url.replace("http", "ws", 1) + "/websocket"] * count


def test_opened_as_a_file_it_says_what_to_run(blank: Page) -> None:
    blank.goto(Path(ROOT / "index.html").as_uri())
    expect(blank.locator("#error")).to_have_text(re.compile(r"run python3 serve\.py"))
    expect(blank.locator("#status")).to_have_attribute("data-state", "failed")
