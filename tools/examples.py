"""The pages under examples/: each folder has a page of its own, and the project that it needs."""

import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tools import ROOT
from tools.steps import SetupError

_FOLDER = ROOT / "examples"


def names() -> list[str]:
    """Return the names of the examples."""
    return sorted(path.parent.name for path in _FOLDER.glob("*/index.html"))


def find(name: str) -> "Example":
    """Return an example. Raises SetupError, with the names that there are."""
    if name not in names():
        raise SetupError(f"there is no example {name!r}: choose one of {', '.join(names())}")
    return Example(_FOLDER / name)


@dataclass(frozen=True)
class Example:
    """One example.

    Attributes:
        folder: its page: index.html, pyscript.toml and what they name.
    """

    folder: Path

    @property
    def name(self) -> str:
        """What the command line calls it."""
        return self.folder.name

    @property
    def project(self) -> Path:
        """The file with its collections, policies and users."""
        return self.folder / "project.toml"

    @property
    def database(self) -> Path:
        """Where the embedded server keeps its items."""
        return ROOT / ".data" / f"{self.name}.db"

    @cached_property
    def logins(self) -> dict[str, str]:
        """The passwords of its users who have one, by e-mail."""
        users = self.described.get("users", [])
        return {user["email"]: user["password"] for user in users if "password" in user}

    @property
    def collections(self) -> list[str]:
        """The names of its collections."""
        return list(self.described["collections"])

    def advice(self) -> str:
        """Return what to do with its page where its own users are there."""
        if not self.logins:
            return "open the page in two windows"
        users = [f"{email} (password {word})" for email, word in self.logins.items()]
        return f"log in as {' or '.join(users)}"

    @cached_property
    def described(self) -> dict[str, Any]:
        """What the project's file says."""
        return tomllib.loads(self.project.read_text(encoding="utf-8"))
