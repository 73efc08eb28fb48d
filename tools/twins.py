"""Compressed twins of the browser runtime's files, beside them: no request waits for compressing.

Zstandard, which browsers unpack fastest, and gzip, which all of them know. They accept both (and
Brotli) over https and from this machine; from elsewhere over plain http gzip alone.
"""

from pathlib import Path

from server.config import npm_runtime
from tools import npm
from tools.stamps import digest, is_stamped, stamp
from tools.steps import Steps

_COMPRESS = Path(__file__).with_name("compress.mjs")
_SUFFIXES = {".js", ".mjs", ".json", ".wasm"}


class Twins:
    """The twins of what npm installed in a checkout."""

    def __init__(self, root: Path, packages: Path) -> None:
        """Describe those of the checkout at `root`; Node is among the Python `packages`."""
        self._root = root
        self._packages = packages
        # It goes with the files when npm installs anew.
        self._stamp = root / "node_modules" / "twins.stamp"

    def is_current(self) -> bool:
        """Tell whether they were made, of these packages and by this code."""
        return is_stamped(self._stamp, self._key)

    def install(self, steps: Steps) -> None:
        """Make them all. Raises SetupError."""
        folders = npm_runtime(self._root)
        files = [
            path
            for name in ("pyodide", "pyscript")
            for path in sorted(folders[name].glob("*"))
            if path.suffix in _SUFFIXES
        ]
        steps.run(
            "Compressed twins of the runtime",
            [npm.node(self._packages), str(_COMPRESS), "zst,gz", *map(str, files)],
            progress=lambda log: f"{log.count('done')} of {len(files)} files",
        )
        stamp(self._stamp, self._key)

    @property
    def _key(self) -> str:
        return digest((self._root / "package-lock.json").read_bytes(), _COMPRESS.read_bytes())
