"""The page as it is served: settings filled in, versioned addresses, hints of what to fetch early.

A file's address is also good under a folder whose name is a digest of all that the folder holds, as
in ``v-0123456789abcdef/app/main.py``: what has such an address never changes, and may be cached
without revalidation. The page's own files share one such folder and the runtime's another, so that
an edited line does not invalidate the runtime.
"""

import hashlib
import os
import re
import tomllib
from collections.abc import Iterable, Iterator
from html import escape
from pathlib import Path
from typing import NamedTuple

from directus_realtime.core.codec import encode

from web.config import (
    FileState,
    digest_of,
    page_digest,
    page_files,
    runtime_folders,
    state_of,
)
from web.settings import Settings, fill_in
from web.snapshot import description
from web.snapshot.description import Description

PAGE_SUFFIXES = frozenset({".css", ".js", ".mjs", ".py", ".svg"})
RUNTIME_SUFFIXES = frozenset({".js", ".json", ".mjs", ".wasm", ".zip", ".bin", ".css"})

SDK_ARCHIVE = "directus_realtime.zip"
"""The address of the SDK as one file, which the pages under examples/ unpack."""

_ADDRESS = re.compile(r'(?<==")(?:(runtime/)|app/|pyscript\.toml(?="))')
_EXAMPLES_ADDRESS = re.compile(r'(?<==")(?:(runtime/)|app/)')  # its own files have no version
_SCRIPTS = re.compile(r"^(?= *(?:<script|</head>))", re.MULTILINE)  # hints come before any
_FILES_TABLE = re.compile(r"^\[files\]\n.*?(?=^\s*\[|\Z)", re.MULTILINE | re.DOTALL)
# What PyScript's core imports while it starts, one file after the other, as glob patterns.
_CORE_PARTS = ("core-*.js", "toml-V*.js")


class PageError(Exception):
    """One sentence that says why index.html or pyscript.toml cannot be read, and the cure."""


class Revision(NamedTuple):
    """The page as it is at one moment.

    Attributes:
        settings: the text of pyscript.toml.
        snapshot: the description of the snapshot; empty where there is none.
        is_prepared: whether the snapshot holds the app's files as they are.
        page: the version of the page's files and settings, as in ``v-0123456789abcdef``.
        runtime: the version of the runtime.
    """

    settings: str
    snapshot: Description
    is_prepared: bool
    page: str
    runtime: str


class Site:
    """A page of a checkout.

    Args:
        root: the checkout, with app/ and the runtime.
        settings: values that replace those of pyscript.toml's ``[directus]``.
        folder: where index.html and pyscript.toml are, such as an example's; by default ``root``.
    """

    def __init__(
        self, root: Path, settings: Settings | None = None, folder: Path | None = None
    ) -> None:
        self.root = root
        self.folder = folder or root
        self.is_example = self.folder != root
        self.runtime = runtime_folders(root)
        self._settings = settings or {}
        self._versions: dict[str, dict[Path, FileState]] = {}

    def revision(self) -> Revision:
        """Return the page as it is now. Raises PageError and FileNotFoundError."""
        text = _text(self.folder / "pyscript.toml")
        settings = fill_in(text, self._settings)
        snapshot = description.read(self.runtime["start"])
        is_prepared = bool(snapshot.get("app")) and snapshot["app"] == page_digest(self.folder)
        if is_prepared:  # then nothing of it need be fetched
            settings = _FILES_TABLE.sub("", settings)
        page = self._version(settings.encode(), self.page_files())
        runtime = self._version(b"", (path for _, path in self.runtime_files()))
        # PyScript resolves this one address against the page's, not against this file's.
        settings = settings.replace('"./app/', f'"./{page}/app/')
        return Revision(settings, snapshot, is_prepared, page, runtime)

    def index(self, revision: Revision) -> bytes:
        """Return index.html with versioned addresses and hints. Raises PageError."""
        text = _text(self.folder / "index.html")
        hints = "".join(f"    {hint}\n" for hint in self._hints(revision))
        text = _SCRIPTS.sub(lambda _: hints, text, 1)
        folders = {"runtime/": revision.runtime}
        pattern = _EXAMPLES_ADDRESS if self.is_example else _ADDRESS
        return pattern.sub(lambda a: f"{folders.get(a[1], revision.page)}/{a[0]}", text).encode()

    def own_files(self) -> list[str]:
        """List what an example has beside its index.html, such as ``main.py``."""
        if not self.is_example:
            return []
        paths = _files(self.folder, PAGE_SUFFIXES)
        return [path.relative_to(self.folder).as_posix() for path in paths]

    def page_files(self) -> Iterator[Path]:
        """List the files under app/ that are served."""
        return _files(self.root / "app", PAGE_SUFFIXES)

    def runtime_files(self) -> Iterator[tuple[str, Path]]:
        """List the runtime's files, each with its address under ``/runtime/``."""
        for name, folder in sorted(self.runtime.items()):
            for path in _files(folder, RUNTIME_SUFFIXES):
                yield f"{name}/{path.relative_to(folder).as_posix()}", path

    def is_version_of(self, version: str, path: Path) -> bool:
        """Tell whether ``version`` is that of what lies at ``path`` now."""
        if not version:
            return False
        if version not in self._versions:  # perhaps of an earlier process
            self.revision()
        return self._versions.get(version, {}).get(path) == state_of(path)

    def _version(self, seed: bytes, paths: Iterable[Path]) -> str:
        states = {path: state_of(path) for path in paths}
        found = hashlib.sha256(seed)
        for path, state in states.items():
            found.update(f"\n{path.name} ".encode() + digest_of(path, state))
        version = f"v-{found.hexdigest()[:16]}"
        self._versions[version] = states
        return version

    def _hints(self, revision: Revision) -> Iterator[str]:
        project = _project(revision.settings)
        if project is not None:
            yield f'<meta name="project" content="{escape(project)}" />'
        for part in _CORE_PARTS:
            for path in self.runtime["pyscript"].glob(part):
                yield f'<link rel="modulepreload" href="runtime/pyscript/{path.name}" />'
        files = page_files(self.folder)
        if revision.snapshot:
            about = description.for_the_page(
                revision.snapshot,
                f"{revision.runtime}/runtime/start",
                files if revision.is_prepared else {},
            )
            yield f'<meta name="snapshot" content="{escape(encode(about))}" />'
        for file in [] if revision.is_prepared else files:
            yield (
                f'<link rel="preload" as="fetch" crossorigin fetchpriority="low" href="{file}" />'
            )


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        why = (isinstance(error, OSError) and error.strerror) or "it is not in UTF-8"
        sentence = f"{path.name} cannot be read ({why}): mend that and try again"
        raise PageError(sentence) from error


def _project(settings: str) -> str | None:
    """Return the address of the Directus whose socket may be opened before Python has started.

    "" is where the page is. None where the socket's address would hold a token, or where the
    setting is a socket's own address.
    """
    try:
        directus = tomllib.loads(settings)["directus"]
        url, auth_mode = directus["url"], directus["auth_mode"]
    except (ValueError, KeyError, TypeError):
        return None  # the page itself will say what is wrong
    is_project = isinstance(url, str) and re.match(r"$|https?://", url)
    return url.rstrip("/") if is_project and auth_mode != "strict" else None


def _files(folder: Path, suffixes: frozenset[str]) -> Iterator[Path]:
    found = []
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name[0] != "."]
        shown = [name for name in names if name[0] != "." and os.path.splitext(name)[1] in suffixes]
        found += [os.path.join(place, name) for name in shown]
    return map(Path, sorted(found))
