"""Set-up for the benchmarks; the standard library only, since nothing else is installed before."""

import importlib
import os
import shutil
import sys
import sysconfig
from pathlib import Path

from tools import chromium, environment, npm
from tools.stamps import digest, is_stamped, stamp
from tools.steps import SetupError, Steps

ROOT = Path(__file__).resolve().parent.parent.parent
PEER = ROOT / ".setup" / "peer"
"""Where the JS SDK is installed, which the tests use too."""

PACKAGES = Path(sysconfig.get_paths()["purelib"])
_DONE = "BENCHMARKS_ARE_SET_UP"
_LOCKED = ("package.json", "package-lock.json")


class PeerTask:
    """The JS SDK's page to compare with, from npm."""

    def __init__(self) -> None:
        """Describe what the lock file of the tests' peer pins."""
        self._source = ROOT / "tests" / "peer"
        self._stamp = PEER / "node_modules" / "peer.stamp"

    def is_current(self) -> bool:
        """Tell whether exactly that was installed."""
        return is_stamped(self._stamp, self._key)

    def install(self, steps: Steps) -> None:
        """Let npm install it; every package's hash is checked."""
        PEER.mkdir(parents=True, exist_ok=True)
        for name in _LOCKED:
            shutil.copy(self._source / name, PEER)
        command = [*npm.clean_install(PACKAGES), "--ignore-scripts"]
        steps.run("JS SDK to compare with", command, folder=PEER)
        stamp(self._stamp, self._key)

    @property
    def _key(self) -> str:
        return digest(*((self._source / name).read_bytes() for name in _LOCKED))


def tasks() -> list[environment.SetupTask]:
    """Return what the benchmarks need besides what the tests do."""
    venv = environment.VirtualEnvironment(ROOT)
    title = "Packages for the benchmarks"
    return [environment.Packages(venv, "requirements-benchmarks.txt", title), PeerTask()]


def prepare() -> None:
    """Set up what benchmarks and tests need, and name the Chromium in CHROMIUM.

    Raises SetupError.
    """
    environment.ensure_environment(ROOT, tests=True)
    environment.set_up(ROOT, tasks())
    os.environ["CHROMIUM"] = chromium.find_or_install(ROOT / ".setup")


def set_up() -> None:
    """Set up what is missing; return only in a process that runs in the checkout's environment.

    Where that fails, the process ends with a sentence that says why.
    """
    if _DONE in os.environ:  # a benchmark has started this process
        return
    try:
        prepare()
    except SetupError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
    importlib.invalidate_caches()
    os.environ[_DONE] = "yes"
