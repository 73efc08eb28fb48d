"""The page as it is served: settings filled in, addresses that change with what they name, hints.

A file's address is also good under a folder whose name is made of all that the folder holds, as in
``v-0123456789abcdef/app/main.py``: what has such an address never changes, and may be kept without
asking. The page's own files share one such folder and the runtime's another, so that an edited
line does not bring the runtime anew.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from app.directus.messages import encode
from server.config import npm_runtime, page_files

PAGE_SUFFIXES = frozenset({".css", ".js", ".mjs", ".py", ".svg"})
RUNTIME_SUFFIXES = frozenset({".js", ".json", ".mjs", ".wasm", ".zip", ".bin", ".css"})

Settings = Mapping[str, str | bool | int | float]
_State = tuple[int, int]  # when a file was changed, and its size

_ADDRESS = re.compile(r'(?<==")(?:(runtime/)|app/|pyscript\.toml(?="))')
_TABLE = re.compile(r"\s*\[\s*([^\[\]]+?)\s*\]\s*(?:#.*)?")
_SETTING = re.compile(r"""(\s*([\w-]+)\s*=\s*)("(?:[^"\\]|\\.)*"|'[^']*'|[^#]*?)(\s*(?:#.*)?)""")
# What PyScript's core asks for while it starts, one file after the other, by the names' beginning.
_CORE_PARTS = ("core-*.js", "toml-V*.js")


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
        self._named: dict[str, dict[Path, _State]] = {}

    def settings(self) -> bytes:
        """Return pyscript.toml with the settings in it. Raises FileNotFoundError."""
        # PyScript takes this one address as the page's, not as this file's.
        lasting = f'"./{self.page_version()}/app/'
        return self._settings().replace('"./app/', lasting).encode()

    def index(self) -> bytes:
        """Return index.html with lasting addresses and hints. Raises FileNotFoundError."""
        text = (self.root / "index.html").read_text(encoding="utf-8")
        hints = "".join(f"    {hint}\n" for hint in self._hints())
        text = text.replace("  </head>", f"{hints}  </head>", 1)
        page, runtime = self.page_version(), self.runtime_version()
        return _ADDRESS.sub(lambda a: f"{runtime if a[1] else page}/{a[0]}", text).encode()

    def page_files(self) -> Iterator[Path]:
        """List the files under app/ that are served."""
        return _files(self.root / "app", PAGE_SUFFIXES)

    def runtime_files(self) -> Iterator[tuple[str, Path]]:
        """List the runtime's files, each with its address under ``/runtime/``."""
        for name, folder in sorted(self.runtime.items()):
            for path in _files(folder, RUNTIME_SUFFIXES):
                yield f"{name}/{path.relative_to(folder).as_posix()}", path

    def page_version(self) -> str:
        """Return the name that changes with the page's files and settings."""
        return self._version(self._settings().encode(), self.page_files())

    def runtime_version(self) -> str:
        """Return the name that changes with the runtime."""
        return self._version(b"", (path for _, path in self.runtime_files()))

    def is_named(self, version: str, path: Path) -> bool:
        """Tell whether ``version`` is the name of what lies at ``path`` now."""
        if not version:
            return False
        if version not in self._named:  # given by an earlier process, perhaps
            self.page_version()
            self.runtime_version()
        return self._named.get(version, {}).get(path) == _state(path)

    def _version(self, seed: bytes, paths: Iterable[Path]) -> str:
        states = {path: _state(path) for path in paths}
        found = hashlib.sha256(seed)
        for path, state in states.items():
            found.update(f"\n{path.name} ".encode() + _digest(path, state))
        name = f"v-{found.hexdigest()[:16]}"
        self._named[name] = states
        return name

    def _settings(self) -> str:
        text = (self.root / "pyscript.toml").read_text(encoding="utf-8")
        return with_settings(text, self._page)

    def _hints(self) -> Iterator[str]:
        for part in _CORE_PARTS:
            for path in self.runtime.get("pyscript", Path()).glob(part):
                yield f'<link rel="modulepreload" href="runtime/pyscript/{path.name}" />'
        about = self._snapshot()
        if about:
            yield (
                '<link id="snapshot" rel="preload" as="fetch" crossorigin '
                f'href="runtime/start/{about["name"]}" data-bytes="{about["bytes"]}" '
                f'data-sum="{about["sum"]}" data-version="{about["version"]}" />'
            )
        for file in page_files(self.root):
            yield (
                f'<link rel="preload" as="fetch" crossorigin fetchpriority="low" href="{file}" />'
            )

    def _snapshot(self) -> dict[str, str | int]:
        try:
            about = self.runtime.get("start", Path()) / "snapshot.json"
            return dict(json.loads(about.read_text(encoding="ascii")))
        except (OSError, ValueError):
            return {}


def _files(folder: Path, suffixes: frozenset[str]) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        hidden = any(part[0] == "." for part in path.relative_to(folder).parts)
        if path.suffix in suffixes and not hidden and path.is_file():
            yield path


def _state(path: Path) -> _State:
    stat = path.stat()
    return stat.st_mtime_ns, stat.st_size


@lru_cache(maxsize=1024)
def _digest(path: Path, _state: _State) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


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
