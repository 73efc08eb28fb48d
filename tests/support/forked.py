"""Servers that are forked of a process in which all is imported; see tests/support/template.py."""

import atexit
import functools
import json
import os
import select
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from io import TextIOWrapper
from subprocess import TimeoutExpired
from typing import IO

from tests.support import processes

MESSAGE_LIMIT = 65_536  # bytes


class Forked:
    """A process that is no child of this one; it offers what tests use of Popen.

    Attributes:
        pid: its number.
        stdin: None.
        stdout: what it prints.
        stderr: None.
    """

    def __init__(self, pid: int, stdout: IO[str]) -> None:
        self.pid = pid
        self.stdin = self.stderr = None
        self.stdout = stdout
        # It names this process even when another one has its number.
        self._fd = os.pidfd_open(pid)
        self._has_ended = False

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if not self._has_ended:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._fd, number)

    def kill(self) -> None:
        """Kill it."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def wait(self, timeout: float | None = None) -> None:
        """Wait until it has ended, at most ``timeout`` seconds. Raises TimeoutExpired."""
        if self._has_ended:
            return
        if not select.select([self._fd], [], [], timeout)[0]:
            raise TimeoutExpired("a forked server", timeout or 0)
        self._has_ended = True
        os.close(self._fd)


def start(arguments: list[str], stderr: IO[str]) -> Forked:
    """Start `serve.py` with ``arguments``; what it prints is read from ``stdout``."""
    line = _template()
    reading, writing = os.pipe()
    wanted = {"arguments": arguments, "environment": dict(os.environ)}
    text = json.dumps(wanted).encode()
    assert len(text) < MESSAGE_LIMIT, "the environment is too large"
    socket.send_fds(line, [text], [writing, stderr.fileno()])
    os.close(writing)
    pid = int(line.recv(MESSAGE_LIMIT))
    return processes.track(Forked(pid, TextIOWrapper(open(reading, "rb"))))


@functools.cache
def _template() -> socket.socket:
    """Start the template; it ends with this process."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        fd = theirs.fileno()
        command = [sys.executable, "-m", "tests.support.template", str(fd)]
        processes.track(subprocess.Popen(command, pass_fds=[fd], text=True))
    atexit.register(ours.close)
    return ours
