"""A Chromium for the tests: the one that is named, one that is there, or a new one."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tools.steps import SetupError, Steps

_NAMES = (
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

    Raises SetupError when none can be installed.
    """
    found = find()
    if found is not None:
        return found
    for commands in _ways():
        steps = Steps(len(commands), folder)
        try:
            for title, command in commands:
                steps.run(title, command, timeout=_DOWNLOAD_TIMEOUT)
        except SetupError as error:
            print(error, file=sys.stderr)
        found = find()
        if found is not None:
            return found
    raise SetupError(
        "the tests need a Chromium and none could be installed: install Chromium or Chrome "
        "yourself, or name one in CHROMIUM"
    )


def _playwrights_own(environ: Mapping[str, str]) -> str | None:
    answer = subprocess.run(
        [sys.executable, "-c", _ASK], capture_output=True, text=True, env=environ, check=False
    )
    path = answer.stdout.strip()
    return path if path and os.path.exists(path) else None


def _ways() -> list[list[tuple[str, list[str]]]]:
    """Return the ways to install one, best first, each as its steps."""
    apt = shutil.which("apt-get")
    may_use_apt = apt is not None and hasattr(os, "geteuid") and os.geteuid() == 0
    playwright = [sys.executable, "-m", "playwright", "install", "chromium"]
    # The libraries that a Chromium needs are Debian's to install.
    ways = [[("Chromium, from Playwright", playwright + ["--with-deps"] * may_use_apt)]]
    if apt is not None and may_use_apt:
        install = ["env", "DEBIAN_FRONTEND=noninteractive", apt, "install", "--yes", "chromium"]
        ways.append([("Debian's package list", [apt, "update"]), ("Debian's Chromium", install)])
    return ways
