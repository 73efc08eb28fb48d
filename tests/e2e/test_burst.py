"""Many messages at once: in their order, drawn within bounds, and nothing is left of them.

The tests share two pages. Each makes up rows with keys of its own, above those of the server's.
"""

import json
from functools import partial
from typing import Any

import pytest

from tests.support.in_page import answer_of
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
answer = module.pyproxy_alloc_map.size
"""


CHANGES = """
from app.view import messages
messages.change([{"id": 700_001, "user": "Ben", "text": "changed"}])
messages.remove([700_002])
messages.change([{"id": key, "text": "of no row here"} for key in range(710_000, 720_000)])
answer = len(messages._changed)
"""
IN_ONE_TASK = """(frame) => {
  const { socket } = window, written = [];
  socket.send = (text) => {
    written.push(JSON.parse(text).action);
    WebSocket.prototype.send.call(socket, text);
  };
  createItem("own", "Ben");
  socket.dispatchEvent(new MessageEvent("message", { data: frame }));
  delete socket.send;
  const newest = document.querySelector("#messages li span");
  return [written, newest && newest.textContent];
}"""
END = """(frames) => {
  const { socket } = window;
  for (const data of frames) socket.dispatchEvent(new MessageEvent("message", { data }));
  socket.dispatchEvent(new CloseEvent("close", { code: 1006 }));
  socket.close();
}"""
# A browser draws no frame of a hidden tab, and after some minutes fires its timers once a minute.
HIDEABLE = """
const [frame, later] = [requestAnimationFrame, setTimeout];
window.requestAnimationFrame = (call) => {
  if (window.unseen) return unseen.push(call);
  return frame((now) => {
    window.isInFrame = true;
    call(now);
    window.isInFrame = false;
  });
};
window.setTimeout = (call, delay, ...given) =>
  later(call, window.unseen ? Math.max(delay ?? 0, 60_000) : delay, ...given);
"""
NOTE_DRAWINGS = """() => {
  const list = document.querySelector("#messages");
  window.drawn = [];
  list.prepend = (rows) => {
    window.drawn.push([rows.childElementCount, Boolean(window.isInFrame)]);
    Element.prototype.prepend.call(list, rows);
  };
}"""
SHOW = """() => {
  const calls = window.unseen;
  window.unseen = undefined;
  for (const call of calls) requestAnimationFrame(call);
}"""


def creates(first: int, count: int) -> list[str]:
    """Return frames of the page's subscription; their keys count up."""
    event = {"type": "subscription", "event": "create", "uid": "1"}
    numbers = range(first, first + count)
    return [
        json.dumps({**event, "data": [{"id": n, "user": "Ben", "text": f"n{n}"}]}) for n in numbers
    ]


@pytest.fixture(scope="module")
def open_kept(open_lasting: Open) -> Open:
    """A function that opens a page whose socket a test can use."""
    return partial(open_lasting, before=lambda page: page.add_init_script(KEEP_SOCKET + HIDEABLE))


@pytest.fixture(scope="module")
def loud_page(open_kept: Open) -> ObservedPage:
    return open_kept()


@pytest.fixture(scope="module")
def quiet_page(open_kept: Open) -> ObservedPage:
    return open_kept(settings={"log": False})


@pytest.fixture
def loud(loud_page: ObservedPage) -> ObservedPage:
    """The page that logs, at rest."""
    loud_page.begin_anew()
    return loud_page


@pytest.fixture
def quiet(quiet_page: ObservedPage) -> ObservedPage:
    """The page that does not log, at rest."""
    quiet_page.begin_anew()
    return quiet_page


def receive(page: ObservedPage, first: int, count: int) -> None:
    """Let frames come in one task of the page, and wait until the last one is shown."""
    page.page.evaluate(RECEIVE, creates(first, count))
    page.wait_for_text(f"n{first + count - 1}")


