"""Programs that a benchmark measures, each in a process of its own, ended with it."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

from websockets.sync.client import ClientConnection, connect

from benchmarks.common.set_up import ROOT

PATIENCE = 300.0
"""Seconds within which a burst must be written."""
_ADDRESS = re.compile(r"^The page +(http://\S+?)/?$")


@contextmanager
def running(module: str, *arguments: str) -> Iterator[str]:
    """Run one of our modules that prints its address when it listens; give the address.

    Raises RuntimeError if it ends before that.
    """
    command = [sys.executable, "-m", module, *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield _address_in(process.stdout, module)
        finally:
            process.terminate()


def _address_in(output: IO[str], module: str) -> str:
    """Return the line that is an address; pass on those before it, as of a set-up."""
    for line in output:
        if line.startswith("http"):
            return line.strip()
        print(line, end="", flush=True)
    raise RuntimeError(f"{module} does not start: its error is above")


class Sender:
    """The sender of events of ``benchmarks.common.sender``, told what to send.

    Attributes:
        url: the address to connect to, in place of a Directus'.
    """

    def __init__(self, url: str, control: ClientConnection) -> None:
        self.url = url
        self._control = control

    def send(self, count: int, text: str, rate: float | None = None) -> float:
        """Send events to every subscriber; return the seconds until all were written.

        The event's texts are ``text`` and a number from 1 on. ``rate`` is events a second; without
        it they go as fast as the sockets take them. Waits for a subscriber if there is none.
        """
        self.start(count, text, rate)
        return self.finish()

    def start(self, count: int, text: str, rate: float | None = None) -> None:
        """Begin to send, and return at once."""
        order: dict[str, Any] = {"count": count, "text": text, "rate": rate}
        self._control.send(json.dumps(order))

    def finish(self, timeout: float | None = PATIENCE) -> float:
        """Wait until all is written; return the seconds that it took."""
        return float(json.loads(self._control.recv(timeout)))


@contextmanager
def sender() -> Iterator[Sender]:
    """Start the sender of events."""
    with (
        running("benchmarks.common.sender") as url,
        connect(f"ws{url.removeprefix('http')}/control", compression=None) as control,
    ):
        yield Sender(url, control)


class Embedded:
    """The embedded server, as people start it, at ``url``."""

    def __init__(self, url: str, process: subprocess.Popen[str]) -> None:
        self.url = url
        self._process = process

    def resident(self) -> int | None:
        """Return its resident memory in bytes, on systems that tell; else None."""
        status = Path(f"/proc/{self._process.pid}/status")
        if not status.exists():
            return None
        found = re.search(r"VmRSS:\s+(\d+) kB", status.read_text(encoding="ascii"))
        return int(found[1]) * 1024 if found else None


@contextmanager
def embedded(project: str = "") -> Iterator[Embedded]:
    """Start the embedded server with an empty database; ``project`` is the text of a project file.

    Raises RuntimeError if it does not start.
    """
    with TemporaryDirectory() as folder:
        command = [sys.executable, "serve.py", "--port", "0", "--db", f"{folder}/messages.db"]
        if project:
            file = Path(folder) / "project.toml"
            file.write_text(project, encoding="utf-8")
            command += ["--project", str(file)]
        with subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as process:
            try:
                assert process.stdout is not None
                found = next(filter(None, map(_ADDRESS.search, process.stdout)), None)
                if found is None:
                    raise RuntimeError("the embedded server does not start: run python3 serve.py")
                yield Embedded(found[1], process)
            finally:
                process.terminate()
