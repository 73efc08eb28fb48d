"""A project: collections with typed fields, policies, users. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import sqlalchemy as sa

Type = Literal[
    "string", "text", "integer", "bigInteger", "float", "decimal", "boolean", "json",
    "csv", "timestamp", "dateTime", "date", "time", "uuid", "hash",
]  # fmt: skip
Special = Literal["date-created", "date-updated", "user-created", "uuid"]
Action = Literal["create", "read", "update", "delete"]

INTEGERS: tuple[Type, ...] = ("integer", "bigInteger")
NUMBERS: tuple[Type, ...] = (*INTEGERS, "float", "decimal")
MOMENTS: tuple[Type, ...] = ("timestamp", "dateTime", "date", "time")

# Other types are stored as text; a timestamp in a form whose order is the order of time.
_COLUMNS: dict[Type, type[sa.types.TypeEngine[Any]]] = {
    "integer": sa.Integer,
    "bigInteger": sa.Integer,
    "float": sa.Float,
    "decimal": sa.Float,
    "boolean": sa.Integer,
}


@dataclass(frozen=True)
class Field:
    """One column; ``special`` names the value that the server sets.

    ``required`` forbids null and ``default`` replaces a missing value. ``references`` names the
    column ("collection.field") whose values the field may hold; it becomes null when they are
    deleted.
    """

    name: str
    type: Type
    special: Special | None = None
    primary: bool = False
    required: bool = False
    unique: bool = False
    default: Any = None
    references: str | None = None


@dataclass(frozen=True)
class Collection:
    """A table: its name and its fields, one of them primary. A singleton has at most one row."""

    name: str
    fields: tuple[Field, ...]
    singleton: bool = False

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
        """The table in SQLAlchemy."""
        metadata = sa.MetaData()
        columns = [
            sa.Column(
                field.name,
                _COLUMNS.get(field.type, sa.Text),
                *self._foreign_key(field, metadata),
                primary_key=field.primary,
                nullable=not (field.primary or field.required),
                unique=field.unique,
            )
            for field in self.fields
        ]
        automatic = self.key.type in INTEGERS
        return sa.Table(self.name, metadata, *columns, sqlite_autoincrement=automatic)

    def _foreign_key(self, field: Field, metadata: sa.MetaData) -> list[sa.ForeignKey]:
        if field.references is None:
            return []
        name, _, column = field.references.partition(".")
        if name != self.name and name not in metadata.tables:
            # SQLAlchemy needs the referenced table in the same metadata.
            sa.Table(name, metadata, sa.Column(column))
        return [sa.ForeignKey(field.references, ondelete=None if field.required else "SET NULL")]


@dataclass(frozen=True)
class Rule:
    """One permission of a policy: an action, its fields (``*`` for all), and a filter of rows."""

    collection: str
    action: Action
    fields: tuple[str, ...] = ("*",)
    filter: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Policy:
    """A named set of permissions; with ``admin``, everything is allowed."""

    name: str
    rules: tuple[Rule, ...] = ()
    admin: bool = False


@dataclass(frozen=True)
class User:
    """A user with a static token, a password, or both; an empty one is not accepted."""

    email: str
    token: str
    policies: tuple[Policy, ...]
    password: str = ""


@dataclass(frozen=True)
class Project:
    """A whole project. ``public`` has the policies of clients that do not authenticate."""

    collections: tuple[Collection, ...]
    users: tuple[User, ...]
    public: tuple[Policy, ...] = ()

    @cached_property
    def by_name(self) -> dict[str, Collection]:
        """The collections by their names."""
        return {collection.name: collection for collection in self.collections}
