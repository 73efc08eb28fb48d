"""Starts that are not the usual one: no snapshot or none to be used, edited files, haste."""

import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route

from tests.e2e.test_guide import OPENING
from tests.support.embedded import ROOT
from tests.support.pages import Open
from tests.support.watched import Watched

START = ROOT / ".setup" / "start"
NOTE = "Python starts without its snapshot"
SNAPSHOT = re.compile(r"/runtime/start/\w+\.bin$")
INDEX = re.compile(r"^http://[^/]+/$")
LATE = ("python_stdlib.zip", "pyodide_http.zip")


def notes(page: Page) -> list[str]:
    """Gather what the console says about the start."""
    found: list[str] = []
    page.on("console", lambda m: m.type == "info" and NOTE in m.text and found.append(m.text))
    return found


def edited(pattern: str, replacement: str) -> Callable[[Route], None]:
    def answer(route: Route) -> None:
        response = route.fetch()
        route.fulfill(response=response, body=re.sub(pattern, replacement, response.text()))

    return answer


def truncated(route: Route) -> None:
    about = json.loads((START / "snapshot.json").read_text())
    route.fulfill(body=(START / about["name"]).read_bytes()[:1_000_000])


def of_another_build(route: Route) -> None:
    about = json.loads((START / "snapshot.json").read_text())
    content = bytearray((START / about["name"]).read_bytes())
    content[20] ^= 255  # in the name of its build, which no sum of ours looks at
    route.fulfill(body=bytes(content))


@pytest.mark.parametrize(
    ("address", "answer", "why"),
    [
        pytest.param(INDEX, edited('<link id="snapshot".*', ""), "there is none", id="absent"),
        pytest.param(SNAPSHOT, lambda route: route.fulfill(status=404), "404", id="gone"),
        pytest.param(SNAPSHOT, truncated, "ends after 1000000 bytes", id="truncated"),
        pytest.param(
            INDEX, edited('data-sum="[^"]*"', 'data-sum="1"'), "changed on its way", id="damaged"
        ),
        pytest.param(SNAPSHOT, of_another_build, "build id mismatch", id="of another build"),
        pytest.param(
            INDEX, edited('data-version="[^"]*"', 'data-version="1.0"'), "1.0", id="of another age"
        ),
    ],
)
def test_without_a_snapshot_to_use_the_page_starts_and_says_so_once(
    open_page: Open, address: re.Pattern[str], answer: Callable[[Route], None], why: str
) -> None:
    said: list[list[str]] = []

    def interfere(page: Page) -> None:
        said.append(notes(page))
        page.route(address, answer)

    page = open_page(before=interfere)
    assert page.wait_for_lines(6) == OPENING
    (note,) = said[0]
    assert why in note
    assert [problem for problem in page.problems if "404" not in problem] == []


def test_the_usual_start_says_nothing_and_fetches_nothing_late(open_page: Open) -> None:
    said: list[list[str]] = []
    page = open_page(before=lambda page: said.append(notes(page)))
    assert said == [[]]
    assert page.problems == []
    fetched = fetched_by(page)
    assert not [name for name in fetched if name.endswith(LATE)]
    assert len(fetched) == len(set(fetched))


def fetched_by(page: Watched) -> list[str]:
    names = page.page.evaluate("performance.getEntriesByType('resource').map((e) => e.name)")
    assert isinstance(names, list)
    return names


RANDOM = """async () => {
  const script = document.createElement("script");
  script.type = "py";
  script.textContent = "import random; from js import window; window.drawn = random.random()";
  document.body.append(script);
  while (window.drawn === undefined) await new Promise(requestAnimationFrame);
  return window.drawn;
}"""


def test_pages_do_not_share_their_random_numbers(open_page: Open) -> None:
    pages = [open_page(), open_page()]
    assert len({page.page.evaluate(RANDOM) for page in pages}) == 2


def test_what_the_snapshot_has_not_is_imported_all_the_same(open_page: Open) -> None:
    page = open_page()
    code = "import csv, unittest.mock; from js import window; window.drawn = csv.QUOTE_ALL"
    assert page.page.evaluate(RANDOM.replace("import random; ", code + " #")) == 1


@pytest.mark.parametrize("file", ["app/directus/subscription.py", "app/console.py", "app/main.py"])
def test_edited_python_runs_and_not_what_the_snapshot_knows(open_page: Open, file: str) -> None:
    def edit(page: Page) -> None:
        marked = r"\g<0>\nimport js\njs.window.edited = __name__\n"
        page.route(f"**/{file}", edited(r"(?s)\A\"\"\".*?\"\"\"\n", marked))

    page = open_page(before=edit)
    expected = "__main__" if file == "app/main.py" else file.removesuffix(".py").replace("/", ".")
    assert page.page.evaluate("window.edited") == expected
    assert page.problems == []


def test_create_item_before_python_is_there_is_kept_and_done_in_order(open_page: Open) -> None:
    def hurry(page: Page) -> None:
        page.add_init_script(
            "addEventListener('DOMContentLoaded', () => {"
            " window.early = ['one', 'two', 'three'].map((text) => createItem(text, 'Ben')); });"
        )

    page = open_page(before=hurry)
    items = page.page.evaluate("() => Promise.all(window.early)")
    assert [item["text"] for item in items] == ["one", "two", "three"]
    assert sorted(item["id"] for item in items) == [item["id"] for item in items]
    page.wait_for_text("three")
    assert page.texts() == ["three", "two", "one"]


def test_create_item_fails_if_python_never_comes(open_page: Open) -> None:
    def hurry(page: Page) -> None:
        page.route("**/app/main.py", lambda route: route.abort())
        page.add_init_script(
            "addEventListener('DOMContentLoaded', () => {"
            " window.early = createItem('one').catch((error) => error.message); });"
        )

    page = open_page("failed", before=hurry)
    assert "could not be loaded" in page.page.evaluate("() => window.early")
