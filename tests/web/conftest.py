"""A small checkout, and servers of its page."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from server.background import EmbeddedServer
from server.config import Config
from web.delivery import routes
from web.settings import Settings
from web.site import Site

Start = Callable[..., EmbeddedServer]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A small checkout."""
    root = tmp_path / "checkout"
    (root / "app" / "directus").mkdir(parents=True)
    (root / "index.html").write_text("<!doctype html><title>Messages</title>")
    (root / "pyscript.toml").write_text('[directus]\ntoken = "sample"  # of a user\n')
    (root / "app" / "main.py").write_text("print('one')\n")
    (root / "app" / "icon.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (root / "app" / ".secret.py").write_text("hidden")
    (root / "app" / "notes.txt").write_text("not the page's")
    return root


@pytest.fixture
def start(root: Path, tmp_path: Path) -> Iterator[Start]:
    """Starts the embedded server with the checkout's page; it ends with the test."""
    running: list[EmbeddedServer] = []

    def start(settings: Settings | None = None, folder: Path | None = None) -> EmbeddedServer:
        config = Config(database=tmp_path / "messages.db")
        pages = routes(Site(root, settings, folder))
        running.append(EmbeddedServer(config, pages=pages).start())
        return running[-1]

    yield start
    for server in running:
        server.stop()
