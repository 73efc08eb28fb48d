"""Reading a project from its TOML file; server/guide.toml describes and shows the form."""

import re
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar, get_args

from server.errors import DirectusError
from server.project import (
    USERS,
    Action,
    Collection,
    Field,
    Policy,
    Project,
    Rule,
    Special,
    Type,
    User,
)
from server.query.filters import DynamicVariables, read_filter
from server.query.source import Source
from server.query.values import to_column
from server.toml_values import not_json

GUIDE = Path(__file__).with_name("guide.toml")
"""The default project."""

SAMPLE_TOKEN = "your_access_token"
"""The token in a file that is replaced by the server's token."""

T = TypeVar("T")

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_WORDS = {str: "a text", bool: "true or false", list: "a list", dict: "a table"}


class ProjectError(Exception):
    """A project file cannot be used; the text names the file, the table and the key."""


class _Table:
    """A table of the file. Keys are taken from it; a key that is left is a mistake."""

    def __init__(self, file: Path, name: str, values: dict[str, Any]) -> None:
        self.file = file
        self.name = name
        self.values = dict(values)

    def take(self, key: str, kind: type[T], default: T | None = None) -> T:
        """Return the value of ``key``, which is required unless it has a default."""
        value = self.values.pop(key, default)
        if not isinstance(value, kind):
            raise self.wrong(key, f"expected {_WORDS[kind]}, got {_shown(value)}")
        return value

    def choose(self, key: str, choices: tuple[str, ...], default: str | None = None) -> Any:
        """Return the value of ``key``, one of ``choices``."""
        value = self.values.pop(key, default)
        if (value is not default and value not in choices) or (value is None and not default):
            raise self.wrong(key, f"expected one of {', '.join(choices)}, got {_shown(value)}")
        return value

    def texts(self, key: str, default: list[str]) -> list[str]:
        """Return the value of ``key``, a list of texts."""
        values = self.take(key, list, default)
        if not all(isinstance(value, str) for value in values):
            raise self.wrong(key, f"expected a list of texts, got {_shown(values)}")
        return values

    def below(self, key: str) -> "_Table":
        """Return the table under ``key``; an empty one if there is none."""
        return _Table(self.file, self._path(key), self.take(key, dict, {}))

    def rest(self) -> "Iterator[tuple[str, _Table]]":
        """Yield the keys that are left, each with its table."""
        for key in list(self.values):
            yield key, self.below(key)

    def listed(self, key: str) -> "Iterator[_Table]":
        """Yield the tables of a list."""
        for at, item in enumerate(self.take(key, list, [])):
            if not isinstance(item, dict):
                raise self.wrong(f"{key}[{at}]", f"expected a table, got {_shown(item)}")
            yield _Table(self.file, self._path(f"{key}[{at}]"), item)

    def done(self) -> None:
        """Raise an error if a key is left."""
        for key in self.values:
            raise self.wrong(key, "expected no such key: remove it, or correct its name")

    def wrong(self, key: str, what: str) -> ProjectError:
        """Return the error about ``key``."""
        table = f"[{self.name}] " if self.name else ""
        return ProjectError(f"{self.file}: {table}{key}: {what}.")

    @contextmanager
    def checking(self, key: str) -> Iterator[None]:
        """Turn a DirectusError into an error about ``key``."""
        try:
            yield
        except DirectusError as error:
            raise self.wrong(key, f"expected what Directus takes, got: {error}"[:-1]) from None

    def _path(self, key: str) -> str:
        return f"{self.name}.{key}" if self.name else key


def read_project(path: Path, token: str) -> Project:
    """Return the project of a file; ``token`` replaces the sample token.

    Raises:
        ProjectError: the file cannot be read, or does not describe a project.
    """
    try:
        root = _Table(path, "", tomllib.loads(path.read_text(encoding="utf-8-sig")))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not in UTF-8, as TOML is"
        raise ProjectError(f"{path}: expected a project file, got: {reason}.") from None
    except tomllib.TOMLDecodeError as error:
        raise ProjectError(f"{path}: expected TOML, got: {error}.") from None
    for place, what in not_json(root.values):
        raise root.wrong(place, what)
    collections: dict[str, Collection] = {}
    known = {USERS.name: USERS}
    for name, table in root.below("collections").rest():
        collections[name] = known[name] = _collection(table, name, known)
    if not collections:
        raise root.wrong("collections", "expected at least one collection, got none")
    _check_distinct(root, "collections", list(collections))
    _check_references(root, known)
    readable = {**collections, USERS.name: USERS}
    policies = {n: _policy(t, n, readable) for n, t in root.below("policies").rest()}
    users = tuple(_user(table, policies, token) for table in root.listed("users"))
    _check_unique(root, users)
    public = root.below("public")
    granted = _granted(public, policies)
    public.done()
    root.done()
    return Project(tuple(collections.values()), users, granted)


