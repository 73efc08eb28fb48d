"""Opening a database, and what is said where that fails."""

from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from server.database.engine import reason_of
from server.database.lock import DatabaseLock, InUseError
from server.database.schema import OtherProjectError, Prepared, prepare
from server.project import Project


class StoreError(Exception):
    """The database cannot be opened; the text has its path, the reason and the cure."""


def open_database(path: Path, project: Project, engine: sa.Engine) -> tuple[DatabaseLock, Prepared]:
    """Lock the database and make what is missing in it. Raises StoreError."""
    try:
        engine.connect().close()
        lock = DatabaseLock(path)
    except InUseError as error:
        raise StoreError(_in_use(path, error)) from None
    except (DBAPIError, OSError) as error:
        raise StoreError(_cannot_open(path, error)) from error
    try:
        with engine.begin() as connection:
            return lock, prepare(connection, project)
    except OtherProjectError as error:
        lock.close()
        raise StoreError(_other_project(path, error)) from None
    except (DBAPIError, OSError) as error:
        lock.close()
        raise StoreError(_cannot_open(path, error)) from error


def _cannot_open(path: Path, error: Exception) -> str:
    return (
        f"expected a database that can be opened at {path}, got: {reason_of(error)}. "
        "Close what else uses it, make its folder writable, or name another file with --db."
    )


def _in_use(path: Path, error: InUseError) -> str:
    return (
        f"expected a database that no other server uses at {path}, got: that of {error}. "
        "Stop that one, or name another file with --db."
    )


def _other_project(path: Path, error: OtherProjectError) -> str:
    return (
        f"expected a database made from this project at {path}, got: {error}. "
        "Name another file with --db, or with --project the project that it was made from."
    )
