"""Connections to SQLite: pragmas, the limit of time of a statement, and Directus' errors."""

import sqlite3
import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from server.config import MAX_LIKE_PATTERN
from server.errors import DirectusError, invalid_payload, invalid_query, unavailable

_BUSY_TIMEOUT = 3.0  # seconds to wait for a lock of another process
_STEPS = 10_000  # of SQLite's machine between two looks at the clock: about a millisecond
_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
)
_LIMIT = "limit"


class _Limit:
    """The time that a connection's statements may take before they are interrupted.

    It is the CPU time of the thread that runs them: on a machine that is busy with something else,
    a small statement may take as many seconds as a large one. The longest time between two looks
    at the clock does not count: a virtual machine that stands still, or Python's garbage
    collection, is charged to whichever thread runs at that moment.
    """

    def __init__(self) -> None:
        self.lift()

    def lift(self) -> None:
        """Allow any time."""
        self.start(float("inf"))

    def start(self, seconds: float) -> None:
        """Allow ``seconds`` from now on."""
        self._seconds = seconds
        self._spent = self._longest = 0.0
        self._looked = time.thread_time()

    def is_over(self) -> bool:
        """Look at the clock; return whether more time was taken than is allowed."""
        now = time.thread_time()
        taken, self._looked = now - self._looked, now
        self._spent += min(taken, self._longest)
        self._longest = max(taken, self._longest)
        return self._spent > self._seconds


def make_engine(path: Path, connections: int) -> sa.Engine:
    """Return an engine of at most so many connections."""
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=str(path)),
        connect_args={"timeout": _BUSY_TIMEOUT, "isolation_level": None},
        pool_size=connections,
    )

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, record: Any) -> None:
        for pragma in _PRAGMAS:
            connection.execute(pragma)
        connection.setlimit(sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, MAX_LIKE_PATTERN)
        record.info[_LIMIT] = limit = _Limit()
        connection.set_progress_handler(limit.is_over, _STEPS)

    @sa.event.listens_for(engine, "checkout")
    def forget_limit(_connection: object, record: Any, _proxy: object) -> None:
        # That of whoever had the connection before, maybe in another thread.
        record.info[_LIMIT].lift()

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        # The driver would begin by itself, but late and not for every statement. A writer takes
        # the lock at once: SQLite waits for a lock only at the start of a transaction.
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def limit_time(connection: sa.Connection, seconds: float | None) -> None:
    """Interrupt the statements of ``connection`` after ``seconds`` of this thread's CPU time.

    None is for never.
    """
    limit: _Limit = connection.info[_LIMIT]
    if seconds is None:
        limit.lift()
    else:
        limit.start(seconds)


def check_time(connection: sa.Connection) -> None:
    """Raise the refusal of what takes longer than its limit; for work between statements."""
    limit: _Limit | None = connection.info.get(_LIMIT)
    if limit is not None and limit.is_over():
        raise too_slow()


def reason_of(error: Exception) -> str:
    """Return what is wrong, without the values of the statement."""
    return str(error.orig if isinstance(error, DBAPIError) else error)


def translated(error: DBAPIError) -> DirectusError:
    """Return the error for the client: about its request, or about the database file."""
    code = _code(error)
    if code == sqlite3.SQLITE_INTERRUPT:
        return too_slow()
    if code == sqlite3.SQLITE_ERROR:
        return invalid_query(f"SQLite refuses it: {reason_of(error)}")
    if code in (sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH):
        return invalid_payload(f"SQLite cannot hold it: {reason_of(error)}")
    return unavailable("database", reason_of(error).capitalize())


def ends_transaction(error: DBAPIError) -> bool:
    """Return whether SQLite may have rolled the whole transaction back."""
    return is_interrupted(error) or translated(error).status == 503


def is_interrupted(error: DBAPIError) -> bool:
    """Return whether the statement took longer than its limit."""
    return _code(error) == sqlite3.SQLITE_INTERRUPT


def too_slow() -> DirectusError:
    """Return the refusal of what takes longer than its limit."""
    return invalid_query("It takes too long: ask for less, or narrow the filter down")


def _code(error: DBAPIError) -> int:
    code: int = getattr(error.orig, "sqlite_errorcode", sqlite3.SQLITE_MISMATCH)
    return code & 0xFF
