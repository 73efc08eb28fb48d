"""A Chromium for the tests: the one that is named, one that is there, or a new one."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tools.steps import SetupError, Steps

_SHELL = "chromium-headless-shell"  # Debian's, without a window: half the CPU time for each page
_NAMES = (
    _SHELL,
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "microsoft-edge-stable",
    "msedge",
)
_DOWNLOAD_TIMEOUT = 600.0  # seconds, for a browser of some 170 MB
_ASK = (
    "from playwright.sync_api import sync_playwright as start\n"
    "with start() as playwright: print(playwright.chromium.executable_path)"
)


def find(environ: Mapping[str, str] = os.environ) -> str | None:
    """Return the path of a Chromium: that of CHROMIUM, one on the PATH or Playwright's own.

    Raises SetupError when CHROMIUM names no program.
    """
    named = environ.get("CHROMIUM")
    if named:
        found = shutil.which(named, path=environ.get("PATH"))
        if found is None:
            raise SetupError(
                f"CHROMIUM names {named!r}, which is no program here: give the path of a Chromium, "
                "or unset it and one is looked for"
            )
        return found
    on_path = (shutil.which(name, path=environ.get("PATH")) for name in _NAMES)
    return next(filter(None, on_path), None) or _playwrights_own(environ)


def find_or_install(folder: Path) -> str:
    """Return the path of a Chromium, installed if there is none; the log goes to `folder`.

    Where Debian's packages can be installed, the one without a window is installed beside another.
    Raises SetupError when none can be installed.
    """
    found = find()
    if found is None:
        ways = _ways()
    elif os.environ.get("CHROMIUM") or Path(found).name == _SHELL:
        return found
    else:
        ways = _debians(_SHELL)
    for commands in ways:
        steps = Steps(len(commands), folder)
        try:
            for title, command in commands:
                steps.run(title, command, timeout=_DOWNLOAD_TIMEOUT)
        except SetupError as error:
            print(error, file=sys.stderr)
            continue
        found = find()
        if found is not None:
            return found
    if found is None:
        raise SetupError(
            "the tests need a Chromium and none could be installed: install Chromium or Chrome "
            "yourself, or name one in CHROMIUM"
        )
    return found


def _playwrights_own(environ: Mapping[str, str]) -> str | None:
    answer = subprocess.run(
        [sys.executable, "-c", _ASK], capture_output=True, text=True, env=environ, check=False
    )
    path = answer.stdout.strip()
    return path if path and os.path.exists(path) else None


def _ways() -> list[list[tuple[str, list[str]]]]:
    """Return the ways to install one, best first, each as its steps."""
    playwright = [sys.executable, "-m", "playwright", "install", "chromium"]
    debians = [*_debians(_SHELL), *_debians("chromium")]
    # The libraries that a Chromium needs are Debian's to install.
    with_libraries = ["--with-deps"] if debians else []
    return [
        *debians[:1],
        [("Chromium, from Playwright", playwright + with_libraries)],
        *debians[1:],
    ]


def _debians(package: str) -> list[list[tuple[str, list[str]]]]:
    """Return the way to install one of Debian's packages, where that may be done."""
    apt = shutil.which("apt-get")
    if apt is None or not hasattr(os, "geteuid") or os.geteuid() != 0:
        return []
    install = ["env", "DEBIAN_FRONTEND=noninteractive", apt, "install", "--yes", package]
    return [[("Debian's package list", [apt, "update"]), (f"Debian's {package}", install)]]
