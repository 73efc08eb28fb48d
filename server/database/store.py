"""SQLite, outside the event loop: one thread writes, a few read.

All jobs that wait when the writer is free go into one transaction, each in a savepoint of its own:
a busy server waits for the disk once for many jobs, and a single job never waits for others. A
write is answered after its COMMIT, which has reached the disk (synchronous=FULL).
"""

import asyncio
import logging
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from server.database.schema import OtherProjectError, prepare
from server.errors import DirectusError, invalid_payload, invalid_query, unavailable
from server.project import Project

log = logging.getLogger("server")
T = TypeVar("T")

_READERS = 2
_LARGEST_BATCH = 256
_BUSY_TIMEOUT = 3.0  # seconds to wait for a lock of another process
_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
)


class StoreError(Exception):
    """The database cannot be opened; the text has its path, the reason and the cure."""


@dataclass(slots=True)
class _Job:
    work: Callable[[sa.Connection], Any]
    future: asyncio.Future[Any]
    result: Any = None
    error: Exception | None = None

    def settle(self) -> None:
        if self.future.done():
            return
        if self.error is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(self.error)


class Store:
    """A project's database.

    Raises:
        StoreError: the file cannot be made, is locked, or is not a database of this project.
    """

    def __init__(self, path: Path, project: Project) -> None:
        self.project = project
        self._engine = _engine(path)
        try:
            with self._engine.begin() as connection:
                self.prepared = prepare(connection, project)
        except OtherProjectError as error:
            self._engine.dispose()
            raise StoreError(_other_project(path, error)) from None
        except (DBAPIError, OSError) as error:
            self._engine.dispose()
            raise StoreError(_cannot_open(path, error)) from error
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._writer = threading.Thread(target=self._write_until_closed, name="store-writer")
        self._writer.start()
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="store-reader")

    async def read(self, work: Callable[[sa.Connection], T]) -> T:
        """Run ``work`` on a connection for reading.

        Raises:
            DirectusError: ``work`` raised it, or the database cannot be read.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._readers, self._run_read, work)

    async def write(self, work: Callable[[sa.Connection], T]) -> T:
        """Run ``work`` and return its result after it is on the disk.

        If ``work`` raises, it is rolled back. It may run again after the failure of another job.

        Raises:
            DirectusError: ``work`` raised it, or the database cannot be written.
        """
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._jobs.put(_Job(work, future))
        return await future

    def close(self) -> None:
        """Finish the queued jobs, and close the database."""
        self._jobs.put(None)
        self._writer.join()
        self._readers.shutdown()
        self._engine.dispose()

    def _run_read(self, work: Callable[[sa.Connection], T]) -> T:
        try:
            with self._engine.connect() as connection:
                return work(connection)
        except DBAPIError as error:
            raise translated(error) from error

    def _write_until_closed(self) -> None:
        open_ = True
        while open_:
            batch, open_ = self._gathered()
            self._commit(batch)
            for loop in {job.future.get_loop() for job in batch}:
                settled = [job for job in batch if job.future.get_loop() is loop]
                loop.call_soon_threadsafe(_settle, settled)

    def _gathered(self) -> tuple[list[_Job], bool]:
        batch: list[_Job] = []
        job = self._jobs.get()
        while job is not None:
            batch.append(job)
            if len(batch) == _LARGEST_BATCH:
                return batch, True
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return batch, True
        return batch, False

    def _commit(self, batch: list[_Job]) -> None:
        try:
            with self._engine.execution_options(writes=True).begin() as connection:
                for job in batch:
                    _run(connection, job)
        except Exception as error:
            if len(batch) > 1:
                # One job may have failed for all of them: run each in a transaction of its own.
                for job in batch:
                    self._commit([job])
            else:
                batch[0].error = translated(error) if isinstance(error, DBAPIError) else error
                log.error("a write failed: %s", error)


def _settle(jobs: Iterable[_Job]) -> None:
    for job in jobs:
        job.settle()


def _run(connection: sa.Connection, job: _Job) -> None:
    job.result = job.error = None
    savepoint = connection.begin_nested()
    try:
        job.result = job.work(connection)
    except DBAPIError as error:
        job.error = translated(error)
        if job.error.status == 503:
            # An error of the file may have ended the transaction, and with it the other jobs.
            raise
        savepoint.rollback()
    except Exception as error:
        job.error = error
        savepoint.rollback()
    else:
        savepoint.commit()


def _engine(path: Path) -> sa.Engine:
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=str(path)),
        connect_args={"timeout": _BUSY_TIMEOUT, "isolation_level": None},
        pool_size=_READERS + 1,
    )

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: Any) -> None:
        for pragma in _PRAGMAS:
            connection.execute(pragma)

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        # The driver would begin by itself, but late and not for every statement. A writer takes
        # the lock at once: SQLite waits for a lock only at the start of a transaction.
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def translated(error: DBAPIError) -> DirectusError:
    """Return the error for the client: about its request, or about the database file."""
    code = getattr(error.orig, "sqlite_errorcode", sqlite3.SQLITE_MISMATCH) & 0xFF
    if code == sqlite3.SQLITE_ERROR:
        return invalid_query(f"SQLite refuses it: {error.orig}")
    if code in (sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH):
        return invalid_payload(f"SQLite cannot hold it: {error.orig}")
    return unavailable("database", str(error.orig).capitalize())


def _cannot_open(path: Path, error: Exception) -> str:
    reason = error.orig if isinstance(error, DBAPIError) else error
    return (
        f"expected a database that can be opened at {path}, got: {reason}. "
        "Close what else uses it, make its folder writable, or name another file with --db."
    )


def _other_project(path: Path, error: OtherProjectError) -> str:
    return (
        f"expected a database made from this project at {path}, got: {error}. "
        "Name another file with --db, or with --project the project that it was made from."
    )
