"""Processes that tests start, and how each of them ends whatever the test does."""

import atexit
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

_END_LIMIT = 30.0  # seconds
_running: set[subprocess.Popen[str]] = set()


def start(command: Sequence[str], **options: Any) -> subprocess.Popen[str]:
    """Start a process that exchanges text; ``options`` are Popen's.

    One that nobody has ended by then is killed when this process ends.
    """
    process = subprocess.Popen(command, text=True, **options)
    _running.add(process)
    return process


def end(process: subprocess.Popen[str], *, kill: bool = True) -> None:
    """End a process that :func:`start` returned, close its pipes, and wait until it has ended.

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
