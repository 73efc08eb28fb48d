"""Starts without a snapshot, and with one that is of no use."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route

from tests.e2e.test_guide import OPENING
from tests.support.in_page import answer_of
from tests.support.observed_page import gather_infos
from tests.support.page_copy import START, copy_into, opened_copy
from tests.support.pages import Open, Site, Warm
from tests.support.tier import costly

SLICE = re.compile(r"/runtime/start/\w+-0\.bin$")
INDEX = re.compile(r"^http://[^/]+/$")
NOTE = "Python starts without its snapshot"


def edited(pattern: str, replacement: str) -> Callable[[Route], None]:
    def answer(route: Route) -> None:
        response = route.fetch()
        route.fulfill(response=response, body=re.sub(pattern, replacement, response.text()))

    return answer


def changed(change: Callable[[bytearray], object]) -> Callable[[Route], None]:
    def answer(route: Route) -> None:
        content = bytearray((START / route.request.url.rsplit("/", 1)[1]).read_bytes())
        change(content)
        route.fulfill(body=bytes(content))

    return answer


def cut(content: bytearray) -> None:
    del content[1_000_000:]


def flip(at: int) -> Callable[[bytearray], None]:
    def change(content: bytearray) -> None:
        content[at] ^= 255

    return change


Answer = Callable[[Route], None]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        pytest.param(lambda route: route.fulfill(status=404), "404", id="gone"),
        # In the name of its build, which no sum of ours looks at.
        pytest.param(changed(flip(20)), "build id mismatch", id="of another build", marks=costly),
    ],
)
def test_without_a_snapshot_to_use_the_page_starts_and_says_so_once(
    open_page: Open, answer: Answer, why: str
) -> None:
    said: list[list[str]] = []

    def interfere(page: Page) -> None:
        said.append(gather_infos(page, NOTE))
        page.route(SLICE, answer)

    page = open_page(before=interfere)
    assert page.wait_for_lines(6) == OPENING
    (note,) = said[0]
    assert why in note
    assert answer_of(page, "import pyodide_http; answer = 'found'") == "found"
    from_the_network = re.compile("404 http|Failed to load resource: .* 404 ")
    assert [problem for problem in page.problems if not from_the_network.match(problem)] == []


@pytest.mark.parametrize(
    ("address", "answer", "why"),
    [
        pytest.param(INDEX, edited('<meta name="snapshot".*', ""), "there is none", id="none"),
        pytest.param(SLICE, changed(cut), "ends after", id="truncated"),
        pytest.param(SLICE, changed(flip(2048)), "changed on its way", id="damaged"),
        pytest.param(INDEX, edited("314[.0-9]+", "1.0"), "of Pyodide 1.0", id="of another age"),
        pytest.param(
            INDEX,
            edited(r"(?<=constant&quot;:)\d+(?=})", "1"),
            "of another WebAssembly",
            id="of another WebAssembly",
        ),
    ],
)
def test_a_snapshot_that_is_no_use_is_recognized_before_python_starts(
    blank: Page, site: Site, address: re.Pattern[str], answer: Answer, why: str
) -> None:
    said = gather_infos(blank, NOTE)
    blank.route(address, answer)
    blank.route("**/python_stdlib.zip", lambda _route: None)  # so that Python does not start
    blank.goto(site.url, wait_until="commit")
    while not said:
        blank.wait_for_event("console")
    assert why in said[0]
    assert blank.get_attribute("#status", "data-state") == "loading"


@costly
def test_where_set_up_has_made_none_the_page_starts_and_says_so(warm: Warm, tmp_path: Path) -> None:
    (copy_into(tmp_path) / ".setup" / "start" / "snapshot.json").unlink()
    said: list[list[str]] = []
    with opened_copy(warm, tmp_path) as open_copy:
        page = open_copy(before=lambda page: said.append(gather_infos(page, NOTE)))
        assert page.wait_for_lines(6) == OPENING
        ((note,),) = said
        assert "there is none" in note
        assert answer_of(page, "import pyodide_http; answer = 'found'") == "found"
