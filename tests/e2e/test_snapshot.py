"""Starts from the snapshot: what it holds and what comes late, edited files, early calls."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.support.in_page import answer_of
from tests.support.observed_page import ObservedPage, gather_infos
from tests.support.page_copy import copy_into, edit, opened_copy
from tests.support.pages import Open, Warm

LATE = ("python_stdlib.zip", "pyodide_http.zip")


@pytest.fixture(scope="module")
def usual(open_lasting: Open) -> ObservedPage:
    """The page as it usually starts, for tests that only look at it."""
    said: list[list[str]] = []
    page = open_lasting(before=lambda page: said.append(gather_infos(page, "snapshot")))
    assert said == [[]], "the usual start says nothing"
    return page


@pytest.fixture(scope="module")
def another(warm: Warm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObservedPage]:
    """The page of a copy in which the program alone is edited, for tests that only look at it.

    What its snapshot has not is imported by the one test that is of that.
    """
    folder = tmp_path_factory.mktemp("another")
    edit(copy_into(folder) / "app" / "main.py")
    with opened_copy(warm, folder) as open_it:
        yield open_it()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what the page is made of, to edit."""
    return copy_into(tmp_path)


@pytest.fixture
def open_copy(warm: Warm, checkout: Path) -> Iterator[Open]:
    """A function that opens the page of that copy as it is by then."""
    with opened_copy(warm, checkout.parent) as open_it:
        yield open_it


def test_the_usual_start_fetches_nothing_late(usual: ObservedPage) -> None:
    assert usual.problems == []
    fetched = fetched_by(usual)
    assert not [name for name in fetched if name.endswith(LATE)]
    assert len(fetched) == len(set(fetched))


FETCHED = """() => {
  const [subscribed] = performance.getEntriesByName("realtime:subscribed");
  const fetched = performance.getEntriesByType("resource");
  return fetched.filter((each) => each.startTime < subscribed.startTime).map(({ name }) => name);
}"""


def fetched_by(page: ObservedPage) -> list[str]:
    """Return the addresses of what the page fetched to start."""
    names = page.page.evaluate(FETCHED)
    assert isinstance(names, list)
    return names


def test_pages_do_not_share_their_random_numbers(
    usual: ObservedPage, another: ObservedPage
) -> None:
    code = "import random; answer = random.random()"
    assert answer_of(usual, code) != answer_of(another, code)


def test_what_the_snapshot_has_not_is_imported_all_the_same(usual: ObservedPage) -> None:
    assert answer_of(usual, "import csv, unittest.mock; answer = csv.QUOTE_ALL") == 1


IMPORTED = """
try:
    import {module}
    answer = "{module}"
except Exception as error:
    answer = type(error).__name__
"""
READ = """
from directus_realtime import create_directus, read_items, rest, static_token
from js import location
try:
    directus = create_directus(location.origin).with_(static_token("your_access_token"))
    query = {"filter": {"text": {"_eq": "goes on"}}, "fields": ["user"]}
    answer = str(await directus.with_(rest()).request(read_items("messages", query)))
except Exception as error:
    answer = f"{type(error).__name__}: {error}"
"""


def test_what_does_not_come_late_is_an_error_that_names_it_and_python_goes_on(
    another: ObservedPage,
) -> None:
    """Python that dies of it leaves a page that answers nothing and says nothing."""
    page = another.page
    with away(page, *LATE):
        for module in ("csv", "pyodide_http"):
            assert answer_of(another, IMPORTED.format(module=module)) == "OSError", module
    assert page.evaluate("async () => (await createItem('goes on', 'Ben')).text") == "goes on"
    for part in LATE:
        with away(page, part):
            told = str(answer_of(another, READ))
        assert told.startswith("ConnectionFailed: A part of Python's library that rest() needs")
    assert answer_of(another, READ) == "[{'user': 'Ben'}]"
    for module in ("csv", "pyodide_http"):
        assert answer_of(another, IMPORTED.format(module=module)) == module


@contextmanager
def away(page: Page, *names: str) -> Iterator[None]:
    """Let nothing answer for files, for as long as the block takes."""
    those = re.compile("|".join(names))
    page.route(those, lambda route: route.abort())
    yield
    page.unroute(those)


def test_modules_of_the_snapshot_show_their_source(usual: ObservedPage) -> None:
    code = "import inspect; from app import page; answer = inspect.getsource(page.mark)"
    assert "def mark(" in str(answer_of(usual, code))


def test_everything_that_starts_the_page_is_compiled_and_pyscripts_files_are_not_written(
    usual: ObservedPage,
) -> None:
    left = "_base._parse_and_compile_gen.__self__._codes"
    code = f"from _pyodide import _base; import os; answer = f'{{len({left})}} {{os.listdir()}}'"
    assert answer_of(usual, code) == "0 []"


def test_pyscripts_package_works_and_shows_its_source(usual: ObservedPage) -> None:
    code = "import inspect, pyscript; answer = inspect.getsource(pyscript.when) + pyscript.__file__"
    found = str(answer_of(usual, code))
    assert "def when(" in found
    assert found.endswith("/pyscript/__init__.py")


def test_of_an_app_that_is_as_it_was_only_its_first_file_is_fetched(usual: ObservedPage) -> None:
    assert fetched_python(usual) == ["main.py"]


def fetched_python(page: ObservedPage) -> list[str]:
    return [name.rsplit("/", 1)[1] for name in fetched_by(page) if name.endswith(".py")]


def edited_files(page: ObservedPage) -> list[str]:
    """Return the names of the edited files that ran."""
    marks = page.page.evaluate("performance.getEntriesByType('mark').map(({ name }) => name)")
    return sorted(name.removeprefix("edited ") for name in marks if name.startswith("edited "))


def test_edited_python_runs_and_not_what_the_snapshot_knows(
    checkout: Path, open_copy: Open
) -> None:
    for file in ("directus_realtime/items.py", "console.py"):
        edit(checkout / "app" / file)
    page = open_copy()
    assert edited_files(page) == ["app.console", "directus_realtime.items"]
    assert page.problems == []


def test_an_edited_program_runs_and_has_the_rest_from_the_snapshot(another: ObservedPage) -> None:
    assert edited_files(another) == ["__main__"]
    assert fetched_python(another) == ["main.py"]


def test_a_file_of_an_edited_app_that_does_not_come_is_named(
    checkout: Path, open_copy: Open
) -> None:
    edit(checkout / "app" / "page.py")

    def interfere(page: Page) -> None:
        page.route("**/app/directus_realtime/client.py", lambda route: route.abort())

    page = open_copy("failed", before=interfere)
    assert "did not come" in (page.page.text_content("#error") or "")


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
    page.page.locator("#messages li").nth(2).wait_for()
    # What was created before the subscription began is caught up with, and may come last.
    assert sorted(page.texts()) == ["one", "three", "two"]
    read = "directus.items('messages').read({ sort: ['-id'], fields: ['text'] })"
    assert page.page.evaluate(read) == [{"text": text} for text in ("three", "two", "one")]


def test_create_item_fails_if_python_never_comes(open_page: Open) -> None:
    def hurry(page: Page) -> None:
        page.route("**/app/main.py", lambda route: route.abort())
        page.add_init_script(
            "addEventListener('DOMContentLoaded', () => {"
            " window.early = createItem('one').catch((error) => error.message); });"
        )

    page = open_page("failed", before=hurry)
    assert "could not be loaded" in page.page.evaluate("() => window.early")
