"""The embedded server as people start it: a process of its own, on a port and a database."""

import random
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Self

from tests.support import forked, processes
from tests.support.forked import Forked

ROOT = Path(__file__).resolve().parent.parent.parent
TOKEN = "your_access_token"

EDITORS = """
[collections.messages.fields]
id = { type = "integer", primary = true }
date_created = { type = "timestamp", special = "date-created" }
text = { type = "text" }
user = { type = "string" }

[collections.notes.fields]
id = { type = "uuid", primary = true }
text = { type = "text" }

[collections.settings]
singleton = true

[collections.settings.fields]
id = { type = "integer", primary = true }
title = { type = "string" }

[policies.Editors]
permissions = [
  { collection = "messages", action = "create" },
  { collection = "messages", action = "read" },
  { collection = "messages", action = "update" },
  { collection = "messages", action = "delete" },
  { collection = "notes", action = "create" },
  { collection = "notes", action = "read" },
  { collection = "settings", action = "read" },
]

[[users]]
email = "editor@example.com"
password = "editor-password"
token = "your_access_token"
policies = ["Editors"]
"""
"""A project whose user may do everything with the messages, and has notes keyed by UUID and
settings, a singleton."""

# Below those that an operating system gives to connections, so that nothing takes one of these
# while its server is away. In disorder, since another worker takes ports from here too.
_ports = iter(random.sample(range(20_000, 32_000), 12_000))


def free_port() -> int:
    """Return a port that nothing listens on, each time another."""
    for port in _ports:
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise AssertionError("every port is in use")


def with_project(folder: Path, project: str, *options: str) -> "Embedded":
    """Return a server, not yet started, of the project that ``project`` describes.

    Args:
        folder: where the project's file goes besides what the server writes.
        project: the text of a project file, such as EDITORS.
        options: more of what the command line takes.
    """
    file = folder / "project.toml"
    file.write_text(project)
    return Embedded(folder, "--project", str(file), *options)


class Embedded:
    """One server, which can be killed and started again on its port and database.

    As a context manager it runs for as long as the block takes.

    Args:
        folder: where its database and its log go.
        options: more of what the command line takes.
        port: its port; by default one that nothing else has had.
    """

    def __init__(self, folder: Path, *options: str, port: int | None = None) -> None:
        self.port = free_port() if port is None else port
        self.url = f"http://127.0.0.1:{self.port}"
        database = str(folder / "messages.db")
        self._arguments = ["--port", str(self.port), "--db", database, *options]
        self._log = folder / "server.log"
        self._process: Forked | subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.kill()  # a proper end waits a tenth of a second, and has tests of its own

    def start(self) -> Self:
        """Start it; return when it listens."""
        with self._log.open("a") as log:
            process = self._process = self._start(log)
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if self.url in line:
                    return self
        except BaseException:
            self.kill()
            raise
        self.kill()
        raise AssertionError(f"the server did not start: {self._log.read_text()}")

    def _start(self, log: IO[str]) -> Forked | subprocess.Popen[str]:
        if sys.platform == "linux":
            return forked.start(self._arguments, log)
        return self._start_alone((), log)

    def _start_alone(self, wrapper: Sequence[str], log: IO[str]) -> subprocess.Popen[str]:
        """Start it as people do, which takes longer; ``wrapper`` is what runs the command."""
        command = [*wrapper, sys.executable, "serve.py", *self._arguments]
        return processes.start(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log)

    @property
    def log(self) -> str:
        """All that it has written to standard error."""
        return self._log.read_text()

    @property
    def resident(self) -> int | None:
        """Its resident memory in bytes, on systems that tell; else None."""
        assert self._process is not None, "the server does not run"
        status = Path(f"/proc/{self._process.pid}/status")
        if not status.exists():
            return None
        (line,) = (row for row in status.read_text().splitlines() if row.startswith("VmRSS:"))
        return int(line.split()[1]) * 1024

    def kill(self) -> None:
        """End it with SIGKILL: it closes no connection."""
        self._end(kill=True)

    def pause(self) -> None:
        """Stop it where it is with SIGSTOP, until it is resumed."""
        assert self._process is not None, "the server does not run"
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        assert self._process is not None, "the server does not run"
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """End it as Ctrl-C or a service manager does."""
        self._end(kill=False)

    def _end(self, *, kill: bool) -> None:
        process, self._process = self._process, None
        if process is not None:
            processes.end(process, kill=kill)
