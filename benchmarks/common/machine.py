"""The machine and the versions that figures belong to."""

import json
import os
import platform
from importlib.metadata import version

from benchmarks.common.set_up import PEER, ROOT

_NPM = {
    "PyScript": ROOT / "node_modules" / "@pyscript" / "core",
    "Pyodide": ROOT / "node_modules" / "pyodide",
    "JS SDK": PEER / "node_modules" / "@directus" / "sdk",
}


def described(chromium: str) -> str:
    """Return the machine and the versions; with ``chromium``, those of a page's parts too."""
    parts = [f"{os.cpu_count()} cores", _system(), f"Python {platform.python_version()}"]
    if chromium:
        parts.append(f"Chromium {chromium}")
        for name, folder in _NPM.items():
            about = json.loads((folder / "package.json").read_text(encoding="utf-8"))
            parts.append(f"{name} {about['version']}")
    else:
        parts.append(f"websockets {version('websockets')}")
    return ", ".join(parts)


def _system() -> str:
    try:
        about = platform.freedesktop_os_release()
    except OSError:  # on systems other than Linux
        return f"{platform.system()} {platform.release()}"
    name = about["NAME"].removesuffix(" GNU/Linux")
    return f"{name} {about.get('VERSION_ID', '')}".strip()
