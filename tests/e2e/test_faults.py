"""Errors of the program: a traceback in the console, and a line about each on the page."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from app.settings import Settings
from tests.e2e.test_page import RUN_PYTHON
from tests.support.embedded import ROOT
from tests.support.observed_page import ObservedPage
from tests.support.pages import Open, Site
from tests.support.wire import Wire

MAIN = (ROOT / "app" / "main.py").read_text(encoding="utf-8")
IMPORTS = "from app.settings import Settings\n"
LOOP = "    async for item in subscription:\n"
CALLBACKS = "page.on_connect(directus.connect)\n"


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


@pytest.mark.parametrize(
    ("place", "line", "says"),
    [
        pytest.param(IMPORTS, "x = (", "SyntaxError: '(' was never closed", id="syntax"),
        pytest.param(IMPORTS, "import extra", "No module named 'extra'", id="module"),
        pytest.param(IMPORTS, "from app import extra", "cannot import name 'extra'", id="file"),
        pytest.param(IMPORTS, "import numpy", "ModuleNotFoundError: No module named", id="numpy"),
        pytest.param(IMPORTS, "nonsense()", "NameError: name 'nonsense'", id="first line"),
        pytest.param("page.run(main)\n", "nonsense()", "NameError: name 'nonsense'", id="last"),
        pytest.param(LOOP, "        item / 0", "TypeError: unsupported operand", id="loop"),
    ],
)
def test_an_error_that_ends_the_program_is_named_and_the_page_is_not_live(
    blank: Page, site: Site, place: str, line: str, says: str
) -> None:
    text = after(place, line)
    page = ObservedPage(blank, {})
    serve("app/main.py", lambda _: text)(blank)
    blank.goto(site.url)
    page.wait_for_state("failed")
    sentence = blank.locator("#error:not([hidden]), #fault:not([hidden])")
    expect(sentence).to_contain_text(place_of(text, line))
    expect(sentence).to_contain_text(says)
    expect(sentence).not_to_contain_text("<exec>")
    expect(blank.locator("#status")).to_have_attribute("data-fresh", "stale")
    expect(blank.get_by_role("button", name="Reload")).to_be_visible()
    assert any("Traceback (most recent call last)" in problem for problem in page.problems)


def test_after_such_an_error_the_page_stays_failed_whatever_the_connection_does(
    open_page: Open, site: Site
) -> None:
    text = after(LOOP, "        item / 0")
    page = open_page("failed", before=serve("app/main.py", lambda _: text))
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


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("directus.on_web_socket('open', lambda _: 1 / 0)", id="event"),
        pytest.param("directus.on_state(lambda change: 1 / 0)", id="state"),
        pytest.param("import asyncio; asyncio.get_running_loop().call_soon(lambda: 1 / 0)", id="t"),
        pytest.param(
            "from js import window; from pyodide.ffi import create_proxy; "
            "window.addEventListener('x', create_proxy(lambda _: 1 / 0)); "
            "window.setTimeout('dispatchEvent(new Event(\"x\"))', 0)",
            id="listener",
        ),
    ],
)
def test_an_error_of_a_callback_is_named_and_the_page_goes_on(open_page: Open, line: str) -> None:
    text = after(CALLBACKS, line)
    page = open_page(before=serve("app/main.py", lambda _: text))
    fault = page.page.locator("#fault")
    expect(fault).to_contain_text(place_of(text, line) + "ZeroDivisionError: division by zero")
    expect(page.page.locator("#status")).to_have_attribute("data-fresh", "live")
    page.page.evaluate("async () => await createItem('goes on', 'Ben')")
    page.wait_for_text("goes on")
    assert any("Traceback (most recent call last)" in problem for problem in page.problems)


def test_an_error_of_a_task_is_named(open_page: Open) -> None:
    page = open_page()
    code = "import asyncio\nasync def fail(): 1 / 0\ntask = asyncio.ensure_future(fail())"
    page.page.evaluate(RUN_PYTHON, code)
    expect(page.page.locator("#fault")).to_contain_text("line 2: ZeroDivisionError")


def test_an_error_of_drawing_is_named_and_the_other_rows_are_drawn(open_page: Open) -> None:
    page = open_page()
    code = """
        from app.view import messages
        text_of = messages.text_of
        def fail_once(value):
            if value == "bad":
                raise ValueError("not drawn")
            return text_of(value)
        messages.text_of = fail_once
        from js import window
        window.patched = True
    """
    page.page.evaluate(RUN_PYTHON, code)
    page.page.wait_for_function("window.patched")
    page.page.evaluate("async () => { for (const t of ['bad', 'good']) await createItem(t, 'B'); }")
    page.wait_for_text("good")
    expect(page.page.locator("#fault")).to_contain_text("ValueError: not drawn")
    assert page.texts() == ["good"]


ODD_DATA = [
    None,
    "a text",
    [None],
    ["a row"],
    [{"text": {"deep": [1]}, "user": 1e400}],
    [{"id": [1], "text": None}],
    {"text": "no list"},
]


def test_events_with_odd_rows_break_nothing(open_page: Open) -> None:
    wires: list[Wire] = []
    page = open_page(before=lambda page: wires.append(Wire(page)))
    for number, data in enumerate(ODD_DATA):
        wires[0].send({"type": "subscription", "event": "create", "uid": "1", "data": data})
        page.page.evaluate("async (text) => await createItem(text, 'Ben')", f"after {number}")
        page.wait_for_text(f"after {number}")
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
