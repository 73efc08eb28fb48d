"""The command line: `python3 serve.py` sets up what is missing, then serves the page.

python3 serve.py --help lists the options.
"""

import sys

# No newer syntax in this file: an old Python has to get as far as this sentence.
if sys.version_info < (3, 11):
    sys.exit(
        "serve.py needs Python 3.11 or newer, and this is Python {}.{}: start it with a newer "
        "one, as in `python3.14 serve.py`.".format(*sys.version_info)
    )

import argparse
import contextlib
import logging
import threading
import webbrowser
from pathlib import Path

ROOT = Path(__file__).resolve().parent
SAMPLE_TOKEN = "your_access_token"
INTERRUPTED = 130


def main(arguments: list[str]) -> int:
    """Do what the command line says; return the exit code."""
    from tools.arguments import read
    from tools.steps import SetupError

    options = read(arguments, ROOT, serve=serve, provision=prepare, build=build)
    try:
        options.command(options)
    except SetupError as error:
        print(f"serve.py: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


def serve(options: argparse.Namespace) -> None:
    """Check what can be checked, set up what is missing, and serve until Ctrl-C."""
    from tools import environment, listening
    from tools.address import read_address
    from tools.settings import read_settings

    settings = read_settings(ROOT / "pyscript.toml")
    given = {"token": options.token, "auth_mode": options.auth}
    options.page = {key: value for key, value in given.items() if value is not None}
    options.token = settings.token if options.token is None else options.token
    options.auth = options.auth or settings.auth_mode
    check_host(options)
    if options.directus is None:
        make_folder(options.db.absolute())
    elif options.directus != "local":
        options.directus = read_address(options.directus)
    # A port in use is found out before a long set-up, too.
    listening.listen(options.host, options.port).close()
    environment.enter(ROOT)

    with contextlib.ExitStack() as stack:
        if options.directus == "local":
            from tools import local_directus

            local = local_directus.provisioned(ROOT / ".data" / "directus", options.token)
            options.directus, options.page["token"] = stack.enter_context(local)
        serve_page(options)


def check_host(options: argparse.Namespace) -> None:
    """Let others in only where they do not know the key; raises SetupError."""
    from tools import listening
    from tools.steps import SetupError

    if listening.is_loopback(options.host):
        return
    if options.directus == "local":
        raise SetupError(
            f"on {options.host} others could log in to the local Directus, whose passwords "
            "everybody knows: leave --host out"
        )
    if options.token == SAMPLE_TOKEN:
        raise SetupError(
            f"on {options.host} others could write with the guide's sample token, which everybody "
            "knows: give another with --token"
        )


def serve_page(options: argparse.Namespace) -> None:
    """Serve the page, and what it talks to unless the browser connects there itself."""
    from server import app
    from server.config import Config
    from tools import listening
    from tools.steps import SetupError
    from web.delivery import routes
    from web.site import Site

    # Where the wire stays silent, as Directus does, the reason is said here.
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%X")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    listener = listening.listen(options.host, options.port)
    url = listening.url_of(listener)
    if options.directus is not None:
        from tools import checking

        options.page["url"] = options.directus if options.direct else ""
        origin = url.rstrip("/") if options.direct else None
        fault = checking.fault_of(options.directus, options.token, options.auth, origin)
        if fault:
            # It may be mended while the page is served.
            print(f"serve.py: warning: {fault}", file=sys.stderr)

    def on_ready() -> None:
        print(
            f"The page   {url}\n"
            f"{directus_line(options)}"
            f"The token  {options.token or 'none: everybody has public rights'}\n"
            "To try     await createItem('Hello World!', 'Ben')   in the browser's console\n"
            "To stop    Ctrl-C",
            flush=True,
        )
        if options.open:
            threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()

    config = Config(
        database=options.db.absolute(),
        project=options.project,
        token=options.token,
        auth=options.auth,
        directus="" if options.direct else options.directus,
    )
    try:
        app.serve(config, listener, on_ready, routes(Site(ROOT, options.page)))
    except (app.ProjectError, app.StoreError) as error:
        raise SetupError(str(error)) from error


def directus_line(options: argparse.Namespace) -> str:
    """Return the line that says which Directus the page talks to; none for our own."""
    if options.directus is None:
        return ""
    how = "the browser connects to it itself" if options.direct else "relayed by this program"
    return f"Directus   {options.directus} ({how})\n"


def make_folder(database: Path) -> None:
    """Make the database's folder and see that the file can be written; raises SetupError."""
    from tools.steps import SetupError

    try:
        database.parent.mkdir(parents=True, exist_ok=True)
        database.open("ab").close()
    except OSError as error:
        raise SetupError(
            f"the database {database} cannot be written ({error.strerror}): name another file "
            "with --db"
        ) from error


def build(options: argparse.Namespace) -> None:
    """Write the page to a folder, and say what to do with it."""
    from tools import environment
    from tools.address import read_address

    if options.url:
        options.url = read_address(options.url)
    environment.enter(ROOT)

    from tools.build import build as write

    given = {"url": options.url, "token": options.token}
    page = {key: value for key, value in given.items() if value is not None}
    packages = environment.VirtualEnvironment(ROOT).packages
    print(write(ROOT, options.out.absolute(), page, packages))
    print("Who can read the folder can read the token in it. What its host must send:")
    print("docs/static-hosting.md")


def prepare(options: argparse.Namespace) -> None:
    """Do the guide's preparations on a Directus, and say what to do next."""
    from tools import environment
    from tools.address import read_address

    url = read_address(options.directus)
    environment.enter(ROOT)

    from tools import administrator
    from tools.provision import provision
    from tools.remote import Remote

    with Remote(url) as remote:
        administrator.enter(remote, options.email, options.admin_token)
        token = provision(remote, print, dry_run=options.dry_run, new_token=options.new_token)
    if token:
        print(f"now   python3 serve.py --directus {url} --token {token}")
    elif not options.dry_run:
        print(
            f"now   python3 serve.py --directus {url} --token TOKEN, with the token that an "
            "earlier run printed: it cannot be read back, but --new-token makes another"
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
