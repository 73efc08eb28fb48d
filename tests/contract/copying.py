"""Putting a database back into the state that scenarios start from."""

import sqlite3
from contextlib import closing
from pathlib import Path


def copy(source: Path, target: Path) -> None:
    """Put the data of one SQLite database in the place of another's, which may be in use.

    It takes some milliseconds; a server that has the file open sees the new data at its next query.
    """
    with closing(sqlite3.connect(source)) as data, closing(sqlite3.connect(target)) as database:
        database.execute("PRAGMA synchronous=OFF")
        data.backup(database)
