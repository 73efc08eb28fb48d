"""Precompressed files beside those of the browser runtime: no request waits for compressing.

Zstandard, which browsers decode fastest, and gzip, which all of them know. They accept both (and
Brotli) over https and from this machine; from elsewhere over plain http gzip alone.
"""

from pathlib import Path

from tools import npm
from tools.stamps import digest, is_stamped, stamp
from tools.steps import Steps
from web.config import COMPRESS, runtime_folders

_ENCODINGS = ("zst", "gz")
_SUFFIXES = {".js", ".mjs", ".json", ".wasm"}


class PrecompressedFiles:
    """The precompressed files of what npm installed in a checkout."""

    def __init__(self, root: Path, packages: Path) -> None:
        """Describe those of the checkout at `root`; Node is among the Python `packages`."""
        self._root = root
        self._packages = packages
        # npm removes it together with the files when it installs anew.
        self._stamp = root / "node_modules" / "precompressed.stamp"

    def is_current(self) -> bool:
        """Tell whether they were made from these packages and by this code."""
        return is_stamped(self._stamp, self._key)

    def install(self, steps: Steps) -> None:
        """Make them all. Raises SetupError."""
        folders = runtime_folders(self._root)
        files = [
            path
            for name in ("pyodide", "pyscript")
            for path in sorted(folders[name].glob("*"))
            if path.suffix in _SUFFIXES
        ]
        for path in files:  # made by other code
            for ending in _ENCODINGS:
                path.with_name(f"{path.name}.{ending}").unlink(missing_ok=True)
        compress(steps, "Compressed runtime", self._packages, _ENCODINGS, files)
        stamp(self._stamp, self._key)

    @property
    def _key(self) -> str:
        return digest((self._root / "package-lock.json").read_bytes(), COMPRESS.read_bytes())


def compress(
    steps: Steps, title: str, packages: Path, encodings: tuple[str, ...], files: list[Path]
) -> None:
    """Compress files, as one step, into a file for each of the `encodings` beside each of them.

    One that exists is left as it is. The encodings are zst, br or gz; Node is among the Python
    `packages`. Raises SetupError.
    """
    steps.run(
        title,
        [npm.node(packages), str(COMPRESS), ",".join(encodings), *map(str, files)],
        progress=lambda log: f"{log.count('done')} of {len(files)} files",
    )
