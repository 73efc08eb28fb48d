"""PostgreSQL and Redis for two Directus nodes: Debian's programs, on free ports and new folders."""

import glob
import os
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from tests.support import processes
from tests.support.embedded import free_port
from tools.steps import SetupError, Steps

_PROGRAMS = ("initdb", "postgres", "redis-server")
_START_LIMIT = 30.0  # seconds
_INSTALL_TIMEOUT = 600.0  # seconds


def find(program: str) -> str | None:
    """Return the path of one of the programs; Debian keeps PostgreSQL's out of the PATH."""
    debians = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{program}"))
    return shutil.which(program) or (debians[-1] if debians else None)


def install(folder: Path) -> None:
    """Let apt-get install what is missing; the log goes to `folder`. Raises SetupError."""
    if all(map(find, _PROGRAMS)):
        return
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        raise SetupError(
            "the tests on two nodes need PostgreSQL and Redis: install them, and see that initdb, "
            "postgres and redis-server are on the PATH"
        )
    # Without a run level the packages start no services of their own.
    quiet = ["env", "DEBIAN_FRONTEND=noninteractive", "RUNLEVEL=1", apt]
    packages = ["install", "--yes", "--no-install-recommends", "postgresql", "redis-server"]
    steps = Steps(2, folder)
    steps.run("Debian's package list", [apt, "update"], timeout=_INSTALL_TIMEOUT)
    steps.run("PostgreSQL and Redis", [*quiet, *packages], timeout=_INSTALL_TIMEOUT)


class Services:
    """A PostgreSQL and a Redis, which end with this process. Used as a context manager."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="services-"))
        self._running: list[subprocess.Popen[str]] = []
        self._postgres = free_port()
        self._redis = free_port()

    @property
    def variables(self) -> dict[str, str]:
        """Directus' variables for a node that shares them."""
        return {
            "DB_CLIENT": "pg",
            "DB_HOST": "127.0.0.1",
            "DB_PORT": str(self._postgres),
            "DB_DATABASE": "postgres",
            "DB_USER": "directus",
            "DB_PASSWORD": "unused",
            "REDIS_ENABLED": "true",
            "REDIS": f"redis://127.0.0.1:{self._redis}",
            "MESSENGER_STORE": "redis",
            "SYNCHRONIZATION_STORE": "redis",
        }

    def __enter__(self) -> "Services":
        data = self._folder / "postgres"
        if os.geteuid() == 0:
            shutil.chown(self._folder, *_other_user())
        try:
            self._run(
                *("initdb", "--pgdata", str(data), "--username=directus", "--auth=trust"),
                *("--encoding=UTF8", "--locale=C", "--no-sync"),
            ).wait(_START_LIMIT)
            self._run(
                *("postgres", "-D", str(data), "-p", str(self._postgres)),
                *("-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="),
                *("-c", "fsync=off"),
            )
            self._run(
                *("redis-server", "--port", str(self._redis), "--bind", "127.0.0.1"),
                *("--save", "", "--dir", str(self._folder)),
            )
            for port in (self._postgres, self._redis):
                self._wait_for(port)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        with ExitStack() as stack:
            stack.callback(shutil.rmtree, self._folder)
            for process in self._running:
                stack.callback(processes.end, process, kill=False)

    def _run(self, program: str, *arguments: str) -> subprocess.Popen[str]:
        path = find(program)
        assert path is not None, f"{program} is missing: start with python3 -m tests --directus"
        with (self._folder / f"{program}.log").open("wb") as log:
            command = [*_as_other_user(), path, *arguments]
            process = processes.start(command, cwd=self._folder, stdout=log, stderr=log)
        self._running.append(process)
        return process

    def _wait_for(self, port: int) -> None:
        deadline = time.monotonic() + _START_LIMIT
        while True:
            try:
                return socket.create_connection(("127.0.0.1", port)).close()
            except ConnectionRefusedError:
                if time.monotonic() > deadline:
                    logs = {log.name: log.read_text() for log in self._folder.glob("*.log")}
                    raise AssertionError(f"port {port} stays closed: {logs}") from None
                time.sleep(0.02)


def _other_user() -> tuple[str, str]:
    """Return the user and group that PostgreSQL, which refuses root, runs as."""
    import grp
    import pwd

    user = next(u for u in pwd.getpwall() if u.pw_name in ("postgres", "nobody"))
    return user.pw_name, grp.getgrgid(user.pw_gid).gr_name


def _as_other_user() -> list[str]:
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return []
    # PostgreSQL takes SIGINT as the order to end without waiting for its clients.
    command = [setpriv, "--pdeathsig", "INT"]
    if os.geteuid() == 0:
        user, group = _other_user()
        command += [f"--reuid={user}", f"--regid={group}", "--clear-groups"]
    return command
