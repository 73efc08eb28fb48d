"""A real Directus on this machine, in a folder of its own.

Its database is SQLite unless its environment variables say otherwise.
"""

import contextlib
import http.client
import json
import os
import re
import socket
import subprocess
import sysconfig
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tools import npm
from tools.directus_admin import DirectusAdmin
from tools.directus_package import install
from tools.examples import Example
from tools.provision import provision
from tools.stamps import stamp
from tools.steps import SetupError

ADMIN_EMAIL = "admin@example.com"
ADMIN_PASSWORD = "admin-password"
ADMIN_TOKEN = "admin-static-token"

_PACKAGES = Path(sysconfig.get_path("purelib"))
_COMMAND = "node_modules/@directus/api/dist/cli/run.js"  # cli.js asks the registry for news first
_USUAL_PORT = 8055
_START_LIMIT = 120.0  # seconds
_STOP_LIMIT = 15.0  # seconds
_TICK = 0.05  # seconds between two looks at a Directus that starts
# Directus would read any other variable of this process as a setting.
_KEPT = (
    *("PATH", "HOME", "TMPDIR", "LANG", "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE"),
    *("SYSTEMROOT", "TEMP", "TMP", "USERPROFILE", "APPDATA", "LOCALAPPDATA"),
)


class LocalDirectus:
    """One Directus, which can be ended and started again on its port and database."""

    def __init__(
        self, install: Path, folder: Path, *, port: int, env: Mapping[str, str] | None = None
    ) -> None:
        """Describe it.

        `install` is where :func:`tools.directus_package.install` put it, `folder` takes its
        database, files and log, and `env` holds more of Directus' own variables.
        """
        self.url = f"http://127.0.0.1:{port}"
        self._install = install
        self._folder = folder
        self._port = port
        self._log = folder / "directus.log"
        self._installed = folder / "bootstrapped.stamp"
        self._environment = _environment(install, folder, port) | dict(env or {})
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, with a project made first in an empty database; return when it answers.

        Raises SetupError, with its own last words, when it does not come up.
        """
        for name in ("uploads", "extensions"):
            (self._folder / name).mkdir(parents=True, exist_ok=True)
        if not self._installed.exists():
            # An interrupted bootstrap has left a database that is neither empty nor complete.
            for half in self._folder.glob("data.db*"):
                half.unlink()
            self._start("bootstrap")
            self._wait_until_done()
            stamp(self._installed, "")
        self._start("start")
        self._wait_until_up()

    def stop(self) -> None:
        """End it as a service manager does, if it runs."""
        self._end("terminate")

    def kill(self) -> None:
        """End it with SIGKILL, so that it closes nothing."""
        self._end("kill")

    def _start(self, what: str) -> None:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [
                    *(npm.node(_PACKAGES), *npm.FOLLOW),
                    *(str(self._install / _COMMAND), what),
                ],
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                # Ctrl-C reaches this process alone, which then ends Directus.
                start_new_session=True,
            )

    def _wait_until_done(self) -> None:
        process = self._process
        assert process is not None
        try:
            code = process.wait(_START_LIMIT)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            self.kill()
        if code != 0:
            raise self._start_error("did not make its project")

    def _wait_until_up(self) -> None:
        process = self._process
        assert process is not None
        deadline = time.monotonic() + _START_LIMIT
        try:
            while not self._answers():
                if process.poll() is not None or time.monotonic() > deadline:
                    raise self._start_error("did not start")
                time.sleep(_TICK)
        except BaseException:
            self.kill()
            raise

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=5)
        try:
            connection.request("GET", "/server/ping")
            return connection.getresponse().read() == b"pong"
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _start_error(self, what: str) -> SetupError:
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
        said = [_message(line) for line in lines if line.strip()]
        # What Node prints of an exception has its sentence in the middle.
        errors = [line for line in said if re.match(r"\w*Error\b", line)]
        last = (errors or said or ["nothing"])[-1]
        return SetupError(f"Directus {what}; the last that it said: {last} (log: {self._log})")

    def _end(self, how: str) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        getattr(process, how)()
        try:
            process.wait(_STOP_LIMIT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        assert process.stdin is not None
        process.stdin.close()


@contextmanager
def provisioned(
    folder: Path, token: str, example: Example | None = None
) -> Iterator[tuple[str, str]]:
    """Run a Directus with the guide's project, or an example's, in a folder below `folder`.

    Yields its address and a static token: `token`, or a random one if it is empty; an example whose
    users log in has none. Raises SetupError.
    """
    installed = install()
    name = f"directus-{example.name}" if example else "directus"
    directus = LocalDirectus(installed, folder / name, port=_free_port())
    print("Directus starts ...", flush=True)
    directus.start()
    try:
        with DirectusAdmin(directus.url) as admin:
            admin.identify(ADMIN_TOKEN)
            made = provision(
                admin, _warn, example=example, new_token=True, token=token, as_written=True
            )
        print(f"The Studio {directus.url}/admin ({ADMIN_EMAIL}, {ADMIN_PASSWORD})", flush=True)
        yield directus.url, made or ""
    finally:
        directus.stop()


def _warn(line: str) -> None:
    """Print what is not as the example's file has it."""
    if not line.startswith(("made", "everything")):
        print(f"Note       {line}", flush=True)


def _free_port() -> int:
    """Return Directus' usual port, or another if it is taken."""
    for port in (_USUAL_PORT, 0):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise SetupError("this machine has no free port for Directus: end some programs first")


def _message(line: str) -> str:
    """Return the message in a line of Directus' log."""
    try:
        return str(json.loads(line)["msg"])
    except (ValueError, TypeError, KeyError):
        return line.strip()


def _environment(install: Path, folder: Path, port: int) -> dict[str, str]:
    """Return Directus' settings: those of a small project on this machine alone."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return kept | {
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "SECRET": "a secret that two nodes must share",
        "ADMIN_EMAIL": ADMIN_EMAIL,
        "ADMIN_PASSWORD": ADMIN_PASSWORD,
        "ADMIN_TOKEN": ADMIN_TOKEN,
        "DB_CLIENT": "sqlite3",
        "DB_FILENAME": str(folder / "data.db"),
        "STORAGE_LOCAL_ROOT": str(folder / "uploads"),
        "PACKAGE_FILE_LOCATION": str(install),
        "EXTENSIONS_PATH": str(folder / "extensions"),
        "WEBSOCKETS_ENABLED": "true",
        "TELEMETRY": "false",
        "EMAIL_VERIFY_SETUP": "false",
        # A machine that is busy with something else would make it refuse requests.
        "PRESSURE_LIMITER_ENABLED": "false",
        "LOG_LEVEL": "warn",
        "LOG_STYLE": "raw",
    }
