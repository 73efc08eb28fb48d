"""The pages that cold starts are compared with, each on a server of its own.

Ours come from our server as people start it. The others are written to folders that our server
serves too, as files that are neither compressed nor kept for good, the way a folder of files is
usually served; all of them talk to a socket on their own origin.
"""

import shutil
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from benchmarks.common.contestants import bundled
from benchmarks.common.set_up import PEER, ROOT

_PEER = ROOT / "tests" / "peer"
_PARTS = Path(__file__).with_name("html")
_TOKEN = "your_access_token"

PAGES = {
    "printed": "guide's page, JS SDK as published",
    "bundled": "guide's page, JS SDK bundled",
    "micropython": "MicroPython, first line",
    "stock": "stock PyScript and Pyodide",
    "plainly": "the same, python3 -m http.server",
    "plain": "ours, without the snapshot",
    "ours": "ours",
}


class Pages:
    """The pages, served; a context manager. ``folder`` takes what is written for them."""

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)
        self._open = ExitStack()
        self._urls: dict[str, str] = {}

    def address(self, name: str) -> str:
        """Return the address of one of PAGES."""
        return self._urls[name]

    def __enter__(self) -> "Pages":
        with self._open:
            self._serve("ours", ROOT)
            self._serve("plain", self._write_plain())
            peers = self._write_peers()
            files = self._serve_files(peers)
            self._serve("peers", peers, files)
            self._open = self._open.pop_all()
        for name in ("printed", "bundled", "micropython", "stock"):
            self._urls[name] = f"{self._urls['peers']}{name}/?token={_TOKEN}"
        directus = self._urls["peers"].rstrip("/")
        self._urls["plainly"] = f"{files}/stock/?token={_TOKEN}&url={directus}"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open.close()

    def _serve(self, name: str, root: Path, *origin: str) -> None:
        port = _free_port()
        database = self._folder / f"{name}.db"
        self._start("benchmarks.pages_server", str(port), str(root), str(database), *origin)
        self._urls[name] = f"http://127.0.0.1:{port}/"

    def _serve_files(self, root: Path) -> str:
        """Serve a folder with Python's own server of files; return its origin."""
        port = _free_port()
        where = ("--bind", "127.0.0.1", "--directory", str(root))
        self._start("http.server", str(port), *where)
        return f"http://127.0.0.1:{port}"

    def _start(self, module: str, *arguments: str) -> None:
        """Start a server, and wait for the line that it prints when it listens."""
        process = self._open.enter_context(
            subprocess.Popen(
                [sys.executable, "-u", "-m", module, *arguments],
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL if module == "http.server" else None,
                text=True,
            )
        )
        self._open.callback(process.terminate)
        assert process.stdout is not None
        assert process.stdout.readline(), f"{module} does not start"

    def _write_plain(self) -> Path:
        """Write a checkout like ours in which set-up has made no snapshot."""
        root = self._folder / "plain"
        shutil.copytree(ROOT / "app", root / "app")
        for name in ("index.html", "pyscript.toml"):
            shutil.copy(ROOT / name, root)
        (root / "node_modules").symlink_to(ROOT / "node_modules")
        return root

    def _write_peers(self) -> Path:
        """Write the guide's page in its two forms, and two of PyScript's as documented."""
        root = self._folder / "peers"
        shutil.copytree(_PARTS, root)
        (root / "modules").symlink_to(PEER / "node_modules")
        (root / "runtime").symlink_to(ROOT / "node_modules")
        (root / "printed").joinpath("page.js").write_text(_marked(_PEER / "page.js"))
        (root / "bundled").joinpath("page.js").write_bytes(bundled(root / "printed" / "page.js"))
        return root


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def _marked(script: Path) -> str:
    """Return the guide's script with the mark that is measured."""
    loop = "for await (const item of subscription) "
    text = script.read_text(encoding="utf-8")
    assert loop in text, f"{script} has another loop than {loop!r}"
    return text.replace(loop, f"{loop}performance.mark('realtime:subscribed'), ")
