"""The built page on a plain server of static files, under a path, with a Directus elsewhere."""

import functools
import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from server.background import EmbeddedServer
from server.config import Config
from tests.e2e.test_guide import OPENING
from tests.support.embedded import ROOT, free_port
from tests.support.observed_page import gather_infos
from tests.support.pages import Open, create
from tests.support.sharing import made_once, shared_folder
from tools.commands.build import build
from tools.environment import VirtualEnvironment
from tools.steps import SetupError

PACKAGES = VirtualEnvironment(ROOT).packages
PATH = "some/where"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Leave pytest's output alone."""


class Hosted:
    """The page at an address; its Directus is never killed."""

    def __init__(self, url: str) -> None:
        self.url = url

    def kill(self) -> None:
        raise NotImplementedError

    def start(self) -> object:
        raise NotImplementedError


@dataclass(frozen=True)
class Built:
    """The folder that a host serves, with the page in it; and the port of the page's Directus."""

    folder: Path
    port: int

    @property
    def out(self) -> Path:
        """Where the page is."""
        return self.folder / PATH


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """Serve a folder as a plain host of static files does; yields the address."""
    handler = functools.partial(Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="session")
def built(request: pytest.FixtureRequest) -> Built:
    """The page, built once for all workers: compressing takes long."""

    def make(folder: Path) -> None:
        port = free_port()
        build(ROOT, folder / "host" / PATH, {"url": f"http://127.0.0.1:{port}"}, PACKAGES)
        (folder / "port").write_text(str(port))

    folder = made_once(request, "built", make)
    return Built(folder / "host", int((folder / "port").read_text()))


@pytest.fixture
def site(request: pytest.FixtureRequest, built: Built, tmp_path: Path) -> Iterator[Hosted]:
    """The page on a host, and the Directus at the port that the page knows."""
    database = tmp_path / "messages.db"
    with shared_folder(request, "built"), serve(built.folder) as host:
        config = Config(database=database, cors_enabled=True, cors_origin=(host,))
        with EmbeddedServer(config, built.port):
            yield Hosted(f"{host}/{PATH}/")


def test_the_built_page_works_and_needs_nothing_from_outside_its_folder(
    open_page: Open, site: Hosted, built: Built
) -> None:
    infos: list[list[str]] = []
    page = open_page(before=lambda page: infos.append(gather_infos(page)))
    assert page.wait_for_lines(6) == OPENING
    item = page.page.evaluate("async () => await createItem('Hello World!', 'Ben')")
    assert item["user"] == "Ben"
    page.wait_for_text("Hello World!")
    create(f"http://127.0.0.1:{built.port}", "of another")
    page.wait_for_text("of another")
    fetched = "performance.getEntriesByType('resource').map((entry) => entry.name)"
    names = page.page.evaluate(fetched)
    assert names
    assert all(name.startswith(site.url) for name in names)
    assert page.problems == []
    assert infos == [[]]


def test_every_file_is_precompressed(built: Built) -> None:
    files = [path for path in built.out.rglob("*") if path.is_file()]
    plain = [path for path in files if path.suffix not in (".zst", ".br", ".gz")]
    assert len(files) == 4 * len(plain)
    assert {path.name for path in built.out.iterdir() if path.is_dir()} == {
        path.relative_to(built.out).parts[0] for path in plain if path.parent != built.out
    }


def test_what_it_writes_proves_its_snapshot(built: Built) -> None:
    about = json.loads((ROOT / ".setup" / "start" / "snapshot.json").read_text())
    (start,) = built.out.glob("v-*/runtime/start")
    slices = [start / name for name in about["names"]]
    assert sum(path.stat().st_size for path in slices) == about["size"]["content"]


def test_a_build_after_another_writes_what_is_missing_and_says_so(
    built: Built, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    shutil.copytree(built.out, out)
    whole = {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()}
    (script,) = out.glob("v-*/app/main.py")
    for path in (script, script.with_name("main.py.br"), out / "index.html.gz"):
        path.unlink()
    (out / "v-0123456789abcdef").mkdir()  # of an earlier page
    build(ROOT, out, {"url": f"http://127.0.0.1:{built.port}"}, PACKAGES)
    files = sum(path.suffix not in (".zst", ".br", ".gz") for path in whole)
    assert f"{files} files: 1 written, {files - 1} as they were" in capsys.readouterr().out
    now = {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()}
    assert now.keys() == whole.keys()
    assert len({path for path in now if now[path] != whole[path]}) == 3
    assert not (out / "v-0123456789abcdef").exists()


def test_somebody_elses_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(SetupError, match="no build of this page: name another folder with --out"):
        build(ROOT, tmp_path, {}, PACKAGES)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
