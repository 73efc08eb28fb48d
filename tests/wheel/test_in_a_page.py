"""The wheel in a stock PyScript page of another folder, on another origin than Directus'."""

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import ConsoleMessage, Page

from tests.support import quickstart
from tests.support.project import embedded
from tests.support.stock import STARTED_WITHIN, served_folder
from tests.support.tier import costly
from tests.wheel.conftest import Built

INDEX = """<!doctype html>
<title>A page of one's own</title>
<link rel="icon" href="data:," />
"""
SETTINGS = """
interpreter = "/runtime/pyodide/pyodide.mjs"

"""
HEADING = "In a PyScript page"
CORE = "https://pyscript.net/releases/RELEASE/core.js"


def index(attributes: str) -> str:
    """Return README's page, with the runtime that is installed here."""
    html = quickstart.block(HEADING, "html")
    assert CORE in html
    html = html.replace(CORE, "runtime/pyscript/core.js")
    return INDEX + html.replace('type="py"', f'type="py"{attributes}')


class Console:
    """What a page and its workers print, and what goes wrong there."""

    def __init__(self, page: Page) -> None:
        self.lines: list[str] = []
        self.errors: list[str] = []
        self._page = page
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(message.text)
        elif message.type == "log" and not message.text.startswith("[pyscript/"):
            self.lines.append(message.text)

    def wait_for(self, text: str) -> list[str]:
        """Wait for a line that contains ``text``; return the lines so far."""
        while not self.errors and not any(text in line for line in self.lines):
            self._page.wait_for_event("console", timeout=STARTED_WITHIN)
        assert self.errors == []
        return self.lines


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "page"
    folder.mkdir()
    return folder


@pytest.mark.parametrize(
    ("attributes", "isolated"),
    [
        pytest.param("", False, id="main thread"),
        pytest.param(" worker", False, id="worker", marks=costly),
        pytest.param(" worker", True, id="isolated worker", marks=costly),
    ],
)
def test_readmes_quickstart_runs(
    blank: Page, built: Built, folder: Path, attributes: str, isolated: bool
) -> None:
    shutil.copy(built.wheel, folder)
    (folder / "index.html").write_text(index(attributes))
    settings = quickstart.block(HEADING, "toml")
    assert built.wheel.name in settings
    (folder / "pyscript.toml").write_text(SETTINGS + settings)
    with (
        served_folder(folder, isolated=isolated) as origin,
        embedded(folder.parent, cors_enabled=True, cors_origin=origin) as directus,
    ):
        (folder / "quickstart.py").write_text(quickstart.source(directus.url))
        console = Console(blank)
        blank.goto(origin)
        assert blank.evaluate("crossOriginIsolated") == isolated
        quickstart.check(console.wait_for("'event': 'create'"))
