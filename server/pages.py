"""The page as it is served: settings filled in, addresses that change with what they name, hints.

A file's address is also good under a folder whose name is made of all that the folder holds, as in
``v-0123456789abcdef/app/main.py``: what has such an address never changes, and may be kept without
asking. The page's own files share one such folder and the runtime's another, so that an edited
line does not bring the runtime anew.
"""

import hashlib
import json
import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

from directus_realtime.core.codec import encode

from server.config import State, digest_of, npm_runtime, page_digest, page_files, state_of

PAGE_SUFFIXES = frozenset({".css", ".js", ".mjs", ".py", ".svg"})
RUNTIME_SUFFIXES = frozenset({".js", ".json", ".mjs", ".wasm", ".zip", ".bin", ".css"})

Settings = Mapping[str, str | bool | int | float]

_ADDRESS = re.compile(r'(?<==")(?:(runtime/)|app/|pyscript\.toml(?="))')
_SCRIPTS = re.compile(r"^(?= *(?:<script|</head>))", re.MULTILINE)  # hints come before any
_FILES_TABLE = re.compile(r"^\[files\]\n.*?(?=^\s*\[|\Z)", re.MULTILINE | re.DOTALL)
# What a page knows of its snapshot.
_PROOF = ("size", "constant", "parts", "zeros", "sums", "version")
_TABLE = re.compile(r"\s*\[\s*([^\[\]]+?)\s*\]\s*(?:#.*)?")
_SETTING = re.compile(r"""(\s*([\w-]+)\s*=\s*)("(?:[^"\\]|\\.)*"|'[^']*'|[^#]*?)(\s*(?:#.*)?)""")
# What PyScript's core asks for while it starts, one file after the other, by the names' beginning.
_CORE_PARTS = ("core-*.js", "toml-V*.js")


class Look(NamedTuple):
    """The page as it is at one moment.

    Attributes:
        settings: the text of pyscript.toml.
        start: what set-up says of the snapshot; empty where there is none.
        is_prepared: whether the snapshot holds the app's files as they are.
        page: the name that changes with the page's files and settings.
        runtime: the name that changes with the runtime.
    """

    settings: str
    start: dict[str, Any]
    is_prepared: bool
    page: str
    runtime: str


class Site:
    """The page of a checkout.

    Args:
        root: the checkout.
        page: what stands in for values of pyscript.toml's ``[directus]``.
        runtime: folders served under ``/runtime/NAME``. None: those of set-up.
    """

    def __init__(
        self, root: Path, page: Settings, runtime: Mapping[str, Path] | None = None
    ) -> None:
        self.root = root
        self.runtime = npm_runtime(root) if runtime is None else runtime
        self._page = page
        self._named: dict[str, dict[Path, State]] = {}

    def look(self) -> Look:
        """Look at what there is. Raises FileNotFoundError."""
        text = (self.root / "pyscript.toml").read_text(encoding="utf-8")
        settings = with_settings(text, self._page)
        start = self._start()
        is_prepared = bool(start.get("app")) and start["app"] == page_digest(self.root)
        if is_prepared:  # then nothing of it need be fetched
            settings = _FILES_TABLE.sub("", settings)
        page = self._version(settings.encode(), self.page_files())
        runtime = self._version(b"", (path for _, path in self.runtime_files()))
        # PyScript takes this one address as the page's, not as this file's.
        settings = settings.replace('"./app/', f'"./{page}/app/')
        return Look(settings, start, is_prepared, page, runtime)

    def index(self, look: Look) -> bytes:
        """Return index.html with lasting addresses and hints. Raises FileNotFoundError."""
        text = (self.root / "index.html").read_text(encoding="utf-8")
        hints = "".join(f"    {hint}\n" for hint in self._hints(look))
        text = _SCRIPTS.sub(lambda _: hints, text, 1)
        folders = {"runtime/": look.runtime}
        return _ADDRESS.sub(lambda a: f"{folders.get(a[1], look.page)}/{a[0]}", text).encode()

    def page_files(self) -> Iterator[Path]:
        """List the files under app/ that are served."""
        return _files(self.root / "app", PAGE_SUFFIXES)

    def runtime_files(self) -> Iterator[tuple[str, Path]]:
        """List the runtime's files, each with its address under ``/runtime/``."""
        for name, folder in sorted(self.runtime.items()):
            for path in _files(folder, RUNTIME_SUFFIXES):
                yield f"{name}/{path.relative_to(folder).as_posix()}", path

    def is_named(self, version: str, path: Path) -> bool:
        """Tell whether ``version`` is the name of what lies at ``path`` now."""
        if not version:
            return False
        if version not in self._named:  # given by an earlier process, perhaps
            self.look()
        return self._named.get(version, {}).get(path) == state_of(path)

    def _version(self, seed: bytes, paths: Iterable[Path]) -> str:
        states = {path: state_of(path) for path in paths}
        found = hashlib.sha256(seed)
        for path, state in states.items():
            found.update(f"\n{path.name} ".encode() + digest_of(path, state))
        name = f"v-{found.hexdigest()[:16]}"
        self._named[name] = states
        return name

    def _hints(self, look: Look) -> Iterator[str]:
        project = _project(look.settings)
        if project is not None:
            yield f'<meta name="project" content="{escape(project)}" />'
        for part in _CORE_PARTS:
            for path in self.runtime.get("pyscript", Path()).glob(part):
                yield f'<link rel="modulepreload" href="runtime/pyscript/{path.name}" />'
        files = page_files(self.root)
        if look.start:
            about = {name: look.start.get(name) for name in _PROOF}
            names = look.start.get("names", [])
            about["slices"] = [f"{look.runtime}/runtime/start/{name}" for name in names]
            about["files"] = files if look.is_prepared else {}  # to be fetched without it
            yield f'<meta name="snapshot" content="{escape(encode(about))}" />'
        for file in [] if look.is_prepared else files:
            yield (
                f'<link rel="preload" as="fetch" crossorigin fetchpriority="low" href="{file}" />'
            )

    def _start(self) -> dict[str, Any]:
        try:
            about = self.runtime.get("start", Path()) / "snapshot.json"
            return dict(json.loads(about.read_text(encoding="ascii")))
        except (OSError, ValueError):
            return {}


def _project(settings: str) -> str | None:
    """Return whose socket may be opened before Python is there; "" is the page's own origin.

    Not where its address holds a token, nor where it is a socket's own.
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


def with_settings(text: str, settings: Settings) -> str:
    """Return the text of a pyscript.toml with ``settings`` in its ``[directus]`` table.

    Only the values change: comments, order and everything else stay as they are.
    """
    left, table, end = dict(settings), "", None
    lines = text.splitlines()
    for at, line in enumerate(lines):
        if found := _TABLE.fullmatch(line):
            table = found[1]
        elif table == "directus" and (setting := _SETTING.fullmatch(line)):
            before, name, _, after = setting.groups()
            if name in left:
                lines[at] = f"{before}{encode(left.pop(name))}{after}"
        if table == "directus" and line.strip():
            end = at + 1
    added = [f"{name} = {encode(value)}" for name, value in left.items()]
    if end is None:
        lines += ["", "[directus]", *added] if added else []
    else:
        lines[end:end] = added
    return "\n".join(lines) + "\n"
