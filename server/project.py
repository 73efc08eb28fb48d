"""A project: collections with typed fields, policies, users. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as attribute
from functools import cached_property
from typing import Any, Literal

import sqlalchemy as sa

Type = Literal[
    "string", "text", "integer", "bigInteger", "float", "decimal", "boolean", "json",
    "csv", "timestamp", "dateTime", "date", "time", "uuid", "hash",
]  # fmt: skip
Special = Literal["date-created", "date-updated", "user-created", "user-updated", "uuid"]
Action = Literal["create", "read", "update", "delete"]

ADMINISTRATOR = "6f2d1c1e-5b0e-4d59-9a3b-0d4d3a1f7c55"
"""The key of the administrators' role; other users have no role."""

INTEGERS: tuple[Type, ...] = ("integer", "bigInteger")
NUMBERS: tuple[Type, ...] = (*INTEGERS, "float", "decimal")
MOMENTS: tuple[Type, ...] = ("timestamp", "dateTime", "date", "time")

_OF_USERS = ("user-created", "user-updated")
_USERS_KEY = "directus_users.id"

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
    column ("collection.field") whose values the field may hold: it is a many-to-one relation. It
    becomes null when they are deleted.
    """

    name: str
    type: Type
    special: Special | None = None
    primary: bool = False
    required: bool = False
    unique: bool = False
    default: Any = None
    references: str | None = None

    @property
    def relation(self) -> str | None:
        """The column ("collection.field") of the row that it relates to; None for no relation.

        The users that the server puts in are one, as Directus' Data Studio makes it.
        """
        return self.references or (_USERS_KEY if self.special in _OF_USERS else None)


@dataclass(frozen=True)
class Collection:
    """A table: its name and its fields, one of them primary. A singleton has at most one row.

    ``others`` are all collections of the project by their names, among them those it relates to.
    """

    name: str
    fields: tuple[Field, ...]
    singleton: bool = False
    others: Mapping[str, "Collection"] = attribute(default_factory=dict, compare=False, repr=False)

    @cached_property
    def by_name(self) -> dict[str, Field]:
        """The fields by their names, in their order."""
        return {field.name: field for field in self.fields}

    @cached_property
    def key(self) -> Field:
        """The primary field."""
        return next(field for field in self.fields if field.primary)

    def related(self, name: str) -> "Collection | None":
        """Return the collection that the field ``name`` relates to, or None."""
        field = self.by_name.get(name)
        relation = field.relation if field else None
        return self.others.get(relation.partition(".")[0]) if relation else None

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


USERS = Collection(
    "directus_users",
    (
        Field("id", "uuid", primary=True),
        Field("first_name", "string"),
        Field("last_name", "string"),
        Field("email", "string", required=True, unique=True),
        Field("status", "string"),
        Field("role", "uuid"),
        Field("provider", "string"),
    ),
)
"""The users, whom the project's file names: the fields that Directus has of them, as far as they
are of use here."""


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
    first_name: str | None = None
    last_name: str | None = None


@dataclass(frozen=True)
class Project:
    """A whole project. ``public`` has the policies of clients that do not authenticate."""

    collections: tuple[Collection, ...]
    users: tuple[User, ...]
    public: tuple[Policy, ...] = ()

    @cached_property
    def by_name(self) -> dict[str, Collection]:
        """The collections by their names, and that of the users."""
        return {collection.name: collection for collection in (*self.collections, USERS)}
