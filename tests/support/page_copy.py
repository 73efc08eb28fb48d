"""A copy of what the page is made of, to edit, and the page served from it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from server.background import EmbeddedServer
from server.config import Config
from tests.support.embedded import ROOT
from tests.support.pages import Open, Warm, opener
from web.delivery import routes
from web.site import Site

START = ROOT / ".setup" / "start"
"""Where the snapshot is."""

MARK = "\nimport js\njs.performance.mark(f'edited {__name__}')\n"


def copy_into(folder: Path) -> Path:
    """Return a new checkout in a folder, with the snapshot that set-up has made."""
    root = folder / "checkout"
    shutil.copytree(ROOT / "app", root / "app")
    shutil.copytree(START, root / ".setup" / "start")
    for name in ("index.html", "pyscript.toml"):
        shutil.copy(ROOT / name, root)
    (root / "node_modules").symlink_to(ROOT / "node_modules")
    return root


@contextmanager
def opened_copy(warm: Warm, folder: Path) -> Iterator[Open]:
    """Yield a function that opens the page of the copy in a folder."""
    pages = routes(Site(folder / "checkout"))
    config = Config(database=folder / "copy.db")
    with EmbeddedServer(config, pages=pages) as server, opener(warm, f"{server.url}/") as open_it:
        yield open_it


def edit(file: Path) -> None:
    """Let it set a mark when it runs."""
    with file.open("a") as source:
        source.write(MARK)
