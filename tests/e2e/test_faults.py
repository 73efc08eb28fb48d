"""Errors of the program: a traceback in the console, and a line about each on the page."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from app.settings import Settings
from tests.support.embedded import ROOT
from tests.support.in_page import RUN_PYTHON
from tests.support.observed_page import ObservedPage
from tests.support.pages import Open, Site
from tests.support.wire import Wire

MAIN = (ROOT / "app" / "main.py").read_text(encoding="utf-8")
DOCSTRING = MAIN.partition("\n")[0] + "\n"
IMPORTS = "from app.settings import Settings\n"
LOOP = "    async for item in subscription:\n"
ON_CONNECT = "page.on_connect(directus.connect)\n"


def after(place: str, line: str) -> str:
    """Return main.py with a line after a place in it."""
    assert MAIN.count(place) == 1
    return MAIN.replace(place, place + line + "\n")


def place_of(text: str, line: str) -> str:
    """Return how the page names a line of main.py."""
    return f"app/main.py, line {text.splitlines().index(line) + 1}: "


def serve(file: str, change: Callable[[str], str]) -> Callable[[Page], None]:
    """Return what changes a file of the page."""

    def answer(route: Route) -> None:
        response = route.fetch()
        route.fulfill(response=response, body=change(response.text()))

    def before(page: Page) -> None:
        page.route(f"**/{file}", answer)

    return before


def shows_the_end(page: ObservedPage, text: str, line: str, says: str) -> None:
    """Show that the page names a line of the program, and what ended it there."""
    page.wait_for_state("failed")
    sentence = page.page.locator("#error:not([hidden]), #fault:not([hidden])")
    expect(sentence).to_contain_text(place_of(text, line))
    expect(sentence).to_contain_text(says)
    expect(sentence).not_to_contain_text("<exec>")
    expect(sentence).not_to_contain_text("Traceback")
    expect(page.page.locator("#status")).to_have_attribute("data-fresh", "stale")
    expect(page.page.get_by_role("button", name="Reload")).to_be_visible()
    assert any("Traceback (most recent call last)" in problem for problem in page.problems)


# As the page is before its program runs.
START_AGAIN = """() => {
  const element = (id) => document.getElementById(id);
  Object.assign(element("status").dataset, { state: "loading", fresh: "loading" });
  for (const id of ["error", "fault", "action"]) element(id).hidden = true;
}"""


def test_errors_at_the_programs_start_are_named_and_the_page_is_not_live(
    blank: Page, site: Site
) -> None:
    page = ObservedPage(blank, {})
    first = after(DOCSTRING, "import extra")  # of ours nothing is imported by then
    serve("app/main.py", lambda _: first)(blank)
    blank.goto(site.url)
    shows_the_end(page, first, "import extra", "No module named 'extra'")
    for line, says in (
        ("x = (", "SyntaxError: '(' was never closed"),
        ("from app import extra", "cannot import name 'extra'"),
        ("import numpy", "ModuleNotFoundError: No module named"),
        ("nonsense()", "NameError: name 'nonsense'"),
    ):
        page.problems.clear()
        blank.evaluate(START_AGAIN)
        text = after(IMPORTS, line)
        blank.evaluate(RUN_PYTHON, text)
        shows_the_end(page, text, line, says)


def test_an_error_in_the_programs_last_line_is_named_and_the_page_is_not_live(
    open_page: Open,
) -> None:
    text = after("page.run(main)\n", "nonsense()")
    page = open_page("failed", before=serve("app/main.py", lambda _: text))
    shows_the_end(page, text, "nonsense()", "NameError: name 'nonsense'")


def test_after_an_error_in_the_loop_the_page_stays_failed_whatever_the_connection_does(
    open_page: Open, site: Site
) -> None:
    line = "        item / 0"
    text = after(LOOP, line)
    page = open_page("failed", before=serve("app/main.py", lambda _: text))
    shows_the_end(page, text, line, "TypeError: unsupported operand")
    page.page.evaluate("async () => await createItem('sent all the same', 'Ben')")
    site.kill()
    site.start()
    page.page.evaluate("async () => await createItem('again', 'Ben').catch(() => {})")
    assert page.page.evaluate("directus.state()") == "failed"
    assert page.page.get_attribute("#status", "data-state") == "failed"


def test_packages_that_this_page_cannot_install_are_told(blank: Page, site: Site) -> None:
    serve("pyscript.toml", lambda text: f'packages = ["numpy"]\n{text}')(blank)
    blank.goto(site.url)
    expect(blank.locator("#status")).to_have_attribute("data-state", "failed", timeout=60_000)
    expect(blank.locator("#error")).to_contain_text("pyscript.toml asks for packages")
    expect(blank.locator("#fault")).to_be_hidden()


CALL_SOON = "import asyncio; asyncio.get_running_loop().call_soon(lambda: 1 / 0)"
# Each has its errors before those that came in earlier.
CALLBACKS = [
    "directus.on_web_socket('open', lambda _: 1 / 0); directus.offline(); directus.online()",
    "directus.on_state(lambda change: 1 / 0); directus.offline(); directus.online()",
    "import js; from pyodide.ffi import create_proxy; "
    "js.window.addEventListener('x', create_proxy(lambda _: 1 / 0)); "
    "js.setTimeout('dispatchEvent(new Event(\"x\"))', 0)",
    "async def fail(): 1 / 0\ntask = asyncio.ensure_future(fail())",
]


def test_an_error_of_a_callback_is_named_and_the_page_goes_on(open_page: Open) -> None:
    text = after(ON_CONNECT, CALL_SOON)
    page = open_page(before=serve("app/main.py", lambda _: text))
    goes_on(page, place_of(text, CALL_SOON))
    for number, line in enumerate(CALLBACKS):
        forget_faults(page)
        page.page.evaluate(RUN_PYTHON, "pass\n" * number + line)
        goes_on(page, f"app/main.py, line {number + 1}: ")


def goes_on(page: ObservedPage, place: str) -> None:
    """Show that the page names the place of a division by zero, and goes on."""
    fault = page.page.locator("#fault:not([hidden])")
    expect(fault).to_contain_text(place + "ZeroDivisionError: division by zero")
    expect(page.page.locator("#status")).to_have_attribute("data-fresh", "live")
    page.page.evaluate("async (place) => await createItem(`after ${place}`, 'Ben')", place)
    page.wait_for_text(f"after {place}")
    assert any("Traceback (most recent call last)" in problem for problem in page.problems)


def forget_faults(page: ObservedPage) -> None:
    """Let the page show the next error: of those of a program the first one stays."""
    page.page.evaluate("document.getElementById('fault').hidden = true")
    page.problems.clear()


@pytest.fixture(scope="module")
def wired(open_lasting: Open) -> tuple[ObservedPage, Wire]:
    """A page, and its wire, for tests that leave it live."""
    wires: list[Wire] = []
    page = open_lasting(before=lambda page: wires.append(Wire(page)))
    return page, wires[0]


FAIL_ONCE = """
from app.view import messages
text_of = messages.text_of
def fail_once(value):
    if value == "bad":
        messages.text_of = text_of
        raise ValueError("not drawn")
    return text_of(value)