def _collection(table: _Table, name: str, others: dict[str, Collection]) -> Collection:
    if not _NAME.fullmatch(name) or name.lower().startswith(("directus_", "sqlite_")):
        raise table.wrong("name", f"expected letters, digits and _ of your own, got {name!r}")
    fields = tuple(_field(below, key) for key, below in table.below("fields").rest())
    _check_distinct(table, "fields", [field.name for field in fields])
    keys = [field.name for field in fields if field.primary]
    if len(keys) != 1:
        raise table.wrong("fields", f"expected one field with primary = true, got {len(keys)}")
    singleton = table.take("singleton", bool, False)
    table.done()
    return Collection(name, fields, singleton, others)


def _field(table: _Table, name: str) -> Field:
    if not _NAME.fullmatch(name):
        raise table.wrong("name", f"expected letters, digits and _, got {name!r}")
    field = Field(
        name,
        table.choose("type", get_args(Type)),
        table.choose("special", get_args(Special), ""),
        primary=table.take("primary", bool, False),
        required=table.take("required", bool, False),
        unique=table.take("unique", bool, False),
        references=table.take("references", str, "") or None,
    )
    field = replace(field, special=field.special or None)
    if field.primary and field.type not in ("integer", "bigInteger", "string", "uuid"):
        raise table.wrong("primary", f"expected a key that is integer, string or uuid, got {name}")
    default = table.values.pop("default", None)
    with table.checking("default"):
        to_column(field, default)
    table.done()
    return replace(field, default=default)


def _check_distinct(table: _Table, key: str, names: list[str]) -> None:
    """Raise an error if names differ in small and large letters alone, as SQLite sees none."""
    small = [name.lower() for name in names]
    for name in names:
        if small.count(name.lower()) > 1:
            raise table.wrong(key, f"expected names that differ in more than case, got {name!r}")


def _check_references(root: _Table, collections: dict[str, Collection]) -> None:
    for collection in collections.values():
        for field in collection.fields:
            name, _, column = (field.references or f"{collection.name}.{field.name}").partition(".")
            if name not in collections or column not in collections[name].by_name:
                place = f"collections.{collection.name}.fields.{field.name}.references"
                raise root.wrong(place, f"expected collection.field, got {field.references!r}")


def _policy(table: _Table, name: str, collections: dict[str, Collection]) -> Policy:
    rules = tuple(_rule(below, collections) for below in table.listed("permissions"))
    admin = table.take("admin", bool, False)
    table.done()
    return Policy(name, rules, admin)


def _rule(table: _Table, collections: dict[str, Collection]) -> Rule:
    collection = collections[table.choose("collection", tuple(collections))]
    action: Action = table.choose("action", get_args(Action))
    fields = table.texts("fields", ["*"])
    if unknown := [name for name in fields if name not in ("*", *collection.by_name)]:
        raise table.wrong("fields", f"expected fields of {collection.name}, got {unknown[0]!r}")
    condition = table.take("filter", dict, {})
    with table.checking("filter"):
        found = (
            read_filter(condition, DynamicVariables(None, datetime.now(UTC))) if condition else None
        )
        if found is not None:
            Source.of(collection).where(found)
    table.done()
    return Rule(collection.name, action, tuple(fields), condition or None)


def _user(table: _Table, policies: dict[str, Policy], token: str) -> User:
    email = table.take("email", str)
    if not _EMAIL.fullmatch(email):
        raise table.wrong("email", f"expected an e-mail address, got {email!r}")
    own = table.take("token", str, "")
    password = table.take("password", str, "")
    granted = _granted(table, policies)
    names = [table.take(key, str, "") or None for key in ("first_name", "last_name")]
    table.done()
    return User(email, token if own == SAMPLE_TOKEN else own, granted, password, *names)


def _granted(table: _Table, policies: dict[str, Policy]) -> tuple[Policy, ...]:
    names = table.texts("policies", [])
    if unknown := [name for name in names if name not in policies]:
        raise table.wrong("policies", f"expected names under [policies], got {unknown[0]!r}")
    return tuple(policies[name] for name in names)


def _check_unique(root: _Table, users: tuple[User, ...]) -> None:
    emails = [user.email.lower() for user in users]
    tokens = [user.token for user in users if user.token]
    for key, values in (("email", emails), ("token", tokens)):
        if twice := [value for at, value in enumerate(values) if value in values[:at]]:
            raise root.wrong(f"users.{key}", f"expected each {key} once, got {twice[0]!r} twice")


def _shown(value: Any) -> str:
    return "nothing" if value is None else repr(value)[:60]
