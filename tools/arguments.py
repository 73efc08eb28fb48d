"""The command line's words: what serve.py, `provision` and `build` take."""

import argparse
import os
from collections.abc import Callable
from pathlib import Path

Command = Callable[[argparse.Namespace], None]


def read(
    arguments: list[str], root: Path, *, serve: Command, provision: Command, build: Command
) -> argparse.Namespace:
    """Read the command line, with `command` for what it asks for; exit with 2 if it is wrong."""
    parser = argparse.ArgumentParser(
        prog="serve.py",
        description="Serve the page, and a server for it to talk to. The first start sets up.",
    )
    parser.set_defaults(command=serve)
    _add_serve(parser, root)
    commands = parser.add_subparsers(metavar="provision | build")
    _add_provision(commands, provision)
    _add_build(commands, build, root)
    options = parser.parse_args(arguments)
    if options.command is serve and options.direct and options.directus is None:
        parser.error("--direct needs --directus URL")
    return options


def _add_serve(parser: argparse.ArgumentParser, root: Path) -> None:
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    add("--port", type=port, default=8000, help="port to listen on, 0 for any (%(default)s)")
    add(
        "--db",
        type=Path,
        default=root / ".data" / "messages.db",
        metavar="FILE",
        help="SQLite file of the messages (.data/messages.db in the checkout)",
    )
    add(
        "--project",
        type=Path,
        metavar="FILE",
        help="collections, policies and users, as in server/guide.toml, which is the default",
    )
    add("--token", help="static token to accept and to give to the page (that of pyscript.toml)")
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
    add("--direct", action="store_true", help="no relay: the browser connects to that URL itself")


def _add_provision(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", provision: Command
) -> None:
    about = "do the guide's preparations on a Directus: a collection, a policy, a user, a token"
    parser = commands.add_parser("provision", help=about, description=about)
    parser.set_defaults(command=provision)
    add = parser.add_argument
    add("--directus", metavar="URL", required=True, help="the address of that Directus")
    add("--email", help="an administrator's e-mail; the password is asked for")
    add(
        "--admin-token",
        metavar="TOKEN",
        default=os.environ.get("DIRECTUS_ADMIN_TOKEN"),
        help="an administrator's static token instead (also in DIRECTUS_ADMIN_TOKEN)",
    )
    add("--new-token", action="store_true", help="give a user who is there another token")
    add("--dry-run", action="store_true", help="say what would be made, and make nothing")


def _add_build(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", build: Command, root: Path
) -> None:
    about = "write the page and its runtime to a folder, for any host of static files"
    parser = commands.add_parser("build", help=about, description=about)
    parser.set_defaults(command=build)
    add = parser.add_argument
    add(
        "--out",
        type=Path,
        default=root / "dist",
        metavar="DIR",
        help="the folder to write (dist in the checkout)",
    )
    # Not named as those of serving, whose defaults these options would overwrite.
    add("--url", help="the Directus that the page talks to (url in pyscript.toml)")
    add("--token", help="the token that the page shows it (token in pyscript.toml)")


def port(text: str) -> int:
    """Read a port number; raises ValueError."""
    number = int(text)
    if not 0 <= number <= 65535:
        raise ValueError(number)
    return number
