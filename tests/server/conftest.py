"""Servers on free ports, in threads of their own, and databases with a few rows."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from server.background import EmbeddedServer
from server.config import Config
from tests.server.items_harness import PROJECT, ItemsHarness
from tests.server.rows import ALL, CODE, ROWS, TEXTS, USERS

TOKEN = "your_access_token"


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., EmbeddedServer]]:
    """Starts servers on one database; they end with the test."""
    running: list[EmbeddedServer] = []

    def start(**options: Any) -> EmbeddedServer:
        pages = options.pop("pages", ())
        config = Config(database=tmp_path / "messages.db", **options)
        running.append(EmbeddedServer(config, pages=pages).start())
        return running[-1]

    yield start
    for server in running:
        server.stop()


@pytest.fixture(scope="module")
def connection() -> Any:
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        ROWS.table.create(connection)
        for key in ALL:
            row = {
                "id": key,
                "at": f"2026-01-0{key}T00:00:00.000Z",
                "text": TEXTS[key - 1],
                "user": USERS[key - 1],
                "size": key * 1.25,
                "done": key % 2,
                "tags": '["x"]' if key == 1 else None,
                "code": CODE if key == 1 else None,
            }
            connection.execute(sa.insert(ROWS.table).values(row))
        yield connection
    engine.dispose()


@pytest.fixture
def harness() -> Iterator[ItemsHarness]:
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        for collection in PROJECT.collections:
            collection.table.create(connection)
        harness = ItemsHarness(connection)
        for text, user in (("one", "Ben"), ("two", "Rijk"), ("three", "Kevin")):
            harness.do("create", data={"text": text, "user": user})
        yield harness
    engine.dispose()
