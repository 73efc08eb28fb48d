"""Before Python is there: what the page says while it loads, and where it cannot load."""

import functools
import re
import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e.test_build import Quiet
from tests.support.embedded import ROOT
from tests.support.pages import Open, Site

ASSEMBLY = "**/pyodide.asm.wasm"
SNAPSHOT = "**/runtime/start/*"  # Python does not start without it
MAIN = "**/app/main.py"
DID_NOT_COME = re.compile("could not be loaded.* did not come")


def hold(page: Page, files: str) -> list[Route]:
    """Keep what is fetched of some files back; return the list that it comes into."""
    held: list[Route] = []
    page.route(files, lambda route: held.append(route))
    return held


RECORD_PROGRESS = """addEventListener("DOMContentLoaded", () => {
  window.shares = [];
  const progress = document.getElementById("progress");
  new MutationObserver(() => shares.push(progress.value)).observe(progress, { attributes: true });
});"""


def test_on_a_slow_line_the_progress_moves_with_the_bytes(apart: Page, site: Site) -> None:
    apart.add_init_script(RECORD_PROGRESS)
    slow = {"offline": False, "latency": 0, "downloadThroughput": 2e5, "uploadThroughput": 2e5}
    apart.context.new_cdp_session(apart).send("Network.emulateNetworkConditions", slow)
    apart.goto(site.url, wait_until="commit")
    apart.wait_for_function("window.shares?.length >= 10", timeout=60_000)
    shares = apart.evaluate("window.shares")
    assert shares == sorted(set(shares))
    assert shares[9] < 0.2, "a whole slice is a quarter of it"
    expect(apart.locator("#detail")).to_contain_text(re.compile(r"\d\.\d of \d+\.\d MB"))
    expect(apart.locator("#status")).to_have_text("Loading Python")  # which is read out, once


@pytest.mark.parametrize(
    "missing",
    [
        "runtime/pyscript/core.js",
        "runtime/pyodide/pyodide.mjs",
        "runtime/pyodide/pyodide.asm.wasm",
        "pyscript.toml",
    ],
)
def test_what_cannot_be_loaded_is_named(blank: Page, site: Site, missing: str) -> None:
    hold(blank, SNAPSHOT)
    blank.route(f"**/{missing}", lambda route: route.abort())
    blank.goto(site.url, wait_until="commit")
    shows_that_a_file_did_not_come(blank)


def shows_that_a_file_did_not_come(page: Page) -> None:
    expect(page.locator("#status")).to_have_attribute("data-state", "failed", timeout=60_000)
    expect(page.locator("#error")).to_contain_text(DID_NOT_COME)
    expect(page.locator("#error")).not_to_contain_text("Traceback")


def test_broken_settings_are_told_with_the_files_name(blank: Page, site: Site) -> None:
    hold(blank, SNAPSHOT)
    blank.route("**/pyscript.toml", lambda route: route.fulfill(body="token = = 1"))
    blank.goto(site.url, wait_until="commit")
    expect(blank.locator("#status")).to_have_attribute("data-state", "failed", timeout=60_000)
    expect(blank.locator("#error")).to_contain_text("Invalid TOML @ pyscript.toml")
    expect(blank.locator(".py-error")).to_have_count(0)


def test_the_connection_opens_before_python_is_there(apart: Page, site: Site) -> None:
    apart.clock.install()
    hold(apart, ASSEMBLY)
    with apart.expect_websocket() as opening:
        apart.goto(site.url, wait_until="commit")
    apart.wait_for_function("window.earlySocket?.readyState === WebSocket.OPEN")
    # Nobody wants it; the server would end it after ten seconds.
    with opening.value.expect_event("close", timeout=5_000):
        apart.clock.fast_forward(5_000)


def test_a_message_before_python_is_there_ends_that_connection(blank: Page, site: Site) -> None:
    hold(blank, ASSEMBLY)
    blank.goto(site.url, wait_until="commit")
    blank.wait_for_function("window.earlySocket?.readyState === WebSocket.OPEN")
    blank.evaluate("earlySocket.dispatchEvent(new MessageEvent('message'))")
    assert blank.evaluate("earlySocket.readyState >= WebSocket.CLOSING")


