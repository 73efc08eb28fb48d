"""What a checkout's page is made of. Standard library only: set-up runs before there is more."""

import hashlib
import tomllib
from functools import lru_cache
from html.parser import HTMLParser
from pathlib import Path

FileState = tuple[int, int]
"""When a file was changed, in nanoseconds, and its size in bytes."""

SERVED = ("zst", "gz")
"""The endings of the precompressed files that our server sends."""

ENCODINGS = (*SERVED, "br")
"""The endings of all precompressed files."""

COMPRESS = Path(__file__).with_name("compress.mjs")
"""The Node script that compresses files."""

SNAPSHOT = Path(__file__).with_name("snapshot")
"""The folder with the Node script ``make.mjs``, which makes the snapshot."""


def runtime_folders(root: Path) -> dict[str, Path]:
    """Return where set-up puts the runtime under ``root``, by its NAME in ``/runtime/NAME``.

    ``start`` is the snapshot of Python's memory; it may be missing.
    """
    modules = root / "node_modules"
    return {
        "pyscript": modules / "@pyscript" / "core" / "dist",
        "pyodide": modules / "pyodide",
        "start": root / ".setup" / "start",
    }


def page_files(root: Path) -> dict[str, str]:
    """Return the files that pyscript.toml lists, each with the path that the page gives it.

    Empty if it cannot be read; an entry that is no path is left out.
    """
    return {name: target for name, target in _listed(root).items() if isinstance(target, str)}


def page_script(root: Path) -> str | None:
    """Return the path of the script that index.html starts; None if there is none."""
    try:
        text = (root / "index.html").read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None
    parser = _ScriptParser()
    parser.feed(text)
    return parser.source


def page_digest(root: Path) -> str:
    """Return a digest of the Python modules that pyscript.toml lists.

    Empty where it lists anything else, such as data or a folder: a snapshot of Python's memory
    holds modules, and no files.
    """
    found = hashlib.sha256()
    for name, target in _listed(root).items():
        path = root / name
        is_module = isinstance(target, str) and target.endswith(".py")
        if not is_module or path.suffix != ".py" or not path.is_file():
            return ""
        found.update(f"\n{target} ".encode() + digest_of(path, state_of(path)))
    return found.hexdigest()


def state_of(path: Path) -> FileState:
    """Return what changes with a file. Raises FileNotFoundError."""
    stat = path.stat()
    return stat.st_mtime_ns, stat.st_size


@lru_cache(maxsize=1024)
def digest_of(path: Path, _state: FileState) -> bytes:
    """Return the digest of a file's content, which is read once for each state of the file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _listed(root: Path) -> dict[str, object]:
    try:
        return dict(_files_of((root / "pyscript.toml").read_text(encoding="utf-8-sig")))
    except (OSError, ValueError):
        return {}


@lru_cache(maxsize=16)
def _files_of(settings: str) -> dict[str, object]:
    """Return the table ``[files]`` of a pyscript.toml. Raises ValueError."""
    files = tomllib.loads(settings).get("files", {})
    return files if isinstance(files, dict) else {}


class _ScriptParser(HTMLParser):
    """Finds the source of the first ``<script type="py">``."""

    def __init__(self) -> None:
        super().__init__()
        self.source: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take the first Python script's ``src``."""
        attributes = dict(attrs)
        if tag == "script" and attributes.get("type") == "py" and self.source is None:
            self.source = attributes.get("src")
