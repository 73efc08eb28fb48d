"""A lock between processes, which the operating system releases when its holder ends."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

if sys.platform == "win32":
    import msvcrt

    def _try_to_lock(file: IO[str]) -> bool:
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _lock(file: IO[str]) -> None:
        # LK_LOCK gives up after ten seconds of its own accord.
        while True:
            try:
                return msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
            except OSError:
                continue

else:
    import fcntl

    def _try_to_lock(file: IO[str]) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _lock(file: IO[str]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX)


@contextmanager
def file_lock(path: Path, on_wait: Callable[[], None]) -> Iterator[int]:
    """Hold the lock file at `path`, calling `on_wait` once if another process has it.

    Yields the file's descriptor: a child process that inherits it keeps the lock for as long as
    it lives, even when this process is killed. Raises OSError when the file cannot be made.
    """
    with path.open("a") as file:
        if not _try_to_lock(file):
            on_wait()
            _lock(file)
        yield file.fileno()


@contextmanager
def try_file_lock(path: Path) -> Iterator[bool]:
    """Hold the lock file at `path`; yields False if another process has it.

    Raises OSError when the file cannot be made.
    """
    with path.open("a") as file:
        yield _try_to_lock(file)
