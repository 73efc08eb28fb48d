"""The page's contract: what it shows, offers and bounds."""

import math

from playwright.sync_api import Page, expect

from tests.support.in_page import RUN_PYTHON
from tests.support.observed_page import ObservedPage
from tests.support.pages import Open, Site
from tests.support.tier import runs

RECORD_LISTENERS = """
window.listeners = [];
const add = WebSocket.prototype.addEventListener;
WebSocket.prototype.addEventListener = function (name, listener) {
  // Those that gather frames are JavaScript's own.
  if (typeof listener.destroy === "function") window.listeners.push(listener);
  return add.call(this, name, listener);
};
Object.defineProperty(WebSocket.prototype, "onframes", {
  set(value) {
    window.listeners.push(value);
    Object.defineProperty(this, "onframes", { value });
  },
});
"""
ALIVE = """() => window.listeners.map((listener) => {
  try { return Boolean(listener.type); } catch { return false; }
})"""
# The first retry comes at once, and what is said of it takes the place of what is looked for.
RECORD_ERRORS = """() => {
  const error = document.getElementById("error");
  window.errors = [];
  new MutationObserver(() => error.textContent && window.errors.push(error.textContent))
    .observe(error, { childList: true });
}"""
MANY = """async (count) => {
  const rows = Array.from({ length: count }, (_, n) => ({ text: `n ${n}`, user: "Ben" }));
  const headers = {
    "Content-Type": "application/json",
    Authorization: "Bearer your_access_token",
  };
  const body = JSON.stringify(rows);
  await fetch("/items/messages", { method: "POST", headers, body });
}"""


def test_the_form_creates_an_item(shared: ObservedPage) -> None:
    page = shared
    page.page.fill("#user", "Kevin")
    page.page.fill("#text", "from the form")
    page.page.press("#text", "Enter")
    page.wait_for_text("from the form")
    assert page.page.text_content("#messages li b") == "Kevin"
    assert page.page.input_value("#text") == ""
    assert page.page.input_value("#user") == "Kevin"


def test_text_from_the_wire_is_only_ever_text(shared: ObservedPage) -> None:
    page = shared
    markup = "<img src=x onerror=\"document.title='owned'\"><b>bold</b>"
    page.page.evaluate("(text) => createItem(text, text)", markup)
    page.wait_for_text(markup)
    assert page.texts()[0] == markup
    assert page.page.text_content("#messages li b") == markup
    assert page.page.locator("#messages img").count() == 0
    assert page.page.title() != "owned"


def test_the_list_holds_500_rows_and_the_count_goes_on(shared: ObservedPage) -> None:
    page = shared
    count = page.count
    page.page.evaluate(MANY, 510)
    page.page.evaluate("async () => await createItem('last', 'Ben')")
    expect(page.page.locator("#count")).to_have_text(str(count + 511))
    assert page.page.locator("#messages li").count() == 500
    assert page.texts()[0] == "last"


def test_the_marks_are_set_once_and_in_order(shared: ObservedPage) -> None:
    marks = shared.page.evaluate("performance.getEntriesByType('mark').map((mark) => mark.name)")
    ours = [name for name in marks if name.startswith(("python:", "realtime:"))]
    assert ours == ["python:ready", "realtime:open", "realtime:subscribed"]


def test_directus_at_the_console(shared: ObservedPage) -> None:
    page = shared.page
    assert page.evaluate("directus.state()") == "open"
    page.evaluate("async () => await createItem('Hello World!', 'Ben')")
    stats = page.evaluate("directus.stats()")
    counts = {"sent", "received", "reconnects", "recovered", "buffered"}
    assert set(stats) == counts | {"pending", "stale_since", "round_trip"}
    assert stats["sent"] > 0
    reconnects = stats["reconnects"]
    page.evaluate("directus.disconnect()")
    assert page.evaluate("directus.state()") == "closed"
    page.evaluate("async () => await directus.connect()")
    assert page.evaluate("directus.state()") == "open"
    assert page.evaluate("directus.stats().reconnects") == reconnects + 1


def test_a_failure_is_a_javascript_error_with_a_sentence_and_a_code(shared: ObservedPage) -> None:
    page = shared
    page.page.evaluate("directus.disconnect()")
    failure = page.page.evaluate(
        "() => createItem('x', 'y').catch((e) => [e instanceof Error, e.message, e.code, e.stack])"
    )
    is_error, message, code, stack = failure
    assert is_error
    assert code == "NOT_CONNECTED"
    assert "directus.connect()" in message
    assert "Traceback" not in message + stack


