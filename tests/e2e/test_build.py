"""The built page on a plain server of static files, under a path, with a Directus elsewhere."""

import functools
import json
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from server.config import Config
from tests.e2e.test_guide import OPENING
from tests.support.background import Running
from tests.support.embedded import ROOT
from tests.support.observed import gather_infos
from tests.support.pages import Open
from tools.build import build
from tools.environment import VirtualEnvironment
from tools.steps import SetupError

PACKAGES = VirtualEnvironment(ROOT).packages
PATH = "some/where"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Leave pytest's output alone."""


class Hosted:
    """The page at an address; a fall of its Directus is no matter here."""

    def __init__(self, url: str) -> None:
        self.url = url

    def kill(self) -> None:
        raise NotImplementedError

    def start(self) -> object:
        raise NotImplementedError


@pytest.fixture(scope="session")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The address of a host of static files, and the folder that it serves."""
    folder = tmp_path_factory.mktemp("host")
    handler = functools.partial(Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", folder
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def directus(host: tuple[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Directus that pages of that host may talk to."""
    database = tmp_path_factory.mktemp("directus") / "messages.db"
    server = Running(
        Config(root=ROOT, database=database, cors_enabled=True, cors_origin=(host[0],))
    )
    yield f"http://{server.address}"
    server.stop()


@pytest.fixture(scope="session")
def built(host: tuple[str, Path], directus: str) -> Path:
    out = host[1] / PATH
    build(ROOT, out, {"url": directus}, PACKAGES)
    return out


@pytest.fixture
def site(host: tuple[str, Path], built: Path) -> Hosted:
    return Hosted(f"{host[0]}/{PATH}/")


def test_the_built_page_works(open_page: Open) -> None:
    infos: list[list[str]] = []
    page, other = open_page(before=lambda page: infos.append(gather_infos(page))), open_page()
    assert page.wait_for_lines(6) == OPENING
    item = page.page.evaluate("async () => await createItem('Hello World!', 'Ben')")
    assert item["user"] == "Ben"
    for shown in (page, other):
        shown.wait_for_text("Hello World!")
        assert shown.problems == []
    assert infos == [[]]


def test_it_needs_nothing_from_outside_its_folder(open_page: Open, site: Hosted) -> None:
    page = open_page().page
    names = page.evaluate("performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert names
    assert all(name.startswith(site.url) for name in names)


def test_every_file_has_its_twins(built: Path) -> None:
    files = [path for path in built.rglob("*") if path.is_file()]
    plain = [path for path in files if path.suffix not in (".zst", ".br", ".gz")]
    assert len(files) == 4 * len(plain)
    assert {path.name for path in built.iterdir() if path.is_dir()} == {
        path.relative_to(built).parts[0] for path in plain if path.parent != built
    }


def test_what_it_writes_proves_its_snapshot(built: Path) -> None:
    about = json.loads((ROOT / ".setup" / "start" / "snapshot.json").read_text())
    slices = [path for name in about["names"] for path in built.glob(f"v-*/runtime/start/{name}")]
    assert sum(path.stat().st_size for path in slices) == about["size"]["content"]


def test_somebody_elses_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(SetupError, match="no build of this page: name another folder with --out"):
        build(ROOT, tmp_path, {}, PACKAGES)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
