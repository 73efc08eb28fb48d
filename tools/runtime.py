"""The browser runtime: PyScript and Pyodide from npm, by the Node that comes from PyPI."""

from pathlib import Path

from tools import npm
from tools.stamps import digest, is_stamped, stamp
from tools.steps import Steps, megabytes, size_of


class Runtime:
    """The folder node_modules of a checkout, as package-lock.json pins it."""

    def __init__(self, root: Path, packages: Path) -> None:
        """Describe the runtime of the checkout at `root`; Node is among the Python `packages`."""
        self._root = root
        self._packages = packages
        self._folder = root / "node_modules"
        self._stamp = self._folder / "runtime.stamp"

    def is_current(self) -> bool:
        """Tell whether exactly what the lock file names was installed."""
        return is_stamped(self._stamp, self._key)

    def install(self, steps: Steps) -> None:
        """Let npm install it anew; every package's hash is checked. Raises SetupError."""
        self._stamp.unlink(missing_ok=True)
        steps.run(
            "Browser runtime (PyScript, Pyodide)",
            [*npm.clean_install(self._packages), "--ignore-scripts"],
            progress=self._progress,
            folder=self._root,
        )
        stamp(self._stamp, self._key)

    @property
    def _key(self) -> str:
        return digest(*((self._root / f"package{end}.json").read_bytes() for end in ("", "-lock")))

    def _progress(self, log: str) -> str:
        return f"{npm.installed(self._root)}, {megabytes(size_of(self._folder))}"