# As app/loading.js opens one, with what becomes of it before Python looks.
CONNECT_AGAIN = """async () => {
  directus.disconnect();
  const early = (window.earlySocket = new WebSocket(new URL("websocket", location)));
  await new Promise((resolve) => (early.onopen = resolve));
  early.openedAt = Date.now();
  HAPPENS;
  await directus.connect();
  return early.readyState === WebSocket.OPEN;
}"""


def test_python_takes_that_connection_over_where_it_is_fresh_and_open(open_page: Open) -> None:
    sockets: list[str] = []
    page = open_page(before=lambda page: page.on("websocket", lambda it: sockets.append(it.url)))
    address = page.page.url.replace("http", "ws", 1) + "websocket"
    assert sockets == [address]
    for happens, count in (
        ("", 1),
        ("early.close()", 2),
        ("early.close(); await new Promise((resolve) => (early.onclose = resolve))", 2),
        ("early.openedAt -= 5_000", 2),
    ):
        sockets.clear()
        is_kept = page.page.evaluate(CONNECT_AGAIN.replace("HAPPENS", happens))
        assert is_kept == (count == 1), happens
        assert sockets == [address] * count, happens


def write(page: Page, text: str) -> None:
    page.fill("#text", text)
    page.press("#text", "Enter")


def stays(page: Page) -> None:
    """Show that a page was not loaded anew, and that its address holds nothing."""
    assert page.evaluate("window.first") is True
    assert "?" not in page.url


def test_while_python_loads_the_page_says_so_and_what_is_written_waits_in_sight_and_is_sent(
    blank: Page, site: Site
) -> None:
    assembly, program = hold(blank, ASSEMBLY), hold(blank, MAIN)
    blank.goto(site.url, wait_until="commit")
    expect(blank.locator("#status")).to_have_text(re.compile("^Loading Python"))
    blank.evaluate("window.first = true")
    for text in ("one", "two"):
        write(blank, text)
    expect(blank.locator("#text")).to_have_value("")
    expect(blank.locator("#waiting span")).to_have_text(["two", "one"])
    with blank.expect_event("dialog") as asked:
        blank.close(run_before_unload=True)
    asked.value.dismiss()
    stays(blank)
    blank.wait_for_function("performance.getEntriesByName('runtime:asked').length")
    for route in assembly + program:
        route.continue_()
    expect(blank.locator("#messages span")).to_have_text(["two", "one"], timeout=60_000)
    expect(blank.locator("#waiting li")).to_have_count(0)
    expect(blank.locator("#status")).to_have_attribute("data-state", "open")
    stays(blank)


def test_if_the_program_never_comes_what_is_written_is_given_back_and_the_page_offers_to_reload(
    blank: Page, site: Site
) -> None:
    held = hold(blank, MAIN)
    blank.goto(site.url, wait_until="commit")
    blank.evaluate("window.first = true")
    write(blank, "kept")
    blank.wait_for_function("performance.getEntriesByName('runtime:asked').length")
    for route in held:
        route.abort()
    shows_that_a_file_did_not_come(blank)
    expect(blank.locator("#text")).to_have_value("kept")
    expect(blank.locator("#waiting li")).to_have_attribute("data-outcome", "not-sent")
    blank.press("#text", "Enter")
    expect(blank.locator("#text")).to_have_value("kept")
    stays(blank)
    blank.unroute(MAIN)
    blank.get_by_role("button", name="Reload").click()
    expect(blank.locator("#status")).to_have_attribute("data-state", "open", timeout=60_000)


@pytest.fixture
def plain_host() -> Iterator[str]:
    """The checkout on a plain server of files, which has no runtime to give."""
    handler = functools.partial(Quiet, directory=str(ROOT))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


@pytest.mark.parametrize("host", ["file", "plain"])
@pytest.mark.parametrize("script", ["app/loading.js", ""])
def test_where_python_cannot_come_enter_loses_nothing(
    blank: Page, plain_host: str, host: str, script: str
) -> None:
    address = plain_host if host == "plain" else Path(ROOT / "index.html").as_uri()
    if not script:  # nothing of ours runs at all
        blank.route("**/app/loading.js", lambda route: route.abort())
    blank.goto(address)
    blank.evaluate("window.first = true")
    if script:
        expect(blank.locator("#status")).to_have_attribute("data-state", "failed")
    if script and host == "file":
        expect(blank.locator("#error")).to_have_text(re.compile(r"run python3 serve\.py"))
    write(blank, "kept")
    blank.evaluate("new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)))")
    expect(blank.locator("#text")).to_have_value("kept")
    stays(blank)
