"""What a server serves: collections with typed fields, policies, users. No I/O.

``guide()`` is the project of Directus' guide "Connect to Realtime Data".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import sqlalchemy as sa

Type = Literal["string", "text", "integer", "float", "boolean", "json", "timestamp", "uuid"]
Special = Literal["date-created", "date-updated", "uuid"]
Action = Literal["create", "read", "update", "delete"]

# JSON and timestamps are kept as text, a timestamp in the one form that also sorts as time.
_COLUMNS: dict[Type, type[sa.types.TypeEngine[Any]]] = {
    "integer": sa.Integer,
    "float": sa.Float,
    "boolean": sa.Integer,
}


@dataclass(frozen=True)
class Field:
    """One column; ``special`` names the value that the server itself puts in."""

    name: str
    type: Type
    special: Special | None = None
    primary: bool = False
    required: bool = False
    unique: bool = False


@dataclass(frozen=True)
class Collection:
    """A table: its name and its fields, one of them primary."""

    name: str
    fields: tuple[Field, ...]

    @cached_property
    def by_name(self) -> dict[str, Field]:
        """The fields by their names, in their order."""
        return {field.name: field for field in self.fields}

    @cached_property
    def key(self) -> Field:
        """The primary field."""
        return next(field for field in self.fields if field.primary)

    @cached_property
    def table(self) -> sa.Table:
        """The table as SQLAlchemy knows it."""
        columns = [
            sa.Column(
                field.name,
                _COLUMNS.get(field.type, sa.Text),
                primary_key=field.primary,
                nullable=not (field.primary or field.required),
                unique=field.unique,
            )
            for field in self.fields
        ]
        automatic = self.key.type == "integer"
        return sa.Table(self.name, sa.MetaData(), *columns, sqlite_autoincrement=automatic)


@dataclass(frozen=True)
class Rule:
    """One permission of a policy: an action, and the fields (``*`` for all) of what rows."""

    collection: str
    action: Action
    fields: tuple[str, ...] = ("*",)
    filter: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Policy:
    """A named set of permissions. ``admin`` may do everything."""

    name: str
    rules: tuple[Rule, ...] = ()
    admin: bool = False


@dataclass(frozen=True)
class User:
    """Somebody with a static token; an empty token lets nobody in."""

    email: str
    token: str
    policies: tuple[Policy, ...]


@dataclass(frozen=True)
class Project:
    """All of it. ``public`` says what they may do who say not who they are."""

    collections: tuple[Collection, ...]
    users: tuple[User, ...]
    public: tuple[Policy, ...] = ()

    @cached_property
    def by_name(self) -> dict[str, Collection]:
        """The collections by their names."""
        return {collection.name: collection for collection in self.collections}


def guide(token: str) -> Project:
    """Return the guide's project: ``messages``, which a user with ``token`` reads and creates."""
    messages = Collection(
        "messages",
        (
            Field("id", "integer", primary=True),
            Field("date_created", "timestamp", special="date-created"),
            Field("text", "text"),
            Field("user", "string"),
        ),
    )
    posts = Policy("Public Posts", (Rule("messages", "read"), Rule("messages", "create")))
    return Project((messages,), (User("poster@example.com", token, (posts,)),))
