"""The wheel in a stock PyScript page of another folder, on another origin than Directus'."""

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import ConsoleMessage, Page
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.support import quickstart
from tests.support.background import Background, server_for
from tests.support.embedded import ROOT
from tests.support.pages import blank, browser_type_launch_args
from tests.support.project import embedded
from tests.wheel.conftest import Built

__all__ = ["blank", "browser_type_launch_args"]

INDEX = """<!doctype html>
<title>A page of one's own</title>
<link rel="icon" href="data:," />
<script type="module" src="pyscript/core.js"></script>
<script type="py" src="main.py" config="pyscript.toml"{attributes}></script>
"""
SETTINGS = """
interpreter = "/pyodide/pyodide.mjs"

[files]
"./{wheel}" = "./*"
"""


class Isolated:
    """Middleware that makes every page cross-origin isolated."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message["headers"])
                headers["Cross-Origin-Opener-Policy"] = "same-origin"
                headers["Cross-Origin-Embedder-Policy"] = "require-corp"
            await send(message)

        await self._app(scope, receive, send_with_headers)


def host(folder: Path, *, isolated: bool) -> Background:
    """Return a server of static files: the page, and PyScript and Pyodide as npm has them."""
    modules = ROOT / "node_modules"
    served = {
        "/pyscript": modules / "@pyscript" / "core" / "dist",
        "/pyodide": modules / "pyodide",
        "/": folder,
    }
    mounts = [Mount(path, StaticFiles(directory=at, html=True)) for path, at in served.items()]
    app = Starlette(routes=mounts)
    if isolated:
        app.add_middleware(Isolated)
    return Background(server_for(app))


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
            self._page.wait_for_event("console", timeout=60_000)
        assert self.errors == []
        return self.lines


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "page"
    folder.mkdir()
    return folder


def run_quickstart(page: Page, wheel: Path, folder: Path, attributes: str, isolated: bool) -> None:
    """Run README's quickstart in a page that holds the wheel, and see what it prints."""
    shutil.copy(wheel, folder)
    (folder / "index.html").write_text(INDEX.format(attributes=attributes))
    (folder / "pyscript.toml").write_text(SETTINGS.format(wheel=wheel.name))
    with (
        host(folder, isolated=isolated) as site,
        embedded(folder.parent, cors_enabled=True, cors_origin=site.url) as directus,
    ):
        (folder / "main.py").write_text(quickstart.source(directus.url))
        console = Console(page)
        page.goto(site.url)
        assert page.evaluate("crossOriginIsolated") == isolated
        quickstart.check(console.wait_for("'event': 'create'"))


@pytest.mark.parametrize("isolated", [False, True], ids=["not isolated", "isolated"])
def test_readmes_quickstart_runs(blank: Page, built: Built, folder: Path, isolated: bool) -> None:
    run_quickstart(blank, built.wheel, folder, "", isolated)


@pytest.mark.parametrize("isolated", [False, True], ids=["not isolated", "isolated"])
def test_it_runs_in_a_worker(blank: Page, built: Built, folder: Path, isolated: bool) -> None:
    run_quickstart(blank, built.wheel, folder, " worker", isolated)
