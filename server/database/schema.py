"""The tables besides those of items: settings, users, hashes of refresh tokens."""

import secrets
from dataclasses import asdict, dataclass
from uuid import uuid4

import sqlalchemy as sa
from directus_realtime.core.codec import encode

from server.project import ADMINISTRATOR, USERS, Project, User

_metadata = sa.MetaData()

_users = USERS.table

sessions = sa.Table(
    "directus_sessions",
    _metadata,
    # A hash, so that the file gives nobody access.
    sa.Column("token", sa.Text, primary_key=True),
    sa.Column("user", sa.Text, nullable=False),
    sa.Column("expires", sa.Float, nullable=False),  # seconds since 1970
)

_settings = sa.Table(
    "directus_settings",
    _metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)


class OtherProjectError(Exception):
    """The database was not made from this project; the text says what it holds."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """The stored settings: users' keys by e-mail address, and the secret for access tokens."""

    user_ids: dict[str, str]
    secret: str


def prepare(connection: sa.Connection, project: Project) -> Prepared:
    """Make the tables in an empty database, and store the users of the project.

    Raises:
        OtherProjectError: the database has other tables.
    """
    described = encode(_described(project))
    names = sa.inspect(connection).get_table_names()
    if not names:
        _make(connection, project, described)
    elif _settings.name not in names:
        raise OtherProjectError("tables that this server did not make")
    found = _setting(connection, "project")
    if found != described:
        raise OtherProjectError("the collections of another project, or of an earlier state of it")
    return Prepared(_store_users(connection, project), _setting(connection, "secret"))


def _make(connection: sa.Connection, project: Project, described: str) -> None:
    _metadata.create_all(connection)
    _users.create(connection)
    for collection in project.collections:
        collection.table.create(connection)
    settings = {"project": described, "secret": secrets.token_hex(32)}
    rows = [{"name": name, "value": value} for name, value in settings.items()]
    connection.execute(sa.insert(_settings), rows)


def _setting(connection: sa.Connection, name: str) -> str:
    value = connection.scalar(sa.select(_settings.c.value).where(_settings.c.name == name))
    return str(value)


def _store_users(connection: sa.Connection, project: Project) -> dict[str, str]:
    """Store the users as the project has them; return their keys, which they keep for good.

    Those whom it has no more stay, since items name them.
    """
    _add_columns(connection)
    rows = connection.execute(sa.select(_users.c.email, _users.c.id))
    ids = {row.email: row.id for row in rows}
    connection.execute(sa.update(_users).values(status="archived"))
    for user in project.users:
        if user.email not in ids:
            ids[user.email] = str(uuid4())
            row = {"id": ids[user.email], "email": user.email}
            connection.execute(sa.insert(_users).values(row))
        mine = _users.c.email == user.email
        connection.execute(sa.update(_users).where(mine).values(_profile(user)))
    return ids


def _add_columns(connection: sa.Connection) -> None:
    """Add the columns that the table of a database from before did not have."""
    there = {column["name"] for column in sa.inspect(connection).get_columns(_users.name)}
    for column in _users.c:
        if column.name not in there:
            connection.execute(sa.text(f"ALTER TABLE {_users.name} ADD COLUMN {column.name} TEXT"))


def _profile(user: User) -> dict[str, str | None]:
    return {
        "first_name": user.first_name,
        "last_name": user.last_name,
        "status": "active",
        "role": ADMINISTRATOR if any(policy.admin for policy in user.policies) else None,
        "provider": "default",
    }


def _described(project: Project) -> list[object]:
    return [
        [
            collection.name,
            collection.singleton,
            [{k: v for k, v in asdict(field).items() if v} for field in collection.fields],
        ]
        for collection in project.collections
    ]
