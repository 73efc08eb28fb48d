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
import logging
import threading
import webbrowser
from pathlib import Path

ROOT = Path(__file__).resolve().parent
SAMPLE_TOKEN = "your_access_token"
INTERRUPTED = 130


def main(arguments: list[str]) -> int:
    """Do what the command line says; return the exit code."""
    from tools.steps import SetupError

    try:
        serve(parser().parse_args(arguments))
    except SetupError as error:
        print(f"serve.py: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


def parser() -> argparse.ArgumentParser:
    """Describe the command line; a wrong one ends the program with exit code 2."""
    parser = argparse.ArgumentParser(
        prog="serve.py",
        description="Serve the page, and a server for it to talk to. The first start sets up.",
    )
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    add("--port", type=port, default=8000, help="port to listen on, 0 for any (%(default)s)")
    add(
        "--db",
        type=Path,
        default=ROOT / ".data" / "messages.db",
        metavar="FILE",
        help="SQLite file of the messages (.data/messages.db in the checkout)",
    )
    add("--token", help="static token to accept and to give to the page (that of pyscript.toml)")
    add(
        "--auth",
        choices=("handshake", "strict", "public"),
        help="how a connection says who it is (auth_mode in pyscript.toml)",
    )
    add("--open", action="store_true", help="open the page in a browser")
    return parser


def port(text: str) -> int:
    """Read a port number; raises ValueError."""
    number = int(text)
    if not 0 <= number <= 65535:
        raise ValueError(number)
    return number


def serve(options: argparse.Namespace) -> None:
    """Check what can be checked, set up what is missing, and serve until Ctrl-C."""
    from server.config import Config
    from tools import environment, listening
    from tools.settings import read_settings
    from tools.steps import SetupError

    settings = read_settings(ROOT / "pyscript.toml")
    given = {"token": options.token, "auth_mode": options.auth}
    config = Config(
        root=ROOT,
        database=options.db.absolute(),
        token=settings.token if options.token is None else options.token,
        auth=options.auth or settings.auth_mode,
        page={key: value for key, value in given.items() if value is not None},
    )
    if config.token == SAMPLE_TOKEN and not listening.is_loopback(options.host):
        raise SetupError(
            f"on {options.host} others could write with the guide's sample token, which everybody "
            "knows: give another with --token"
        )
    # A port in use is found out before a long set-up, too.
    listening.listen(options.host, options.port).close()
    make_folder(config.database)
    environment.enter(ROOT)

    from server import app

    # Where the wire stays silent, as Directus does, the reason is said here.
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%X")
    listener = listening.listen(options.host, options.port)
    url = listening.url_of(listener)

    def on_ready() -> None:
        print(
            f"The page   {url}\n"
            f"The token  {config.token or 'none: everybody has public rights'}\n"
            "To try     await createItem('Hello World!', 'Ben')   in the browser's console\n"
            "To stop    Ctrl-C",
            flush=True,
        )
        if options.open:
            threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()

    try:
        app.serve(config, listener, on_ready)
    except app.StoreError as error:
        raise SetupError(str(error)) from error


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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
