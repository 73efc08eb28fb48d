"""Notices that the files of the database are no longer those that were opened."""

import os
from pathlib import Path

from server.errors import unavailable

_GONE = "Its file was deleted or replaced while the server ran, so writes would be lost: restart it"


class DatabaseFile:
    """The files of an open database: a deleted one takes writes, which are gone with it."""

    def __init__(self, path: Path) -> None:
        # The log of changes is made at the first connection and stays until the last one ends.
        # Without the lock's file, another server would take the database too.
        files = [Path(f"{path}{ending}") for ending in ("", "-wal", ".lock")]
        self._files = {file: _identity(file) for file in files}

    def check(self) -> None:
        """Raise DirectusError, SERVICE_UNAVAILABLE, if one of the files is another or none."""
        for file, identity in self._files.items():
            if _identity(file) != identity:
                raise unavailable("database", _GONE)


def _identity(file: Path) -> tuple[int, int] | None:
    try:
        stat = os.stat(file)
    except OSError:
        return None
    return stat.st_dev, stat.st_ino
