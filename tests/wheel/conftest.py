"""The wheel and the sdist, built once, and the environments that the wheel is installed into."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from tests.support.embedded import ROOT
from tests.wheel import environments


@dataclass(frozen=True)
class Built:
    """The files that ``python -m build`` made."""

    wheel: Path
    sdist: Path


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The sdist, and the wheel that was built from the sdist alone."""
    folder = tmp_path_factory.mktemp("built")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stdout + made.stderr
    (wheel,) = folder.glob("*.whl")
    (sdist,) = folder.glob("*.tar.gz")
    return Built(wheel, sdist)


Installed = Callable[[str], Path]


@pytest.fixture(scope="session")
def installed(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """A function that returns the interpreter of an environment with the wheel.

    Its argument says at which end of the range websockets is: ``oldest`` or ``newest``.
    """

    @cache
    def interpreter(end: str) -> Path:
        return environments.make(tmp_path_factory.mktemp(end), built.wheel, end)

    return interpreter
