"""Many messages at once: in their order, drawn within bounds, and nothing is left of them."""

import json
from typing import Any

import pytest

from tests.e2e.test_page import RUN_PYTHON
from tests.support.observed_page import ObservedPage
from tests.support.pages import Open

KEEP_SOCKET = """
const Real = WebSocket;
window.WebSocket = class extends Real {
  constructor(...given) { super(...given); window.socket = this; }
};
"""
RECEIVE = """(frames) => {
  for (const data of frames) window.socket.dispatchEvent(new MessageEvent("message", { data }));
}"""
PROXIES = """
import gc, pyodide_js, js
gc.collect()
module = pyodide_js._module
if not hasattr(js, "traced"):
    js.traced = True
    module.enable_pyproxy_allocation_tracing()
js.proxies = module.pyproxy_alloc_map.size
"""


IN_ONE_TASK = """(frame) => {
  const written = [];
  window.socket.send = (text) => written.push(JSON.parse(text).action);
  createItem("own", "Ben");
  window.socket.dispatchEvent(new MessageEvent("message", { data: frame }));
  const newest = document.querySelector("#messages li span");
  return [written, newest && newest.textContent];
}"""


def creates(first: int, count: int) -> list[str]:
    """Return frames of the page's subscription; their keys count up."""
    event = {"type": "subscription", "event": "create", "uid": "1"}
    numbers = range(first, first + count)
    return [
        json.dumps({**event, "data": [{"id": n, "user": "Ben", "text": f"n{n}"}]}) for n in numbers
    ]


def open_and_keep(open_page: Open, **settings: object) -> ObservedPage:
    page = open_page(before=lambda page: page.add_init_script(KEEP_SOCKET), settings=settings)
    page.wait_for_changes()
    return page


def receive(page: ObservedPage, first: int, count: int) -> None:
    """Let frames come in one task of the page, and wait until the last one is shown."""
    page.page.evaluate(RECEIVE, creates(first, count))
    page.wait_for_text(f"n{first + count - 1}")


def test_the_lines_of_frames_that_come_at_once_keep_their_order(open_page: Open) -> None:
    page = open_and_keep(open_page)
    page.clear_lines()
    page.page.evaluate(RECEIVE, creates(1, 50))
    rows = [{"user": "Ben", "text": f"n{n}"} for n in range(1, 51)]
    expected: list[Any] = []
    for row in rows:
        message = {"type": "subscription", "event": "create", "uid": "1", "data": [row]}
        expected += ["New message of type subscription", [row], message]
    assert page.wait_for_lines(150) == expected


def test_an_item_is_written_and_a_message_shown_in_the_task_that_brought_it(
    open_page: Open,
) -> None:
    page = open_and_keep(open_page, log=False)
    assert page.page.evaluate(IN_ONE_TASK, creates(1, 1)[0]) == [["create"], "n1"]


def test_a_burst_leaves_no_more_rows_than_the_list_holds(open_page: Open) -> None:
    page = open_and_keep(open_page, log=False)
    receive(page, 1, 2_000)
    assert page.page.locator("#messages li").count() == 500
    assert page.texts()[:3] == ["n2000", "n1999", "n1998"]
    assert page.texts()[-1] == "n1501"
    assert page.page.text_content("#count") == "2000"
    nodes = page.page.evaluate("document.querySelectorAll('*').length")
    receive(page, 2_001, 2_000)
    assert page.page.evaluate("document.querySelectorAll('*').length") == nodes
    assert page.problems == []


@pytest.mark.parametrize("log", [False, True])
def test_a_message_leaves_no_proxy_behind(open_page: Open, log: bool) -> None:
    page = open_and_keep(open_page, log=log)
    counts = []
    for first in (1, 101, 501):
        receive(page, first, 100 if first == 1 else 400)
        page.page.evaluate(RUN_PYTHON, PROXIES)
        page.page.wait_for_function("window.proxies !== undefined")
        counts.append(page.page.evaluate("window.proxies"))
    assert counts[1] == counts[2]


def test_frames_that_are_held_come_before_the_end_of_the_connection(open_page: Open) -> None:
    page = open_and_keep(open_page, log=False)
    page.page.evaluate(
        "(frames) => {"
        f"({RECEIVE})(frames);"
        "window.socket.dispatchEvent(new CloseEvent('close', { code: 1006 })); }",
        creates(1, 50),
    )
    page.wait_for_text("n50")
    assert page.page.text_content("#count") == "50"


def test_a_hidden_tab_misses_and_delays_nothing(open_page: Open) -> None:
    page = open_page(before=lambda page: page.add_init_script(KEEP_SOCKET + HIDEABLE))
    page.wait_for_changes()
    page.clear_lines()
    page.page.evaluate("window.unseen = []")
    assert page.page.evaluate("createItem('own', 'Ben')")["text"] == "own"
    page.page.evaluate(RECEIVE, creates(1_000, 50))
    lines = page.wait_for_lines(5 + 3 * 50)
    assert [{"user": "Ben", "text": "n1049"}] in lines
    page.page.evaluate(SHOW)
    page.wait_for_text("n1049")
    assert page.page.text_content("#count") == "51"


# A browser draws no frame of a hidden tab, and after some minutes fires its timers once a minute.
HIDEABLE = """
const [frame, later] = [requestAnimationFrame, setTimeout];
window.requestAnimationFrame = (call) => (window.unseen ? unseen.push(call) : frame(call));
window.setTimeout = (call, delay, ...given) =>
  later(call, window.unseen ? Math.max(delay ?? 0, 60_000) : delay, ...given);
"""
SHOW = """() => {
  const calls = window.unseen;
  window.unseen = undefined;
  for (const call of calls) requestAnimationFrame(call);
}"""
