"""Precompressed files beside those of the browser runtime: no request waits for compressing.

Zstandard, which browsers decode fastest, and gzip, which all of them know. They accept both (and
Brotli) over https and from this machine; from elsewhere over plain http gzip alone. A folder that
`build` writes has Brotli's too, for hosts that send no Zstandard.

The page is served without them too. `serve.py` has them made while it serves, by a process of low
priority; what that has made when it is ended stays, and the next start goes on from there.
"""

import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from tools import npm
from tools.clean_environment import clean_environment
from tools.locking import file_lock, try_file_lock
from tools.snapshot import Snapshot
from tools.stamps import digest, is_stamped, stamp
from tools.steps import Steps
from web.config import COMPRESS, ENCODINGS, SERVED, runtime_folders

# The page that is being opened comes first.
_PRIORITY = "data:text/javascript,import{setPriority}from'node:os';setPriority(19)"
_AFTER_OTHERS = ("--import", _PRIORITY)
_SUFFIXES = {".js", ".mjs", ".json", ".wasm", ".bin"}


class PrecompressedFiles:
    """The precompressed files of a checkout's runtime: of what npm installed and the snapshot."""

    def __init__(self, root: Path, packages: Path, encodings: tuple[str, ...] = SERVED) -> None:
        """Describe those of the checkout at `root`; Node is among the Python `packages`."""
        self._root = root
        self._encodings = encodings
        self._packages = packages
        self._folders = runtime_folders(root)
        self._snapshot = Snapshot(root, packages)
        # npm removes them together with the files when it installs anew.
        self._stamp = root / "node_modules" / f"precompressed-{'-'.join(encodings)}.stamp"
        self._begun = root / "node_modules" / "precompressing.stamp"
        self._lock = root / ".setup" / "compress.lock"

    def is_current(self) -> bool:
        """Tell whether they were made of these files, none of which set-up will make anew."""
        return self._snapshot.is_current() and self._is_made()

    def install(self, steps: Steps) -> None:
        """Make what is missing. Raises SetupError."""
        with file_lock(self._lock, _say_waiting):
            key = self._key
            compress(steps, "Compressed runtime", self._packages, self._encodings, self._files())
            stamp(self._stamp, key)

    @contextmanager
    def made_meanwhile(self) -> Iterator[None]:
        """Make what is missing while the block runs, unless another process does it."""
        with ExitStack() as stack:
            with suppress(OSError):  # a folder that may not be written is served as it is
                if not self._is_made():
                    self._start(stack)
            yield

    def _start(self, stack: ExitStack) -> None:
        if not stack.enter_context(try_file_lock(self._lock)):
            return
        key = self._key
        node, *rest = _command(self._packages, self._encodings, self._files())
        process = subprocess.Popen(
            [node, *npm.FOLLOW, *_AFTER_OTHERS, *rest],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=clean_environment(),
            start_new_session=True,  # Ctrl-C reaches this process alone, which then ends the child
        )
        end = threading.Thread(target=self._finish, args=(process, key), name="compressing")
        end.start()
        assert process.stdin is not None
        stack.callback(process.stdin.close)
        stack.callback(end.join)
        stack.callback(process.terminate)

    def _finish(self, process: "subprocess.Popen[bytes]", key: str) -> None:
        if process.wait() == 0:
            with suppress(OSError):  # npm may be installing anew
                stamp(self._stamp, key)

    def _is_made(self) -> bool:
        return is_stamped(self._stamp, self._key)

    def _files(self) -> list[Path]:
        """Return the files, without what other code has made beside them."""
        files = [
            path
            for name in ("start", "pyodide", "pyscript")
            for path in sorted(self._folders[name].glob("*"))
            if path.suffix in _SUFFIXES
        ]
        for folder in {path.parent for path in files}:
            for draft in folder.glob("*.*.new"):  # of a process that was ended
                draft.unlink()
        if not is_stamped(self._begun, digest(COMPRESS.read_bytes())):
            for path in files:
                for ending in ENCODINGS:
                    path.with_name(f"{path.name}.{ending}").unlink(missing_ok=True)
            stamp(self._begun, digest(COMPRESS.read_bytes()))
        return files

    @property
    def _key(self) -> str:
        paths = (
            self._root / "package-lock.json",
            COMPRESS,
            self._folders["start"] / "snapshot.json",
        )
        return digest(*(path.read_bytes() for path in paths if path.exists()))


def compress(
    steps: Steps, title: str, packages: Path, encodings: tuple[str, ...], files: list[Path]
) -> None:
    """Compress files, as one step, into a file for each of the `encodings` beside each of them.

    One that exists is left as it is. The encodings are zst, br or gz; Node is among the Python
    `packages`. Raises SetupError.
    """
    steps.run(
        title,
        _command(packages, encodings, files),
        progress=lambda log: f"{log.count('done')} of {len(files)} files",
    )


def _command(packages: Path, encodings: tuple[str, ...], files: list[Path]) -> list[str]:
    return [npm.node(packages), str(COMPRESS), ",".join(encodings), *map(str, files)]


def _say_waiting() -> None:
    print("A serve.py compresses these files; waiting for it.", flush=True)
