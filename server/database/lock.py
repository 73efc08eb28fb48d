"""A database is for one server at a time: others would not hear of its writes."""

import os
from pathlib import Path
from typing import BinaryIO


class InUseError(Exception):
    """Another server has the database; the text says which."""


class DatabaseLock:
    """Holds a file beside the database, which the system frees when the process ends.

    Raises:
        InUseError: another server holds it.
        OSError: the file cannot be made.
    """

    def __init__(self, database: Path) -> None:
        path = database.with_name(f"{database.name}.lock")
        self._file: BinaryIO = path.open("a+b")
        if not _try_lock(self._file):
            self._file.seek(0)
            owner = self._file.read(20).decode("ascii", "replace").strip()
            self._file.close()
            raise InUseError(f"the process {owner}" if owner.isdecimal() else "another process")
        self._file.truncate(0)
        self._file.write(f"{os.getpid()}\n".encode())
        self._file.flush()

    def close(self) -> None:
        """Free it."""
        self._file.close()


def _try_lock(file: BinaryIO) -> bool:
    """Lock ``file``, or return False if another has done so."""
    try:
        if os.name == "nt":
            import msvcrt

            file.seek(_PLACE)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined, unused-ignore]
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


_PLACE = 1_000  # of the byte that is locked on Windows, where nobody reads
