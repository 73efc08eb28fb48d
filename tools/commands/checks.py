"""What serve.py's options say, checked before a long set-up."""

import tomllib
from pathlib import Path

from tools import listening
from tools.examples import Example
from tools.settings import why_unreadable
from tools.steps import SetupError

SAMPLE_TOKEN = "your_access_token"
LOCAL = "local"
"""The word for a Directus that runs here, in place of an address."""

_SQLITE = b"SQLite format 3\0"  # how a database's file begins


def check_host(host: str, directus: str | None, token: str, example: Example | None = None) -> None:
    """Refuse to serve others with a token or passwords that everybody knows; raises SetupError."""
    if listening.is_loopback(host):
        return
    if directus == LOCAL:
        raise SetupError(
            f"on {host} others could log in to the local Directus, whose passwords "
            "everybody knows: leave --host out"
        )
    if example and example.logins and directus is None:
        raise SetupError(
            f"on {host} others could log in to the example {example.name}, whose passwords "
            "everybody knows: leave --host out, or give users of your own with --project"
        )
    if token == SAMPLE_TOKEN:
        raise SetupError(
            f"on {host} others could write with the guide's sample token, which everybody "
            "knows: give another with --token"
        )


def check_database(database: Path) -> None:
    """Make the database's folder and check that the file can be used; raises SetupError."""
    try:
        database.parent.mkdir(parents=True, exist_ok=True)
        with database.open("a+b") as file:
            file.seek(0)
            start = file.read(len(_SQLITE))
    except (OSError, ValueError) as error:
        why = why_unreadable(error)
        raise SetupError(
            f"the database {database} cannot be written ({why}): name another file with --db"
        ) from error
    if start and start != _SQLITE:
        raise SetupError(
            f"{database} is a file of something else than SQLite: name another with --db, which "
            "is made if it is not there"
        )


def check_project(file: Path | None) -> None:
    """Check that the project's file can be read as TOML; raises SetupError."""
    if file is None:
        return
    try:
        if file.is_fifo():  # which can be read once, and is read again by the server
            raise OSError("it is a pipe")
        tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        why = why_unreadable(error)
        raise SetupError(
            f"--project {file} cannot be read ({why}): name a file in TOML, such as "
            "server/guide.toml"
        ) from error
