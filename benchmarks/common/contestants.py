"""The pages that are compared: ours, the guide's with the JS SDK, and a naive one in PyScript."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlencode

from benchmarks.common.processes import running
from benchmarks.common.set_up import PACKAGES, PEER, ROOT
from tools import npm

TOKEN = "your_access_token"
_HTML = ROOT / "benchmarks" / "html"


@dataclass(frozen=True, slots=True)
class Contestant:
    """One page; ``logs`` says whether it writes the guide's lines to the console."""

    name: str
    title: str
    logs: bool = False


OURS = Contestant("ours", "ours")
OURS_LOGGING = Contestant("ours", "ours, log on", logs=True)
GUIDE = Contestant("guide", "JS SDK")
GUIDE_LOGGING = Contestant("guide", "JS SDK, log on", logs=True)
NAIVE = Contestant("naive", "naive PyScript")


@dataclass(frozen=True, slots=True)
class Host:
    """The server of the pages, at ``url``; they connect to ``directus``, or to it if that is ""."""

    url: str
    directus: str

    def address(self, contestant: Contestant) -> str:
        """Return the address of a page."""
        if contestant.name == "ours":
            return f"{self.url}/{'logging' if contestant.logs else 'quiet'}/"
        given = {"token": TOKEN, "url": self.directus, "log": str(contestant.logs).lower()}
        return f"{self.url}/peers/{contestant.name}/?{urlencode(given)}"


@contextmanager
def hosted(directus: str = "") -> Iterator[Host]:
    """Serve the pages, and an embedded server with an empty database."""
    with TemporaryDirectory() as folder:
        peers, database = Path(folder) / "peers", Path(folder) / "messages.db"
        _write(peers)
        with running("benchmarks.common.host", str(peers), str(database), directus) as url:
            yield Host(url, directus)


def _write(folder: Path) -> None:
    """Write the peers' pages, with the JS SDK bundled into its page's script."""
    shutil.copytree(_HTML, folder)
    (folder / "runtime").symlink_to(ROOT / "node_modules")
    source = folder / "guide" / "source.js"
    (folder / "guide" / "page.js").write_bytes(bundled(source))


def bundled(source: Path) -> bytes:
    """Return a script with all that it imports, minified. Raises CalledProcessError."""
    modules = PEER / "node_modules"
    command = [npm.node(PACKAGES), str(modules / "esbuild/bin/esbuild"), "--bundle"]
    command += ["--format=esm", "--target=es2022", "--minify", "--loader=js"]
    script = source.read_bytes()
    built = subprocess.run(command, cwd=PEER, input=script, check=True, capture_output=True)
    return built.stdout