messages.text_of = fail_once
from js import window
window.patched = True
"""


def test_an_error_of_drawing_is_named_and_the_other_rows_are_drawn(
    wired: tuple[ObservedPage, Wire],
) -> None:
    page, _ = wired
    forget_faults(page)
    before = page.texts()
    page.page.evaluate(RUN_PYTHON, FAIL_ONCE)
    page.page.wait_for_function("window.patched")
    page.page.evaluate("async () => { for (const t of ['bad', 'good']) await createItem(t, 'B'); }")
    page.wait_for_text("good")
    expect(page.page.locator("#fault:not([hidden])")).to_contain_text("ValueError: not drawn")
    assert page.texts() == ["good", *before]


NO_ROWS = "holds no list of rows, and is left out"
NO_JSON = "Directus sent something that is not JSON"
ODD_DATA: list[tuple[Any, str]] = [
    (None, NO_ROWS),
    ("a text", NO_ROWS),
    ([None], NO_ROWS),
    (["a row"], NO_ROWS),
    ([{"text": "a row"}, None], NO_ROWS),
    ({"text": "no list"}, NO_ROWS),
    ([{"text": "infinite", "user": 1e400}], NO_JSON),
]
ODD_ROWS: list[tuple[dict[str, Any], list[str]]] = [
    ({"text": {"deep": [1]}, "user": 7}, ["7", '{"deep": [1]}']),
    ({"id": [1], "text": None, "user": None}, ["Anonymous", ""]),
    ({"id": {}, "text": ["a"], "user": False}, ["false", '["a"]']),
    ({"id": "1e3"}, ["Anonymous", ""]),
]


def create_event(data: Any) -> dict[str, Any]:
    return {"type": "subscription", "event": "create", "uid": "1", "data": data}


def test_events_without_rows_are_left_out_and_odd_rows_are_shown(
    wired: tuple[ObservedPage, Wire],
) -> None:
    page, wire = wired
    forget_faults(page)
    page.problems.clear()
    before = page.texts()
    for data, _ in ODD_DATA:
        wire.send(create_event(data))
    for row, _ in ODD_ROWS:
        wire.send(create_event([row]))
    page.page.evaluate("async () => await createItem('the last', 'Ben')")
    page.wait_for_text("the last")
    expected = [["Ben", "the last"], *[texts for _, texts in reversed(ODD_ROWS)]]
    assert page.texts() == [text for _, text in expected] + before
    users = page.page.locator("#messages li b").all_text_contents()
    assert users[: len(expected)] == [user for user, _ in expected]
    assert len(page.problems) == len(ODD_DATA)
    for problem, (data, why) in zip(page.problems, ODD_DATA, strict=True):
        assert why in problem, data
    expect(page.page.locator("#status")).to_have_attribute("data-fresh", "live")
    expect(page.page.locator("#fault")).to_be_hidden()


def test_settings_that_are_commented_out_have_their_defaults(open_page: Open) -> None:
    names = "|".join(Settings._fields)

    def comment_out(text: str) -> str:
        text, count = re.subn(rf"^({names}) =", r"# \1 =", text, flags=re.MULTILINE)
        assert count == len(Settings._fields)
        return text

    page = open_page(before=serve("pyscript.toml", comment_out))
    page.page.evaluate("async () => await createItem('Hello World!', 'Ben')")
    page.wait_for_text("Hello World!")
    assert page.lines[2] == "Connection is open"
    assert page.problems == []


def test_without_the_whole_table_the_page_has_its_defaults(open_page: Open) -> None:
    page = open_page(before=serve("pyscript.toml", lambda text: text.partition("\n[directus]")[0]))
    assert page.problems == []
