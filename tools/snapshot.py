"""Python's start, made beforehand: a snapshot of Pyodide's memory that pages begin with.

It is good for one build of Pyodide and knows the app as it is; what its making depends on is in
its key. What of the app is edited later is imported the usual way, until the next set-up.
"""

import json
import os
import shutil
from pathlib import Path

from server.config import npm_runtime, page_digest, page_files
from tools import npm
from tools.stamps import digest, is_stamped, stamp
from tools.steps import Steps, megabytes, size_of

_TOOLS = Path(__file__).parent
_SOURCES = (
    "snapshot.mjs",
    "in_snapshot.py",
    "pyscript_package.mjs",
    "compress.mjs",
    "snapshot.py",
)
_IMPORTS = (
    "ast, asyncio, base64, bz2, codeop, glob, html, importlib.util, inspect, json, logging, lzma, "
    "pathlib, random, shutil, tempfile, textwrap, zipfile, "
    "pyodide.code, pyodide.ffi, pyodide.webloop"
)
"""What PyScript and Pyodide import in every page before the page's own code runs."""


class Snapshot:
    """The snapshot of a checkout, its compressed twins, and the file that describes it."""

    def __init__(self, root: Path, packages: Path) -> None:
        """Describe the snapshot of the checkout at `root`; Node is among the Python `packages`."""
        self._root = root
        self._packages = packages
        self._runtime = npm_runtime(root)
        self._stamp = self._runtime["start"] / "snapshot.stamp"

    def is_current(self) -> bool:
        """Tell whether it was made by this code from this Pyodide and this app."""
        return is_stamped(self._stamp, self._key)

    def install(self, steps: Steps) -> None:
        """Make it anew; pages go on with the old one until it is there. Raises SetupError."""
        folder = self._runtime["start"]
        folder.mkdir(parents=True, exist_ok=True)
        self._stamp.unlink(missing_ok=True)
        draft = folder / "new"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir()
        app = page_digest(self._root)  # before it is read for the snapshot
        command = [npm.node(self._packages), str(_TOOLS / "snapshot.mjs"), str(draft)]
        command += [str(self._runtime["pyodide"]), str(self._runtime["pyscript"]), _IMPORTS]
        steps.run(
            "Python's start (a snapshot)",
            [*command, str(self._root), json.dumps(self._app)],
            progress=lambda log: megabytes(size_of(draft)),
        )
        about = json.loads((draft / "snapshot.json").read_text(encoding="ascii"))
        fault = about.pop("fault") or ("" if app else "[files] lists more than Python modules")
        about["app"] = "" if fault else app  # else pages fetch the files
        (draft / "snapshot.json").write_text(json.dumps(about), encoding="ascii")
        new = sorted(draft.iterdir())
        for path in new:  # the description comes last
            os.replace(path, folder / path.name)
        draft.rmdir()
        for old in set(folder.glob("*.bin*")) - {folder / path.name for path in new}:
            old.unlink()
        stamp(self._stamp, self._key)
        if fault:
            print(f"The snapshot does not hold the app, so the page starts slower: {fault}.")

    @property
    def _app(self) -> dict[str, str]:
        """The app's files and their paths in the page; the page itself says that one is missing."""
        files = page_files(self._root)
        return {name: target for name, target in files.items() if (self._root / name).is_file()}

    @property
    def _key(self) -> str:
        files = [self._root / name for name in ("package-lock.json", *self._app)]
        files += [path for path in [self._root / "app" / "main.py"] if path.is_file()]
        return digest(*(path.read_bytes() for path in files + [_TOOLS / name for name in _SOURCES]))
