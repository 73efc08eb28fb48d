"""SQLite, outside the event loop: one thread writes, a few read.

All jobs that wait when the writer is free go into one transaction, each in a savepoint of its own:
a busy server waits for the disk once for many jobs, and a single job never waits for others. A
write is answered after its COMMIT, which has reached the disk (synchronous=FULL). Clients take
turns, and no statement takes longer than a limit, so that none holds up the others.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from server.config import MAX_READ_TIME, MAX_WRITE_TIME
from server.database.engine import (
    ends_transaction,
    limit_time,
    make_engine,
    reason_of,
    translated,
)
from server.database.fair_queue import FairQueue
from server.database.file import DatabaseFile
from server.database.opening import StoreError, open_database
from server.errors import DirectusError
from server.project import Project

__all__ = ["Store", "StoreError"]

log = logging.getLogger("server")
T = TypeVar("T")

_READERS = 2  # of clients; one more reads what subscribers are shown
_LARGEST_BATCH = 256
_LONGEST_BATCH = 0.05  # seconds of work after which a transaction takes no further job


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


_Jobs = FairQueue[_Job]


class Store:
    """A project's database.

    Raises:
        StoreError: the file cannot be made, is locked, or is not a database of this project.
    """

    def __init__(self, path: Path, project: Project) -> None:
        self.project = project
        self._engine = make_engine(path, _READERS + 2)
        with ExitStack() as undo:
            undo.callback(self._engine.dispose)
            self._lock, self.prepared = open_database(path, project, self._engine)
            self._file = DatabaseFile(path)
            undo.pop_all()
        self._writes, self._reads, self._views = _Jobs(), _Jobs(), _Jobs()
        self._threads = [
            threading.Thread(target=self._write_until_closed, name="store-writer"),
            threading.Thread(target=self._read_until_closed, args=(self._views,)),
        ]
        for number in range(_READERS):
            name = f"store-reader-{number}"
            reader = threading.Thread(
                target=self._read_until_closed, args=(self._reads,), name=name
            )
            self._threads.append(reader)
        for thread in self._threads:
            thread.start()

    async def read(self, work: Callable[[sa.Connection], T], client: object = None) -> T:
        """Run ``work`` on a connection for reading, when it is the turn of ``client``.

        Raises:
            DirectusError: ``work`` raised it, or the database cannot be read.
        """
        return await self._put(self._reads, work, client)

    async def read_views(self, work: Callable[[sa.Connection], T]) -> T:
        """Run ``work`` on the connection that reads for subscribers.

        Raises:
            DirectusError: ``work`` raised it, or the database cannot be read.
        """
        return await self._put(self._views, work, None)

    async def write(self, work: Callable[[sa.Connection], T], client: object = None) -> T:
        """Run ``work`` and return its result after it is on the disk.

        If ``work`` raises, it is rolled back. It may run again after the failure of another job.

        Raises:
            DirectusError: ``work`` raised it, or the database cannot be written.
        """
        return await self._put(self._writes, work, client)

    async def _put(self, jobs: _Jobs, work: Callable[[sa.Connection], T], client: object) -> T:
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        jobs.put(client, _Job(work, future))
        return await future

    def close(self) -> None:
        """Finish the queued jobs, and close the database."""
        for jobs in (self._writes, self._views, self._reads):
            jobs.close()
        for thread in self._threads:
            thread.join()
        self._engine.dispose()
        self._lock.close()

    def _read_until_closed(self, jobs: _Jobs) -> None:
        while (job := jobs.get()) is not None:
            try:
                self._file.check()
                with self._engine.connect() as connection:
                    limit_time(connection, MAX_READ_TIME)
                    job.result = job.work(connection)
            except DBAPIError as error:
                job.error = translated(error)
            except Exception as error:
                job.error = error
            _settle_all([job])

    def _write_until_closed(self) -> None:
        while (job := self._writes.get()) is not None:
            _settle_all(self._commit_with(job))

    def _commit_with(self, first: _Job) -> list[_Job]:
        """Run ``first`` and what waits behind it in one transaction; return the jobs."""
        batch: list[_Job] = []
        try:
            with self._engine.execution_options(writes=True).begin() as connection:
                for job in self._gathered(first):
                    batch.append(job)
                    _run(connection, job)
            self._file.check()
        except Exception as error:
            if len(batch) < 2 or isinstance(error, DirectusError):
                failure = _failure(error)
                for job in batch or [first]:
                    job.error = failure
                return batch or [first]
            # One job may have failed for all of them: run each in a transaction of its own.
            for job in batch:
                self._commit_alone(job)
        return batch

    def _gathered(self, first: _Job) -> Iterator[_Job]:
        yield first
        until = time.thread_time() + _LONGEST_BATCH
        for _ in range(_LARGEST_BATCH - 1):
            job = self._writes.get_nowait() if time.thread_time() < until else None
            if job is None:
                return
            yield job

    def _commit_alone(self, job: _Job) -> None:
        try:
            with self._engine.execution_options(writes=True).begin() as connection:
                _run(connection, job)
            self._file.check()
        except Exception as error:
            job.error = _failure(error)


def _failure(error: Exception) -> Exception:
    """Return the error for the client, and log it; its text has no values of items."""
    if isinstance(error, DBAPIError):
        log.error("a write failed: %s", reason_of(error))
        return translated(error)
    reason = error.message if isinstance(error, DirectusError) else type(error).__name__
    log.error("a write failed: %s", reason)
    return error


def _settle_all(jobs: list[_Job]) -> None:
    for loop in {job.future.get_loop() for job in jobs}:
        settled = [job for job in jobs if job.future.get_loop() is loop]
        with suppress(RuntimeError):  # the loop has ended, and nobody waits
            loop.call_soon_threadsafe(_settle, settled)


def _settle(jobs: Iterable[_Job]) -> None:
    for job in jobs:
        job.settle()


def _run(connection: sa.Connection, job: _Job) -> None:
    job.result = job.error = None
    savepoint = connection.begin_nested()
    try:
        job.result = _within_time(connection, job)
    except DBAPIError as error:
        if ends_transaction(error):
            raise  # and with it the other jobs of the batch
        job.error = translated(error)
        savepoint.rollback()
    except Exception as error:
        job.error = error
        savepoint.rollback()
    else:
        savepoint.commit()


def _within_time(connection: sa.Connection, job: _Job) -> Any:
    limit_time(connection, MAX_WRITE_TIME)
    try:
        return job.work(connection)
    finally:
        limit_time(connection, None)  # what follows is not the job's
