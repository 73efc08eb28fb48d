"""Firefox and WebKit for the tests, from Debian's packages where they are missing."""

import os
import shutil
from pathlib import Path

from tools.steps import SetupError, Steps

NAMES = ("Firefox", "WebKit")
_PACKAGES = {"Firefox": ("firefox-esr",), "WebKit": ("webkit2gtk-driver", "xvfb")}
_INSTALL_TIMEOUT = 600.0  # seconds


def install(folder: Path) -> None:
    """Let apt-get install what is missing; the log goes to `folder`. Raises SetupError."""
    missing = _missing()
    if not missing:
        return
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        raise SetupError(
            f"--engines needs {' and '.join(missing)}: install Firefox, and WebKitGTK with its "
            "MiniBrowser, WebKitWebDriver and Xvfb, and see that their programs are on the PATH"
        )
    quiet = ["env", "DEBIAN_FRONTEND=noninteractive", apt]
    packages = [package for name in missing for package in _PACKAGES[name]]
    install = [*quiet, "install", "--yes", "--no-install-recommends", *packages]
    steps = Steps(2, folder)
    steps.run("Debian's package list", [apt, "update"], timeout=_INSTALL_TIMEOUT)
    steps.run(" and ".join(missing), install, timeout=_INSTALL_TIMEOUT)
    if _missing():
        raise SetupError(f"{' and '.join(packages)} are installed, and no browser came with them")


def _missing() -> list[str]:
    from benchmarks import engines  # it imports what set-up installs

    there = {engine.name for engine in engines.installed()}
    return [name for name in NAMES if name not in there]
