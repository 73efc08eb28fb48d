"""`python3 serve.py`: serve the page, and what it talks to."""

import argparse
import contextlib
import logging
import sys
import threading
import webbrowser
from dataclasses import dataclass
from pathlib import Path

from server.config import AuthMode, Config
from tools import ROOT, environment, examples, listening
from tools.address import read_address, read_host, read_origin
from tools.commands import checks
from tools.commands.checks import LOCAL
from tools.examples import Example
from tools.options import whole_number
from tools.precompressed import PrecompressedFiles
from tools.secret import PAGE_TOKEN, check_header, check_token, token_of
from tools.settings import read_settings
from tools.steps import SetupError

ABOUT = """\
Serve the page, and a server for it to talk to, until Ctrl-C. The first start sets up what is
needed, in this folder."""
MORE = f"""\
What is not given here is as pyscript.toml says. Other programs on this machine can read a command
line, so the token may come from the environment too, in {PAGE_TOKEN}; --token wins.

other commands, each with its own --help:
"""

_LOCAL_URL = "http://127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Serve:
    """The options, as the command line gives them."""

    host: str
    port: int
    db: Path | None
    project: Path | None
    example: str | None
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
        add(
            "--port",
            type=whole_number(0, 65535),
            default=8000,
            help="port to listen on, 0 for any (%(default)s)",
        )
        add(
            "--db",
            type=Path,
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
            "--example",
            metavar="NAME",
            help=f"another page, with a project of its own: {', '.join(examples.names())}",
        )
        add(
            "--token",
            help="static token to accept and to give to the page, empty for none, or in "
            f"{PAGE_TOKEN} (token in pyscript.toml)",
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
        example = examples.find(self.example) if self.example is not None else None
        settings = read_settings((example.folder if example else ROOT) / "pyscript.toml")
        given_token = token_of(self.token, "--token", PAGE_TOKEN)
        token = settings.token if given_token is None else given_token
        check_token(token, "pyscript.toml")
        auth = self.auth or settings.auth_mode
        known = example if self.project is None else None
        checks.check_host(self.host, self.directus, token, known)
        self._let_in()
        directus = self.directus
        if directus is None:
            checks.check_database(self._database(example))
            checks.check_project(self.project)
        elif directus != LOCAL:
            directus = read_address(directus)
        if directus is not None:
            check_header(token)
        # A port in use is found before a long set-up.
        listening.listen(self.host, self.port).close()
        environment.ensure_environment(ROOT)
        if directus is not None:
            from tools.network import prepare_for

            prepare_for(_LOCAL_URL if directus == LOCAL else directus)

        given = {"token": given_token, "auth_mode": self.auth}
        page = {name: value for name, value in given.items() if value is not None}
        files = PrecompressedFiles(ROOT, environment.VirtualEnvironment(ROOT).packages)
        with contextlib.ExitStack() as stack:
            stack.enter_context(files.made_meanwhile())
            if directus == LOCAL:
                from tools import local_directus

                local = local_directus.provisioned(ROOT / ".data", token, example)
                directus, token = stack.enter_context(local)
                page["token"] = token
            self._serve(directus, token, auth, page, example)

    def _serve(
        self,
        directus: str | None,
        token: str,
        auth: AuthMode,
        page: dict[str, str],
        example: Example | None,
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
            self._warn(directus, token, auth, url, example)

        def on_ready() -> None:
            lines = [
                f"The page   {url}",
                *self._directus_lines(directus),
                *self._lines_to_try(token, example),
                "To stop    Ctrl-C",
            ]
            print("\n".join(lines), flush=True)
            if self.open:
                threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()

        hosts, origins = self._let_in()
        config = Config(
            database=self._database(example),
            project=self.project or (example.project if example else None),
            token=token,
            auth=auth,
            directus="" if self.direct else directus,
            hosts=(self.host, *hosts),
            cors_enabled=bool(origins),
            cors_origin=origins,
        )
        site = Site(ROOT, page, example.folder if example else None)
        try:
            app.serve(config, listener, on_ready, routes(site))
        except (app.ProjectError, app.StoreError) as error:
            named = f"--project {error}" if isinstance(error, app.ProjectError) else str(error)
            raise SetupError(named) from error

    def _let_in(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the names and origins that are let in. Raises SetupError."""
        return tuple(map(read_host, self.allow_host)), tuple(map(read_origin, self.cors_origin))

    def _database(self, example: Example | None) -> Path:
        usual = example.database if example else ROOT / ".data" / "messages.db"
        return (self.db or usual).absolute()

    def _warn(
        self, directus: str, token: str, auth: AuthMode, url: str, example: Example | None
    ) -> None:
        """Print what will not work with that Directus; it may be repaired while we serve."""
        from tools import preflight

        origin = url.rstrip("/") if self.direct else None
        fault = preflight.diagnose(directus, token, auth, origin, is_guide=example is None)
        if fault:
            print(f"serve.py: warning: {fault}", file=sys.stderr)

    def _directus_lines(self, directus: str | None) -> list[str]:
        """Return the line that says which Directus the page talks to; none for our own."""
        if directus is None:
            return []
        how = "the browser connects to it itself" if self.direct else "relayed by this program"
        return [f"Directus   {directus} ({how})"]

    def _lines_to_try(self, token: str, example: Example | None) -> list[str]:
        """Return what one needs to know to use the page."""
        lines = [f"The token  {token or 'none: who has not signed in has public rights'}"]
        if example is None:
            call = "await createItem('Hello World!', 'Ben')"
            return [*lines, f"To try     {call}   in the browser's console"]
        lines = [] if example.logins else lines
        if self.directus in (None, LOCAL):
            return [*lines, f"To try     {example.advice()}"] if self.project is None else lines
        command = f"python3 serve.py provision --directus {self.directus} --example {example.name}"
        needs = f"{', '.join(example.collections)}; `{command}` makes what is missing"
        return [*lines, f"It needs   {needs}"]