def test_a_failure_that_nobody_waits_for_shows_no_traceback(shared: ObservedPage) -> None:
    page = shared
    page.page.evaluate("directus.disconnect()")
    with page.page.expect_event("pageerror") as raised:
        page.page.evaluate("() => { createItem('x', 'y'); }")
    assert "There is no connection" in raised.value.message
    assert not any("Traceback" in problem for problem in page.problems)


def test_a_value_that_json_cannot_hold_is_refused_and_loses_nothing(shared: ObservedPage) -> None:
    page = shared
    name = page.page.evaluate(
        "() => { const x = {}; x.x = x; return createItem(x, 'Ben').catch((e) => e.code); }"
    )
    assert name == "TypeError"
    page.page.evaluate("async () => await createItem('next', 'Ben')")
    page.wait_for_text("next")


RECONNECT = """async (count) => {
  for (let n = 0; n < count; n++) {
    directus.disconnect();
    await directus.connect();
  }
}"""


def test_every_proxy_of_a_socket_is_destroyed_with_it(open_page: Open, site: Site) -> None:
    def record(page: Page) -> None:
        page.add_init_script(RECORD_LISTENERS)

    page = open_page(before=record)
    assert page.page.evaluate(ALIVE) == [True] * 4
    page.page.evaluate("console.log = () => {}")  # of a soak it would keep thousands of lines
    times = runs(1000)
    page.page.evaluate(RECONNECT, times)
    *old, a, b, c, d = page.page.evaluate(ALIVE)
    assert len(old) == 4 * times
    assert not any(old)
    assert [a, b, c, d] == [True] * 4
    assert page.problems == []
    site.kill()
    page.wait_for_state("reconnecting")
    site.start()
    page.wait_for_state("open")
    *old, a, b, c, d = page.page.evaluate(ALIVE)
    assert not any(old)
    assert [a, b, c, d] == [True] * 4
    page.page.evaluate("directus.disconnect()")
    assert not any(page.page.evaluate(ALIVE))


def test_a_closed_page_offers_to_connect(shared: ObservedPage) -> None:
    status = shared.page.locator("#status")
    shared.page.evaluate("directus.disconnect()")
    expect(status).to_have_text("Disconnected")
    expect(status).to_have_attribute("data-fresh", "stale")
    shared.page.get_by_role("button", name="Connect").click()
    expect(status).to_have_attribute("data-fresh", "live", timeout=60_000)


def test_a_network_that_goes_and_comes_back_is_noticed_at_once_and_told(
    apart: Page, site: Site
) -> None:
    page = ObservedPage(apart, {})
    apart.goto(site.url)
    status = apart.locator("#status")
    expect(status).to_have_text("Live", timeout=60_000)
    apart.evaluate(RECORD_ERRORS)
    apart.context.set_offline(True)
    page.wait_for_state("reconnecting")
    assert "offline" in apart.evaluate("window.errors")[0]
    expect(status).to_have_text("Offline")
    expect(apart.locator("#detail")).to_contain_text("when the network is back")
    apart.context.set_offline(False)
    page.wait_for_state("open")
    expect(status).to_have_text("Live")
    apart.evaluate("async () => await createItem('back', 'Ben')")
    page.wait_for_text("back")


def test_a_refused_token_is_explained_on_the_page_and_is_final_until_it_reloads(
    open_page: Open,
) -> None:
    page = open_page("failed", settings={"token": "wrong"})
    sentence = page.page.text_content("#error") or ""
    assert "Directus refused the token" in sentence
    assert "static token" in sentence
    assert page.problems == [sentence]
    with page.page.expect_navigation():
        page.page.get_by_role("button", name="Reload").click()
    page.wait_for_state("failed")


LOG_ANYTHING = """
import datetime, pyodide_http
from app.console import log
log(pyodide_http.__version__)
log(ValueError("no such value"), {"at": datetime.date(2026, 1, 2), "why": KeyError("x")})
log({(1, 2): 3}, {"far": 1e999})
"""


def test_python_of_ones_own_imports_pyodide_http_and_logs_any_value(open_page: Open) -> None:
    page = open_page()
    page.clear_lines()
    page.page.evaluate(RUN_PYTHON, LOG_ANYTHING)
    version, *values = page.wait_for_lines(5)
    assert version.startswith("0.")
    assert values == [
        "ValueError: no such value",
        {"at": "2026-01-02", "why": "KeyError: 'x'"},
        "{(1, 2): 3}",
        {"far": math.inf},
    ]
    assert page.problems == []


def test_nothing_is_missing_not_even_the_icon(shared: ObservedPage) -> None:
    page = shared
    assert page.page.evaluate("fetch('/favicon.ico').then((r) => r.status)") == 200
    assert page.problems == []
