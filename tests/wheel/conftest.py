"""The wheel and the sdist, built once, and the environments that the wheel is installed into."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.embedded import ROOT
from tests.support.sharing import made_once
from tests.wheel import environments


@dataclass(frozen=True)
class Built:
    """The files that ``python -m build`` made."""

    wheel: Path
    sdist: Path


@pytest.fixture(scope="session")
def built(request: pytest.FixtureRequest) -> Built:
    """The sdist, and the wheel that was built from the sdist alone."""

    def build(folder: Path) -> None:
        command = [sys.executable, "-m", "build", "--no-isolation", "--outdir"]
        made = subprocess.run(
            [*command, str(folder), str(ROOT)], capture_output=True, text=True, check=False
        )
        assert made.returncode == 0, made.stdout + made.stderr

    folder = made_once(request, "wheel", build)
    (wheel,) = folder.glob("*.whl")
    (sdist,) = folder.glob("*.tar.gz")
    return Built(wheel, sdist)


Installed = Callable[[str], Path]


@pytest.fixture(scope="session")
def installed(built: Built, request: pytest.FixtureRequest) -> Installed:
    """A function that returns the interpreter of an environment with the wheel.

    Its argument says at which end of the range websockets is: ``oldest`` or ``newest``.
    """

    def interpreter(end: str) -> Path:
        folder = made_once(
            request,
            f"environment-{end}",
            lambda folder: environments.make(folder, built.wheel, end),
        )
        return environments.python_of(folder)

    return interpreter
