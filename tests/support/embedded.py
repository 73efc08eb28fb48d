"""The embedded server as people start it: a process of its own, on a port and a database."""

import socket
import subprocess
import sys
from pathlib import Path

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

[policies.Editors]
permissions = [
  { collection = "messages", action = "create" },
  { collection = "messages", action = "read" },
  { collection = "messages", action = "update" },
  { collection = "messages", action = "delete" },
  { collection = "notes", action = "create" },
  { collection = "notes", action = "read" },
]

[[users]]
email = "editor@example.com"
password = "editor-password"
token = "your_access_token"
policies = ["Editors"]
"""
"""A project whose user may do everything with the messages, and has notes keyed by UUID."""


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Embedded:
    """One server, which can be killed and started again on its port and database.

    Args:
        folder: where its database and its log go.
        options: more of what the command line takes.
    """

    def __init__(self, folder: Path, *options: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._command = [
            *(sys.executable, "serve.py", "--port", str(self.port)),
            *("--db", str(folder / "messages.db"), *options),
        ]
        self._log = folder / "server.log"
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> "Embedded":
        """Start it; return when it listens."""
        with self._log.open("a") as log:
            process = subprocess.Popen(
                self._command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True
            )
        self._process = process
        assert process.stdout is not None
        for line in process.stdout:
            if self.url in line:
                return self
        self.kill()
        raise AssertionError(f"the server did not start: {self._log.read_text()}")

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
        """End it with SIGKILL: it gets no chance to say goodbye."""
        self._end("kill")

    def stop(self) -> None:
        """End it as Ctrl-C or a service manager does."""
        self._end("terminate")

    def _end(self, how: str) -> None:
        process, self._process = self._process, None
        if process is not None:
            getattr(process, how)()
            process.wait(timeout=10)
            if process.stdout is not None:
                process.stdout.close()
