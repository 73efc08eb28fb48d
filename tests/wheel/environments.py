"""Virtual environments with the wheel and what it depends on, and nothing else."""

import os
import re
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from tests.support.embedded import ROOT
from tools.locking import file_lock

_OLDEST = ROOT / "tests" / "wheel" / "oldest.txt"
_KEPT = ROOT / ".setup" / "websockets"
"""Where the downloads stay, so that only the first run needs a network."""


def pinned(end: str) -> tuple[str, str]:
    """Return the version of websockets at one ``end`` of the range, and the lines that pin it."""
    path = _OLDEST if end == "oldest" else ROOT / "requirements.txt"
    text = path.read_text(encoding="utf-8")
    found = re.search(r"^websockets==(\S+) (?:\\\n[^\\\n]+)+", text, re.MULTILINE)
    assert found, f"{path} pins no websockets"
    return found[1], found[0]


def python_of(folder: Path) -> Path:
    """Return the interpreter of the environment in a folder."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def make(folder: Path, wheel: Path, end: str) -> None:
    """Make an environment in ``folder`` and install ``wheel``."""
    version, lines = pinned(end)
    venv.create(folder, with_pip=False)
    constraint = folder / "constraint.txt"
    constraint.write_text(f"websockets=={version}\n", encoding="utf-8")
    _pip(
        *("--python", str(python_of(folder)), "install", "--no-index"),
        *("--find-links", str(_downloaded(version, lines))),
        *("--constraint", str(constraint), str(wheel)),
    )


def _downloaded(version: str, lines: str) -> Path:
    """Return a folder with a wheel of this version of websockets, whose hash was checked."""
    kept = _KEPT / f"{version}-{sys.implementation.cache_tag}"
    _KEPT.mkdir(parents=True, exist_ok=True)
    with file_lock(_KEPT / "lock", lambda: None), tempfile.TemporaryDirectory(dir=_KEPT) as scratch:
        if not kept.exists():
            requirements = Path(scratch, "requirements.txt")
            requirements.write_text(lines, encoding="utf-8")
            folder = Path(scratch, "files")
            _pip(
                *("download", "--no-deps", "--require-hashes", "--only-binary", ":all:"),
                *("--dest", str(folder), "--requirement", str(requirements)),
            )
            folder.rename(kept)
    return kept


def _pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input"]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