def test_the_lines_of_frames_that_come_at_once_keep_their_order(loud: ObservedPage) -> None:
    loud.page.evaluate(RECEIVE, creates(100_001, 50))
    rows = [{"user": "Ben", "text": f"n{n}"} for n in range(100_001, 100_051)]
    expected: list[Any] = []
    for row in rows:
        message = {"type": "subscription", "event": "create", "uid": "1", "data": [row]}
        expected += ["New message of type subscription", [row], message]
    assert loud.wait_for_lines(150) == expected


def test_an_item_is_written_and_a_message_shown_in_the_task_that_brought_it(
    quiet: ObservedPage,
) -> None:
    receive(quiet, 200_001, 1)  # after very many, one is drawn at the next frame only
    assert quiet.page.evaluate(IN_ONE_TASK, creates(200_002, 1)[0]) == [["create"], "n200002"]
    quiet.wait_for_text("own")


def test_a_burst_leaves_no_more_rows_than_the_list_holds(quiet: ObservedPage) -> None:
    before = quiet.count
    receive(quiet, 300_001, 2_000)
    assert quiet.page.locator("#messages li").count() == 500
    assert quiet.texts()[:3] == ["n302000", "n301999", "n301998"]
    assert quiet.texts()[-1] == "n301501"
    assert quiet.count == before + 2_000
    nodes = quiet.page.evaluate("document.querySelectorAll('*').length")
    receive(quiet, 302_001, 2_000)
    assert quiet.page.evaluate("document.querySelectorAll('*').length") == nodes
    assert quiet.problems == []


def test_very_many_are_drawn_in_a_task_of_their_own(quiet: ObservedPage) -> None:
    """The frame's task lays them out, which takes as long again."""
    receive(quiet, 350_001, 1)
    quiet.page.evaluate(NOTE_DRAWINGS)
    receive(quiet, 350_002, 2_000)
    receive(quiet, 352_002, 50)
    drawn = quiet.page.evaluate("window.drawn")
    quiet.page.evaluate("delete document.querySelector('#messages').prepend")
    assert [500, False] in drawn
    assert any(is_in_frame for _, is_in_frame in drawn)
    assert all(count <= 100 for count, is_in_frame in drawn if is_in_frame)


def test_a_message_leaves_no_proxy_behind(quiet: ObservedPage, loud: ObservedPage) -> None:
    assert grown_proxies(quiet) == 0
    assert grown_proxies(loud) == 0, "with a log"


def number_of(page: ObservedPage, code: str) -> int:
    answer = answer_of(page, code)
    assert isinstance(answer, int)
    return answer


def grown_proxies(page: ObservedPage) -> int:
    """Return how many more proxies there are after as many messages again."""
    counts: list[int] = []
    for first in (400_001, 400_101, 400_501):
        receive(page, first, 100 if first == 400_001 else 400)
        counts.append(number_of(page, PROXIES))
    return counts[2] - counts[1]


def test_changes_that_wait_for_a_frame_are_bounded(quiet: ObservedPage) -> None:
    """A hidden tab has none."""
    receive(quiet, 700_001, 2)
    assert number_of(quiet, CHANGES) < 1000
    assert quiet.page.text_content("#messages li[data-id='700001'] span") == "changed"
    assert not quiet.page.query_selector("#messages li[data-id='700002']")


def test_frames_that_are_held_come_before_the_end_of_the_connection(quiet: ObservedPage) -> None:
    before, reconnects = quiet.count, quiet.page.evaluate("directus.stats().reconnects")
    quiet.page.evaluate(END, creates(500_001, 50))
    quiet.wait_for_text("n500050")
    assert quiet.count == before + 50
    quiet.page.wait_for_function("(n) => directus.stats().reconnects > n", arg=reconnects)


def test_a_hidden_tab_misses_and_delays_nothing(loud: ObservedPage) -> None:
    before = loud.count
    loud.page.evaluate("window.unseen = []")
    assert loud.page.evaluate("createItem('own', 'Ben')")["text"] == "own"
    loud.page.evaluate(RECEIVE, creates(600_001, 50))
    lines = loud.wait_for_lines(5 + 3 * 50)
    assert [{"user": "Ben", "text": "n600050"}] in lines
    loud.page.evaluate(SHOW)
    loud.wait_for_text("n600050")
    assert loud.count == before + 51
