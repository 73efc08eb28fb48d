"""Set-up of others' clients; the standard library only, since it runs with the rest of set-up."""

import shutil
import sys
from pathlib import Path

from tools import ROOT
from tools.environment import pip_install
from tools.stamps import digest, is_stamped, stamp
from tools.steps import Steps

CLIENTS = ROOT / ".setup" / "clients"
"""Where others' clients in Python are installed, apart from what we depend on."""


class ClientsTask:
    """Others' clients in Python, for the tests."""

    def __init__(self) -> None:
        """Describe what their requirements file pins."""
        self._requirements = ROOT / "tests" / "clients" / "requirements.txt"
        self._stamp = CLIENTS / "clients.stamp"

    def is_current(self) -> bool:
        """Tell whether exactly that was installed."""
        return is_stamped(self._stamp, self._key)

    def install(self, steps: Steps) -> None:
        """Let pip install it anew; every file's hash is checked."""
        shutil.rmtree(CLIENTS, ignore_errors=True)
        where = ("--no-compile", "--target", str(CLIENTS))
        command = pip_install(Path(sys.executable), self._requirements, *where)
        steps.run("Others' clients in Python, for the tests", command)
        stamp(self._stamp, self._key)

    @property
    def _key(self) -> str:
        return digest(self._requirements.read_bytes(), sys.implementation.cache_tag.encode())
