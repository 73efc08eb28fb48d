"""What matters of the page, in Chromium, in Firefox and in WebKit: one page in each."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from benchmarks.engines import Tab, installed
from tests.e2e.everywhere import BEHAVIOURS, Visit
from tests.support.browsers import NAMES
from tests.support.embedded import ROOT, Embedded


class ChromiumTab:
    """A page of Playwright's."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def open(self, url: str) -> None:
        self._page.goto(url)

    def evaluate(self, function: str) -> Any:
        return self._page.evaluate(function)


@pytest.fixture
def site(tmp_path: Path, port: int) -> Iterator[Embedded]:
    """A server of the guide's project, which takes no text twice."""
    guide = (ROOT / "server" / "guide.toml").read_text(encoding="utf-8")
    text = 'text = { type = "text"'
    assert text in guide
    project = tmp_path / "project.toml"
    project.write_text(guide.replace(text, f"{text}, unique = true"), encoding="utf-8")
    with Embedded(tmp_path, "--project", str(project), port=port) as server:
        yield server


def check(tab: Tab, site: Embedded, subtests: pytest.Subtests) -> None:
    visit = Visit(tab, site)
    for behaviour in BEHAVIOURS:
        with subtests.test(behaviour.__name__):
            behaviour(visit)


def test_in_chromium(blank: Page, site: Embedded, subtests: pytest.Subtests) -> None:
    check(ChromiumTab(blank), site, subtests)


@pytest.mark.skipif(
    "ENGINES" not in os.environ, reason="`python3 -m tests --engines` tests in other engines too"
)
@pytest.mark.parametrize("name", NAMES)
def test_in_another_engine(site: Embedded, name: str, subtests: pytest.Subtests) -> None:
    engine = next(engine for engine in installed() if engine.name == name)
    with engine.tab() as tab:
        check(tab, site, subtests)
