"""`python3 serve.py`: serve the page, and what it talks to."""

import argparse
import contextlib
import logging
import re
import sys
import threading
import webbrowser
from dataclasses import dataclass
from pathlib import Path

from server.config import AuthMode, Config
from tools import ROOT, environment, listening
from tools.address import read_address
from tools.settings import read_settings
from tools.steps import SetupError

SAMPLE_TOKEN = "your_access_token"
LOCAL = "local"
"""The word for a Directus that runs here, in place of an address."""

_LOCAL_URL = "http://127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Serve:
    """The options, as the command line gives them."""

    host: str
    port: int
    db: Path
    project: Path | None
    token: str | None
    auth: AuthMode | None
    open: bool
    directus: str | None
    direct: bool
    allow_host: list[str]
    cors_origin: list[str]

    @staticmethod
    def add_arguments(parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        add = parser.add_argument
        add("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
        add("--port", type=_port, default=8000, help="port to listen on, 0 for any (%(default)s)")
        add(
            "--db",
            type=Path,
            default=ROOT / ".data" / "messages.db",
            metavar="FILE",
            help="SQLite file of the messages (.data/messages.db in the checkout)",
        )
        add(
            "--project",
            type=Path,
            metavar="FILE",
            help="collections, policies and users, as in server/guide.toml, which is the default",
        )
        add(
            "--token", help="static token to accept and to give to the page (that of pyscript.toml)"
        )
        add(
            "--auth",
            choices=("handshake", "strict", "public"),
            help="how a connection says who it is (auth_mode in pyscript.toml)",
        )
        add("--open", action="store_true", help="open the page in a browser")
        add(
            "--directus",
            metavar="URL",
            help="the Directus that the page talks to, relayed; `local` installs and runs one here",
        )
        add(
            "--direct",
            action="store_true",
            help="no relay: the browser connects to that URL itself",
        )
        add(
            "--allow-host",
            action="append",
            default=[],
            metavar="NAME",
            help="a name under which this server is reached, as behind a proxy; may be repeated",
        )
        add(
            "--cors-origin",
            action="append",
            default=[],
            metavar="ORIGIN",
            help="an origin whose pages may talk to this server, as http://localhost:5173; "
            "may be repeated",
        )

    def run(self) -> None:
        """Check what can be checked, set up what is missing, and serve until Ctrl-C.

        Raises SetupError.
        """
        settings = read_settings(ROOT / "pyscript.toml")
        token = settings.token if self.token is None else self.token
        auth = self.auth or settings.auth_mode
        _check_host(self.host, self.directus, token)
        _check_names(self.allow_host, self.cors_origin)
        directus = self.directus
        if directus is None:
            _make_folder(self.db.absolute())
        elif directus != LOCAL:
            directus = read_address(directus)
        # A port in use is found before a long set-up.
        listening.listen(self.host, self.port).close()
        environment.ensure_environment(ROOT)
        if directus is not None:
            from tools.network import prepare_for

            prepare_for(_LOCAL_URL if directus == LOCAL else directus)

        given = {"token": self.token, "auth_mode": self.auth}
        page = {name: value for name, value in given.items() if value is not None}
        with contextlib.ExitStack() as stack:
            if directus == LOCAL:
                from tools import local_directus

                local = local_directus.provisioned(ROOT / ".data" / "directus", token)
                directus, token = stack.enter_context(local)
                page["token"] = token
            self._serve(directus, token, auth, page)

    def _serve(
        self, directus: str | None, token: str, auth: AuthMode, page: dict[str, str]
    ) -> None:
        """Serve the page with the settings `page`, and the embedded server or a relay."""
        from server import app
        from web.delivery import routes
        from web.site import Site

        # Where Directus' protocol has no answer, the reason is logged here.
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%X")
        logging.getLogger("httpx").setLevel(logging.WARNING)  # the preflight's requests are ours
        listener = listening.listen(self.host, self.port)
        url = listening.url_of(listener)
        if directus is not None:
            page["url"] = directus if self.direct else ""
            self._warn(directus, token, auth, url)

        def on_ready() -> None:
            print(
                f"The page   {url}\n"
                f"{self._directus_line(directus)}"
                f"The token  {token or 'none: everybody has public rights'}\n"
                "To try     await createItem('Hello World!', 'Ben')   in the browser's console\n"
                "To stop    Ctrl-C",
                flush=True,
            )
            if self.open:
                threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()

        config = Config(
            database=self.db.absolute(),
            project=self.project,
            token=token,
            auth=auth,
            directus="" if self.direct else directus,
            hosts=(self.host, *self.allow_host),
            cors_enabled=bool(self.cors_origin),
            cors_origin=tuple(self.cors_origin),
        )
        try:
            app.serve(config, listener, on_ready, routes(Site(ROOT, page)))
        except (app.ProjectError, app.StoreError) as error:
            raise SetupError(str(error)) from error

    def _warn(self, directus: str, token: str, auth: AuthMode, url: str) -> None:
        """Print what will not work with that Directus; it may be repaired while we serve."""
        from tools import preflight

        origin = url.rstrip("/") if self.direct else None
        fault = preflight.diagnose(directus, token, auth, origin)
        if fault:
            print(f"serve.py: warning: {fault}", file=sys.stderr)

    def _directus_line(self, directus: str | None) -> str:
        """Return the line that says which Directus the page talks to; none for our own."""
        if directus is None:
            return ""
        how = "the browser connects to it itself" if self.direct else "relayed by this program"
        return f"Directus   {directus} ({how})\n"


def _port(text: str) -> int:
    """Read a port number; raises ValueError."""
    number = int(text)
    if not 0 <= number <= 65535:
        raise ValueError(number)
    return number


def _check_host(host: str, directus: str | None, token: str) -> None:
    """Refuse to serve others with a token or passwords that everybody knows; raises SetupError."""
    if listening.is_loopback(host):
        return
    if directus == LOCAL:
        raise SetupError(
            f"on {host} others could log in to the local Directus, whose passwords "
            "everybody knows: leave --host out"
        )
    if token == SAMPLE_TOKEN:
        raise SetupError(
            f"on {host} others could write with the guide's sample token, which everybody "
            "knows: give another with --token"
        )


def _check_names(hosts: list[str], origins: list[str]) -> None:
    """Check what is let in; raises SetupError."""
    for host in hosts:
        if not re.fullmatch(r"[A-Za-z0-9._-]+|\[?[0-9A-Fa-f:.]+\]?", host):
            raise SetupError(
                f"--allow-host {host!r} is no name: give it without scheme, port and path, as "
                "chat.example.com"
            )
    for origin in origins:
        if not re.fullmatch(r"https?://[^/\s?#@]+", origin):
            raise SetupError(
                f"--cors-origin {origin!r} is no origin: give scheme, host and port without a "
                "path, as http://localhost:5173"
            )


def _make_folder(database: Path) -> None:
    """Make the database's folder and check that the file can be written; raises SetupError."""
    try:
        database.parent.mkdir(parents=True, exist_ok=True)
        database.open("ab").close()
    except OSError as error:
        raise SetupError(
            f"the database {database} cannot be written ({error.strerror}): name another file "
            "with --db"
        ) from error
