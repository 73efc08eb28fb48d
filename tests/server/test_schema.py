"""What a database knows of its project, its users and its secret."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from server.database.store import Store, StoreError
from server.project import Project, User
from tests.server.guide import guide

PROJECT = guide("token")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "messages.db"


def test_the_users_keys_and_the_secret_stay_whatever_the_token(path: Path) -> None:
    first = Store(path, PROJECT)
    first.close()
    second = Store(path, guide("another"))
    second.close()
    assert first.prepared == second.prepared
    assert len(first.prepared.secret) == 64


def test_a_database_of_another_project_is_refused_with_the_cure(path: Path) -> None:
    Store(path, PROJECT).close()
    other = Project((replace(PROJECT.collections[0], singleton=True),), ())
    with pytest.raises(StoreError, match=r"messages\.db, got: the collections of another.*--db"):
        Store(path, other)
    Store(path, PROJECT).close()


def test_a_database_that_is_not_ours_is_refused_untouched(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE directus_users (id TEXT)")
    connection.close()
    with pytest.raises(StoreError, match="got: tables that this server did not make"):
        Store(path, PROJECT)
    with sqlite3.connect(path) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master").fetchall()
    connection.close()
    assert tables == [("directus_users",)]


def test_the_users_of_an_older_database_get_their_names(path: Path) -> None:
    ada = User("ada@example.com", "", (), first_name="Ada")
    with_ada = Project(PROJECT.collections, (*PROJECT.users, ada))
    store = Store(path, with_ada)
    key = store.prepared.user_ids["ada@example.com"]
    store.close()
    with sqlite3.connect(path) as connection:
        for column in ("first_name", "last_name", "status", "role", "provider"):
            connection.execute(f"ALTER TABLE directus_users DROP COLUMN {column}")
    connection.close()
    store = Store(path, with_ada)
    store.close()
    assert store.prepared.user_ids["ada@example.com"] == key
    names = "SELECT first_name, status FROM directus_users WHERE email = 'ada@example.com'"
    assert _rows(path, names) == [("Ada", "active")]
    Store(path, PROJECT).close()
    assert _rows(path, names) == [("Ada", "archived")]


def _rows(path: Path, query: str) -> list[tuple[str, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()
