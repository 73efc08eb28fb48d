"""Processes that tests start, and how each of them ends whatever the test does."""

import atexit
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any, Protocol, TypeVar


class Process(Protocol):
    """What is used here of Popen."""

    @property
    def stdin(self) -> IO[str] | None:
        """What it reads."""

    @property
    def stdout(self) -> IO[str] | None:
        """What it prints."""

    @property
    def stderr(self) -> IO[str] | None:
        """What it prints of errors."""

    def kill(self) -> None:
        """Kill it."""

    def terminate(self) -> None:
        """Ask it to end."""

    def wait(self, timeout: float | None = None) -> object:
        """Wait until it has ended. Raises TimeoutExpired."""


P = TypeVar("P", bound=Process)

_END_LIMIT = 30.0  # seconds
_running: set[Process] = set()


def start(command: Sequence[str], **options: Any) -> subprocess.Popen[str]:
    """Start a process that exchanges text; ``options`` are Popen's.

    One that nobody has ended by then is killed when this process ends.
    """
    return track(subprocess.Popen(command, text=True, **options))


def track(process: P) -> P:
    """Kill a process when this one ends, if nobody has ended it by then; return it."""
    _running.add(process)
    return process


def end(process: Process, *, kill: bool = True) -> None:
    """End a process that is tracked, close its pipes, and wait until it has ended.

    Args:
        process: the process; one that has ended already stays so.
        kill: whether it is killed at once. Otherwise it is asked to end first, as Ctrl-C or a
            service manager does it.

    Raises:
        TimeoutExpired: it was asked to end, and had to be killed.
    """
    try:
        if kill:
            process.kill()
        else:
            process.terminate()
        process.wait(_END_LIMIT)
    except BaseException:
        process.kill()
        process.wait()
        raise
    finally:
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
        _running.discard(process)


@contextmanager
def running(command: Sequence[str], **options: Any) -> Iterator[subprocess.Popen[str]]:
    """Run a process for as long as the block takes; ``options`` are Popen's."""
    process = start(command, **options)
    try:
        yield process
    finally:
        end(process)


@atexit.register
def _end_all() -> None:
    for process in list(_running):
        end(process)
